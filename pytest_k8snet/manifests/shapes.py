"""Which types Kubernetes takes in the places that are read here.

It refuses another type before it looks at any value, so nothing else is said of such an object.
A place that is absent or null is no mistake here. Ports and labels are not among these places:
of those more is said where they are read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from ..kinds import Selects, find_kind
from ..reach.families import CALICO, CILIUM, KUBERNETES
from ..values import described, is_int


class Leaf(NamedTuple):
    """A value without parts: what it is called, and whether one is such."""

    said: str
    takes: Callable[[Any], bool]


# A mapping with the shapes of some of its keys, a list with the shape of all entries, or a value.
Shape: TypeAlias = "Leaf | list[Shape] | dict[str, Shape]"

STRING = Leaf("a string", lambda value: isinstance(value, str))
WHOLE = Leaf("a whole number", is_int)
BOOLEAN = Leaf("true or false", lambda value: isinstance(value, bool))
NUMBER_OR_NAME = Leaf("a number or a name", lambda value: is_int(value) or isinstance(value, str))

_SELECTOR: Shape = {"matchExpressions": [{"key": STRING, "operator": STRING, "values": [STRING]}]}
_HANDLER: Shape = {"port": NUMBER_OR_NAME, "host": STRING}
_PROBE: Shape = {"httpGet": _HANDLER, "tcpSocket": _HANDLER, "grpc": {"port": WHOLE}, "exec": {}}
_CONTAINER: Shape = {
    "name": STRING,
    "image": STRING,
    "ports": [{"name": STRING, "protocol": STRING, "hostIP": STRING}],
    **dict.fromkeys(("readinessProbe", "livenessProbe", "startupProbe"), _PROBE),
}
_POD: dict[str, Shape] = {
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "hostNetwork": BOOLEAN,
    "serviceAccountName": STRING,
    "nodeSelector": {},
}
_PEER: Shape = {
    "podSelector": _SELECTOR,
    "namespaceSelector": _SELECTOR,
    "ipBlock": {"cidr": STRING, "except": [STRING]},
}
_POLICY_PORT: Shape = {"port": NUMBER_OR_NAME, "protocol": STRING, "endPort": WHOLE}
_BACKEND: Shape = {
    "service": {"name": STRING, "port": {"number": WHOLE, "name": STRING}},
    "serviceName": STRING,
    "servicePort": NUMBER_OR_NAME,
}
_POLICY: dict[str, Shape] = {
    "podSelector": _SELECTOR,
    "policyTypes": [STRING],
    "ingress": [{"from": [_PEER], "ports": [_POLICY_PORT]}],
    "egress": [{"to": [_PEER], "ports": [_POLICY_PORT]}],
}
_INGRESS: dict[str, Shape] = {
    "rules": [{"host": STRING, "http": {"paths": [{"path": STRING, "backend": _BACKEND}]}}],
    "defaultBackend": _BACKEND,
    "backend": _BACKEND,
    "tls": [{"hosts": [STRING]}],
}
_SPECS: dict[tuple[str, str], dict[str, Shape]] = {
    ("Service", ""): {
        "ports": [{"name": STRING, "protocol": STRING, "nodePort": WHOLE}],
        "type": STRING,
        "clusterIP": STRING,
        "clusterIPs": [STRING],
        "externalName": STRING,
        "loadBalancerSourceRanges": [STRING],
    },
    **{
        (kind, group): spec
        for kind, spec in (("NetworkPolicy", _POLICY), ("Ingress", _INGRESS))
        for group in KUBERNETES
    },
    ("CiliumNetworkPolicy", CILIUM): {"endpointSelector": {}, "ingress": [{}], "egress": [{}]},
    **{
        ("NetworkPolicy", group): {"selector": STRING, "ingress": [{}], "egress": [{}]}
        for group in CALICO
    },
    **{
        (kind, "gateway.networking.k8s.io"): {
            "rules": [{"backendRefs": [{"name": STRING, "port": WHOLE}]}]
        }
        for kind in ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
    },
    ("ServiceMonitor", "monitoring.coreos.com"): {
        "selector": _SELECTOR,
        "endpoints": [{"port": STRING, "targetPort": NUMBER_OR_NAME}],
    },
    ("PodMonitor", "monitoring.coreos.com"): {
        "selector": _SELECTOR,
        "podMetricsEndpoints": [{"port": STRING, "targetPort": NUMBER_OR_NAME}],
    },
}


def wrong_types(kind: str, group: str, data: Any) -> list[tuple[str, str]]:
    """Every place of an object with another type than Kubernetes takes there.

    Each with what is wrong, as a phrase that follows it.
    """
    return [(at.lstrip("."), what) for at, what in _wrong(data, _shape(kind, group))]


@lru_cache(maxsize=64)
def _shape(kind: str, group: str) -> Shape:
    spec = dict(_SPECS.get((kind, group), {}))
    known = find_kind(kind, group)
    if known is not None and known.is_pod:
        spec |= _POD
    elif known is not None:
        template: dict[str, Shape] = {"metadata": {}, "spec": _POD}
        for key in reversed(known.template[1:]):
            template = {key: template}
        spec |= {**template, "replicas": WHOLE, "serviceName": STRING}
        spec |= {"selector": _SELECTOR} if known.selects is Selects.LABEL_SELECTOR else {}
    return {"metadata": {"namespace": STRING}, "spec": spec}


def _wrong(value: Any, shape: Shape) -> list[tuple[str, str]]:
    """What is wrong with a value that is not null, by its place below."""
    found: list[tuple[str, str]] = []
    if isinstance(shape, Leaf):
        if not shape.takes(value):
            return [("", f"is {described(value)}, and Kubernetes takes {shape.said}")]
    elif isinstance(shape, list):
        if not isinstance(value, list):
            return [("", f"is {described(value)}, and Kubernetes takes a list")]
        for number, entry in enumerate(value):
            if entry is not None and (below := _wrong(entry, shape[0])):
                found += [(f"[{number}]{at}", what) for at, what in below]
    elif not isinstance(value, dict):
        return [("", f"is {described(value)}, and Kubernetes takes a mapping")]
    else:
        for key, entry_shape in shape.items():
            entry = value.get(key)
            if entry is not None and (below := _wrong(entry, entry_shape)):
                found += [(f".{key}{at}", what) for at, what in below]
    return found
