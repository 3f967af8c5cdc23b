"""How the rules of all policies together decide over one connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import NamedTuple, TypeAlias

from ..model import NetworkPolicy
from .endpoints import Endpoint
from .families import family_of
from .ports import ALL, NONE, Ports
from .rules import FIRST, Action, Direction, ReadPolicy, Rule, Side, Subject, not_known
from .truth import CLOSED, NO, OPEN, PLUGIN, UNKNOWN, YES, Admission, Truth, agreed, every, some

_Label: TypeAlias = tuple[str, str]


class Taking(NamedTuple):
    """A policy that is for a pod, or may be."""

    policy: ReadPolicy
    side: Side
    truth: Truth


class Step(NamedTuple):
    """One thing that had a say in a connection.

    :ivar policy: None where no policy is for the pod.
    :ivar rule: where it stands in the policy; "" for the end of a tier.
    :ivar truth: whether it is really about the connection.
    """

    direction: Direction
    policy: NetworkPolicy | None
    rule: str
    action: Action
    truth: Truth


def read_policies(policies: Iterable[NetworkPolicy]) -> Iterator[ReadPolicy]:
    """All rules; a policy that nobody reads may do anything to anybody."""
    for policy in policies:
        family = family_of(policy)
        if family is not None:
            yield from family.read(policy)
            continue
        anything = Side(_anything, isolates=False)
        yield ReadPolicy(
            policy,
            Subject(policy.namespace or None, not_known),
            dict.fromkeys(Direction, anything),
            FIRST,
        )


def _anything() -> tuple[Rule, ...]:
    return tuple(Rule("", action, not_known) for action in (Action.ALLOW, Action.DENY))


class Judge:
    """Decides by a set of policies; remembers what it was asked about an endpoint."""

    def __init__(self, policies: Iterable[NetworkPolicy]) -> None:
        self.policies = tuple(read_policies(policies))
        self._filed = _filed(self.policies)
        self._about: dict[Endpoint, tuple[tuple[ReadPolicy, Truth], ...]] = {}
        self._taking: dict[tuple[Endpoint, Direction], tuple[Taking, ...]] = {}
        self._judged: dict[tuple[Endpoint, Endpoint, Direction], Admission] = {}

    def taking(self, endpoint: Endpoint, direction: Direction) -> tuple[Taking, ...]:
        """The policies that are for the pod, in the order in which they are asked."""
        key = endpoint, direction
        if key not in self._taking:
            self._taking[key] = tuple(
                Taking(policy, side, truth)
                for policy, truth in self.about(endpoint)
                if (side := policy.sides.get(direction)) and (side.isolates or side.rules)
            )
        return self._taking[key]

    def about(self, endpoint: Endpoint) -> tuple[tuple[ReadPolicy, Truth], ...]:
        """The policies that are for the pod, and whether that is sure, as they are asked."""
        if not self.policies or not endpoint.pod or endpoint.anyone:
            return ()  # policies do not hold outside the cluster and in a node's network
        if endpoint not in self._about:
            found = sorted(self._find(endpoint), key=lambda one: (one[0].tier, one[0].order))
            self._about[endpoint] = tuple(found)
        return self._about[endpoint]

    def _find(self, endpoint: Endpoint) -> Iterator[tuple[ReadPolicy, Truth]]:
        for namespace in (endpoint.namespace, None):
            filed = self._filed.get(namespace, {})
            for label in (None, *endpoint.labels.items()) if filed else ():
                for policy in filed.get(label, ()):
                    truth = policy.subject.takes(endpoint)
                    if truth is not NO:
                        yield policy, truth

    def admission(self, source: Endpoint, target: Endpoint) -> Admission:
        """What passes from one to the other, by the policies of both."""
        sent = self._judge(source, target, Direction.EGRESS)
        received = self._judge(target, source, Direction.INGRESS)
        found = sent & received
        if source.host or target.host:
            # Traffic with the node that a pod runs on is always allowed, with others it is not.
            rest = ALL - found.open - found.unknown
            return Admission(found.open, rest, found.unknown)
        return found

    def _judge(self, subject: Endpoint, peer: Endpoint, direction: Direction) -> Admission:
        taking = self.taking(subject, direction)
        if not taking:
            return OPEN
        key = subject, peer, direction
        if key not in self._judged:
            self._judged[key] = _decided(subject, peer, direction, taking)
        return self._judged[key]

    def why(self, source: Endpoint, target: Endpoint, protocol: str, port: int) -> Iterator[Step]:
        """What decides over one port, first for who sends, then for who receives."""
        sides = ((source, target, Direction.EGRESS), (target, source, Direction.INGRESS))
        for subject, peer, direction in sides:
            yield from self._steps(subject, peer, direction, (protocol, port))

    def _steps(
        self, subject: Endpoint, peer: Endpoint, direction: Direction, port: tuple[str, int]
    ) -> Iterator[Step]:
        for _, group in groupby(self.taking(subject, direction), key=lambda one: one.policy.tier):
            asked, passed = list(group), False
            for step in self._asked(asked, subject, peer, direction, port):
                yield step
                if step.truth is YES and step.action is not Action.PASS:
                    return
                passed |= step.truth is YES
            ends = [one for one in asked if one.side.isolates and not passed]
            for one in ends:
                yield Step(direction, one.policy.source, "", Action.DENY, one.truth)
            if some(one.truth for one in ends) is YES:
                return
        yield Step(direction, None, "", Action.ALLOW, YES)

    def _asked(
        self,
        asked: Iterable[Taking],
        subject: Endpoint,
        peer: Endpoint,
        direction: Direction,
        port: tuple[str, int],
    ) -> Iterator[Step]:
        """The rules of a tier that are about the connection, up to the first that is for sure."""
        target = subject if direction is Direction.INGRESS else peer
        for one in asked:
            for rule in one.side.rules:
                truth = _about(rule, one, subject, peer)
                if truth is not NO and port in rule.ports(target):
                    yield Step(direction, one.policy.source, rule.text, rule.action, truth)
                    if truth is YES:
                        return

    def admitting(self, source: Endpoint, target: Endpoint) -> Iterator[NetworkPolicy]:
        """The policies with a rule that may let the source in."""
        for one in self.taking(target, Direction.INGRESS):
            for rule in one.side.rules:
                if rule.action is Action.ALLOW and _about(rule, one, target, source) is not NO:
                    yield one.policy.source
                    break


def _filed(
    policies: Iterable[ReadPolicy],
) -> Mapping[str | None, Mapping[_Label | None, list[ReadPolicy]]]:
    """By namespace, and there under the label that fewest others ask for as well."""
    known = list(policies)
    asked = Counter(label for policy in known for label in policy.subject.labels.items())
    filed: dict[str | None, dict[_Label | None, list[ReadPolicy]]] = {}
    for policy in known:
        rarest = min(policy.subject.labels.items(), key=asked.__getitem__, default=None)
        filed.setdefault(policy.subject.namespace, {}).setdefault(rarest, []).append(policy)
    return filed


def _about(rule: Rule, taking: Taking, subject: Endpoint, peer: Endpoint) -> Truth:
    return every((taking.truth, rule.peers(peer), rule.subject(subject), rule.alike(subject, peer)))


def _decided(
    subject: Endpoint, peer: Endpoint, direction: Direction, taking: tuple[Taking, ...]
) -> Admission:
    """From the last tier to the first: each begins with what comes after it."""
    target = subject if direction is Direction.INGRESS else peer
    result = OPEN
    tiers = groupby(reversed(taking), key=lambda one: one.policy.tier)
    for _, group in tiers:
        asked = list(group)
        result = _tier(asked, result, partial(_clauses, subject, peer, target))
    return result


def _tier(
    asked: list[Taking], following: Admission, clauses: Callable[[Taking], list[_Clause]]
) -> Admission:
    """What a tier decides.

    :param asked: its policies, the last one first.
    :param following: what the next tier decides.
    """
    isolates = some(one.truth for one in asked if one.side.isolates)
    result = following.unless(CLOSED, ALL, isolates)
    if all(rule.action is Action.ALLOW for one in asked for rule in one.side.rules):
        return result | _added_up(clause for one in asked for clause in clauses(one))
    outcomes = {Action.ALLOW: OPEN, Action.DENY: CLOSED, Action.PASS: following}
    for _, group in groupby(asked, key=_rank):
        result = _together([clauses(one) for one in group], result, outcomes)
    return result


def _added_up(clauses: Iterable[_Clause]) -> Admission:
    """What rules open that only allow: in whatever order they are asked."""
    found = dict.fromkeys(Truth, NONE)
    for _, ports, truth in clauses:
        found[truth] |= ports
    opened = found[YES]
    unknown = found[UNKNOWN] - opened
    return Admission(opened, found[PLUGIN] - opened - unknown, unknown)


def _rank(taking: Taking) -> object:
    """Policies of one rank may be asked in any order."""
    policy = taking.policy
    return policy.order if policy.ordered else policy.order[0]


def _clauses(subject: Endpoint, peer: Endpoint, target: Endpoint, taking: Taking) -> list[_Clause]:
    """What the rules of a policy are about, the last one first."""
    found = []
    for rule in reversed(taking.side.rules):
        truth = _about(rule, taking, subject, peer)
        if truth is not NO:
            found.append(_Clause(rule.action, rule.ports(target), truth))
    return found


class _Clause(NamedTuple):
    action: Action
    ports: Ports
    truth: Truth


def _together(
    several: list[list[_Clause]], following: Admission, outcomes: Mapping[Action, Admission]
) -> Admission:
    """What policies decide of which nobody knows the order: where they differ it is not known."""
    result, decided = following, NONE
    for clauses in several:
        own = following
        for action, ports, truth in clauses:
            own = own.unless(outcomes[action], ports, truth)
        about = Ports.union(clause.ports for clause in clauses)
        both = about & decided
        result = agreed(result.unless(own, about - decided, YES), own, both)
        decided |= about
    return result
