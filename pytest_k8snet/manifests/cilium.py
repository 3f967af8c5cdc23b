"""Cilium's policies -> NetworkPolicy.

What isolates an endpoint is described at
https://docs.cilium.io/en/stable/security/policy/: it is the presence of
ingress rules, not a list of policy types, and ``ingress: [{}]`` admits nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model import Labels, NetworkPolicy, Requirement, Selector

_KINDS = frozenset(("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"))
_NAMESPACE_KEY = "io.kubernetes.pod.namespace"
# A label key may begin with where the label comes from; these mean the pod's own labels.
_SOURCES = ("k8s:", "any:", "k8s.", "any.")


def is_policy(kind: str, group: str) -> bool:
    """Whether it is a policy that :func:`read_policies` reads."""
    return group == "cilium.io" and kind in _KINDS


def read_policies(
    data: dict[str, Any], kind: str, name: str, namespace: str, source: str
) -> Iterator[NetworkPolicy]:
    """One policy for each rule of the object (``spec``, and each of ``specs``)."""
    specs = data.get("specs")
    for spec in [data.get("spec"), *(specs if isinstance(specs, list) else [])]:
        if not isinstance(spec, dict) or "nodeSelector" in spec:
            continue  # a rule for nodes says nothing about pods
        selector, where = _selector(spec.get("endpointSelector"))
        rules = _rules(spec, "ingress")
        yield NetworkPolicy(
            kind,
            name,
            where or namespace,
            source,
            selector=selector,
            cluster_wide=kind == "CiliumClusterwideNetworkPolicy" and not where,
            ingress=_isolates(spec, "ingress"),
            egress=_isolates(spec, "egress"),
            admits_all=any(_any_peer(rule) and _any_port(rule) for rule in rules),
            admits_any_peer=any(map(_any_peer, rules)),
        )


def _selector(value: Any) -> tuple[Selector, str]:
    """The selector of pods, and the namespace that it names, if any."""
    data = value if isinstance(value, dict) else {}
    found: dict[str, str] = {
        _plain_key(key): "" if entry is None else str(entry)
        for key, entry in _dict(data.get("matchLabels")).items()
    }
    namespace = found.pop(_NAMESPACE_KEY, "")
    labels: Labels = found
    expressions = tuple(
        Requirement(
            _plain_key(str(entry.get("key"))),
            str(entry.get("operator")),
            tuple(str(value) for value in _list(entry.get("values"))),
        )
        for entry in _list(data.get("matchExpressions"))
        if isinstance(entry, dict)
    )
    return Selector(labels, expressions), namespace


def _plain_key(key: str) -> str:
    for source in _SOURCES:
        if key.startswith(source):
            return key[len(source) :]
    return key


def _isolates(spec: dict[str, Any], direction: str) -> bool:
    """Any rule of a direction isolates it, unless ``enableDefaultDeny`` says no."""
    if _dict(spec.get("enableDefaultDeny")).get(direction) is False:
        return False
    return bool(_rules(spec, direction) or _rules(spec, f"{direction}Deny"))


def _any_peer(rule: Any) -> bool:
    """Whether every pod of the cluster is among the sources.

    ``all`` and ``cluster`` are every endpoint of the cluster. An empty endpoint
    selector is every endpoint where the policy is clusterwide; elsewhere it
    means the policy's own namespace.
    """
    return bool({"all", "cluster"} & {str(one) for one in _list(_dict(rule).get("fromEntities"))})


def _any_port(rule: Any) -> bool:
    """Whether no ``toPorts`` narrows the rule, or one of them names all ports of a protocol."""
    entries = _list(_dict(rule).get("toPorts"))
    ports = [port for entry in entries for port in _list(_dict(entry).get("ports"))]
    return not entries or any(str(_dict(port).get("port", "0")) == "0" for port in ports)


def _rules(spec: dict[str, Any], field: str) -> list[Any]:
    return _list(spec.get(field))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
