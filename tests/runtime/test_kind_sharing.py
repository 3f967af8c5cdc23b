"""Releases of one run that are in the cluster at the same time, or cannot be."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from pytest_k8snet.errors import ClusterError
from pytest_k8snet.runtime import Need, Outcome, Session
from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.desk import Desk, Visitor
from pytest_k8snet.runtime.namespaces import wait_until_gone
from pytest_k8snet.runtime.stage import Stage, key_of
from pytest_k8snet.target import Gathered

from .conftest import deployment, observe, ports

pytestmark = pytest.mark.kind

Staged = Callable[..., Stage]

# Two charts with this cannot be in a cluster together, and nobody can know of it beforehand.
SHARED = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared, namespace: default}\n"
ROLE = """---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: k8snet-tests-role}
"""


@pytest.fixture(scope="module")
def outcomes(runtime: Session, one: Callable[..., Gathered]) -> dict[str, list[Outcome]]:
    """Three charts that share a name, on a stage of their own; both kinds of names at once."""

    def tried(common: str) -> list[Outcome]:
        charts = [one(deployment() + common, name=name) for name in ("one", "two", "three")]
        with closing(runtime.new_stage(charts, watch=1.0)) as stage:
            return observe(stage, *charts)

    with ThreadPoolExecutor() as pool:
        found = pool.map(tried, (SHARED, ROLE.replace("role", "roles")))
        return dict(zip(("not known", "known"), found, strict=True))


@pytest.mark.parametrize("common", ["not known", "known"])
def test_one_after_the_other_where_they_share_a_name(
    outcomes: dict[str, list[Outcome]], common: str
) -> None:
    assert [ports(outcome.observed) for outcome in outcomes[common]] == [[8080]] * 3


def test_one_that_a_test_wants_makes_way_and_comes_back(one: Any, staged: Staged) -> None:
    charts = [one(deployment() + ROLE, name=name) for name in ("one", "two")]
    stage = staged(*charts, watch=1.0)
    stage.plan({key_of(chart): Need(observe=True, users=frozenset("t")) for chart in charts})
    stage.run(print)
    for chart in charts:
        with stage.live(key_of(chart)) as live:
            assert ports(live.application) == [8080]
            pods = stage.outcome(key_of(chart))
            assert pods.observed == live.application


def test_a_test_may_ask_for_one_that_was_not_planned(one: Any, staged: Staged) -> None:
    chart = one(deployment())
    stage = staged(chart)
    with pytest.raises(ClusterError, match="nothing needed it"):
        stage.outcome(key_of(chart))
    with stage.live(key_of(chart)) as live:
        assert ports(live.application) == [8080]


def test_a_worker_is_told_the_same(api: Api, one: Any, staged: Staged) -> None:
    chart = one(deployment())
    key = key_of(chart)
    stage = staged(chart)
    with closing(Desk(stage)) as desk:
        worker = Visitor(desk.handle())
        worker.plan({key: Need(observe=True, users=frozenset({"test"}))})
        stage.run(print)
        assert worker.outcome(key) == stage.outcome(key)
        with worker.live(key) as live:
            stage.finish("test")
            assert api.get("Namespace", "", live.namespace) is not None
        assert wait_until_gone(api, [live.namespace], 60) == []
        with pytest.raises(ClusterError, match="does not answer"):
            Visitor({**desk.handle(), "secret": b"guessed"}).outcome(key)
        assert worker.outcome(key) == stage.outcome(key)
