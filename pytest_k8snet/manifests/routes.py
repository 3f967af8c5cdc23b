"""Ingresses, and the routes of other APIs: which Services they lead to.

- Ingress: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/
- Gateway API: https://gateway-api.sigs.k8s.io/reference/spec/
- Route: https://docs.openshift.com/container-platform/latest/rest_api/network_apis/route-route-openshift-io-v1.html
- IngressRoute: https://doc.traefik.io/traefik/routing/providers/kubernetes-crd/
- VirtualService: https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from ..model import Backend, Route
from ..values import is_int, mapping, mappings, sequence, text_of
from .objects import KubernetesObject
from .refusals import refuse_backends, refuse_ingress

_Reader: TypeAlias = Callable[[KubernetesObject], Iterator[Backend]]

# The AWS Load Balancer Controller takes such a backend from an annotation; it is no Service:
# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions
_FROM_ANNOTATION = "use-annotation"


def read_route(obj: KubernetesObject) -> Route:
    """Read an object of one of :data:`ROUTES`."""
    if obj.kind == "Ingress":
        refuse_ingress(obj)
    backends = tuple(dict.fromkeys(ROUTES[obj.kind, obj.group](obj)))
    refuse_backends(obj, backends)
    return Route(*obj.head, backends=backends, outside=_from_outside(obj))


def _from_outside(obj: KubernetesObject) -> bool:
    """Whether it is for more than the traffic between pods: a mesh has routes, too."""
    if obj.kind == "VirtualService":
        gateways = sequence(obj.spec.get("gateways"))
        return any(gateway != "mesh" for gateway in gateways)
    parents = sequence(obj.spec.get("parentRefs"))
    return not parents or any(mapping(one).get("kind") != "Service" for one in parents)


def _ingress(obj: KubernetesObject) -> Iterator[Backend]:
    """``service.name`` and ``service.port``; before networking.k8s.io/v1 in one word each."""
    spec = obj.spec
    default = spec.get("defaultBackend") or spec.get("backend")
    places: list[tuple[str, str, Any]] = [("", "", default)]
    for rule in mappings(spec.get("rules")):
        for path in mappings(mapping(rule.get("http")).get("paths")):
            host, where = text_of(rule.get("host")), text_of(path.get("path"))
            places.append((host, where, path.get("backend")))
    for host, where, backend in places:
        data = mapping(backend)
        service = mapping(data.get("service"))
        name = text_of(service.get("name") or data.get("serviceName"))
        port = mapping(service.get("port"))
        number = port.get("number") or port.get("name") or data.get("servicePort")
        if name and number != _FROM_ANNOTATION:
            yield Backend(name, _port(number), obj.namespace, host, where)


def _gateway(obj: KubernetesObject) -> Iterator[Backend]:
    """``backendRefs`` of each rule, and where filters send copies."""
    hosts = sequence(obj.spec.get("hostnames"))
    host = text_of(hosts[0]) if hosts else ""
    for rule in mappings(obj.spec.get("rules")):
        matches = mappings(rule.get("matches"))
        path = text_of(mapping(matches[0].get("path")).get("value")) if matches else ""
        backends = mappings(rule.get("backendRefs"))
        filters = [*sequence(rule.get("filters"))]
        for one in backends:
            filters += sequence(one.get("filters"))
        copies = (mapping(mapping(one).get("requestMirror")).get("backendRef") for one in filters)
        for one in (*backends, *map(mapping, copies)):
            own = not one.get("group") and text_of(one.get("kind")) in ("", "Service")
            if own and (name := text_of(one.get("name"))):
                namespace = text_of(one.get("namespace")) or obj.namespace
                yield Backend(name, _port(one.get("port")), namespace, host, path)


def _openshift(obj: KubernetesObject) -> Iterator[Backend]:
    """A port's name is that of the Service, a number that of the pods."""
    port = mapping(obj.spec.get("port")).get("targetPort")
    of_pods = is_int(port) or text_of(port).isdecimal()
    where = text_of(obj.spec.get("host")), text_of(obj.spec.get("path"))
    for one in (obj.spec.get("to"), *sequence(obj.spec.get("alternateBackends"))):
        data = mapping(one)
        name = text_of(data.get("name"))
        if name and text_of(data.get("kind")) in ("", "Service"):
            yield Backend(
                name,
                int(text_of(port)) if of_pods else _port(port),
                obj.namespace,
                *where,
                of_pods=of_pods,
            )


def _traefik(obj: KubernetesObject) -> Iterator[Backend]:
    for route in mappings(obj.spec.get("routes")):
        for one in mappings(route.get("services")):
            name = text_of(one.get("name"))
            if name and text_of(one.get("kind")) in ("", "Service"):
                namespace = text_of(one.get("namespace")) or obj.namespace
                match = text_of(route.get("match"))
                yield Backend(name, _port(one.get("port")), namespace, match)


def _istio(obj: KubernetesObject) -> Iterator[Backend]:
    """Destinations; of hosts those that are Services, in whole or by a name without dots."""
    hosts = sequence(obj.spec.get("hosts"))
    host = text_of(hosts[0]) if hosts else ""
    for kind in ("http", "tls", "tcp"):
        for rule in mappings(obj.spec.get(kind)):
            listed = [*sequence(rule.get("route")), *sequence(rule.get("mirrors"))]
            ends = [mapping(mapping(one).get("destination")) for one in listed]
            for end in (*ends, mapping(rule.get("mirror"))):
                name, _, rest = text_of(end.get("host")).partition(".")
                namespace, _, domain = rest.partition(".")
                if name and (not rest or domain.partition(".")[0] == "svc"):
                    port = mapping(end.get("port")).get("number")
                    yield Backend(name, _port(port), namespace or obj.namespace, host)


def _port(value: Any) -> int | str:
    return int(value) if is_int(value) else text_of(value) or 0


ROUTES: Mapping[tuple[str, str], _Reader] = {
    ("Ingress", "networking.k8s.io"): _ingress,
    ("Ingress", "extensions"): _ingress,
    **{
        (kind, "gateway.networking.k8s.io"): _gateway
        for kind in ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
    },
    ("Route", "route.openshift.io"): _openshift,
    **{
        (kind, group): _traefik
        for kind in ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP")
        for group in ("traefik.io", "traefik.containo.us")
    },
    ("VirtualService", "networking.istio.io"): _istio,
}
"""How the backends are read, by kind and API group."""
