"""Who reaches whom as a matrix: places by workloads, equal rows and equal columns as one.

Only what the page draws, since a page may hold hundreds of applications. A
chart of 60 workloads has 63 rows and 60 columns, and mostly two or three that
differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..helm.values import DEFAULTS
from ..kinds import Ready
from ..model import Application, Reference, Workload
from ..reach import Foothold, Place, reach_of
from ..reach.file import MOST_WORKLOADS, listed_edges
from .reach import tried_edges

Json: TypeAlias = dict[str, Any]
_Cell: TypeAlias = tuple[tuple[str, str], ...]

FOOTHOLDS = (Foothold.CLUSTER, Foothold.WORLD, Foothold.NAMESPACE)
"""The widest first; their positions are -1, -2 and -3, those of workloads count from 0."""
TRIED = ("proven", "refuted")
CLOSED = -1
_ITSELF = -2  # a pod reaches itself: it fits whatever its like have there


@dataclass(frozen=True, slots=True)
class Surface:
    """What somebody gets to: other workloads, those on all ports, and their ports.

    ``ports`` are open ones where somebody looked, else declared ones.
    """

    workloads: int = 0
    wide: int = 0
    ports: int = 0

    def __add__(self, other: Surface) -> Surface:
        return Surface(
            self.workloads + other.workloads, self.wide + other.wide, self.ports + other.ports
        )


def matrix(application: Application) -> Json:
    """Who reaches whom.

    - ``cells``: ports by how they are known, ``[[ports, how], ...]``, in the words of the JSON
    - ``columns``: positions of workloads that everybody reaches alike
    - ``rows``: ``[positions, cells, surface]`` of places that reach all alike: of
      each column the number of its cell, -1 where it is closed, and what they get
      to as ``[workloads, of these on all ports, ports]``
    - ``whole``: the same if nothing were closed
    """
    workloads = application.workloads
    places: list[Place] = [*FOOTHOLDS]
    if len(workloads) <= MOST_WORKLOADS:
        places += workloads
    cells: dict[_Cell, int] = {}
    known = _cells(application)
    rows = [[_number(place, target, known, cells) for target in workloads] for place in places]
    groups = list(_alike(rows))
    columns: dict[tuple[int, ...], list[int]] = {}
    for number in range(len(workloads)):
        columns.setdefault(tuple(row[number] for row, _ in groups), []).append(number)
    return {
        "cells": [list(map(list, cell)) for cell in cells],
        "columns": list(columns.values()),
        "rows": [
            [
                [_position(at) for at in members],
                [row[first] for first, *_ in columns.values()],
                _as_list(_widest(surface(places[at], application) for at in members)),
            ]
            for row, members in groups
        ],
        "whole": _as_list(whole(application)),
    }


def _cells(application: Application) -> dict[tuple[Foothold | Reference, Reference], _Cell]:
    """What policies say of each pair, and behind that what was tried in a cluster."""
    found: dict[tuple[Foothold | Reference, Reference], _Cell] = {}
    tried = (edge for edge in tried_edges(application) if edge.how in TRIED)
    for edge in (*listed_edges(application), *(tried if application.dialled else ())):
        pair = edge.source, edge.target
        found[pair] = (*found.get(pair, ()), (str(edge.ports), edge.how))
    return found


def _number(
    place: Place,
    target: Workload,
    known: Mapping[tuple[Foothold | Reference, Reference], _Cell],
    cells: dict[_Cell, int],
) -> int:
    if place is target and target.replicas <= 1 and target.makes.ready is not Ready.NODES:
        return _ITSELF
    source = place if isinstance(place, Foothold) else place.reference
    cell = known.get((source, target.reference))
    return cells.setdefault(cell, len(cells)) if cell else CLOSED


def _alike(rows: Sequence[list[int]]) -> Iterator[tuple[list[int], list[int]]]:
    """Rows that are the same but for what reaches itself, each with the numbers of its members."""
    groups: list[tuple[list[int], list[int]]] = []
    for number, row in enumerate(rows):
        for shared, members in groups:
            if _fits(row, number, shared, members):
                shared[:] = map(max, shared, row)
                members.append(number)
                break
        else:
            groups.append((list(row), [number]))
    yield from groups


def _fits(row: Sequence[int], number: int, shared: Sequence[int], members: Sequence[int]) -> bool:
    """Whether a row is like those of a group; members of one reach each other alike, too."""
    own = number - len(FOOTHOLDS)
    others = [member - len(FOOTHOLDS) for member in members]
    if (own < 0) != (others[0] < 0):
        return False  # a foothold is no workload, and has rows of its own
    if own >= 0 and any(row[other] != shared[own] for other in others):
        return False
    return all(
        one == other or _ITSELF in (one, other) for one, other in zip(row, shared, strict=True)
    )


def _position(at: int) -> int:
    return at - len(FOOTHOLDS) if at >= len(FOOTHOLDS) else -1 - at


def _as_list(one: Surface) -> list[int]:
    return [one.workloads, one.wide, one.ports]


def surface(place: Place, application: Application) -> Surface:
    """What somebody who stands there gets to, beside the own pods."""
    found = Surface()
    for target in application.workloads:
        if target is place:
            continue
        ports = reach_of(application).admission(place, target).possible
        if ports:
            counted = sum(port in ports for port in _ports(target))
            found += Surface(1, int(ports.covers_a_protocol()), counted)
    return found


def _widest(surfaces: Iterable[Surface]) -> Surface:
    return max(surfaces, key=lambda one: (one.workloads, one.ports))


def whole(application: Application) -> Surface:
    """All workloads and their ports."""
    workloads = application.workloads
    return Surface(len(workloads), len(workloads), sum(len(_ports(one)) for one in workloads))


def _ports(workload: Workload) -> set[tuple[str, int]]:
    """The ports that answer: open ones where somebody looked, else declared ones."""
    if workload.sockets is None:
        return {(port.protocol, port.number) for _, port in workload.declared()}
    return {(one.protocol, one.port) for one in workload.sockets if not one.loopback}


def totals(
    applications: Mapping[tuple[str, str], Application],
) -> tuple[list[tuple[Foothold, Surface]], Surface]:
    """What each foothold gets to in all charts, and all there is; one values set of each chart."""
    one_each: dict[str, Application] = {}
    for (chart, values), application in applications.items():
        if values == DEFAULTS or chart not in one_each:
            one_each[chart] = application
    counted = [
        (place, sum((surface(place, one) for one in one_each.values()), Surface()))
        for place in FOOTHOLDS
    ]
    return counted, sum(map(whole, one_each.values()), Surface())
