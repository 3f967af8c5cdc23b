"""NetworkPolicy of Kubernetes itself.

The words of the API decide:
https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ and
https://kubernetes.io/docs/concepts/services-networking/network-policies/.

- A policy isolates its pods for the directions in ``policyTypes``. Left out, that is Ingress
  always, and Egress where there are egress rules.
- ``from``, ``to`` and ``ports`` that are absent or empty are everything.
- ``podSelector`` alone means the policy's namespace, ``namespaceSelector`` alone every pod of
  these namespaces, and both together both.
- Pods in the node's network namespace are nodes, which selectors do not take.
- ``ipBlock`` is meant for addresses outside the cluster; whether it covers pods is the plugin's
  business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..model import NetworkPolicy
from ..values import mapping, mappings, sequence, text_of
from .endpoints import NAME_LABEL, Endpoint
from .networks import address_in
from .ports import LAST, NONE, Ports
from .rule_ports import ALL_PORTS, NamedPort, RulePorts
from .rules import Direction, ReadPolicy, Rule, Side, Subject, Who, anybody, not_known
from .selectors import LabelSelector
from .truth import NO, PLUGIN, YES, Truth, every, some

_PEERS = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_TYPES = {Direction.INGRESS: "Ingress", Direction.EGRESS: "Egress"}


def reads(policy: NetworkPolicy) -> bool:
    """Whether it is a NetworkPolicy of Kubernetes."""
    return policy.kind == "NetworkPolicy"


def read(policy: NetworkPolicy) -> Iterator[ReadPolicy]:
    """The policy's rules, all of which allow."""
    spec = policy.specs[0] if policy.specs else {}
    types = [text_of(entry) for entry in sequence(spec.get("policyTypes"))]
    if not types:
        types = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    selector = LabelSelector.read(spec.get("podSelector"))
    yield ReadPolicy(
        policy,
        Subject(
            policy.namespace,
            NamespacedPods(policy.namespace, None, selector),
            selector.labels(),
            selector.asked(),
            str(selector),
        ),
        {
            direction: Side(partial(_rules, policy.namespace, spec, direction))
            for direction in Direction
            if _TYPES[direction] in types
        },
        order=(1_000.0, policy.name),
    )


def _rules(namespace: str, spec: Mapping[str, Any], direction: Direction) -> Iterator[Rule]:
    for index, rule in enumerate(mappings(spec.get(direction.value))):
        peers = mappings(rule.get(_PEERS[direction]))
        ports = mappings(rule.get("ports"))
        yield Rule(
            f"{direction.value}[{index}]",
            peers=partial(any_of, [_peer(namespace, peer) for peer in peers]) if peers else anybody,
            ports=RulePorts(tuple(map(_port, ports))) if ports else ALL_PORTS,
        )


@dataclass(frozen=True, slots=True)
class NamespacedPods:
    """Pods by the labels of their namespace and by their own.

    :ivar namespace: the only namespace that counts where ``namespaces`` is None.
    """

    namespace: str
    namespaces: LabelSelector | None
    pods: LabelSelector | None

    def __call__(self, endpoint: Endpoint) -> Truth:
        """Whether it is one of them."""
        if not endpoint.pod:
            return NO
        return every((self._namespace(endpoint), self._pod(endpoint)))

    def _namespace(self, endpoint: Endpoint) -> Truth:
        if self.namespaces is None:
            return YES if endpoint.namespace == self.namespace else NO
        if endpoint.anyone and not endpoint.namespace:
            if self.namespace and self.namespaces.labels().get(NAME_LABEL) == self.namespace:
                return NO  # it is of another one
            return self.namespaces.satisfiable()
        return self.namespaces.matches(endpoint.namespace_labels)

    def _pod(self, endpoint: Endpoint) -> Truth:
        if self.pods is None:
            return YES
        return self.pods.satisfiable() if endpoint.anyone else self.pods.matches(endpoint.labels)


def _in_block(cidr: str, excepted: Sequence[str], endpoint: Endpoint) -> Truth:
    """Whether its address is one of an ``ipBlock``."""
    found = address_in((cidr,), endpoint, excepted)
    return PLUGIN if found is YES and not endpoint.world else found


def any_of(several: Sequence[Who], endpoint: Endpoint) -> Truth:
    """Whether one of several descriptions fits."""
    return some(one(endpoint) for one in several)


def _peer(namespace: str, peer: Mapping[str, Any]) -> Who:
    block = peer.get("ipBlock")
    if block is not None:
        said = mapping(block)
        excepted = tuple(map(text_of, sequence(said.get("except"))))
        return partial(_in_block, text_of(said.get("cidr")), excepted)
    namespaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
    if namespaces is None and pods is None:
        return not_known
    return NamespacedPods(
        namespace,
        None if namespaces is None else LabelSelector.read(namespaces),
        None if pods is None else LabelSelector.read(pods),
    )


def _port(said: Mapping[str, Any]) -> Ports | NamedPort:
    port, protocol = said.get("port"), text_of(said.get("protocol")) or "TCP"
    if port is None:
        return Ports.every(protocol)
    if isinstance(port, str):
        return NamedPort(port, protocol)
    if isinstance(port, bool) or not isinstance(port, int):
        return NONE
    end = said.get("endPort")
    return Ports.of(protocol, port, min(end, LAST) if isinstance(end, int) else port)
