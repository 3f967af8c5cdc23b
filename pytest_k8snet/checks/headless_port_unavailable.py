"""M5C: headless Services whose port is not the one that the pods have."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, NOTE, Finding
from ..index import selected
from ..matching import endpoints_of
from ..model import Application, Service, ServicePort, Workload
from ._check import check
from ._instead import service_port
from ._sockets import both_runs, by_port, declared_keys, old, seen
from ._words import listing, port_text, references, subjects

# Names by which programs look for SRV records: https://github.com/grpc/grpc/blob/master/doc/naming.md
# and https://etcd.io/docs/latest/op-guide/clustering/#dns-discovery.
_FOUND_BY_SRV = frozenset(
    ("grpclb", "etcd-server", "etcd-server-ssl", "etcd-client", "etcd-client-ssl")
)


@check(
    "M5C",
    "headless-port-unavailable",
    on=Service,
    readings={"unavailable": FAULT, "untranslated": NOTE, "srv": NOTE},
    uses_sockets=True,
)
def headless_port_unavailable(service: Service, application: Application) -> Iterator[Finding]:
    """A headless Service names a port that its pods do not have.

    ## What it finds
    A headless Service has no address of its own: its name leads to the pods,
    and nobody translates its `port` to the target port. `unavailable`: `port`
    differs from the resolved target port of a selected unit, and no selected
    container declares it. Where the pods were observed, what they have open
    decides instead of what they declare. `untranslated`: it differs, but the
    pods of some selected unit have `port`, too. `srv`: the port has a name by
    which clients look for SRV records (`grpclb`, and etcd's discovery), and
    these carry the target port. A target port that cannot be resolved is M5B's
    matter.

    ## Why it matters
    Clients that dial the Service by name and port reach a closed port of the
    pod, which an attacker inside the pod can bind. People then open more ports
    or drop policies until it works.

    ## Example
    ```yaml
    kind: Service
    spec:
      clusterIP: None
      ports:
        - port: 80
          targetPort: 8080
    ```

    ## Instead
    ```yaml
    kind: Service
    spec:
      clusterIP: None
      ports:
        - port: 8080
          targetPort: 8080
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/services-networking/service/#headless-services
    """
    if not service.headless:
        return
    workloads = selected(service, application)
    name = application.subject(service.reference)
    for port in service.ports:
        resolved = sorted({number for _, number in endpoints_of(port, workloads)})
        if all(number == port.port for number in resolved):
            continue
        having = [workload for workload in workloads if _has(workload, port)]
        text = (
            f"{name} is headless, so clients dial {port_text(port.port, port.protocol)}"
            f" and not the target port {listing(map(str, resolved))}"
        )
        if port.name in _FOUND_BY_SRV:
            reading, end = "srv", f"who looks for the SRV records of {port.name} finds that one"
        elif having:
            reading, end = (
                "untranslated",
                f"{subjects(having, application)} has that port, too{seen(*having)}",
            )
        else:
            observed = any(workload.sockets is not None for workload in workloads)
            verb = f"has it open{old(*workloads)}" if observed else "declares it"
            reading, end = (
                "unavailable",
                f"no container of {subjects(workloads, application)} {verb}",
            )
        if len(resolved) > 1:
            end += ": give it one number in all of them"
        yield Finding(
            reading,
            f"{text}; {end}",
            at=service.position("port:"),
            instead=_instead(port, service, resolved),
            port=port.port,
            protocol=port.protocol,
            related=references(workloads),
        )


def _instead(port: ServicePort, service: Service, resolved: list[int]) -> str:
    """The port that the pods have; the other ports alone where that is one of them."""
    if len(resolved) > 1:
        return ""
    mended = port._replace(port=resolved[0])
    others = [one for one in service.ports if one != port]
    if (mended.port, mended.protocol) in {(one.port, one.protocol) for one in others}:
        return service_port(*others)
    return service_port(mended)


def _has(workload: Workload, port: ServicePort) -> bool:
    """Whether the pods have the port open; where nobody can tell, whether they declare it."""
    key = (port.port, port.protocol)
    if workload.sockets is None or port.protocol == "SCTP":
        return key in declared_keys(workload)
    return key in by_port(both_runs(workload))
