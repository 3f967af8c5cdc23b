"""Which ports of a workload are open, from the sockets of one or two runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ..model import Socket, Workload

PortKey: TypeAlias = tuple[int, str]
"""Port number and protocol: a pod has one port space for each protocol."""

NO_SCTP = "SCTP ports cannot be seen in /proc, so whether they are open is not known"


def by_port(sockets: Iterable[Socket], *, loopback: bool = False) -> dict[PortKey, list[Socket]]:
    """The sockets under the port they hold, sorted by port.

    Only those that other pods can reach, or with ``loopback`` only those that
    they cannot.
    """
    found: dict[PortKey, list[Socket]] = defaultdict(list)
    for socket in sorted(sockets):
        if socket.loopback == loopback:
            found[socket.port, socket.protocol].append(socket)
    return dict(found)


def both_runs(workload: Workload) -> tuple[Socket, ...]:
    """The sockets of either run; of the first alone where there was no second.

    :raises NotObserved: when nobody looked.
    """
    return workload.observed() + (workload.sockets_again or ())


def declared_keys(workload: Workload) -> set[PortKey]:
    """Number and protocol of every declared port of the pod."""
    return {(port.number, port.protocol) for _, port in workload.declared()}


def owner(sockets: Sequence[Socket]) -> Socket:
    """The socket that says most about who listens."""
    return next((socket for socket in sockets if socket.container), sockets[0])


def old(*workloads: Workload) -> str:
    """How old the youngest of their pods was when it was looked at last, where that is known."""
    return _aged(" when it is {} s old", workloads)


def seen(*workloads: Workload) -> str:
    """The same of something that was there, in brackets."""
    return _aged(" (seen in a pod {} s old)", workloads)


def within(*workloads: Workload) -> str:
    """For how long pods were looked for that did not come."""
    return _aged(" within {} s", workloads)


def _aged(text: str, workloads: Iterable[Workload]) -> str:
    age = min((one.watched for one in workloads if one.watched), default=0)
    return text.format(age) if age else ""


def listener(socket: Socket) -> str:
    """``container web (process nginx)``, as far as it is known."""
    text = f"container {socket.container}" if socket.container else "a container"
    return f"{text} (process {socket.process})" if socket.process else text


def share(
    sockets: Sequence[Socket], workload: Workload, ports: Mapping[PortKey, list[Socket]]
) -> str:
    """In how many pods the port is open, where it is not in all; else ""."""
    having = len({socket.pod for socket in sockets})
    known = {socket.pod for found in ports.values() for socket in found}
    seen = max(len(known), workload.pods or 0)
    return "" if having >= seen else f" in {having} of {seen} pods"
