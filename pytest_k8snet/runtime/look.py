"""One look at a pod: which ports are open and who holds them. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ..model import Socket
from .pods import Pod
from .sample import Process, Sample

PortKey: TypeAlias = tuple[str, str, int, bool]
"""Container, protocol, port, and whether only the pod itself reaches it."""


class Running(NamedTuple):
    """A container as a look found it: its id, and its first process's age in seconds."""

    id: str
    age: float


@dataclass(frozen=True, slots=True)
class Look:
    """What one sample says about one pod.

    :ivar at: when it was taken, in seconds since the pod's node began: however long it took to
        hear of it.
    :ivar connected: UDP sockets that take datagrams from one peer only.
    :ivar flaw: why the look does not show the whole pod, "" if it does.
    """

    at: float
    sockets: frozenset[Socket] = frozenset()
    containers: Mapping[str, Running] = field(default_factory=dict)
    flaw: str = ""
    connected: frozenset[Socket] = frozenset()

    @property
    def keys(self) -> frozenset[PortKey]:
        """The open ports, whatever address and process they have."""
        return frozenset(map(port_key, self.sockets))

    @property
    def ids(self) -> frozenset[str]:
        """Those of the containers: others where one was started again."""
        return frozenset(one.id for one in self.containers.values())

    @property
    def age(self) -> float:
        """Seconds since the youngest of its containers began."""
        return min((one.age for one in self.containers.values()), default=0.0)


def port_key(socket: Socket) -> PortKey:
    """What makes two sockets of a pod the same open port."""
    return socket.container, socket.protocol, socket.port, socket.loopback


def look_at(pod: Pod, sample: Sample) -> Look:
    """Read the sockets of one pod out of a sample of its node."""
    mains = {one.name: sample.main(one.id) for one in pod.running}
    found = {name: main for name, main in mains.items() if main is not None}
    if not found:
        return Look(sample.uptime, flaw=f"no process of Pod/{pod.name} can be seen from its node")
    processes = {one.name: sample.processes[one.id] for one in pod.running if one.name in found}
    sockets = list(_sockets(pod, sample, found, processes))
    return Look(
        sample.uptime,
        frozenset(socket for socket, connected in sockets if not connected),
        {
            one.name: Running(one.id, found[one.name].age)
            for one in pod.running
            if one.name in found
        },
        _flaw(pod, mains, processes),
        frozenset(socket for socket, connected in sockets if connected),
    )


def _flaw(
    pod: Pod,
    mains: Mapping[str, Process | None],
    processes: Mapping[str, Iterable[Process]],
) -> str:
    for name, main in mains.items():
        if main is None:
            return f"no process of container {name} of Pod/{pod.name} can be seen from its node"
    # In the node's network namespace only the descriptors tell whose socket it is.
    if pod.host_network:
        for name, some in processes.items():
            if any(one.sockets is None for one in some):
                return f"the file descriptors of container {name} of Pod/{pod.name} cannot be read"
    return ""


def _sockets(
    pod: Pod,
    sample: Sample,
    mains: Mapping[str, Process],
    processes: Mapping[str, Iterable[Process]],
) -> Iterable[tuple[Socket, bool]]:
    """The open ports of the pod's network namespace that are the pod's; and whether connected.

    In the node's namespace these are the ones that a process of the pod holds.
    In its own, a socket that none of them holds is the pod's all the same.
    """
    # A program may move to another network; the process that keeps the pod's namespaces stays.
    first = sample.main(pod.uid) or max(mains.values(), key=lambda one: one.age)
    holders = _holders(processes)
    alone = next(iter(mains)) if len(pod.containers) == 1 else ""
    for entry in sample.tables.get(first.space, ()):
        if entry.inode in holders:
            container, process = holders[entry.inode]
        elif pod.host_network:
            continue
        else:
            container, process = alone, ""
        socket = Socket(entry.port, entry.protocol, entry.address, container, process, pod.name)
        yield socket, entry.connected


def _holders(processes: Mapping[str, Iterable[Process]]) -> dict[int, tuple[str, str]]:
    """Container and process name for each socket; of several holders the oldest opened it."""
    pairs = [(process, name) for name, some in processes.items() for process in some]
    pairs.sort(key=lambda pair: (-pair[0].age, pair[0].pid))
    holders: dict[int, tuple[str, str]] = {}
    for process, name in pairs:
        for inode in process.sockets or ():
            holders.setdefault(inode, (name, process.name))
    return holders
