"""``--k8snet-json``: the contract for other tools, as described in the README."""

from __future__ import annotations

import json
from pathlib import Path

from ..plaintext import plain_data
from .reach import reach_to_json
from .results import Results, result_to_json

SCHEMA = 2
_OF_CHART = ("path", "name", "version", "values", "outcome", "tests", "ran")


def write_json(results: Results, path: Path) -> None:
    """Write all results: sorted, with a stable layout, ended by a line break."""
    document = {
        "schema": SCHEMA,
        "version": results.version,
        **({"cluster": dict(results.cluster)} if results.cluster else {}),
        "charts": [{key: getattr(chart, key) for key in _OF_CHART} for chart in results.charts],
        "results": [result_to_json(result) for result in results.results],
        "reach": reach_to_json(results),
    }
    text = json.dumps(plain_data(document), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
