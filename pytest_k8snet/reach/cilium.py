"""Cilium's policies: CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy.

https://docs.cilium.io/en/stable/security/policy/:

- Rules of a direction isolate the pods for it, unless ``enableDefaultDeny`` says otherwise. They
  add up with NetworkPolicies; a rule of ``ingressDeny`` or ``egressDeny`` wins over all of them.
- A rule without peers and ports is about nobody, one with ports alone about everybody, and a
  list of peers that is there and empty about nobody.
- Endpoints are of the policy's namespace unless they name another, or labels of namespaces. Those
  of a clusterwide policy are of any namespace.
- CIDRs, groups of a cloud and domain names never are pods. Rules for HTTP and the like admit: who
  may connect is asked here, not what may then be said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ..model import Labels, NetworkPolicy
from ..values import mapping, mappings, sequence, text_of
from .endpoints import Endpoint
from .network_policy import any_of
from .networks import address_in
from .ports import ALL, LAST, PROTOCOLS, Ports
from .rule_ports import ALL_PORTS, NamedPort, RulePorts
from .rules import (
    FIRST,
    Action,
    Direction,
    ReadPolicy,
    Rule,
    Side,
    Subject,
    Who,
    anybody,
    not_known,
)
from .selectors import LabelSelector, cilium_key
from .truth import NO, PLUGIN, UNKNOWN, YES, Truth

_KINDS = frozenset(("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"))
_NAMESPACE = "io.kubernetes.pod.namespace"
_NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
_SERVICE_ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
_RESERVED = "reserved:"
_NOT_OF_PODS = (_NAMESPACE_LABELS, _RESERVED)
_FIELDS = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_PEERS = ("Endpoints", "CIDR", "CIDRSet", "Entities", "Groups", "Nodes", "FQDNs", "Services")


def reads(policy: NetworkPolicy) -> bool:
    """Whether it is one of Cilium's policies."""
    return policy.kind in _KINDS


def read(policy: NetworkPolicy) -> Iterator[ReadPolicy]:
    """For each rule of the object two policies: what it denies, and what it allows."""
    for spec in policy.specs:
        if "nodeSelector" in spec:
            continue  # a rule for nodes says nothing about pods
        subject = _subject(policy, spec)
        denied = {
            direction: Side(partial(_rules, policy, spec, direction, "Deny"), isolates=False)
            for direction in Direction
            if spec.get(f"{direction.value}Deny")
        }
        if denied:
            yield ReadPolicy(policy, subject, denied, FIRST)
        yield ReadPolicy(
            policy,
            subject,
            {
                direction: Side(partial(_rules, policy, spec, direction), isolates=isolates)
                for direction in Direction
                if (isolates := _isolates(spec, direction)) or spec.get(direction.value)
            },
            order=(1_000.0, policy.name),
        )


def _isolates(spec: Mapping[str, Any], direction: Direction) -> bool:
    said = mapping(spec.get("enableDefaultDeny")).get(direction.value)
    if isinstance(said, bool):
        return said
    return bool(sequence(spec.get(direction.value)) or sequence(spec.get(f"{direction.value}Deny")))


def _subject(policy: NetworkPolicy, spec: Mapping[str, Any]) -> Subject:
    namespace = policy.namespace or None
    selector = LabelSelector.read(spec.get("endpointSelector"), cilium_key)
    if namespace is not None:  # whatever namespace it names besides is dropped
        kept = tuple(one for one in selector.requirements if one.key != _NAMESPACE)
        selector = LabelSelector(kept, selector.understood)
    keys = frozenset(
        key
        for key in selector.asked()
        if key not in (_NAMESPACE, _SERVICE_ACCOUNT) and not key.startswith(_NOT_OF_PODS)
    )
    labels = {key: value for key, value in selector.labels().items() if key in keys}
    who = partial(_pods, selector, namespace)
    return Subject(namespace, who, labels, keys, str(selector))


def _pods(selector: LabelSelector, namespace: str | None, endpoint: Endpoint) -> Truth:
    """Whether it is a pod with these labels, among which Cilium counts some about its namespace.

    :param namespace: the only one that counts, None for all.
    """
    if not endpoint.pod or namespace not in (None, endpoint.namespace):
        return NO
    if not endpoint.anyone:
        return selector.matches(_labels(endpoint))
    own = {_NAMESPACE: endpoint.namespace}
    known = tuple(one for one in selector.requirements if endpoint.namespace and one.key in own)
    found = LabelSelector(known).matches(own)
    return selector.satisfiable() if found is YES else found


def _labels(endpoint: Endpoint) -> Labels:
    of_namespace = {
        f"{_NAMESPACE_LABELS}{key}": value for key, value in endpoint.namespace_labels.items()
    }
    return {
        **endpoint.labels,
        **of_namespace,
        _NAMESPACE: endpoint.namespace,
        _SERVICE_ACCOUNT: endpoint.service_account,
    }


def _reserved(selector: LabelSelector, endpoint: Endpoint) -> Truth:
    """Whether it is one with these labels, where some are of those that Cilium gives to others."""
    if endpoint.pod:
        return _pods(selector, None, endpoint)
    names = ("world",) if endpoint.world else ("host", "remote-node")
    return selector.matches(dict.fromkeys((f"{_RESERVED}{name}" for name in names), ""))


def _rules(
    policy: NetworkPolicy, spec: Mapping[str, Any], direction: Direction, suffix: str = ""
) -> Iterator[Rule]:
    field = f"{direction.value}{suffix}"
    for index, rule in enumerate(mappings(spec.get(field))):
        yield Rule(
            f"{field}[{index}]",
            Action.DENY if suffix else Action.ALLOW,
            _peers(rule, policy.namespace, _FIELDS[direction]),
            _ports(rule),
        )


def _peers(rule: Mapping[str, Any], namespace: str, field: str) -> Who:
    if rule.get(f"{field}Requires"):
        return not_known  # withdrawn from the API: it narrowed all other rules
    listed = {kind: rule[f"{field}{kind}"] for kind in _PEERS if f"{field}{kind}" in rule}
    listed = {kind: value for kind, value in listed.items() if value is not None}
    if not listed:
        return anybody if rule.get("toPorts") else partial(any_of, ())
    if any(value == [] for value in listed.values()):
        return partial(any_of, ())
    peers = [
        _peer(kind, entry, namespace) for kind, value in listed.items() for entry in sequence(value)
    ]
    return partial(any_of, peers)


def _peer(kind: str, entry: Any, namespace: str) -> Who:
    if kind == "Endpoints":
        return _endpoints(entry, namespace)
    if kind == "Entities":
        return partial(_entity, text_of(entry))
    if kind in ("CIDR", "CIDRSet"):
        cidr = mapping(entry).get("cidr") if kind == "CIDRSet" else entry
        return partial(_outside, (text_of(cidr),) if cidr else None)
    if kind in ("Groups", "FQDNs"):
        return partial(_outside, None)
    return not_known


def _endpoints(entry: Any, namespace: str) -> Who:
    selector = LabelSelector.read(entry, cilium_key)
    keys = {one.key for one in selector.requirements}
    if any(key.startswith(_RESERVED) for key in keys):
        return partial(_reserved, selector)
    named = _NAMESPACE in keys or any(key.startswith(_NAMESPACE_LABELS) for key in keys)
    return partial(_pods, selector, None if named or not namespace else namespace)


def _entity(word: str, endpoint: Endpoint) -> Truth:
    """Whether a word means it: https://docs.cilium.io/en/stable/security/policy/language/#entities-based."""
    if word == "all":
        return YES
    if word == "cluster":
        return NO if endpoint.world else YES
    if word == "world":
        return YES if endpoint.world else NO
    if word in ("world-ipv4", "world-ipv6"):
        return PLUGIN if endpoint.world else NO
    if word in ("host", "remote-node", "kube-apiserver"):
        return PLUGIN if endpoint.host else NO  # it depends on where the pods run
    return NO if word in ("init", "health", "unmanaged", "none", "ingress") else UNKNOWN


def _outside(blocks: Sequence[str] | None, endpoint: Endpoint) -> Truth:
    """Whether it has an address outside the cluster; None where nobody knows them beforehand."""
    if not endpoint.world:
        return NO
    return PLUGIN if blocks is None else address_in(blocks, endpoint)


def _ports(rule: Mapping[str, Any]) -> RulePorts:
    """``toPorts``; without any of them a rule for ICMP is about no port."""
    entries = mappings(rule.get("toPorts"))
    listed = [port for entry in entries for port in mappings(entry.get("ports"))]
    if not listed:
        return RulePorts(()) if rule.get("icmps") else ALL_PORTS
    return RulePorts(tuple(map(_port, listed)))


def _port(data: Mapping[str, Any]) -> Ports | NamedPort:
    protocol = text_of(data.get("protocol")).upper() or "ANY"
    port = text_of(data.get("port"))
    if not port.isascii() or not port.isdigit():
        return NamedPort(port, None if protocol == "ANY" else protocol)
    first, end = int(port), data.get("endPort")
    if first == 0:
        return ALL if protocol == "ANY" else Ports.every(protocol)
    last = min(end, LAST) if isinstance(end, int) and end > first else first
    protocols = PROTOCOLS if protocol == "ANY" else (protocol,)
    return Ports.union(Ports.of(one, first, last) for one in protocols)
