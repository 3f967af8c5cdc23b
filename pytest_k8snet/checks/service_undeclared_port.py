"""M5B: Services whose target port no container declares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ..finding import FAULT, NOTE, Finding
from ..index import selected
from ..matching import targets
from ..model import Application, Container, Port, Service, ServicePort, Workload
from ._check import check
from ._injected import brought
from ._instead import container_ports, host_of, served_undeclared, service_port, with_ports
from ._words import listing, port_text, references, subjects


@check(
    "M5B",
    "service-undeclared-port",
    on=Service,
    readings={"name": FAULT, "name-protocol": FAULT, "number": FAULT, "number-none": NOTE},
    tells_reach=True,
)
def service_undeclared_port(service: Service, application: Application) -> Iterator[Finding]:
    """A Service targets a port that no selected container declares.

    ## What it finds
    `name`: the target port is a name, and no container of the selected units
    has a port of that name, so Kubernetes makes no endpoint for it. A number in
    quotes is a name. `name-protocol`: a container has a port of that name, with
    another protocol than the Service port's, which comes to the same. `number`:
    the target port is a number that no selected container declares with this
    protocol, though they declare other ports. `number-none`: it is a number,
    and the selected containers declare no ports at all. Nothing is said where a
    sidecar injector brings the port: an image `auto` (a gateway, whose ports
    are Istio's matter), and in pods that an annotation or label of theirs or of
    their namespace injects the proxy's own ports (15000 to 15090 of Istio, 4140
    to 4191 of Linkerd). An injected sidecar brings no port of the application.
    A headless Service is read like any other; its SRV records name the target
    port.

    ## Why it matters
    Traffic goes to a port that no reviewer and no policy knows of, or nowhere.
    A process that an attacker starts in one of the pods can bind the port and
    answer in the Service's name.

    ## Example
    ```yaml
    kind: Service
    spec:
      ports:
        - port: 80
          targetPort: http
    ---
    kind: Deployment
    spec:
      template:
        spec:
          containers:
            - name: web
              ports:
                - name: web
                  containerPort: 8080
    ```

    ## Instead
    ```yaml
    kind: Deployment
    spec:
      template:
        spec:
          containers:
            - name: web
              ports:
                - name: http
                  containerPort: 8080
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
    - https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/
    - https://linkerd.io/2/features/proxy-injection/
    """
    workloads = selected(service, application)
    untaken = [
        port
        for port in service.ports
        if not any(_has_target(port, workload) for workload in workloads)
    ]
    lacking = served_undeclared(workloads, application) if untaken else []
    listed = False
    for port in untaken:
        problem = _problem(port, service, workloads, lacking, application, listed=listed)
        if problem is None:
            continue
        reading, text, instead = problem
        listed = listed or reading == "number"
        yield Finding(
            reading,
            f"{application.subject(service.reference)} port {port.port} {text}"
            f" ({subjects(workloads, application)})",
            at=service.position("targetPort:" if port.target != port.port else "port:"),
            instead=instead,
            port=port.port,
            protocol=port.protocol,
            related=references(workloads),
        )


def _has_target(port: ServicePort, workload: Workload) -> bool:
    return next(targets(port, workload), None) is not None


def _problem(
    port: ServicePort,
    service: Service,
    workloads: Sequence[Workload],
    lacking: Collection[Port],
    application: Application,
    *,
    listed: bool,
) -> tuple[str, str, str] | None:
    """Reading, message and snippet for a target that no selected unit declares.

    :param lacking: all numbers that Services lead to and no unit declares.
    :param listed: an earlier finding on the Service has said what is declared.
    """
    declared = [entry for workload in workloads for entry in workload.declared()]
    named = [entry for entry in declared if entry[1].name == port.target]
    if named:
        _, other = named[0]
        text = (
            f'targets "{port.target}" with {port.protocol}, and that is a name of'
            f" {port_text(other.number, other.protocol)}"
        )
        return "name-protocol", text, _other_protocol(port, *named[0], declared)
    if not workloads or any(brought(port.target, workload, application) for workload in workloads):
        return None
    container = host_of(workloads)
    if isinstance(port.target, str):
        quoted = " (in quotes it is a name)" if port.target.isdecimal() else ""
        text = f'targets "{port.target}"{quoted}, and no container has a port of that name'
        led_to = {
            entry
            for other in service.ports
            for workload in workloads
            for entry in targets(other, workload)
        }
        free = [entry[1] for entry in declared if entry not in led_to]
        return "name", text, _named(port, service, container, free)
    instead = with_ports(container, Port(port.target, port.protocol), lacking)
    target = port_text(port.target, port.protocol)
    if not declared:
        return "number-none", f"targets {target}, and the containers declare no ports", instead
    if listed:
        return "number", f"targets {target}, which is not declared either", instead
    known = listing(dict.fromkeys(port_text(other.number, other.protocol) for _, other in declared))
    return "number", f"targets {target}, and the containers declare {known} only", instead


def _other_protocol(
    port: ServicePort, container: Container, named: Port, declared: Iterable[tuple[Container, Port]]
) -> str:
    """The container's ports with one more of the Service port's protocol, if the pod has none.

    Port names are unique in a container, so the Service targets the number, or the other name.
    """
    for _, one in declared:
        if (one.number, one.protocol) == (named.number, port.protocol):
            return service_port(port._replace(target=one.name or one.number))
    added = Port(named.number, port.protocol)
    return (
        f"{container_ports(container.name, (*container.ports, added))}\n---\n"
        f"{service_port(port._replace(target=named.number))}"
    )


def _named(
    port: ServicePort, service: Service, container: Container | None, free: Sequence[Port]
) -> str:
    """The name given to a port that is there, or the Service targeting that.

    :param free: the declared ports that no other port of the Service leads to already.
    """
    target = str(port.target)
    if target.isdecimal() and len(target) <= 5:  # quoted by mistake: no port can have such a name
        return service_port(port._replace(target=int(target)))
    same = [entry for entry in free if entry.protocol == port.protocol]
    for entry in same:
        if entry.number == port.port or len(same) == 1:
            return service_port(port._replace(target=entry.name or entry.number))
    declared = with_ports(container, Port(port.port, port.protocol, target))
    if len(service.ports) == 1:
        return declared
    return (
        f"# where a program listens on it; else {service} is better without this port\n{declared}"
    )
