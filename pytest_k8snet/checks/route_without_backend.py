"""N4: routes that lead to no Service, or to no port of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import takewhile

from ..finding import FAULT, NOTE, Finding
from ..index import backend_ports, selected, service_called
from ..matching import endpoints_of
from ..model import Application, Backend, Route, Service, ServicePort
from ._check import check
from ._instead import route_backend
from ._words import listing, port_text, references


@check(
    "N4",
    "route-without-backend",
    on=Route,
    readings={
        "no-service": FAULT,
        "no-port": FAULT,
        "elsewhere": NOTE,
        "external-name": NOTE,
        "values-incomplete": NOTE,
    },
)
def route_without_backend(route: Route, application: Application) -> Iterator[Finding]:
    """A route leads to a Service or a port that is not there.

    ## What it finds
    The backends of an Ingress, of HTTPRoute, GRPCRoute, TCPRoute, TLSRoute and
    UDPRoute, of OpenShift's Route, of Traefik's IngressRoute and of Istio's
    VirtualService. `no-service`: the application has no Service of that name in
    the namespace that is meant. `no-port`: the Service has no such port; most
    routes name the Service's own port, by number or name, and OpenShift's by
    number the port of the pods. Notes: `elsewhere`: no Service of that name,
    and another namespace than the release's is meant. `external-name`: the
    Service is an ExternalName and does not list the port.
    `values-incomplete`: a template of the chart that makes a Service of that
    name rendered to nothing with these values. Backends that are no Service are
    left alone.

    ## Why it matters
    Whoever makes a Service of that name later receives what the world outside
    sends to the route. Until then it answers with errors, which are most often
    mended by a wider rule than was meant.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      ports: [{name: http, port: 8080}]
    ---
    kind: HTTPRoute
    spec:
      rules:
        - backendRefs: [{name: web, port: 80}]
    ```

    ## Instead
    ```yaml
    kind: HTTPRoute
    spec:
      rules:
        - backendRefs: [{name: web, port: 8080}]
    ```

    ## References
    - https://kubernetes.io/docs/concepts/services-networking/ingress/
    - https://gateway-api.sigs.k8s.io/reference/spec/
    """
    told = set()
    for backend in route.backends:
        key = backend.service, backend.namespace, backend.port
        if key not in told:
            told.add(key)
            service = service_called(backend.service, backend.namespace, application)
            if service is None and _is_made_by_knative(backend, application):
                continue
            if service is None:
                yield _no_service(route, backend, application)
            elif backend.port and not backend_ports(backend, application):
                yield _no_port(route, backend, service, application)


def _is_made_by_knative(backend: Backend, application: Application) -> bool:
    """Whether it is the Service, an ExternalName, that Knative makes for one of its own.

    https://knative.dev/docs/serving/architecture/
    """
    return any(
        (one.kind, one.namespace, one.name) == ("Service", backend.namespace, backend.service)
        for one in application.workloads
    )


def _no_service(route: Route, backend: Backend, application: Application) -> Finding:
    name = application.subject(route.reference)
    at = route.position(_key(route, backend))
    there = [one.name for one in application.services if one.namespace == backend.namespace]
    if backend.namespace != application.namespace and not (
        there and backend.namespace == route.namespace
    ):
        return Finding(
            "elsewhere",
            f"{name} leads to the Service {backend.service} of the namespace"
            f" {backend.namespace}, which the application does not make",
            at=at,
        )
    text = f"{name} leads to the Service {backend.service}, and the application has no such Service"
    blank = [one.source for one in application.blank if route.reference in one.owners]
    if blank:
        text += f": with these values {listing(blank)} rendered to nothing"
        return Finding("values-incomplete", text, at=at)
    near = _alike(backend.service, there) or (there if len(there) == 1 else [])
    if there:
        text += f"; it has {listing(there)}"
    return Finding(
        "no-service",
        text,
        at=at,
        instead=route_backend(route, near[0], backend.port) if near else "",
        related=references(one for one in application.services if one.name in near),
    )


def _alike(name: str, there: Sequence[str]) -> list[str]:
    """The one of the names that is most likely meant; [] where none comes near.

    The words that all of them begin with, such as the release's name, say nothing.
    """
    words = [one.split("-") for one in (name, *there)]
    begin = sum(1 for _ in takewhile(lambda same: len(set(same)) == 1, zip(*words, strict=False)))
    wanted, *rest = ["-".join(some[begin:]) for some in words]
    known = dict(zip(rest, there, strict=True))
    return [known[one] for one in get_close_matches(wanted, rest, 1, 0.6)]


def _no_port(route: Route, backend: Backend, service: Service, application: Application) -> Finding:
    whose = application.subject(service.reference)
    text = f"{application.subject(route.reference)} leads to port {backend.port} of {whose}"
    at, related = route.position(_key(route, backend)), references((service,))
    if service.type == "ExternalName":
        text += ", an ExternalName that does not list it"
        return Finding("external-name", text, at=at, related=related)
    right = _meant(backend, service, application)
    has = listing(service.ports, lambda port: _text(backend, port, service, application))
    return Finding(
        "no-port",
        f"{text}, which has {has or 'no ports'}",
        at=at,
        instead=route_backend(route, service.name, right) if right else "",
        related=related,
    )


def _meant(backend: Backend, service: Service, application: Application) -> int | str:
    """The port that is most likely meant: the only one, or the one with that target."""
    ports = service.ports
    if len(ports) > 1:
        ports = tuple(one for one in ports if backend.port in (one.target, one.port))
    if len(ports) != 1:
        return 0
    (port,) = ports
    if backend.of_pods:
        return port.name or _number(port, service, application) or 0
    return port.name if port.name and isinstance(backend.port, str) else port.port


def _text(backend: Backend, port: ServicePort, service: Service, application: Application) -> str:
    number = _number(port, service, application) if backend.of_pods else port.port
    said = port_text(number, port.protocol) if number else str(port.target)
    return f"{said} ({port.name})" if port.name else said


def _number(port: ServicePort, service: Service, application: Application) -> int | None:
    """What the port is in the pods."""
    return next((number for _, number in endpoints_of(port, selected(service, application))), None)


def _key(route: Route, backend: Backend) -> str:
    """How the line begins under which the backend stands."""
    if route.kind == "Ingress":
        return "backend:" if backend.host or backend.path else ""
    of_kind = {"Route": "to:", "VirtualService": "destination:"}
    of_traefik = "services:" if route.kind.startswith("IngressRoute") else "backendRefs:"
    return of_kind.get(route.kind, of_traefik)
