"""All looks at the pods of a release in one run, and what they add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from time import monotonic

from ..model import Reference, Socket, Workload
from .look import Look
from .pods import Pod, ends, runs_to_completion
from .reader import Reader
from .settle import Hints, Patience, believed, lasting, settled

_NO_HINTS = Hints()


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
        self._last = 0.0

    @property
    def pause(self) -> float:
        """Seconds until it is time for the next look."""
        return max(self._last + self._patience.interval - monotonic(), 0.0)

    def look(self, pods: Iterable[tuple[Pod, Workload | None]]) -> None:
        """Look once at all pods that run."""
        chosen = {pod.uid: (pod, workload) for pod, workload in pods if pod.observable}
        if not chosen:
            return
        self._pods.update(chosen)
        self._last = monotonic()
        for uid, look in self._reader.look(pod for pod, _ in chosen.values()).items():
            self._looks[uid].append(look)

    def look_at_short_lived(self, pods: Iterable[tuple[Pod, Workload | None]]) -> None:
        """Look, if it is time, at the pods that will not be there later."""
        short = [
            (pod, workload)
            for pod, workload in pods
            if workload is not None and (workload.hook or runs_to_completion(workload) or ends(pod))
        ]
        if short and not self.pause:
            self.look(short)

    def settled(self, pod: Pod, workload: Workload | None) -> bool:
        """Whether the looks at a pod can be believed."""
        hints = self._hints.get(workload.reference, _NO_HINTS) if workload else _NO_HINTS
        return settled(pod, self._looks[pod.uid], hints, self._patience)

    def flaw(self, pod: Pod) -> str:
        """Why the looks at a pod cannot be believed."""
        looks = self._looks[pod.uid]
        return (looks[-1].flaw if looks else "") or f"the sockets of Pod/{pod.name} keep changing"

    def sockets(self, pod: Pod) -> frozenset[Socket]:
        """The open ports of a pod that is settled."""
        return believed(self._looks[pod.uid])

    def lasting(self, workload: Workload) -> dict[str, frozenset[Socket]]:
        """The open ports of each pod of a workload whose pods end, if seen long enough; by name."""
        found = {
            pod.name: lasting(self._looks[uid])
            for uid, (pod, owner) in self._pods.items()
            if owner is not None and owner.reference == workload.reference
        }
        return {name: sockets for name, sockets in found.items() if sockets is not None}
