"""M5A: Services whose target port is closed in the pods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import NotApplicable, NotObserved
from ..finding import FAULT, Finding
from ..index import selected
from ..matching import endpoints_of
from ..model import Application, Service, ServicePort, Workload
from ._check import check
from ._instead import service_port
from ._sockets import NO_SCTP, both_runs, by_port, old, seen
from ._words import listing, port_text, references, subjects


@check(
    "M5A",
    "service-unopened-port",
    on=Service,
    readings={"closed": FAULT},
    needs_sockets=True,
    tells_reach=True,
)
def service_unopened_port(service: Service, application: Application) -> Iterator[Finding]:
    """A Service sends traffic to a port that is closed in the pods.

    ## What it finds
    `closed`: the target port, resolved for each selected unit on its own, is
    not open in the pods of one of them. Open is what other pods can reach: a
    socket on a loopback address only does not count. Any replica in any of the
    two runs is enough. For a headless Service it is the port that its SRV
    records name. A name that a unit does not have is M5B's matter, and whether
    an SCTP port is open cannot be seen.

    ## Why it matters
    Clients of the Service trust whatever answers on this port of the pods.
    Nothing does today, so an attacker who gets a process into one of the pods
    binds the port and answers in the Service's name.

    ## Example
    ```yaml
    kind: Service
    spec:
      ports:
        - port: 80
          targetPort: 8080  # the program listens on 8000
    ```

    ## Instead
    ```yaml
    kind: Service
    spec:
      ports:
        - port: 80
          targetPort: 8000
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
    """
    workloads = selected(service, application)
    if not workloads:
        raise NotApplicable(f"{application.subject(service.reference)} selects no workload")
    routes = [
        (port, number, workload)
        for port in service.ports
        for workload, number in endpoints_of(port, workloads)
    ]
    if not routes:
        raise NotApplicable(
            f"{application.subject(service.reference)} has no port that leads to a pod's port"
        )
    found = list(_findings(service, routes, application))
    if not found:
        _refuse_what_nobody_saw(routes)
    yield from found


def _refuse_what_nobody_saw(routes: Sequence[tuple[ServicePort, int, Workload]]) -> None:
    for _, _, workload in routes:
        workload.observed()
    if all(port.protocol == "SCTP" for port, _, _ in routes):
        raise NotObserved(NO_SCTP)


def _findings(
    service: Service, routes: Sequence[tuple[ServicePort, int, Workload]], application: Application
) -> Iterator[Finding]:
    """One finding for each Service port and number that is closed somewhere."""
    closed: dict[tuple[ServicePort, int], list[Workload]] = {}
    for port, number, workload in routes:
        if workload.sockets is None or port.protocol == "SCTP":
            continue
        if (number, port.protocol) not in by_port(both_runs(workload)):
            closed.setdefault((port, number), []).append(workload)
    for (port, number), workloads in closed.items():
        key = (number, port.protocol)
        inside = [
            socket
            for one in workloads
            for socket in by_port(both_runs(one), loopback=True).get(key, ())
        ]
        where = f"does not listen there{old(workloads[0])}"
        if inside:
            refused = any(socket.refused for socket in inside)
            where = "refuses connections there" if refused else "listens there on loopback only"
            where += seen(workloads[0])
        yield Finding(
            "closed",
            f"{application.subject(service.reference)} port {port.port} leads to"
            f" {port_text(*key)}, and {subjects(workloads, application)} {where}"
            f"{_open_instead(port, workloads)}",
            at=service.position("targetPort:" if port.target != port.port else "port:"),
            instead=_instead(port, workloads),
            port=port.port,
            protocol=port.protocol,
            related=references(workloads),
        )


def _open(port: ServicePort, workloads: Sequence[Workload]) -> list[int]:
    """Ports of the Service port's protocol that are open in all of these."""
    found = [
        {number for number, protocol in by_port(both_runs(one)) if protocol == port.protocol}
        for one in workloads
    ]
    return sorted(set.intersection(*found)) if found else []


def _open_instead(port: ServicePort, workloads: Sequence[Workload]) -> str:
    numbers = _open(port, workloads)
    if not numbers:
        return f"; no {port.protocol} port is open"
    return f"; open: {listing(port_text(number, port.protocol) for number in numbers)}"


def _instead(port: ServicePort, workloads: Sequence[Workload]) -> str:
    """The Service port with a target that is open, where there is just one to choose."""
    numbers = _open(port, workloads)
    return service_port(port._replace(target=numbers[0])) if len(numbers) == 1 else ""
