"""All looks at one pod: when enough has been seen of it to believe it, and what was seen.

Ready says little: a container without a readiness probe is "ready" as soon as it
runs, and one with a probe may open a second port later. So every pod is watched
until it has a certain age, and what somebody says is open, a declaration or a
Service, is waited for while the pod is young. What opens later still is missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ..model import Socket
from .hints import Hints
from .look import Look, PortKey, port_key

_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds since the youngest container of the pod began.

    :ivar watch: the age from which on looks count.
    :ivar missing: for something expected that is not open.
    :ivar interval: between two looks.
    :ivar restless: for looks that do not agree, beyond ``watch``.
    :ivar client: how long a UDP socket on a port of the kernel's choice has to
        live, since a name server's client has such a one until it gets its answer.
    """

    watch: float = 15.0
    missing: float = 60.0
    interval: float = 1.0
    restless: float = 5.0
    client: float = 6.0

    @property
    def longest(self) -> float:
        """How long pods are watched on while there is nothing else to do for them.

        Shorter than what is waited for, so that the same is said of them in every run.
        """
        return max(self.watch, self.missing - 2 * self.restless)

    @property
    def again(self) -> Patience:
        """For the second run: what programs open late has been waited for in the first one."""
        return Patience(min(self.watch, _AGAIN), self.missing, min(self.interval, 0.5))


@dataclass(frozen=True, slots=True)
class History:
    """The looks at one pod, and what they add up to.

    Those count that were taken since its last container began: one that ended
    took its ports along.

    :ivar every: all looks, in their order.
    """

    hints: Hints = field(default_factory=Hints)
    patience: Patience = field(default_factory=Patience)
    every: Sequence[Look] = ()

    @property
    def looks(self) -> Sequence[Look]:
        """Those that count."""
        return [look for look in self.every if look.ids == self.every[-1].ids]

    @property
    def age(self) -> float:
        """How old the pod was when it was looked at last."""
        return self.every[-1].age if self.every else 0.0

    @property
    def flaw(self) -> str:
        """Why the last look does not show the whole pod, "" if it does."""
        return self.every[-1].flaw if self.every else ""

    @property
    def whole(self) -> bool:
        """Whether the last two looks say something together."""
        looks = self.looks[-2:]
        return len(looks) == 2 and not any(look.flaw for look in looks)

    @property
    def settled(self) -> bool:
        """Whether the last looks can be believed.

        They are as far from each other as turns are on a node (:attr:`spacing`). An ephemeral
        container prints a sample each half second, which is not less than between the last two
        turns, so the two that agree weigh the same; several may be heard of at once, and each is
        as old as it says.
        """
        if not self.whole or self.age < self.patience.watch or self.misses:
            return False
        before, last = self.looks[-2:]
        restless = before.keys != last.keys or self._may_have_clients
        return not restless or self.age > self.patience.watch + self.patience.restless

    @property
    def misses(self) -> bool:
        """Whether something is expected to open yet."""
        there = {(one.protocol, one.port) for one in self.sockets}
        if there >= self.hints.expected and len(there) >= self.hints.least:
            return False
        return self.age < (self.patience.missing if self.hints.wait is None else self.hints.wait)

    @property
    def waits(self) -> bool:
        """Whether the pod has the age, and something that is expected is not open yet."""
        return bool(self.every) and self.age >= self.patience.watch and self.misses

    @property
    def spacing(self) -> float:
        """Seconds to the next look: the interval, and so that one comes as soon as it may be the
        last.
        """
        left = self.patience.watch - self.age
        if left <= 0:
            return min(self.patience.interval, 0.5)
        return min(self.patience.interval, left)

    @property
    def sockets(self) -> frozenset[Socket]:
        """What is open: what the last two looks show, what came back after it had gone, what is
        in the place of a port that had lasted, and what other pods of the workload had, too.

        A UDP socket that is connected has a peer of its own: it counts where its port
        is declared, or was open to anybody before. One on a port of the kernel's
        choice counts for nothing where the container has had others before it.
        """
        hints = self.hints
        same = [look for look in self.looks if not look.flaw]
        found = {port_key(one): one for look in same for one in look.sockets}
        if len(same) < 2:
            return frozenset()
        clients, moved = hints.clients | self.clients, _moved(same)
        steady = {
            key
            for key in found
            if (key in same[-1].keys and key in same[-2].keys)
            or _came_back(key, same)
            or (key in moved and not hints.may_be_a_clients(key))
            or key[1:3] in hints.known
        }
        connected = {
            port_key(one): one
            for one in same[-1].connected
            if (one.protocol, one.port) in hints.declared | hints.expected or port_key(one) in found
        }
        steady = {key for key in steady if not (hints.may_be_a_clients(key) and key[0] in clients)}
        return frozenset({**connected, **{key: found[key] for key in steady}}.values())

    @property
    def dialable(self) -> list[Socket]:
        """The open ports that others may be meant to dial: none that a client's socket may have."""
        return [
            one
            for one in self.sockets
            if not one.loopback and not self.hints.may_be_a_clients(port_key(one))
        ]

    @property
    def lasting(self) -> frozenset[Socket] | None:
        """What a pod that ended had open: in two looks one after the other.

        None if there were not two: nobody looked long enough to say anything.
        """
        whole = [look for look in self.every if not look.flaw]
        if len(whole) < 2:
            return None
        found: dict[PortKey, Socket] = {}
        for before, last in pairwise(whole):
            for socket in last.sockets:
                if port_key(socket) in before.keys:
                    found[port_key(socket)] = socket
        clients = _clients(whole, whole[-2:], self.hints)
        return frozenset(
            socket
            for key, socket in found.items()
            if not (key[0] in clients and self.hints.may_be_a_clients(key))
        )

    @property
    def clients(self) -> frozenset[str]:
        """Containers with a UDP socket on a port of the kernel's choice that is gone again."""
        return _clients(self.looks, self.looks[-1:], self.hints)

    def stands_open(self, socket: Socket) -> bool:
        """Whether anybody may send to a socket, and every look has shown it since the first."""
        shown = [port_key(socket) in look.keys for look in self.looks]
        return True in shown and all(shown[shown.index(True) :])

    def lateness(self, sockets: Iterable[Socket]) -> float:
        """How old the pod was when it opened one of these ports, the last time it did so.

        A program that has moved from port to port more than once does so for good: nobody is to
        wait for where it was then.
        """
        looks = self.looks
        moves = Counter(key[:2] for key in _left(looks))
        keys = {key for key in map(port_key, sockets) if moves[key[:2]] < 2}
        shown = [frozenset[PortKey](), *(look.keys & keys for look in looks)]
        opened = [
            look.age
            for look, (before, now) in zip(looks, pairwise(shown), strict=True)
            if now - before
        ]
        return max(opened, default=0.0)

    @property
    def _may_have_clients(self) -> bool:
        """Whether some UDP socket may be one that only waits for an answer."""
        hints, clients = self.hints, self.hints.clients | self.clients
        return any(
            hints.may_be_a_clients(key)
            and key[0] not in clients
            and self._seen_for(key) < self.patience.client
            for key in self.every[-1].keys
        )

    def _seen_for(self, key: PortKey) -> float:
        """For how many seconds every look has shown the port."""
        looks = self.looks
        since = looks[-1].at
        for look in reversed(looks):
            if key not in look.keys:
                break
            since = look.at
        return looks[-1].at - since


def _clients(looks: Iterable[Look], last: Iterable[Look], hints: Hints) -> frozenset[str]:
    """Containers that had a UDP socket which may be a client's, and not in the last looks."""
    there = {key for look in last for key in look.keys}
    gone = {key for look in looks for key in look.keys} - there
    return frozenset(key[0] for key in gone if hints.may_be_a_clients(key))


def _came_back(key: PortKey, looks: Sequence[Look]) -> bool:
    """Whether the port was open, then closed, then open again."""
    turns = [key in look.keys for look in looks]
    first = turns.index(True)
    return False in turns[first:] and True in turns[turns.index(False, first) :]


def _moved(looks: Sequence[Look]) -> set[PortKey]:
    """What the last look shows in a container that has closed what two looks had shown.

    A program that closes its port and opens another one every few seconds has just
    done it whenever somebody looks, if nobody looks often.
    """
    left = {key[:2] for key in _left(looks)}
    return {key for key in looks[-1].keys if key[:2] in left}


def _left(looks: Sequence[Look]) -> set[PortKey]:
    """The ports that two looks have shown, one after the other, and that are closed."""
    lasted = {key for before, now in pairwise(looks) for key in before.keys & now.keys}
    return lasted - (looks[-1].keys if looks else set())
