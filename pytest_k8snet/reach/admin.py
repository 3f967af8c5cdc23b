"""The policies of those who run a cluster: the group policy.networking.k8s.io.

AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1), and ClusterNetworkPolicy (v1alpha2),
which has both as tiers: https://network-policy-api.sigs.k8s.io/api-overview/.

- The admin tier is asked before NetworkPolicies, the baseline tier where none selects the pod.
- The lowest priority is asked first, and the rules of a policy in their order. Of policies with
  the same priority the API does not say which comes first: where they differ is not known.
- What is passed goes on to the next tier. ClusterNetworkPolicy says Accept for Allow.
- ``networks`` hold for pods as well. Subjects and peers never are pods in their node's network.
- Before v0.1.2 a peer's namespaces could be those with the ``sameLabels`` as the subject's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ..model import NetworkPolicy
from ..values import mapping, mappings, sequence, text_of
from .endpoints import Endpoint
from .network_policy import NamespacedPods, any_of
from .networks import address_in
from .ports import LAST, NONE, PROTOCOLS, Ports
from .rule_ports import ALL_PORTS, NamedPort, RulePorts
from .rules import (
    ADMIN,
    BASELINE,
    Action,
    Direction,
    Pair,
    ReadPolicy,
    Rule,
    Side,
    Subject,
    Who,
    any_pair,
    not_known,
)
from .selectors import LabelSelector
from .truth import NO, UNKNOWN, YES, Truth, of

_KINDS = frozenset(("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"))
_ACTIONS = {"Allow": Action.ALLOW, "Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
_PEERS = {Direction.INGRESS: "from", Direction.EGRESS: "to"}


def reads(policy: NetworkPolicy) -> bool:
    """Whether it is a policy of this group's kinds."""
    return policy.kind in _KINDS


def read(policy: NetworkPolicy) -> Iterator[ReadPolicy]:
    """The policy's rules; it isolates nobody: what no rule is about goes on."""
    spec = policy.specs[0] if policy.specs else {}
    tier = text_of(spec.get("tier"))
    baseline = policy.kind == "BaselineAdminNetworkPolicy" or tier == "Baseline"
    priority = spec.get("priority")
    subject = _pods(mapping(spec.get("subject")))
    selector = subject.pods if isinstance(subject, NamespacedPods) else None
    pods = selector or LabelSelector()
    yield ReadPolicy(
        policy,
        Subject(None, subject, pods.labels(), pods.asked(), _text(subject, pods)),
        {
            direction: Side(partial(_rules, spec, direction), isolates=False)
            for direction in Direction
        },
        BASELINE if baseline else ADMIN,
        (float(priority) if isinstance(priority, int) else 0.0, policy.name),
        ordered=False,
    )


def _text(subject: Who, pods: LabelSelector) -> str:
    """The pods, and the namespaces that they are in, as a person would say it."""
    namespaces = subject.namespaces if isinstance(subject, NamespacedPods) else None
    if namespaces is None or not namespaces.requirements:
        return str(pods)
    return f"{pods if pods.requirements else 'all pods'} of namespaces with {namespaces}"


def _rules(spec: Mapping[str, Any], direction: Direction) -> Iterator[Rule]:
    """Its rules; one with several kinds of peers becomes several with the same action."""
    for index, rule in enumerate(mappings(spec.get(direction.value))):
        action = _ACTIONS.get(text_of(rule.get("action")))
        ports = [*map(_port, mappings(rule.get("ports")))]
        ports += map(_protocol, mappings(rule.get("protocols")))
        listed = [*map(_peer, mappings(rule.get(_PEERS[direction])))]
        plain = tuple(who for who, alike in listed if alike is any_pair)
        peers: list[tuple[Who, Pair]] = [(partial(any_of, plain), any_pair)] if plain else []
        peers += [one for one in listed if one[1] is not any_pair]
        for who, alike in peers if action else [(not_known, any_pair)]:
            yield Rule(
                f"{direction.value}[{index}]",
                action or Action.DENY,
                who,
                RulePorts(tuple(ports)) if ports else ALL_PORTS,
                alike=alike,
            )


def _pods(data: Mapping[str, Any]) -> Who:
    """``namespaces`` or ``pods`` of a subject."""
    if data.get("pods") is not None:
        pods = mapping(data["pods"])
        return NamespacedPods(
            "",
            LabelSelector.read(pods.get("namespaceSelector")),
            LabelSelector.read(pods.get("podSelector")),
        )
    if data.get("namespaces") is not None:
        return NamespacedPods("", LabelSelector.read(data["namespaces"]), None)
    return not_known


def _peer(data: Mapping[str, Any]) -> tuple[Who, Pair]:
    if data.get("networks") is not None:
        blocks = tuple(map(text_of, sequence(data["networks"])))
        return partial(address_in, blocks), any_pair  # which pods may have as well
    if data.get("nodes") is not None:
        return partial(_on_node, LabelSelector.read(data["nodes"])), any_pair
    if data.get("domainNames") is not None:
        return _outside_by_name, any_pair
    if data.get("pods") is not None:
        pods = mapping(data["pods"])
        named = pods.get("namespaces", pods.get("namespaceSelector"))
        namespaces, alike = _namespaces(mapping(named))
        return NamespacedPods("", namespaces, LabelSelector.read(pods.get("podSelector"))), alike
    if data.get("namespaces") is not None:
        namespaces, alike = _namespaces(mapping(data["namespaces"]))
        return NamespacedPods("", namespaces, None), alike
    return not_known, any_pair


def _namespaces(data: Mapping[str, Any]) -> tuple[LabelSelector, Pair]:
    """A peer's namespaces: a selector, which older versions had one level deeper."""
    for field in ("sameLabels", "notSameLabels"):
        if field in data:
            keys = tuple(map(text_of, sequence(data[field])))
            return LabelSelector(), partial(_same_labels, keys, field == "sameLabels")
    return LabelSelector.read(data.get("namespaceSelector", data)), any_pair


def _same_labels(keys: Sequence[str], same: bool, subject: Endpoint, peer: Endpoint) -> Truth:  # noqa: FBT001
    """Whether the peer's namespace has all these labels, with the subject's values, or not all."""
    if peer.anyone and not peer.namespace:
        return of(bool(keys))
    mine, other = subject.namespace_labels, peer.namespace_labels
    if not keys or not all(key in other for key in keys):
        return NO
    return of(all(mine.get(key) == other[key] for key in keys) is same)


def _on_node(selector: LabelSelector, endpoint: Endpoint) -> Truth:
    """Whether it runs in the network of a node by labels, which a chart does not know."""
    if not endpoint.host:
        return NO
    return UNKNOWN if selector.requirements else YES


def _outside_by_name(endpoint: Endpoint) -> Truth:
    """Domain names mean addresses outside the cluster: never a pod."""
    return UNKNOWN if endpoint.world else NO


def _port(data: Mapping[str, Any]) -> Ports | NamedPort:
    if data.get("namedPort") is not None:
        return NamedPort(text_of(data["namedPort"]), None)
    said = mapping(data.get("portNumber"))
    if said:
        port = said.get("port")
        return _range(text_of(said.get("protocol")) or "TCP", port, port)
    said = mapping(data.get("portRange"))
    return _range(text_of(said.get("protocol")) or "TCP", said.get("start"), said.get("end"))


def _protocol(data: Mapping[str, Any]) -> Ports | NamedPort:
    if data.get("destinationNamedPort"):
        return NamedPort(text_of(data["destinationNamedPort"]), None)
    for protocol in PROTOCOLS:
        if protocol.lower() in data:
            port = mapping(mapping(data[protocol.lower()]).get("destinationPort"))
            if not port:
                return Ports.every(protocol)
            said = mapping(port.get("range"))
            number = port.get("number")
            return _range(protocol, said.get("start", number), said.get("end", number))
    return NONE


def _range(protocol: str, first: Any, last: Any) -> Ports:
    if not isinstance(first, int) or not isinstance(last, int):
        return NONE
    return Ports.of(protocol, first, min(last, LAST))
