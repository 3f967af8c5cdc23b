"""Under pytest-xdist with a cluster, whole releases are handed out, the longest first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

from pytest_k8snet.gather import Gathered, Target
from pytest_k8snet.helm import Chart, ValuesSet
from pytest_k8snet.manifests import read_application
from pytest_k8snet.scheduling import make_scheduler, takes_long
from pytest_k8snet.settings import Settings

UNIT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: migrate, image: a}]
      containers: [{name: web, image: a, PROBE: {httpGet: {port: 80}}}]
"""
PROBED, UNPROBED = UNIT.replace("PROBE", "readinessProbe"), UNIT.replace("PROBE", "livenessProbe")


@pytest.mark.parametrize("probe", ["readinessProbe", "startupProbe"])
def test_a_release_is_quick_where_ready_says_something(probe: str) -> None:
    text = UNIT.replace("PROBE", probe)
    assert not takes_long(read_application([("a.yaml", text)]))


def test_a_container_that_is_ready_as_soon_as_it_runs_may_have_to_be_waited_for() -> None:
    assert takes_long(read_application([("a.yaml", UNPROBED)]))


class _Worker:
    """What a scheduler of pytest-xdist wants of a worker."""

    shutting_down = False

    def __init__(self) -> None:
        self.given: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices


def test_releases_that_may_have_to_be_waited_for_are_handed_out_first(
    pytester: pytest.Pytester,
) -> None:
    gathered = [
        Gathered(
            Target(Chart(pytester.path / name, name), ValuesSet("defaults"), name),
            read_application([("a.yaml", text)]),
        )
        for name, text in (("one", PROBED), ("two", UNPROBED), ("three", PROBED))
    ]
    settings = Settings(pytester.path, charts=("x",), cluster="kind")
    config = pytester.parseconfig("--tx=2*popen")
    scheduler: Any = make_scheduler(config, None, settings, gathered)
    ids = [f"{one.target.nodeid}::defaults::{name}" for one in gathered for name in "ab"]
    queue: OrderedDict[str, dict[str, bool]] = OrderedDict()
    for name in ids:
        queue.setdefault(scheduler._split_scope(name), {})[name] = False
    scheduler.workqueue = queue
    worker = _Worker()
    scheduler.registered_collections = {worker: ids}
    for _ in gathered:
        scheduler._assign_work_unit(worker)
    assert worker.given == [2, 3, 0, 1, 4, 5]
