"""Where what was dialled in the cluster is not what the policies say."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from ..index import selected
from ..matching import endpoints_of
from ..model import Application, Dialled, Reference, Service, Workload
from .reach import Foothold, reach_of


class Differs(str, Enum):
    """In which way."""

    OPEN = "open"
    """The policies forbid it, and it went through."""
    CLOSED = "closed"
    """Nothing forbids it, somebody listens, and it did not go through."""


class Difference(NamedTuple):
    """One dial that went otherwise than the policies say."""

    dialled: Dialled
    how: Differs


def differences(application: Application) -> Iterator[Difference]:
    """All of them, in the order in which they were dialled.

    A Service differs only where its pods do not: what is about these is said of them.
    """
    reach = reach_of(application)
    through = {_key(one, one.target, one.port): one.through for one in application.dialled}
    known: dict[Reference, Workload | Service] = {}
    known |= {one.reference: one for one in application.services}
    known |= {one.reference: one for one in application.workloads}
    for one in application.dialled:
        source = Foothold(one.source) if isinstance(one.source, str) else known.get(one.source)
        target = known.get(one.target)
        if isinstance(source, Service) or source is None or target is None:
            continue
        if isinstance(target, Workload):
            behind = [(target, one.port)]
        else:
            behind = list(_behind(target, one, application))
            keys = [_key(one, workload.reference, number) for workload, number in behind]
            if {through.get(key) for key in keys} != {not one.through}:
                continue
        said = [(reach.admission(source, workload), number) for workload, number in behind]
        if one.through:
            if not any((one.protocol, number) in found.possible for found, number in said):
                yield Difference(one, Differs.OPEN)
        elif all((one.protocol, number) in found.open for found, number in said):
            yield Difference(one, Differs.CLOSED)


def _key(one: Dialled, target: Reference, port: int) -> tuple[object, ...]:
    return one.source, target, one.protocol, port


def _behind(
    service: Service, one: Dialled, application: Application
) -> Iterator[tuple[Workload, int]]:
    """The pods that may get what is sent to a port of a Service, and the port there."""
    for port in service.ports:
        if (port.port, port.protocol) == (one.port, one.protocol):
            yield from endpoints_of(port, selected(service, application))
