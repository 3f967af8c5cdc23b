"""Who reaches whom: as data for the JSON report, and as a file to review in pull requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..reach import Foothold, Ports
from ..reach.file import HEADING, Key, key_of, line_text, listed_edges, read_reach_file
from .results import Results


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
        for edge in listed_edges(application)
    ]


def write_reach(results: Results, path: Path) -> None:
    """Write the file to review.

    Reasons of the present file are kept, and so are its lines about charts and values sets that
    are not in this run or do not render.

    :raises SettingsError: the present file cannot be read.
    :raises OSError: the file cannot be written.
    """
    known = read_reach_file(path, "--k8snet-write-reach").lines if path.exists() else {}
    found: dict[Key, Ports] = {
        key: Ports.parse(", ".join(edge.ports))
        for key, edge in known.items()
        if key[:2] not in results.applications
    }
    for application in results.applications.values():
        found |= {key_of(edge, application): edge.ports for edge in listed_edges(application)}
    lines = sorted(
        line_text(key, ports, known[key].reason if key in known else "")
        for key, ports in found.items()
    )
    path.write_text(HEADING + "".join(f"{line}\n" for line in lines), encoding="utf-8")
