"""``--k8snet-json``: the contract for other tools, as described in the README."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..plaintext import plain_data
from .reach import reach_to_json
from .results import ChartResult, Results, result_to_json

SCHEMA = 2


def write_json(results: Results, path: Path) -> None:
    """Write all results: sorted, with a stable layout, ended by a line break."""
    document = {
        "schema": SCHEMA,
        "version": results.version,
        **({"cluster": dict(results.cluster)} if results.cluster else {}),
        "charts": [_chart(chart) for chart in results.charts],
        "results": [result_to_json(result) for result in results.results],
        "reach": reach_to_json(results),
    }
    text = json.dumps(plain_data(document), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _chart(chart: ChartResult) -> dict[str, Any]:
    return {
        "path": chart.path,
        "name": chart.name,
        "version": chart.version,
        "values": chart.values,
        "outcome": chart.outcome,
        "tests": chart.tests,
        "ran": chart.ran,
    }
