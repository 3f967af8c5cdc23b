"""When enough has been seen of a pod to believe it, and what was seen. Pure functions over looks.

Ready says little: a container without a readiness probe is "ready" as soon as it
runs, and one with a probe may open a second port later. So every pod is watched
until it has a certain age, and what somebody says is open, a declaration or a
Service, is waited for while the pod is young. What opens later still is missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from ..matching import selects, target_number
from ..model import Application, Reference, Socket, Workload
from .look import Look, PortKey, port_key
from .sockets import EPHEMERAL

PortNumber: TypeAlias = tuple[str, int]
"""Protocol and number."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a workload's pods before anyone looks.

    :ivar expected: ports that ought to be open, since somebody says so.
    :ivar known: ports that other pods of the workload had open: to see one once is enough.
    :ivar declared: ports that the manifest declares, so no client's sockets.
    :ivar least: how many open ports there ought to be.
    :ivar clients: containers whose UDP sockets came and went, so they are clients'.
    :ivar wait: seconds that what ought to be open may take; None is as long as for anybody.
    """

    expected: frozenset[PortNumber] = frozenset()
    known: frozenset[PortNumber] = frozenset()
    declared: frozenset[PortNumber] = frozenset()
    least: int = 0
    clients: frozenset[str] = frozenset()
    wait: float | None = None


_NO_HINTS = Hints()


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


_AGAIN = 1.0
_LATEST = 12.0  # seconds at least for what the first run had open


def hints_of(workload: Workload, application: Application) -> Hints:
    """What the chart says of a workload: its declared ports, and what Services lead to."""
    declared = {(port.protocol, port.number) for _, port in workload.declared()}
    served = {
        (port.protocol, number)
        for service in application.services
        if selects(service, workload)
        for port in service.ports
        if (number := target_number(port, workload)) is not None
    }
    seen = ("TCP", "UDP")
    expected = frozenset(port for port in declared | served if port[0] in seen)
    return Hints(expected, declared=frozenset(declared))


def hints_of_all(application: Application) -> dict[Reference, Hints]:
    """The hints of each workload."""
    return {one.reference: hints_of(one, application) for one in application.workloads}


def hints_again(
    first: Hints,
    runs: Iterable[frozenset[Socket]],
    late: float = 0.0,
    clients: frozenset[str] = frozenset(),
) -> Hints:
    """What the first run of a workload's pods lets one expect of the second.

    A port that the kernel chose will be another one; there is to be as many.

    :param runs: the sockets of each pod of the first run.
    :param late: how old a pod was when it opened the last of them.
    """
    pods = [{(one.protocol, one.port) for one in sockets} for sockets in runs]
    stable = {
        port
        for ports in pods
        for port in ports
        if port[1] not in EPHEMERAL or port in first.declared
    }
    least = min(map(len, pods), default=0)
    known = frozenset(stable)
    return Hints(known, known, first.declared, least, clients, max(_LATEST, 2 * late))


def settled(looks: Sequence[Look], hints: Hints, patience: Patience) -> bool:
    """Whether the last looks at a pod can be believed."""
    if len(looks) < 2 or looks[-1].flaw or looks[-2].flaw:
        return False
    before, last = looks[-2:]
    if _ids(before) != _ids(last):
        return False  # a container was restarted between them
    if last.age < patience.watch or misses(looks, hints, patience):
        return False
    restless = before.keys != last.keys or _may_be_clients(looks, hints, patience)
    return not restless or last.age > patience.watch + patience.restless


def spacing(looks: Sequence[Look], patience: Patience) -> float:
    """Seconds to the next look: the interval, and so that one comes as soon as it may be the last.

    A new pod is looked at a second time soon: it may end.
    """
    left = patience.watch - looks[-1].age
    if left <= 0:
        return min(patience.interval, 0.5)
    return min(patience.interval, left)


def believed(looks: Sequence[Look], hints: Hints = _NO_HINTS) -> frozenset[Socket]:
    """What is open: what both of the last two looks show, what came back after it had gone, what
    is in the place of a port that had lasted, and what other pods of the workload had, too.

    A UDP socket that is connected has a peer of its own: it counts where its port
    is declared, or was open to anybody before. One on a port of the kernel's
    choice counts for nothing where the container has had others before it.
    """
    same = [look for look in of_one_start(looks) if not look.flaw]
    found = {port_key(one): one for look in same for one in look.sockets}
    if len(same) < 2:
        return frozenset()
    clients, moved = hints.clients | changing(looks, hints), _moved(same)
    steady = {
        key
        for key in found
        if (key in same[-1].keys and key in same[-2].keys)
        or _came_back(key, same)
        or (key in moved and not is_chosen(key, hints))
        or key[1:3] in hints.known
    }
    connected = {
        port_key(one): one
        for one in same[-1].connected
        if (one.protocol, one.port) in hints.declared | hints.expected or port_key(one) in found
    }
    steady = {key for key in steady if not (is_chosen(key, hints) and key[0] in clients)}
    return frozenset({**connected, **{key: found[key] for key in steady}}.values())


def of_one_start(looks: Sequence[Look]) -> list[Look]:
    """The looks since the last container began."""
    return [look for look in looks if _ids(look) == _ids(looks[-1])]


def lasting(looks: Sequence[Look]) -> frozenset[Socket] | None:
    """What a pod that ended had open: in two looks one after the other.

    None if there were not two: nobody looked long enough to say anything.
    """
    whole = [look for look in looks if not look.flaw]
    if len(whole) < 2:
        return None
    found: dict[PortKey, Socket] = {}
    for before, last in pairwise(whole):
        for socket in last.sockets:
            if port_key(socket) in before.keys:
                found[port_key(socket)] = socket
    return frozenset(found.values())


def opened_since(before: Collection[Socket], now: Collection[Socket], hints: Hints) -> list[Socket]:
    """What a pod that was looked at again later has more than before.

    Where a container has closed something meanwhile, what it opens may be gone as
    soon; and a UDP socket on a port of the kernel's choice may be a client's.
    """
    old = {port_key(one) for one in before}
    closed = old - {port_key(one) for one in now}
    changed = {key[0] for key in closed}
    return [
        one
        for one in now
        if (key := port_key(one)) not in old
        and one.container not in changed
        and not is_chosen(key, hints)
    ]


def changing(looks: Sequence[Look], hints: Hints) -> frozenset[str]:
    """Containers with a UDP socket on a port of the kernel's choice that is gone again.

    https://man7.org/linux/man-pages/man7/ip.7.html: a client that does not bind
    gets a free port of ip_local_port_range, and another one for its next socket.
    """
    gone = {key for look in looks for key in look.keys} - (looks[-1].keys if looks else set())
    return frozenset(key[0] for key in gone if is_chosen(key, hints))


def lateness(looks: Sequence[Look], sockets: Iterable[Socket]) -> float:
    """How old the pod was when it opened one of these ports, the last time it did so.

    A program that has moved from port to port more than once does so for good: nobody is to wait
    for where it was then.
    """
    moves = Counter(key[:2] for key in _left(looks))
    keys = {key for key in map(port_key, sockets) if moves[key[:2]] < 2}
    shown = [frozenset[PortKey](), *(look.keys & keys for look in looks)]
    opened = [
        look.age for look, (before, now) in zip(looks, pairwise(shown), strict=True) if now - before
    ]
    return max(opened, default=0.0)


def misses(looks: Sequence[Look], hints: Hints, patience: Patience) -> bool:
    """Whether something is expected to open yet."""
    there = {(one.protocol, one.port) for one in believed(looks, hints)}
    if there >= hints.expected and len(there) >= hints.least:
        return False
    return looks[-1].age < (patience.missing if hints.wait is None else hints.wait)


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


def _may_be_clients(looks: Sequence[Look], hints: Hints, patience: Patience) -> bool:
    """Whether some UDP socket may be one that only waits for an answer."""
    clients = hints.clients | changing(looks, hints)
    return any(
        is_chosen(key, hints) and key[0] not in clients and _seen_for(key, looks) < patience.client
        for key in looks[-1].keys
    )


def is_chosen(key: PortKey, hints: Hints) -> bool:
    """Whether it is a UDP port that the kernel may have chosen for a client."""
    _, protocol, port, loopback = key
    return (
        protocol == "UDP"
        and port in EPHEMERAL
        and not loopback
        and (protocol, port) not in hints.declared | hints.expected
    )


def _seen_for(key: PortKey, looks: Sequence[Look]) -> float:
    """For how many seconds every look has shown the port."""
    since = looks[-1].at
    for look in reversed(looks):
        if key not in look.keys:
            break
        since = look.at
    return looks[-1].at - since


def _ids(look: Look) -> set[str]:
    return {one.id for one in look.containers.values()}
