"""NetworkPolicies of Kubernetes itself."""

from __future__ import annotations

from typing import Any

from ..model import NetworkPolicy
from .objects import KubernetesObject
from .selectors import label_selector
from .values import Manifest, mapping, sequence, text_of

_EVERYWHERE = frozenset(("0.0.0.0/0", "::/0"))
LAST_PORT = 65535


def read_policy(obj: KubernetesObject) -> NetworkPolicy:
    """Read a NetworkPolicy: what it selects, and which directions it isolates.

    ``policyTypes`` may be left out: then it is Ingress always, and Egress
    where there are egress rules.
    """
    spec = obj.spec
    rules = sequence(spec.get("ingress"))
    types = [text_of(entry) for entry in sequence(spec.get("policyTypes"))]
    if not types:
        types = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return NetworkPolicy(
        obj.kind,
        obj.name,
        obj.namespace,
        obj.source,
        obj.labels,
        obj.annotations,
        selector=label_selector(obj, spec.get("podSelector"), "spec.podSelector"),
        ingress="Ingress" in types,
        egress="Egress" in types,
        admits_all=any(_any_peer(mapping(rule)) and _any_port(mapping(rule)) for rule in rules),
        admits_any_peer=any(_any_peer(mapping(rule)) for rule in rules),
    )


def _any_peer(rule: Manifest) -> bool:
    """Whether every pod of the cluster is among the peers.

    An absent or empty ``from`` is everybody. An empty ``namespaceSelector`` is
    every namespace, with all of its pods where no ``podSelector`` narrows it.
    Whether ``ipBlock`` is about pods is left to the network plugin; one of all
    addresses may admit every pod.
    """
    return not rule.get("from") or any(map(_is_anybody, sequence(rule.get("from"))))


def _is_anybody(value: Any) -> bool:
    peer = mapping(value)
    block = mapping(peer.get("ipBlock"))
    if block:
        return text_of(block.get("cidr")) in _EVERYWHERE and not block.get("except")
    return peer.get("namespaceSelector") == {} and not mapping(peer.get("podSelector"))


def _any_port(rule: Manifest) -> bool:
    """Whether every port of some protocol is open: no ``ports``, or an entry without a number."""
    return not rule.get("ports") or any(map(_is_all_ports, sequence(rule.get("ports"))))


def _is_all_ports(value: Any) -> bool:
    port, end = mapping(value).get("port"), mapping(value).get("endPort")
    return port is None or (port in (0, 1) and end == LAST_PORT)
