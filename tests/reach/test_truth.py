"""The engine against worlds whose connections were written down by hand."""

from __future__ import annotations

import pytest

from pytest_k8snet.manifests import read_application
from pytest_k8snet.model import Workload
from pytest_k8snet.reach import ALL, reach_of

from .truth import World, expected, manifests
from .truth.admin_policies import ADMIN_POLICIES
from .truth.calico_policies import CALICO_POLICIES
from .truth.cilium_policies import CILIUM_POLICIES
from .truth.network_policies import NETWORK_POLICIES

FAMILIES = {
    "NetworkPolicy": NETWORK_POLICIES,
    "admin": ADMIN_POLICIES,
    "cilium": CILIUM_POLICIES,
    "calico": CALICO_POLICIES,
}
WORLDS = [
    pytest.param(World(*world), id=f"{family}: {name}")
    for family, worlds in FAMILIES.items()
    for name, world in worlds.items()
]


@pytest.mark.parametrize("world", WORLDS)
def test_every_connection_of_the_world_is_as_written(world: World) -> None:
    application = read_application([("templates/world.yaml", manifests(world))], namespace="x")
    assert not application.invalid, application.invalid
    reach = reach_of(application)
    places = {f"{one.namespace}/{one.name}": one for one in application.workloads}
    wrong = []
    for (source, target, protocol, port), passes in expected(world.lines).items():
        to = places[target]
        assert isinstance(to, Workload)
        found = reach.admission(places[source], to)
        words = {True: found.open, False: ALL - found.possible, None: found.plugin}
        if (protocol, port) not in words[passes]:
            wrong.append(f"{source} > {target} {protocol} {port} should be {passes}: {found}")
    assert not wrong
