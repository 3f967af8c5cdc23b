"""What the runs of a release's pods showed, each by itself and beside one another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import TypeAlias

from ..model import Reference, Socket, Workload
from .history import History
from .look import port_key
from .pods import Pod
from .proof import Proof
from .watch import Watch

ByPod: TypeAlias = dict[str, frozenset[Socket]]
"""The sockets of each pod, by its name."""


@dataclass(slots=True)
class Run:
    """What one run of the pods showed, by workload; or why it showed nothing.

    :ivar watch: the looks at its pods.
    :ivar proof: what was dialled in it.
    :ivar seconds: how long it took.
    """

    watch: Watch
    proof: Proof
    seconds: float = 0.0
    pods: dict[Reference, ByPod] = field(default_factory=lambda: defaultdict(dict))
    late: dict[Reference, float] = field(default_factory=lambda: defaultdict(float))
    clients: dict[Reference, frozenset[str]] = field(default_factory=lambda: defaultdict(frozenset))
    ages: dict[Reference, float] = field(default_factory=dict)
    watched_on: dict[Reference, float] = field(default_factory=dict)
    reasons: dict[Reference, str] = field(default_factory=dict)
    strays: list[Workload] = field(default_factory=list)

    def sockets(self, reference: Reference) -> tuple[Socket, ...] | None:
        """All sockets of a workload, None where none of its pods was observed."""
        if reference not in self.pods:
            return None
        return tuple(sorted({one for some in self.pods[reference].values() for one in some}))

    def take_in(self, history: History, pod: Pod, reference: Reference) -> None:
        """What a pod of a workload that can be believed has shown."""
        sockets = frozenset(
            one._replace(refused=True)
            if history.stands_open(one) and self.proof.is_refused(pod, one)
            else one
            for one in history.sockets
        )
        self.pods[reference][pod.name] = sockets
        self.late[reference] = max(self.late[reference], history.lateness(sockets))
        self.clients[reference] |= history.clients
        self.ages[reference] = min(self.ages.get(reference, inf), history.age)

    def show(self, reference: Reference, sockets: Iterable[Socket]) -> None:
        """Take in what other pods of a workload have shown, as if it were those of this run."""
        names = sorted(self.pods.get(reference, ()))
        known = {port_key(one) for one in self.sockets(reference) or ()}
        others = sorted({one.pod for one in sockets})
        for one in sockets if names else ():
            if port_key(one) not in known:
                name = names[others.index(one.pod) % len(names)]
                self.pods[reference][name] |= {one._replace(pod=name)}


def grown(workloads: Iterable[Workload], first: Run, again: Run) -> list[Workload]:
    """The workloads with a container that had more undeclared ports the second time."""
    found = []
    for workload in workloads:
        before, after = _ports(workload, first), _ports(workload, again)
        if before is None or after is None:
            continue
        had, has = (Counter(container for container, _ in ports) for ports in (before, after))
        if any(has[container] > had[container] for container, _ in after - before):
            found.append(workload)
    return found


def stayed(workload: Workload, first: Run, again: Run, third: Run) -> bool:
    """Whether what the second run had more than the first is in the third, too."""
    runs = [_ports(workload, run) for run in (first, again, third)]
    one, two, three = (run or set() for run in runs)
    return runs[2] is not None and two - one <= three


def _ports(workload: Workload, run: Run) -> set[tuple[str, tuple[str, int]]] | None:
    """Container, protocol and number of the undeclared ports that others can reach.

    A process that began or ended just when it was looked at is not seen to hold its port.
    """
    sockets = run.sockets(workload.reference)
    if sockets is None:
        return None
    declared = {(port.protocol, port.number) for _, port in workload.declared()}
    found = {
        (one.container, (one.protocol, one.port))
        for one in sockets
        if not one.loopback and (one.protocol, one.port) not in declared
    }
    held = {port for container, port in found if container}
    return {(container, port) for container, port in found if container or port not in held}
