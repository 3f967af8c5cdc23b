"""All looks at the pods of a release in one run: which pods are looked at when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import ceil, inf
from time import monotonic

from ..model import Reference, Socket, Workload
from .hints import Hints
from .history import History, Patience
from .look import Look
from .pods import Owned, Pod
from .reader import Reader

_NO_HINTS = Hints()
_GRID = 0.25  # seconds: turns of all releases meet
_QUICK = 0.5  # seconds between looks at what may be gone soon


class Watch:
    """Collects looks, at each pod when it is its turn.

    :ivar hints: what is known in advance of each workload's pods.
    """

    def __init__(
        self, reader: Reader, hints: Mapping[Reference, Hints], patience: Patience
    ) -> None:
        self._reader = reader
        self._hints = hints
        self._patience = patience
        self._looks: dict[str, list[Look]] = defaultdict(list)
        self._pods: dict[str, Owned] = {}
        self._due: dict[str, float] = {}

    @property
    def pause(self) -> float:
        """Seconds to wait before :meth:`look` may have something to do."""
        due = min(self._due.values(), default=inf)
        return min(max(due - monotonic(), 0.0), self._patience.interval / 2)

    def look(self, pods: Iterable[Owned]) -> None:
        """Look at those of the pods that run and whose turn it is: new ones at once, and those
        that have ended once more, for what there is to be had of them.
        """
        known = {pod.uid: (pod, workload) for pod, workload in pods}
        now = monotonic()
        ended = [uid for uid in self._due if uid in known and known[uid][0].finished]
        self._due = {
            uid: self._due.get(uid, now) for uid, (pod, _) in known.items() if pod.observable
        }
        chosen = [*ended, *(uid for uid, due in self._due.items() if due <= now)]
        if not chosen:
            return
        self._pods.update((uid, known[uid]) for uid in chosen)
        for uid, looks in self._reader.look(known[uid][0] for uid in chosen).items():
            self._looks[uid].extend(looks)
        now = monotonic()
        for uid in self._due.keys() & set(chosen):
            # Turns meet on a grid: one command serves all pods whose turn it is.
            self._due[uid] = ceil((now + self._spacing(*known[uid])) / _GRID) * _GRID

    def _spacing(self, pod: Pod, workload: Workload | None) -> float:
        """Seconds between this look at a pod and the next one."""
        history = self.at(pod, workload)
        if not history.every or _short_lived(workload):
            return _QUICK
        return history.spacing

    def look_early(self, pods: Iterable[Owned]) -> None:
        """Look before all is ready: at the pods that will not be there later, and at the others
        if that does nothing to them, so that it is known when they opened what they have.
        """
        early = self._reader.leaves_no_trace
        self.look((pod, owner) for pod, owner in pods if early or _short_lived(owner))

    def at(self, pod: Pod, workload: Workload | None) -> History:
        """The looks at a pod of a workload so far."""
        hints = self.hints(workload.reference) if workload else _NO_HINTS
        return History(hints, self._patience, self._looks[pod.uid])

    def hints(self, reference: Reference) -> Hints:
        """What is known in advance of a workload's pods."""
        return self._hints.get(reference, _NO_HINTS)

    def lasting(self, workload: Workload) -> Iterator[tuple[str, frozenset[Socket]]]:
        """The open ports of each pod of a workload whose pods end, if seen long enough; by name."""
        for pod, owner in self._pods.values():
            if owner is not None and owner.reference == workload.reference:
                sockets = self.at(pod, owner).lasting
                if sockets is not None:
                    yield pod.name, sockets


def _short_lived(workload: Workload | None) -> bool:
    """Whether a pod of the workload may be gone at the next look."""
    return workload is not None and (bool(workload.hook) or workload.completes)
