"""Yes, no, and the two ways of not knowing; and what follows from them for sets of ports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from .ports import ALL, NONE, Ports


class Truth(IntEnum):
    """Whether a rule is about somebody.

    ``PLUGIN``: the API leaves it to the network plugin, or it depends on addresses that only
    a cluster has. ``UNKNOWN``: something was not understood.
    """

    NO = 0
    YES = 1
    PLUGIN = 2
    UNKNOWN = 3


NO, YES, PLUGIN, UNKNOWN = Truth.NO, Truth.YES, Truth.PLUGIN, Truth.UNKNOWN


def of(value: bool) -> Truth:  # noqa: FBT001
    """Yes or no."""
    return YES if value else NO


def every(truths: Iterable[Truth]) -> Truth:
    """Whether all hold; one that does not is enough for a no."""
    result = YES
    for truth in truths:
        if truth is NO:
            return NO
        result = max(result, truth)
    return result


def some(truths: Iterable[Truth]) -> Truth:
    """Whether any holds; one that does is enough for a yes."""
    result = NO
    for truth in truths:
        if truth is YES:
            return YES
        result = max(result, truth)
    return result


def negated(truth: Truth) -> Truth:
    """Whether it does not hold."""
    return {NO: YES, YES: NO}.get(truth, truth)


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of each port: open, left to the plugin, unknown; the others are closed.

    The three sets have no port in common.
    """

    open: Ports = NONE
    plugin: Ports = NONE
    unknown: Ports = NONE

    @property
    def worst(self) -> Ports:
        """The ports that may be open, whatever the plugin does."""
        return self.open | self.plugin

    @property
    def possible(self) -> Ports:
        """The ports that are not known to be closed."""
        return self.open | self.plugin | self.unknown

    def at(self, ports: Ports) -> Admission:
        """The same, with all other ports closed."""
        if ports is ALL:
            return self
        return Admission(self.open & ports, self.plugin & ports, self.unknown & ports)

    def __and__(self, other: Admission) -> Admission:
        """What passes both."""
        if self.open is ALL:
            return other
        if other.open is ALL:
            return self
        both = self.open & other.open
        possible = self.possible & other.possible
        unknown = possible & (self.unknown | other.unknown)
        return Admission(both, possible - both - unknown, unknown)

    def __or__(self, other: Admission) -> Admission:
        """What passes one or the other."""
        if self.open is ALL or other is CLOSED:
            return self
        if other.open is ALL or self is CLOSED:
            return other
        opened = self.open | other.open
        unknown = (self.unknown | other.unknown) - opened
        return Admission(opened, (self.plugin | other.plugin) - opened - unknown, unknown)

    def unless(self, other: Admission, ports: Ports, truth: Truth) -> Admission:
        """``other`` on these ports as far as the condition is true, else this one."""
        if truth is NO or not ports:
            return self
        if truth is YES and ports is ALL:
            return other
        rest, there, here = self.at(ALL - ports), other.at(ports), self.at(ports)
        if truth is not YES:
            there = _either(here, there, truth)
        return Admission(
            rest.open | there.open, rest.plugin | there.plugin, rest.unknown | there.unknown
        )


def _either(one: Admission, other: Admission, doubt: Truth) -> Admission:
    """One of both, and it is not known which: what they agree on is sure."""
    both = one.open & other.open
    doubtful = (one.possible | other.possible) - both
    unknown = doubtful if doubt is UNKNOWN else one.unknown | other.unknown
    return Admission(both, doubtful - unknown, unknown)


def agreed(one: Admission, other: Admission, ports: Ports) -> Admission:
    """``one``, but unknown on those of the ports where ``other`` differs."""
    return one.unless(_either(one, other, UNKNOWN), ports, YES)


OPEN = Admission(open=ALL)
CLOSED = Admission()
