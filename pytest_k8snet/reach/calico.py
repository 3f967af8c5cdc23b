"""Calico's policies: NetworkPolicy and GlobalNetworkPolicy of projectcalico.org.

https://docs.tigera.io/calico/latest/reference/resources/networkpolicy and …/globalnetworkpolicy:

- Policies are asked by tier, then by ``order``, those without one last; within a tier the first
  rule decides. Kubernetes's own policies have order 1000 in the tier ``default``. A tier ends
  with a deny for pods that one of its policies selects. Pass leads to the next tier.
- ``types`` left out: Egress where there are egress rules, Ingress where there are ingress rules
  or none at all.
- A selector of a rule means the policy's namespace, unless there is a ``namespaceSelector``; it
  never takes what is outside the cluster. ``nets`` hold for pods as well.
- Staged policies and those of host endpoints (``preDNAT``, ``doNotTrack``) say nothing about pods.
- Rules for HTTP admit: who may connect is asked here, not what may then be said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..model import Labels, NetworkPolicy
from ..values import mapping, mappings, sequence, text_of
from .calico_selector import CalicoSelector, SelectorError, parse_selector
from .endpoints import Endpoint
from .networks import address_in
from .ports import ALL, NONE, PROTOCOLS, Ports
from .rule_ports import NamedPort, RulePorts
from .rules import (
    ADMIN,
    BASELINE,
    DEFAULT,
    Action,
    Direction,
    ReadPolicy,
    Rule,
    Side,
    Subject,
    Tier,
    not_known,
)
from .truth import UNKNOWN, YES, Truth, every, negated, of

_KINDS = frozenset(("NetworkPolicy", "GlobalNetworkPolicy"))
_STAGED = frozenset(
    ("StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy")
)
_ACTIONS = {"allow": Action.ALLOW, "deny": Action.DENY, "pass": Action.PASS}
_TYPES = {Direction.INGRESS: "Ingress", Direction.EGRESS: "Egress"}
_TIERS = {
    "": DEFAULT,
    "default": DEFAULT,
    "kube-admin": ADMIN,
    "kube-baseline": BASELINE,
    "adminnetworkpolicy": ADMIN,  # before 3.32
    "baselineadminnetworkpolicy": BASELINE,
}
_NUMBERS = {"6": "TCP", "17": "UDP", "132": "SCTP"}
_NAMESPACE, _ACCOUNT = "projectcalico.org/namespace", "projectcalico.org/serviceaccount"
_NAME, _ORCHESTRATOR = "projectcalico.org/name", "projectcalico.org/orchestrator"
_OF_CALICO = "projectcalico.org/"
_RANGE = re.compile(r"(\d+):(\d+)")


def reads(policy: NetworkPolicy) -> bool:
    """Whether it is one of Calico's, staged ones included."""
    return policy.kind in _KINDS | _STAGED


def read(policy: NetworkPolicy) -> Iterator[ReadPolicy]:
    """The policy's rules; nothing for a staged one."""
    spec = policy.specs[0] if policy.specs else {}
    if policy.kind in _STAGED or spec.get("preDNAT") is True or spec.get("doNotTrack") is True:
        return
    order = spec.get("order")
    number = float(order) if isinstance(order, int | float) else math.inf
    tier = text_of(spec.get("tier"))
    # The order of any other tier is in an object that seldom belongs to a chart.
    known = _TIERS.get(tier)
    yield ReadPolicy(
        policy,
        _subject(policy, spec) if known else Subject(policy.namespace or None, not_known),
        {
            direction: Side(
                partial(_rules, spec, direction, policy.namespace),
                isolates=known not in (ADMIN, BASELINE),
            )
            for direction in _directions(spec)
        },
        known or Tier(ADMIN.order + 1, tier),
        (number, policy.name),
    )


def _directions(spec: Mapping[str, Any]) -> Iterator[Direction]:
    types = [text_of(one) for one in sequence(spec.get("types"))]
    if not types:
        ingress, egress = sequence(spec.get("ingress")), sequence(spec.get("egress"))
        types = ["Ingress"] * bool(ingress or not egress) + ["Egress"] * bool(egress)
    yield from (direction for direction in Direction if _TYPES[direction] in types)


def _subject(policy: NetworkPolicy, spec: Mapping[str, Any]) -> Subject:
    selector = _selector(spec.get("selector")) or _EVERYBODY
    who = Entity(
        policy.namespace,
        selector=selector,
        namespaces=_selector(spec.get("namespaceSelector")) if not policy.namespace else None,
        accounts=_selector(spec.get("serviceAccountSelector")),
    )
    keys = frozenset(key for key in selector.keys if not key.startswith(_OF_CALICO))
    labels = {key: value for key, value in selector.labels.items() if key in keys}
    return Subject(policy.namespace or None, who, labels, keys, text_of(spec.get("selector")))


_EVERYBODY = parse_selector("")


def _selector(value: Any) -> CalicoSelector | None:
    """The selector; None where there is none."""
    if not text_of(value).strip():
        return None
    try:
        return parse_selector(text_of(value))
    except SelectorError:
        return CalicoSelector(lambda _: False, understood=False)


@dataclass(frozen=True, slots=True)
class Entity:
    """``source`` or ``destination`` of a rule: all that it says has to fit.

    :ivar namespace: the policy's, "" of a global one.
    """

    namespace: str
    selector: CalicoSelector | None = None
    without: CalicoSelector | None = None
    namespaces: CalicoSelector | None = None
    accounts: CalicoSelector | None = None
    account_names: tuple[str, ...] = ()
    nets: tuple[str, ...] = ()
    not_nets: tuple[str, ...] = ()
    unclear: bool = False

    def __call__(self, endpoint: Endpoint) -> Truth:
        """Whether somebody is meant."""
        return every(self._conditions(endpoint))

    def _conditions(self, endpoint: Endpoint) -> Iterator[Truth]:
        if self.nets:
            yield address_in(self.nets, endpoint)
        if self.not_nets:
            yield negated(address_in(self.not_nets, endpoint))
        yield from self._labels(endpoint)
        if self.unclear:
            yield UNKNOWN

    def _labels(self, endpoint: Endpoint) -> Iterator[Truth]:
        chosen = bool(self.selector or self.accounts or self.account_names)
        if chosen or self.namespaces or (self.namespace and self.without):
            yield of(endpoint.pod)
            if self.namespaces:
                yield _of_namespace(self.namespaces, endpoint)
            elif self.namespace:
                yield of(endpoint.namespace == self.namespace)
        labels = _labels_of(endpoint)
        if self.selector:
            yield _taken(self.selector, labels, endpoint)
        if self.without and endpoint.pod and not endpoint.anyone:
            yield negated(_taken(self.without, labels, endpoint))
        if self.account_names:
            yield of(endpoint.anyone or endpoint.service_account in self.account_names)
        if self.accounts and not endpoint.anyone:
            yield _of_account(self.accounts, endpoint)


def _labels_of(endpoint: Endpoint) -> Labels:
    return {
        **endpoint.labels,
        _NAMESPACE: endpoint.namespace,
        _ACCOUNT: endpoint.service_account,
        _ORCHESTRATOR: "k8s",
    }


def _taken(selector: CalicoSelector, labels: Labels, endpoint: Endpoint) -> Truth:
    if not selector.understood:
        return UNKNOWN
    return YES if endpoint.anyone else of(selector.matches(labels))


def _of_namespace(selector: CalicoSelector, endpoint: Endpoint) -> Truth:
    if not selector.understood:
        return UNKNOWN
    if endpoint.anyone and not endpoint.namespace:
        return of(not selector.outside)
    return of(selector.matches({**endpoint.namespace_labels, _NAME: endpoint.namespace}))


def _of_account(selector: CalicoSelector, endpoint: Endpoint) -> Truth:
    """The labels of service accounts are not read, only their names."""
    if not selector.understood or selector.keys - {_NAME}:
        return UNKNOWN
    return of(selector.matches({_NAME: endpoint.service_account}))


def _rules(spec: Mapping[str, Any], direction: Direction, namespace: str) -> Iterator[Rule]:
    for index, rule in enumerate(mappings(spec.get(direction.value))):
        action = text_of(rule.get("action")).lower()
        if action == "log":
            continue
        source, destination = mapping(rule.get("source")), mapping(rule.get("destination"))
        of_sender = source.get("ports") or source.get("notPorts")
        unclear = bool(of_sender) or rule.get("ipVersion") == 6 or action not in _ACTIONS
        sender = _entity(source, namespace, unclear=unclear)
        receiver = _entity(destination, namespace)
        inward = direction is Direction.INGRESS
        yield Rule(
            f"{direction.value}[{index}]",
            _ACTIONS.get(action, Action.DENY),
            sender if inward else receiver,
            RulePorts(
                tuple(map(_port, sequence(destination.get("ports")))) or None,
                _protocols(rule),
                tuple(map(_port, sequence(destination.get("notPorts")))),
            ),
            receiver if inward else sender,
        )


def _entity(data: Mapping[str, Any], namespace: str, *, unclear: bool = False) -> Entity:
    accounts = mapping(data.get("serviceAccounts"))
    return Entity(
        namespace,
        _selector(data.get("selector")),
        _selector(data.get("notSelector")),
        _selector(data.get("namespaceSelector")),
        _selector(accounts.get("selector")),
        tuple(map(text_of, sequence(accounts.get("names")))),
        tuple(map(text_of, sequence(data.get("nets")))),
        tuple(map(text_of, sequence(data.get("notNets")))),
        unclear or bool(data.get("services") or data.get("domains")),
    )


def _protocols(rule: Mapping[str, Any]) -> Ports:
    protocols = ALL
    if rule.get("protocol") is not None:
        protocols = _protocol(rule["protocol"])
    if rule.get("notProtocol") is not None:
        protocols -= _protocol(rule["notProtocol"])
    return NONE if rule.get("icmp") or rule.get("notICMP") else protocols


def _protocol(value: Any) -> Ports:
    name = text_of(value)
    return Ports.every(_NUMBERS.get(name, name.upper()))


def _port(entry: Any) -> Ports | NamedPort:
    said = text_of(entry)
    found = _RANGE.fullmatch(said)
    if not found and not said.isdigit():
        return NamedPort(said, None)
    first, last = (int(found[1]), int(found[2])) if found else (int(said), int(said))
    return Ports.union(Ports.of(protocol, first, last) for protocol in PROTOCOLS)
