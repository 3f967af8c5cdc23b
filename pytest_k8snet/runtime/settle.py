"""When enough has been seen of a pod to believe it. Pure functions over its looks.

Nothing here decides what is open: that is what both of the last two looks show.
This decides how long to wait for what a program has not opened *yet*. A ready
container with a readiness probe has opened what it serves; one without is
"ready" as soon as it runs, and so are programs that start slowly or open a
second port late. Waiting is longest where a wrong verdict would follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from ..matching import selects, target_number
from ..model import Application, Socket, Workload
from .look import Look, PortKey, port_key
from .pods import Pod
from .sockets import EPHEMERAL

PortNumber: TypeAlias = tuple[str, int]
"""Protocol and number."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a workload's pods before anyone looks.

    :ivar expected: ports that ought to be open, since somebody says so.
    :ivar declared: ports that the manifest declares, so no client's sockets.
    :ivar least: how many open ports there ought to be.
    """

    expected: frozenset[PortNumber] = frozenset()
    declared: frozenset[PortNumber] = frozenset()
    least: int = 0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds since the youngest container of the pod began.

    :ivar interval: between two looks.
    :ivar probed: a container with a readiness probe, when all that is expected is there.
    :ivar listening: one without, which listens on something.
    :ivar silent: one without, which listens on nothing.
    :ivar busy: one without, which still uses the processor as a starting program does.
    :ivar missing: something expected is not open.
    :ivar starting: the same, while the processor is busy with it: a slow starter.
    :ivar client: how long a UDP socket on a port of the kernel's choice has to
        live, since a name server's client has such a one until it gets its answer.
    :ivar restless: looks that never agree.
    """

    interval: float = 0.5
    probed: float = 1.0
    listening: float = 2.5
    silent: float = 6.0
    busy: float = 10.0
    missing: float = 12.0
    starting: float = 60.0
    client: float = 6.0
    restless: float = 20.0


FIRST = Patience()
# What a program opens late has been waited for in the first run: the second one
# waits long only for what the first one had.
AGAIN = Patience(probed=1.0, listening=1.0, silent=2.0, busy=2.0)

_BUSY = 0.2  # of one processor
_WORTH_WAITING = 3


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
    return Hints(expected, frozenset(declared))


def hints_again(first: Hints, runs: Iterable[frozenset[Socket]]) -> Hints:
    """What the first run of a workload's pods lets one expect of the second.

    A port that the kernel chose will be another one; there is to be as many.

    :param runs: the sockets of each pod of the first run.
    """
    pods = [{(one.protocol, one.port) for one in sockets} for sockets in runs]
    stable = {
        port
        for ports in pods
        for port in ports
        if port[1] not in EPHEMERAL or port in first.declared
    }
    return Hints(frozenset(stable), first.declared, min(map(len, pods), default=0))


def settled(pod: Pod, looks: Sequence[Look], hints: Hints, patience: Patience) -> bool:
    """Whether the last looks at a pod can be believed."""
    if len(looks) < 2 or looks[-1].flaw or looks[-2].flaw:
        return False
    before, last = looks[-2:]
    if _ids(before) != _ids(last):
        return False  # a container was restarted between them
    if before.keys != last.keys:
        return last.age > patience.restless and len(looks) >= _WORTH_WAITING
    return (
        not _misses(before, last, hints, patience)
        and young_for(pod, looks, patience) <= 0
        and not _may_be_clients(looks, hints, patience)
    )


def spacing(young: float, interval: float) -> float:
    """Seconds to the next look.

    At least the interval, and so that a look comes as soon as it may be the last.

    :param young: what :func:`young_for` says of the pods.
    """
    looks = int(young / interval)
    return young / looks if looks else interval


def believed(looks: Sequence[Look]) -> frozenset[Socket]:
    """What is open: the sockets of the last look that the looks before it have, too.

    The last two where they agree; three where they never did.
    """
    last = looks[-1]
    agree = len(looks) > 1 and looks[-2].keys == last.keys
    rest = looks[-2:-1] if agree else looks[-_WORTH_WAITING:-1]
    return frozenset(
        socket for socket in last.sockets if all(port_key(socket) in one.keys for one in rest)
    )


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


def _misses(before: Look, last: Look, hints: Hints, patience: Patience) -> bool:
    there = {(protocol, port) for _, protocol, port, _ in last.keys}
    if there >= hints.expected and len(there) >= hints.least:
        return False
    if last.age < patience.missing:
        return True
    return last.age < patience.starting and any(_load(before, last).values())


def young_for(pod: Pod, looks: Sequence[Look], patience: Patience) -> float:
    """Seconds from the last look for which some container may still be about to listen."""
    before, last = looks[-2:] if len(looks) > 1 else (looks[-1], looks[-1])
    if not last.containers or _ids(before) != _ids(last):
        return 0.0
    young = 0.0
    load = _load(before, last)
    probed = {container.name for container in pod.containers if container.probed}
    for name, running in last.containers.items():
        listens = any(key[0] == name for key in last.keys)
        if name in probed:
            least = patience.probed
        elif listens:
            least = patience.listening
        else:
            least = patience.silent
        if load[name] and name not in probed:
            least = max(least, patience.busy)
        young = max(young, least - running.age)
    return young


def _load(before: Look, last: Look) -> dict[str, bool]:
    """Whether each container used the processor between two looks as if it still started."""
    seconds = max(last.at - before.at, 0.01)
    return {
        name: (one.cpu - before.containers[name].cpu) / seconds > _BUSY
        for name, one in last.containers.items()
    }


def _may_be_clients(looks: Sequence[Look], hints: Hints, patience: Patience) -> bool:
    """Whether some UDP socket may be one that only waits for an answer."""
    return any(
        protocol == "UDP"
        and port in EPHEMERAL
        and not loopback
        and (protocol, port) not in hints.declared
        and _seen_for((container, protocol, port, loopback), looks) < patience.client
        for container, protocol, port, loopback in looks[-1].keys
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
