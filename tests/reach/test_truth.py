"""The engine against worlds whose connections were written down by hand."""

from __future__ import annotations

import pytest

from pytest_k8snet.manifests import read_application
from pytest_k8snet.model import Workload
from pytest_k8snet.reach import reach_of

from .truth import ADMIN_POLICIES, NETWORK_POLICIES, expected, manifests

WORLDS = {**NETWORK_POLICIES, **ADMIN_POLICIES}


@pytest.mark.parametrize("world", WORLDS)
def test_every_connection_of_the_world_is_as_written(world: str) -> None:
    policies, lines = WORLDS[world]
    text = manifests(policies)
    application = read_application([("templates/world.yaml", text)], namespace="x")
    assert not application.invalid, application.invalid
    reach = reach_of(application)
    places = {f"{one.namespace}/{one.name}": one for one in application.workloads}
    wrong = []
    for (source, target, protocol, port), opened in expected(lines).items():
        to = places[target]
        assert isinstance(to, Workload)
        found = reach.admission(places[source], to)
        sure = found.open if opened else found.possible
        if ((protocol, port) in sure) is not opened:
            wrong.append(f"{source} > {target} {protocol} {port} should be {opened}")
    assert not wrong
