"""Every example chart in a real cluster: its fault and no other, and the shop without any."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from test_example_charts import EXAMPLES, expected, found, run_plugin

pytestmark = pytest.mark.kind


def test_every_example_shows_its_fault_and_no_other(
    pytester: pytest.Pytester, cluster_name: str
) -> None:
    report = run_plugin(
        pytester,
        EXAMPLES,
        f"--k8snet-cluster=kind:{cluster_name}",
        *("-k", "not (shop and (full or small))", "--k8snet-watch=3", "--k8snet-patience=12"),
    )
    assert report["cluster"]["enforcement"] is True
    by_chart: dict[str, list[Any]] = defaultdict(list)
    for result in report["results"]:
        by_chart[result["chart"].rpartition("/")[2]].append(result)
    shown = {name: found(results) for name, results in by_chart.items()}
    assert shown == {name: expected(name, observed=True) for name in by_chart}
    assert len(shown) == len(list(EXAMPLES.glob("*/Chart.yaml")))
    assert all(
        result["outcome"] == "passed"
        for result in report["results"]
        if result["name"] in ("renders", "installs")
    )
