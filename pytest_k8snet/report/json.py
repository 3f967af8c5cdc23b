"""``--k8snet-json``: the contract for other tools, as described in the README."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..model import Reference
from .results import ChartResult, Result, ResultFinding, Results

SCHEMA = 1


def write_json(results: Results, path: Path) -> None:
    """Write all results: sorted, with a stable layout, ended by a line break."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "schema": SCHEMA,
        "version": results.version,
        **({"cluster": dict(results.cluster)} if results.cluster else {}),
        "charts": [_chart(chart) for chart in results.charts],
        "results": [_result(result) for result in results.results],
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _chart(chart: ChartResult) -> dict[str, Any]:
    return {
        "path": chart.path,
        "name": chart.name,
        "version": chart.version,
        "values": chart.values,
        "outcome": chart.outcome,
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "id": result.nodeid,
        "check": result.check or None,
        "name": result.name,
        "chart": result.chart,
        "values": result.values,
        "object": _object(result.object) if result.object else None,
        "outcome": result.outcome,
        "reason": result.reason,
        "findings": [_finding(finding) for finding in result.findings],
    }


def _finding(finding: ResultFinding) -> dict[str, Any]:
    return {
        "reading": finding.reading,
        "level": finding.level,
        "message": finding.message,
        "port": finding.port,
        "protocol": finding.protocol,
        "container": finding.container,
        "process": finding.process,
        "source": finding.source,
        "line": finding.line,
        "related": [_object(reference) for reference in finding.related],
    }


def _object(reference: Reference) -> dict[str, str]:
    return reference._asdict()
