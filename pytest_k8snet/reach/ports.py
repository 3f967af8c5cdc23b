"""Sets of ports: for each protocol, ranges of 1 to 65535.

The three protocols are those that Services and policies of Kubernetes know:
https://kubernetes.io/docs/reference/networking/service-protocols/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Ranges of ports, both ends included: sorted, and at least one port apart."""

PROTOCOLS = ("TCP", "UDP", "SCTP")
FIRST, LAST = 1, 65535
EVERY: Ranges = ((FIRST, LAST),)
_RANGE = re.compile(r"(TCP|UDP|SCTP) ([0-9]{1,5})(?:-([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Ports:
    """An immutable set of (protocol, port).

    :ivar ranges: the ranges of TCP, UDP and SCTP, in that order.
    """

    ranges: tuple[Ranges, ...]

    @classmethod
    def of(cls, protocol: str, first: int, last: int | None = None) -> Ports:
        """The ports ``first`` to ``last`` of one protocol; nothing of a protocol without ports."""
        last = first if last is None else last
        first, last = max(first, FIRST), min(last, LAST)
        if protocol not in PROTOCOLS or first > last:
            return NONE
        said = ((first, last),)
        return cls(tuple(said if name == protocol else () for name in PROTOCOLS))

    @classmethod
    def every(cls, protocol: str) -> Ports:
        """All ports of one protocol."""
        return cls.of(protocol, FIRST, LAST)

    @classmethod
    def union(cls, several: Iterable[Ports]) -> Ports:
        """The ports of all of them together."""
        result = NONE
        for ports in several:
            result |= ports
        return result

    @classmethod
    def parse(cls, text: str) -> Ports:
        """The inverse of ``str``: ``all``, or ``TCP 80, UDP 5000-6000``.

        :raises ValueError: says which part is no port.
        """
        if text.strip() == "all":
            return ALL
        found = NONE
        for part in text.split(","):
            match = _RANGE.fullmatch(part.strip())
            first, last = (int(match[2]), int(match[3] or match[2])) if match else (0, 0)
            if not match or not FIRST <= first <= last <= LAST:
                raise ValueError(
                    f"{part.strip()!r} is no port: write TCP 80, UDP 5000-6000, or all"
                )
            found |= cls.of(match[1], first, last)
        return found

    def __bool__(self) -> bool:
        return self.ranges != NONE.ranges

    def __or__(self, other: Ports) -> Ports:
        if self.ranges == other.ranges or not other:
            return self
        return Ports(tuple(map(_joined, self.ranges, other.ranges))) if self else other

    def __and__(self, other: Ports) -> Ports:
        if self.ranges == other.ranges or other is ALL or not self:
            return self
        return Ports(tuple(map(_common, self.ranges, other.ranges))) if self is not ALL else other

    def __sub__(self, other: Ports) -> Ports:
        if not other or not self:
            return self
        return NONE if other is ALL else Ports(tuple(map(_without, self.ranges, other.ranges)))

    def __contains__(self, port: tuple[str, int]) -> bool:
        protocol, number = port
        ranges = self.ranges[PROTOCOLS.index(protocol)] if protocol in PROTOCOLS else ()
        return any(first <= number <= last for first, last in ranges)

    def covers_a_protocol(self) -> bool:
        """Whether all ports of some protocol are in it."""
        return EVERY in self.ranges

    def each(self) -> Iterator[tuple[int, str]]:
        """Number and protocol of every single port: for sets that somebody listed."""
        for protocol, ranges in zip(PROTOCOLS, self.ranges, strict=True):
            for first, last in ranges:
                yield from ((number, protocol) for number in range(first, last + 1))

    def singles(self) -> Iterator[tuple[int, str]]:
        """Number and protocol of each range of a single port."""
        for protocol, ranges in zip(PROTOCOLS, self.ranges, strict=True):
            yield from ((first, protocol) for first, last in ranges if first == last)

    def texts(self) -> list[str]:
        """As reports have them: ``["TCP 80", "UDP 1-65535"]``, or ``["all"]``."""
        return ["all"] if self.ranges == ALL.ranges else list(self._texts())

    def _texts(self) -> Iterator[str]:
        for protocol, ranges in zip(PROTOCOLS, self.ranges, strict=True):
            for first, last in ranges:
                yield f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"

    def __str__(self) -> str:
        return ", ".join(self.texts())


def _joined(one: Ranges, other: Ranges) -> Ranges:
    result: list[tuple[int, int]] = []
    for first, last in sorted((*one, *other)):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return tuple(result)


def _common(one: Ranges, other: Ranges) -> Ranges:
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple(sorted((first, last) for first, last in pairs if first <= last))


def _without(one: Ranges, other: Ranges) -> Ranges:
    rest = list(one)
    for begin, end in other:
        left = [(first, min(last, begin - 1)) for first, last in rest]
        right = [(max(first, end + 1), last) for first, last in rest]
        rest = sorted((first, last) for first, last in (*left, *right) if first <= last)
    return tuple(rest)


NONE = Ports(((), (), ()))
ALL = Ports((EVERY, EVERY, EVERY))
