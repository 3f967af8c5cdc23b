"""Look at pods of any cluster: an ephemeral container in the pod reads ``/proc`` for us.

https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/: it
joins the pod's network namespace, which all its containers share, and the
process namespace of one of them. So there is one for each container; the pod is
left as it is otherwise, and the next pods have none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from time import monotonic

from .api import Api, Object, Refused
from .look import Look, look_at
from .pods import Pod, PodContainer
from .reader import ids_of, question, script
from .sample import Sample, Torn, new_mark, read_sample
from .sockets import ByteOrder

_PREFIX = "k8snet-"
# Ends by itself: nobody can take an ephemeral container out of a pod again.
_LOOP = """
left=1200
while [ $left -gt 0 ]; do
  printf '%s\\n' "$@" '' | sh -c "$SAMPLE"
  sleep 0.5
  left=$((left - 1))
done
"""
_RECENT = 10  # seconds of log that hold at least one whole sample
_PRIVILEGES = {
    "runAsUser": 0,
    "runAsNonRoot": False,
    "capabilities": {"add": ["SYS_PTRACE"]},  # to read the descriptors of any user's processes
}


class PodReader:
    """Reads the samples that ephemeral containers print.

    :param image: has sh, grep, ls, cat, printf and sleep.
    """

    leaves_no_trace = False

    def __init__(self, api: Api, image: str, byteorder: ByteOrder = "little") -> None:
        self._api = api
        self._image = image
        self._byteorder = byteorder
        self._mark = new_mark()
        self._placed: set[tuple[str, str]] = set()
        self._ended: dict[str, int] = defaultdict(int)
        self._refused: dict[str, str] = {}
        self._last: dict[str, float] = {}

    def look(self, pods: Iterable[Pod]) -> Mapping[str, Look]:
        """See :class:`.reader.Reader`."""
        found = {}
        for pod in pods:
            look = self._look_at(pod)
            if look is not None:
                found[pod.uid] = look
        return found

    def close(self) -> None:
        """See :class:`.reader.Reader`: the containers go with their pods."""

    def _look_at(self, pod: Pod) -> Look | None:
        for container in pod.running:
            if (pod.uid, container.id) not in self._placed:
                self._place(pod, container)
        if pod.uid in self._refused:
            return Look(monotonic(), flaw=self._refused[pod.uid])
        try:
            sample = self._sample(pod)
        except Torn:
            return None
        if sample is None:
            return Look(monotonic(), flaw=self._why_silent(pod))
        if self._last.get(pod.uid) == sample.uptime:
            return None  # nothing new since the last look
        self._last[pod.uid] = sample.uptime
        return look_at(pod, sample, sample.uptime)

    def _place(self, pod: Pod, container: PodContainer) -> None:
        self._placed.add((pod.uid, container.id))
        body = self._container(pod, container)
        try:
            try:
                self._api.add_ephemeral(pod.namespace, pod.name, body)
            except Refused as refused:
                if refused.status != 403:
                    raise
                # The namespace's pod security does not let it: sockets without their processes.
                del body["securityContext"]
                self._api.add_ephemeral(pod.namespace, pod.name, body)
        except Refused as refused:
            self._refused[pod.uid] = f"no ephemeral container for Pod/{pod.name}: {refused}"

    def _container(self, pod: Pod, container: PodContainer) -> Object:
        return {
            "name": self._name(container),
            "image": self._image,
            "targetContainerName": container.name,
            "command": ["sh", "-c", _LOOP, "sh", *question(self._mark, ids_of(pod))],
            "env": [{"name": "SAMPLE", "value": script()}],
            "securityContext": dict(_PRIVILEGES),
        }

    def _sample(self, pod: Pod) -> Sample | None:
        """What the pod's ephemeral containers say together, None while one says nothing."""
        ids = set(ids_of(pod))
        samples = []
        for container in pod.running:
            name = self._name(container)
            log = self._api.logs(pod.namespace, pod.name, name, sinceSeconds=_RECENT)
            text = _last_whole(log, self._mark)
            if not text:
                return None
            samples.append(read_sample(text, ids, self._byteorder, self._mark))
        return Sample(
            {key: some for sample in samples for key, some in sample.processes.items()},
            {key: some for sample in samples for key, some in sample.tables.items()},
            max((sample.uptime for sample in samples), default=0.0),
        )

    def _name(self, container: PodContainer) -> str:
        """A name that starts with ours, is unique in the pod, and no longer than 63 characters."""
        ended = self._ended[container.id]
        again = f"-{ended}" if ended else ""
        return f"{_PREFIX}{container.name}"[:50].rstrip("-") + f"-{container.id[:8]}{again}"

    def _why_silent(self, pod: Pod) -> str:
        live = self._api.get("Pod", pod.namespace, pod.name) or {}
        for status in (live.get("status") or {}).get("ephemeralContainerStatuses") or []:
            state = status.get("state") or {}
            waiting = state.get("waiting") or {}
            for container in pod.running:
                # It joined the processes of a container that ended just then: another one is put
                # beside the container that came in its place.
                if status["name"] == self._name(container) and "terminated" in state:
                    self._ended[container.id] += 1
                    self._placed.discard((pod.uid, container.id))
            if waiting.get("reason"):
                return (
                    f"the ephemeral container {status['name']} in Pod/{pod.name} does not start:"
                    f" {waiting['reason']} (image {self._image}, --k8snet-probe-image)"
                )
        return f"the ephemeral container in Pod/{pod.name} has not said anything yet"


def _last_whole(log: str, mark: str) -> str:
    """The last sample of a log that is there from beginning to end."""
    before, end, _ = log.rpartition(f"\n{mark} end")
    begin = before.rfind(f"{mark} cgroup")
    return before[begin:] + end if end and begin >= 0 else ""
