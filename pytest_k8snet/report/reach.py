"""Who reaches whom: as data for the JSON report, and as a file to review in pull requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..model import Application, Reference
from ..reach import NONE, Edge, Foothold, Ports
from ..reach.file import (
    HEADING,
    Key,
    key_of,
    line_text,
    listed_edges,
    read_reach_file,
    reviewed_edges,
)
from .results import Results


def tried_edges(application: Application) -> Iterator[Edge]:
    """Every edge, and where a cluster was there what came of the ports that were dialled.

    ``proven`` is what went through, whatever policies say; ``refuted`` what is said to be open, or
    not known, and did not.
    """
    through: dict[tuple[Foothold | Reference, Reference], Ports] = defaultdict(lambda: NONE)
    silent: dict[tuple[Foothold | Reference, Reference], Ports] = defaultdict(lambda: NONE)
    for one in application.dialled:
        source = Foothold(one.source) if isinstance(one.source, str) else one.source
        some = through if one.through else silent
        some[source, one.target] |= Ports.of(one.protocol, one.port)
    found: dict[tuple[Foothold | Reference, Reference], list[Edge]] = defaultdict(list)
    for edge in listed_edges(application):
        pair = edge.source, edge.target
        refuted = edge.ports & silent[pair]
        rest = edge.ports - silent[pair] - through[pair]
        found[pair] += [edge._replace(ports=rest), edge._replace(ports=refuted, how="refuted")]
    workloads = {one.reference for one in application.workloads}
    for (source, target), ports in through.items():
        if target in workloads:
            found[source, target].append(Edge(source, target, ports, "proven"))
    return (edge for edges in found.values() for edge in edges if edge.ports)


def reach_to_json(results: Results) -> list[dict[str, Any]]:
    """The edges of every application of the run, in order."""
    return [
        {
            "chart": chart,
            "values": values,
            "from": source.value
            if isinstance(source := edge.source, Foothold)
            else source._asdict(),
            "to": edge.target._asdict(),
            "ports": edge.ports.texts(),
            "how": edge.how,
        }
        for (chart, values), application in sorted(results.applications.items())
        for edge in tried_edges(application)
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
        found |= {key_of(edge, application): edge.ports for edge in reviewed_edges(application)}
    lines = sorted(
        line_text(key, ports, known[key].reason if key in known else "")
        for key, ports in found.items()
    )
    path.write_text(HEADING + "".join(f"{line}\n" for line in lines), encoding="utf-8")
