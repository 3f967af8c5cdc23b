"""Who reaches whom: as data for the JSON report, and as a file to review in pull requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..model import Application
from ..reach import Edge, Foothold, reach_of
from .results import Results

MOST_WORKLOADS = 100
"""Of larger applications only what the footholds reach is listed: pairs grow with the square."""

HEADING = """\
# Who reaches which ports of whom; written by --k8snet-write-reach.
# chart [values set]: from -> to: ports, and how where policies alone do not say it.
"""


def edges_of(application: Application) -> Iterator[Edge]:
    """Every edge that is not closed; between workloads only where there are not too many."""
    small = len(application.workloads) <= MOST_WORKLOADS
    return reach_of(application).edges(None if small else tuple(Foothold))


def reach_to_json(results: Results) -> list[dict[str, Any]]:
    """The edges of every application of the run, in order."""
    return [
        {
            "chart": chart,
            "values": values,
            "from": edge.source.value
            if isinstance(edge.source, Foothold)
            else edge.source._asdict(),
            "to": edge.target._asdict(),
            "ports": edge.ports.texts(),
            "how": edge.how,
        }
        for (chart, values), application in sorted(results.applications.items())
        for edge in edges_of(application)
    ]


def reach_lines(results: Results) -> Iterator[str]:
    """One line for each edge, sorted."""
    for (chart, values), application in sorted(results.applications.items()):
        yield from sorted(
            f"{chart} [{values}]: {edge_text(edge, application)}" for edge in edges_of(application)
        )


def edge_text(edge: Edge, application: Application) -> str:
    """``cluster -> StatefulSet/db: TCP 5432``."""
    source = (
        edge.source.value if isinstance(edge.source, Foothold) else application.subject(edge.source)
    )
    how = "" if edge.how == "static" else f" ({edge.how})"
    return f"{source} -> {application.subject(edge.target)}: {edge.ports}{how}"


def write_reach(results: Results, path: Path) -> None:
    """Write the file to review."""
    lines = "".join(f"{line}\n" for line in reach_lines(results))
    path.write_text(HEADING + lines, encoding="utf-8")
