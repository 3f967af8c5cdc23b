"""The ports of a rule: sets of numbers, and names that mean another number in each pod."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .endpoints import Endpoint
from .ports import ALL, Ports


@dataclass(frozen=True, slots=True)
class NamedPort:
    """A port by its name; without a protocol that of any."""

    name: str
    protocol: str | None

    def __call__(self, endpoint: Endpoint) -> Ports:
        """The numbers of the pod's declared ports of that name."""
        return Ports.union(
            Ports.of(protocol, number)
            for (name, protocol), numbers in endpoint.named.items()
            if name == self.name and protocol == (self.protocol or protocol)
            for number in numbers
        )


@dataclass(frozen=True, slots=True)
class RulePorts:
    """Which ports a rule is about.

    :ivar listed: its ports one by one, as they are written; None where it lists none.
    :ivar within: only these of them count.
    :ivar unlisted: those that it excepts.
    """

    listed: tuple[Ports | NamedPort, ...] | None = None
    within: Ports = ALL
    unlisted: tuple[Ports | NamedPort, ...] = ()

    def __call__(self, endpoint: Endpoint) -> Ports:
        """Those of one pod: names are resolved for each pod."""
        ports = self.within
        if self.listed is not None:
            ports &= _numbers(self.listed, endpoint)
        return ports - _numbers(self.unlisted, endpoint) if self.unlisted else ports


def _numbers(entries: Iterable[Ports | NamedPort], endpoint: Endpoint) -> Ports:
    return Ports.union(entry if isinstance(entry, Ports) else entry(endpoint) for entry in entries)


ALL_PORTS = RulePorts()
