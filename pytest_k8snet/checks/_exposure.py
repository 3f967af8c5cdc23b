"""From where the ports of a finding answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from ..finding import Exposed, Finding
from ..index import selected
from ..matching import target_number
from ..model import Application, Service, Socket, Subject, Workload
from ..reach import ALL, Admission, Foothold, Ports, Reach, reach_of
from ._words import listing

_PLACES = {
    Foothold.CLUSTER: (Exposed.CLUSTER, "any pod of the cluster"),
    Foothold.WORLD: (Exposed.WORLD, "outside the cluster"),
    Foothold.NAMESPACE: (Exposed.NAMESPACE, "any pod of its namespace"),
}


class _Asked(NamedTuple):
    """The ports of a workload that a finding is about; without one of its own, all ports."""

    workload: Workload
    ports: Ports


def with_exposure(finding: Finding, subject: Subject, application: Application) -> Finding:
    """The finding with what reaches its ports, or all ports of its pods where it names none."""
    asked = list(_asked(finding, subject, application))
    if not asked:
        behind = isinstance(subject, Service) and any(selected(subject, application))
        why = "the port leads to none of its pods" if behind else "no pod is behind it"
        return replace(finding, exposed=Exposed.NOBODY, reach=f"nobody: {why}")
    exposed, reach = _exposure(asked, application)
    return replace(finding, exposed=exposed, reach=reach)


def _asked(finding: Finding, subject: Subject, application: Application) -> Iterator[_Asked]:
    if isinstance(subject, Workload):
        yield _Asked(subject, _of_workload(finding, subject))
    if not isinstance(subject, Service):
        return
    for workload in selected(subject, application):
        ports = Ports.union(
            Ports.of(port.protocol, number)
            for port in subject.ports
            if finding.port in (None, port.port)
            and finding.protocol in (None, port.protocol)
            and (number := target_number(port, workload)) is not None
        )
        if ports:
            yield _Asked(workload, ports)


def _of_workload(finding: Finding, workload: Workload) -> Ports:
    if finding.port is None:
        return ALL
    protocol = finding.protocol or "TCP"
    if finding.reading in _OF_THE_NODE and not workload.host_network:
        return Ports.union(
            Ports.of(port.protocol, port.number)
            for _, port in workload.declared()
            if (port.host_port, port.protocol) == (finding.port, protocol)
        )
    return Ports.of(protocol, finding.port)


_OF_THE_NODE = ("host-port", "port-clash")


def _exposure(asked: list[_Asked], application: Application) -> tuple[Exposed, str]:
    listening = [_Asked(one.workload, _listening(one)) for one in asked]
    if not any(ports for _, ports in listening):
        if any(_listening(one, loopback=True) for one in asked):
            return Exposed.LOOPBACK, "loopback only: no other pod"
        return Exposed.NOBODY, "nobody: nothing listens there"
    reach = reach_of(application)
    found = {place: _admitted(place, listening, reach) for place in _PLACES}
    if found[Foothold.NAMESPACE].possible == found[Foothold.CLUSTER].possible:
        del found[Foothold.NAMESPACE]
    open_to = {place: admitted for place, admitted in found.items() if admitted.possible}
    if not open_to:
        return _from_inside(listening, reach)
    every = all(one.ports is ALL for one in asked)
    words = (_said(place, admitted, every=every) for place, admitted in open_to.items())
    return _PLACES[next(iter(open_to))][0], "; ".join(words)


def _admitted(place: Foothold, asked: Iterable[_Asked], reach: Reach) -> Admission:
    found = Admission()
    for workload, ports in asked:
        found |= reach.admission(place, workload).at(ports)
    return found


def _said(place: Foothold, admitted: Admission, *, every: bool) -> str:
    """A place in words, with the ports where the finding is about all of them."""
    ports = admitted.open or admitted.possible
    text = _PLACES[place][1]
    if every:
        text += " on all ports" if ports.texts() == ["all"] else f" on {ports}"
    if admitted.open:
        return text
    if admitted.plugin:
        return f"{text}, if the network plugin lets it through"
    return f"{text}, unless what was not understood forbids it"


def _from_inside(asked: list[_Asked], reach: Reach) -> tuple[Exposed, str]:
    """Which workloads of the application reach it, where nobody else does."""
    application = reach.application
    own = {workload.reference for workload, _ in asked}
    names = [
        application.subject(source.reference)
        for source in application.workloads
        if source.reference not in own
        and any(reach.admission(source, workload).at(ports).possible for workload, ports in asked)
    ]
    if names:
        return Exposed.NAMED, listing(names)
    if any(reach.from_anybody(workload).at(ports).possible for workload, ports in asked):
        return Exposed.NAMED, "pods with the labels that policies ask for"
    return Exposed.NOBODY, "nobody: policies let no other pod in"


def _listening(asked: _Asked, *, loopback: bool = False) -> Ports:
    """Those of the ports that are open, or on loopback alone; all of them where nobody looked."""
    workload, ports = asked
    if workload.sockets is None:
        return ports if not loopback else Ports.union(())
    seen: tuple[Socket, ...] = (*workload.sockets, *(workload.sockets_again or ()))
    hidden = ports & Ports.every("SCTP")  # what listens there cannot be seen
    if ports is ALL:
        hidden = Ports.union(
            Ports.of("SCTP", port.number)
            for _, port in workload.declared()
            if port.protocol == "SCTP"
        )
    return hidden | ports & Ports.union(
        Ports.of(socket.protocol, socket.port) for socket in seen if socket.loopback is loopback
    )
