"""The stage where something happens that nobody has foreseen."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from pytest_k8snet.errors import ClusterError
from pytest_k8snet.helm.charts import Chart
from pytest_k8snet.helm.values import ValuesSet
from pytest_k8snet.model import Application
from pytest_k8snet.runtime.site import Site
from pytest_k8snet.runtime.stage import Need, Stage, key_of
from pytest_k8snet.target import Gathered, Target


class _Nothing:
    """A site that lacks all that a release needs of it."""

    def stop(self) -> None:
        pass


def test_nobody_waits_for_a_release_that_a_fault_of_ours_has_ended(tmp_path: Path) -> None:
    chart = Chart(tmp_path, "web", "1.0.0")
    gathered = Gathered(
        Target(chart, ValuesSet("defaults"), "charts/web"),
        Application("charts/web", "defaults", "release-name", "default"),
    )
    stage = Stage(
        cast("Site", _Nothing()),
        [gathered],
        lock_path=lambda name: tmp_path / name,
        parallel=1,
    )
    key = key_of(gathered)
    stage.plan({key: Need(observe=True, users=frozenset({"test_web"}))})
    try:
        stage.run(print)
        assert "a fault of pytest-k8snet" in stage.outcome(key).broken
        with pytest.raises(ClusterError, match="AttributeError"), stage.live(key):
            pass
    finally:
        stage.close(at_once=True)
