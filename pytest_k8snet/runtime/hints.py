"""What is known of a workload's pods before anyone looks at them.

A declaration or a Service says what ought to be open; the first run of the pods
tells what to expect of the second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from ..index import served_ports
from ..model import Application, Reference, Socket, Workload
from .look import PortKey, port_key
from .sockets import EPHEMERAL

PortNumber: TypeAlias = tuple[str, int]
"""Protocol and number."""

_LATEST = 12.0  # seconds at least for what the first run had open


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

    def may_be_a_clients(self, key: PortKey) -> bool:
        """Whether it is a UDP port that the kernel may have chosen for a client.

        https://man7.org/linux/man-pages/man7/ip.7.html: a client that does not bind
        gets a free port of ip_local_port_range, and another one for its next socket.
        """
        _, protocol, port, loopback = key
        return (
            protocol == "UDP"
            and port in EPHEMERAL
            and not loopback
            and (protocol, port) not in self.declared | self.expected
        )

    def opened_since(self, before: Collection[Socket], now: Collection[Socket]) -> list[Socket]:
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
            and not self.may_be_a_clients(key)
        ]

    def again(
        self,
        runs: Iterable[frozenset[Socket]],
        *,
        watch: float = 0.0,
        late: float = 0.0,
        clients: frozenset[str] = frozenset(),
    ) -> Hints:
        """What the first run of the pods lets one expect of the second.

        A port that the kernel chose will be another one; there is to be as many.

        :param runs: the sockets of each pod of the first run.
        :param watch: the age until which the first run counted what opens: a program may have to
            wait for the lock of the one before it.
        :param late: how old a pod was when it opened the last of them.
        """
        pods = [{(one.protocol, one.port) for one in sockets} for sockets in runs]
        stable = frozenset(
            port
            for ports in pods
            for port in ports
            if port[1] not in EPHEMERAL or port in self.declared
        )
        least = min(map(len, pods), default=0)
        return Hints(stable, stable, self.declared, least, clients, max(_LATEST, watch, 2 * late))


def hints_of(workload: Workload, application: Application) -> Hints:
    """What the chart says of a workload: its declared ports, and what Services lead to."""
    declared = {(port.protocol, port.number) for _, port in workload.declared()}
    served = {(port.protocol, number) for _, port, number in served_ports(workload, application)}
    seen = ("TCP", "UDP")
    expected = frozenset(port for port in declared | served if port[0] in seen)
    return Hints(expected, declared=frozenset(declared))


def hints_of_all(application: Application) -> dict[Reference, Hints]:
    """The hints of each workload."""
    return {one.reference: hints_of(one, application) for one in application.workloads}
