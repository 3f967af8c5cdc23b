"""What every family of policies is read into: rules, in tiers that are asked one after the other.

A connection is judged twice, by the policies of who sends (egress) and of who
receives (ingress). For each, the tiers are asked in their order. In a tier the
first rule that is about the connection decides: it is allowed, denied, or
passed on to the next tier. What no rule of a tier is about is denied at its
end if a policy there isolates the pod, else the next tier is asked. What no
tier denies is allowed.

NetworkPolicies and Cilium's have rules that only allow, so their order does
not matter; Calico puts Kubernetes's own policies among its own in just this way:
https://docs.tigera.io/calico/latest/network-policy/policy-tiers/tiered-policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import NamedTuple, Protocol, TypeAlias

from ..model import Labels, NetworkPolicy
from .endpoints import Endpoint
from .rule_ports import ALL_PORTS, RulePorts
from .truth import UNKNOWN, Truth


class Direction(str, Enum):
    """Which side of a connection a rule is about."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Action(str, Enum):
    """What a rule does with what it is about."""

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"  # noqa: S105 - no password


class Tier(NamedTuple):
    """Policies that are asked together.

    :ivar order: the tier with the lowest number is asked first.
    """

    order: float
    name: str


# The numbers are Calico's, which has a tier for each of these.
FIRST = Tier(0, "denied by Cilium")
ADMIN = Tier(1_000, "admin")
DEFAULT = Tier(1_000_000, "default")
BASELINE = Tier(10_000_000, "baseline")

NETWORK_POLICY_ORDER = 1_000.0
"""Where Calico puts Kubernetes's own policies in the default tier."""

Who: TypeAlias = Callable[[Endpoint], Truth]
"""Whether somebody is meant."""

Pair: TypeAlias = Callable[[Endpoint, Endpoint], Truth]
"""Whether the policy's own pod and the other side have in common what they have to."""


def anybody(_: Endpoint) -> Truth:
    """Everybody, in the cluster and outside."""
    return Truth.YES


def any_pair(_: Endpoint, __: Endpoint) -> Truth:
    """Nothing has to be in common."""
    return Truth.YES


def not_known(_: Endpoint) -> Truth:
    """What was not understood may be anybody."""
    return UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of a policy.

    :ivar text: where it stands: ``ingress[0]``.
    :ivar peers: who the other side has to be.
    :ivar ports: the ports of the pod that receives.
    :ivar subject: which of the policy's own pods it is about, where a rule says that.
    :ivar alike: what the policy's own pod and the other side have to have in common.
    """

    text: str
    action: Action = Action.ALLOW
    peers: Who = anybody
    ports: RulePorts = ALL_PORTS
    subject: Who = anybody
    alike: Pair = any_pair


class Side:
    """What a policy says of one direction; its rules are read when they are asked for.

    :ivar isolates: what no rule of the tier is about is denied.
    """

    def __init__(self, read: Callable[[], Iterable[Rule]], *, isolates: bool = True) -> None:
        self._read, self.isolates = read, isolates

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the order in which they stand."""
        return tuple(self._read())


@dataclass(frozen=True, slots=True)
class Subject:
    """The pods that a policy is for.

    :ivar namespace: the only namespace that they can be in, None for all.
    :ivar labels: labels that they all have, as far as the policy says so.
    :ivar keys: the keys of all labels of pods that it asks about.
    :ivar text: its selector, as a person would write it in a sentence.
    """

    namespace: str | None
    takes: Who
    labels: Labels = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ReadPolicy:
    """A policy as the engine asks it.

    :ivar order: policies with lower ones are asked first within their tier.
    :ivar ordered: False where policies of the same order may come in any order.
    """

    source: NetworkPolicy
    subject: Subject
    sides: Mapping[Direction, Side] = field(default_factory=dict)
    tier: Tier = DEFAULT
    order: tuple[float, str] = (NETWORK_POLICY_ORDER, "")
    ordered: bool = True


class Family(Protocol):
    """A module that reads the policies of one API."""

    def reads(self, policy: NetworkPolicy) -> bool:
        """Whether the policy, which is of this API's group, is of a kind that is read."""

    def read(self, policy: NetworkPolicy) -> Iterable[ReadPolicy]:
        """The policy's rules; several policies where it says several things, none for nothing."""
