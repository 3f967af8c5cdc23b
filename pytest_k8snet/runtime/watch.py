"""All looks at the pods of a release in one run, and what they add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from math import ceil, inf
from time import monotonic

from ..model import Reference, Socket, Workload
from .look import Look, port_key
from .pods import Pod, ends
from .reader import Reader
from .settle import (
    Hints,
    Patience,
    believed,
    changing,
    is_chosen,
    lasting,
    lateness,
    misses,
    of_one_start,
    opened_since,
    settled,
    spacing,
)

_NO_HINTS = Hints()
_GRID = 0.25  # seconds: turns of all releases meet
_QUICK = 0.5  # seconds between looks at what may be gone soon


class Watch:
    """Collects looks and judges them.

    :ivar hints: what is known in advance of each workload's pods.
    """

    def __init__(
        self, reader: Reader, hints: Mapping[Reference, Hints], patience: Patience
    ) -> None:
        self._reader = reader
        self._hints = hints
        self._patience = patience
        self._looks: dict[str, list[Look]] = defaultdict(list)
        self._pods: dict[str, tuple[Pod, Workload | None]] = {}
        self._due: dict[str, float] = {}

    @property
    def pause(self) -> float:
        """Seconds to wait before :meth:`look` may have something to do."""
        due = min(self._due.values(), default=inf)
        return min(max(due - monotonic(), 0.0), self._patience.interval / 2)

    def look(self, pods: Iterable[tuple[Pod, Workload | None]]) -> None:
        """Look at those of the pods that run and whose turn it is: new ones at once."""
        running = {pod.uid: (pod, workload) for pod, workload in pods if pod.observable}
        now = monotonic()
        self._due = {uid: self._due.get(uid, now) for uid in running}
        chosen = {uid: running[uid] for uid, due in self._due.items() if due <= now}
        if not chosen:
            return
        self._pods.update(chosen)
        for uid, look in self._reader.look(pod for pod, _ in chosen.values()).items():
            self._looks[uid].append(look)
        now = monotonic()
        for uid, pair in chosen.items():
            # Turns meet on a grid: one command serves all pods whose turn it is.
            self._due[uid] = ceil((now + self._spacing(*pair)) / _GRID) * _GRID

    def _spacing(self, pod: Pod, workload: Workload | None) -> float:
        """Seconds between this look at a pod and the next one."""
        looks = self._looks[pod.uid]
        if not looks or _short_lived(pod, workload):
            return _QUICK
        return spacing(looks, self._patience)

    def look_early(self, pods: Iterable[tuple[Pod, Workload | None]]) -> None:
        """Look before all is ready: at the pods that will not be there later, and at the others
        if that does nothing to them, so that it is known when they opened what they have.
        """
        self.look(pair for pair in pods if self._reader.leaves_no_trace or _short_lived(*pair))

    def settled(self, pod: Pod, workload: Workload | None) -> bool:
        """Whether the looks at a pod can be believed."""
        return settled(self._looks_at(pod), self._hints_of(workload), self._patience)

    def flaw(self, pod: Pod) -> str:
        """Why the looks at a pod cannot be believed."""
        looks = self._looks_at(pod)
        return (looks[-1].flaw if looks else "") or f"the sockets of Pod/{pod.name} keep changing"

    def sockets(self, pod: Pod, workload: Workload | None) -> frozenset[Socket]:
        """The open ports of a pod that is settled."""
        return believed(self._looks_at(pod), self._hints_of(workload))

    def looked_at(self, pod: Pod) -> bool:
        """Whether two looks at a pod say something together."""
        looks = self._looks_at(pod)[-2:]
        return len(looks) == 2 and not any(look.flaw for look in looks)

    def waits(self, pod: Pod, workload: Workload | None) -> bool:
        """Whether a pod has the age, and something that is expected is not open yet."""
        looks = self._looks_at(pod)
        old = bool(looks) and looks[-1].age >= self._patience.watch
        return old and misses(looks, self._hints_of(workload), self._patience)

    def dialable(self, pod: Pod, workload: Workload) -> list[Socket]:
        """The open ports that others may be meant to dial: none that a client's socket may have."""
        hints = self._hints_of(workload)
        sockets = self.sockets(pod, workload)
        return [one for one in sockets if not one.loopback and not is_chosen(port_key(one), hints)]

    def opened_since(
        self, reference: Reference, before: Collection[Socket], now: Collection[Socket]
    ) -> list[Socket]:
        """What a pod of the workload has open that it had not before."""
        return opened_since(before, now, self._hints.get(reference, _NO_HINTS))

    def stands_open(self, pod: Pod, socket: Socket) -> bool:
        """Whether anybody may send to a socket, and every look has shown it since the first."""
        shown = [port_key(socket) in look.keys for look in self._looks_at(pod)]
        return True in shown and all(shown[shown.index(True) :])

    def clients(self, pod: Pod, workload: Workload) -> frozenset[str]:
        """Containers of a pod whose UDP sockets come and go."""
        return changing(self._looks_at(pod), self._hints_of(workload))

    def lateness(self, pod: Pod, sockets: Iterable[Socket]) -> float:
        """How old a pod was when it had opened the last of these ports."""
        return lateness(self._looks_at(pod), sockets)

    def age(self, pod: Pod) -> float:
        """How old a pod was when it was looked at last."""
        return self._looks_at(pod)[-1].age

    def _looks_at(self, pod: Pod) -> list[Look]:
        """Those at its containers as they are now: one that ended took its ports along."""
        return of_one_start(self._looks[pod.uid])

    def _hints_of(self, workload: Workload | None) -> Hints:
        return self._hints.get(workload.reference, _NO_HINTS) if workload else _NO_HINTS

    def lasting(self, workload: Workload) -> dict[str, frozenset[Socket]]:
        """The open ports of each pod of a workload whose pods end, if seen long enough; by name."""
        found = {
            pod.name: lasting(self._looks[uid])
            for uid, (pod, owner) in self._pods.items()
            if owner is not None and owner.reference == workload.reference
        }
        return {name: sockets for name, sockets in found.items() if sockets is not None}


def _short_lived(pod: Pod, workload: Workload | None) -> bool:
    """Whether the pod may be gone at the next look."""
    return workload is not None and (bool(workload.hook) or workload.makes.ends or ends(pod))
