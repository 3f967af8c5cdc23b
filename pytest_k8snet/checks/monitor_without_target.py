"""N7: monitors of Prometheus that find nothing to scrape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from ..finding import FAULT, NOTE, Finding
from ..index import LabelIndex, pod_index, selected, service_index
from ..matching import matches, takes
from ..model import Application, Monitor, Service, Workload
from ._check import check
from ._instead import monitor_endpoint
from ._words import listing, references, subjects, verb

T = TypeVar("T")
_Named: TypeAlias = tuple[str, int]
"""A port by its name and its number."""


@check("N7", "monitor-without-target", on=Monitor, readings={"no-port": FAULT, "no-target": NOTE})
def monitor_without_target(monitor: Monitor, application: Application) -> Iterator[Finding]:
    """A monitor asks for a port that none of its objects has.

    ## What it finds
    `no-port`: a ServiceMonitor selects Services of the application by their own
    labels, and none of them has a port of the name that an endpoint asks for;
    or a PodMonitor selects pods, and no container of them declares it. A
    `targetPort`, and a PodMonitor's `portNumber`, is looked for among the
    declared ports of the pods: Prometheus knows no others. `no-target`, a note:
    it selects nothing of the application, as monitors of the kubelet, the API
    server or another chart do.

    ## Why it matters
    Nothing is scraped, and no error says so: what should tell of an attack is
    silent. The way to find out is most often to open more ports.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web, labels: {app: web}}
    spec:
      ports: [{name: http-metrics, port: 9090}]
    ---
    kind: ServiceMonitor
    spec:
      selector:
        matchLabels: {app: web}
      endpoints: [{port: metrics}]
    ```

    ## Instead
    ```yaml
    kind: ServiceMonitor
    spec:
      selector:
        matchLabels: {app: web}
      endpoints: [{port: http-metrics}]
    ```

    ## References
    - https://prometheus-operator.dev/docs/developer/getting-started/#using-servicemonitors
    - https://prometheus-operator.dev/docs/platform/troubleshooting/#troubleshooting-servicemonitor-changes
    """
    name = application.subject(monitor.reference)
    services, pods = _chosen(monitor, application)
    chosen: Sequence[Service | Workload] = services or pods
    if not chosen:
        yield Finding(
            "no-target",
            f"{name} selects {monitor.selector} and nothing of the application",
            at=monitor.position("selector:"),
        )
        return
    for endpoint in dict.fromkeys(monitor.endpoints):
        wanted = endpoint.port if endpoint.target is None else endpoint.target
        of_services = bool(services) and endpoint.target is None
        if wanted is None or not (of_services or pods):
            continue  # the first of all ports; or pods that nobody knows
        known = _of_services(services) if of_services else _of_pods(pods)
        if any(wanted in named for named in known):
            continue
        names = [
            *dict.fromkeys(one or str(number) for one, number in known if one or not of_services)
        ]
        asked: Sequence[Service | Workload] = services if of_services else pods
        they = "it" if len(asked) == 1 else "they"
        has = (
            f"{they} {verb(asked, 'has')} {listing(names)}" if names else "no port there has a name"
        )
        yield Finding(
            "no-port",
            f"{name} scrapes the port {wanted} of {subjects(asked, application)}, and {has}",
            at=monitor.position("port:" if endpoint.target is None else "targetPort:"),
            instead=_instead(monitor, known, of_pods=not of_services),
            related=references(asked),
        )


def _chosen(
    monitor: Monitor, application: Application
) -> tuple[tuple[Service, ...], tuple[Workload, ...]]:
    """The Services that it selects, none for a PodMonitor, and the pods behind or selected."""
    selector = monitor.selector
    if monitor.kind == "PodMonitor":
        pods = _near(monitor, application.once(pod_index))
        return (), tuple(one for one in pods if takes(selector, one))
    near = _near(monitor, application.once(service_index))
    services = tuple(one for one in near if matches(selector, one.labels))
    behind = (workload for service in services for workload in selected(service, application))
    return services, tuple({one.identity: one for one in behind}.values())


def _near(monitor: Monitor, index: LabelIndex[T]) -> Iterator[T]:
    """What it may select."""
    namespaces = index.namespaces if monitor.namespaces is None else monitor.namespaces
    for namespace in sorted(set(namespaces)):
        yield from index.candidates(monitor.selector, namespace)


def _of_services(services: Iterable[Service]) -> list[_Named]:
    """The Services' ports by their names."""
    return [(port.name, port.port) for service in services for port in service.ports]


def _of_pods(pods: Iterable[Workload]) -> list[_Named]:
    """The declared ports with their names."""
    return [(port.name, port.number) for workload in pods for _, port in workload.declared()]


def _instead(monitor: Monitor, known: Iterable[_Named], *, of_pods: bool) -> str:
    """The only port that has a name, or of pods the only one; "" where one has to choose."""
    of_pods &= monitor.kind != "PodMonitor"  # which have no other ports
    ports = {name or (number if of_pods else "") for name, number in known} - {""}
    return monitor_endpoint(monitor, *ports, of_pods=of_pods) if len(ports) == 1 else ""
