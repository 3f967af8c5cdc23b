"""Look at pods of any cluster: an ephemeral container in the pod reads ``/proc`` for us.

https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/: it
joins the pod's network namespace, which all its containers share, and the
process namespace of one of them. So there is one for each container; the pod is
left as it is otherwise, and the next pods have none.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from .api import Api, Object, Refused
from .footholds import RESTRICTED
from .look import Look, look_at
from .pods import Pod, PodContainer
from .reader import ids_of, question, script
from .sample import Sample, Torn, new_mark, read_sample, together
from .sockets import ByteOrder

_PREFIX = "k8snet-"
# Ends by itself: nobody can take an ephemeral container out of a pod again. A sample is some 5 KB
# and a kubelet keeps 10 MB of a log, so it is rarely cut off before. The pause is the least time
# between two looks at a pod (see History.settled).
_LOOP = """
left=1200
while [ $left -gt 0 ]; do
  printf '%s\\n' "$@" '' | sh -c "$SAMPLE"
  sleep 0.5
  left=$((left - 1))
done
"""
_SILENT = 10.0  # seconds without a whole sample, after which something is wrong with the container
_FAILED = "RunContainerError"  # it was made, and something was wrong with its start
_TRIES = 3
_KEPT = 100  # samples that may wait for those of another container: about a minute
_PRIVILEGES = {
    "runAsUser": 0,
    "runAsNonRoot": False,
    "capabilities": {"add": ["SYS_PTRACE"]},  # to read the descriptors of any user's processes
}


@dataclass(slots=True)
class _Log:
    """What the ephemeral container beside a container has said.

    :ivar ended: how many were there before this one, and were ended.
    :ivar placed: it was asked for.
    :ivar last: the end of the last sample that was read, as the log has it.
    :ivar heard: when a sample came last, on the monotonic clock; None before the first one.
    :ivar samples: those that are not set together with the ones of other containers yet.
    """

    ended: int = 0
    placed: bool = False
    last: str = ""
    heard: float | None = None
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=_KEPT))

    @property
    def silent(self) -> bool:
        """Whether it has not begun, or something has ended it."""
        return self.heard is None or monotonic() - self.heard > _SILENT


class PodReader:
    """Reads the samples that ephemeral containers print: all of them, since a port may be open
    for a moment, and nobody knows when a log is asked for.

    :param image: has sh, grep, ls, cat, printf and sleep.
    """

    leaves_no_trace = False

    def __init__(self, api: Api, image: str, byteorder: ByteOrder = "little") -> None:
        self._api = api
        self._image = image
        self._byteorder = byteorder
        self._mark = new_mark()
        self._refused: dict[str, str] = {}
        self._logs: dict[str, _Log] = defaultdict(_Log)
        self._ran: dict[str, Pod] = {}

    def look(self, pods: Iterable[Pod]) -> Mapping[str, Sequence[Look]]:
        """See :class:`.reader.Reader`."""
        found = {pod.uid: self._looks_at(pod) for pod in pods}
        return {uid: looks for uid, looks in found.items() if looks}

    def close(self) -> None:
        """See :class:`.reader.Reader`: the containers go with their pods."""

    def _looks_at(self, pod: Pod) -> Sequence[Look]:
        if pod.finished:  # the log goes on until its end, though nobody has read it in time
            pod = self._ran.pop(pod.uid, pod)
        else:
            self._ran[pod.uid] = pod
        for container in pod.running:
            if not self._logs[container.id].placed:
                self._place(pod, container)
        if pod.uid in self._refused:
            return [Look(0.0, flaw=self._refused[pod.uid])]
        logs = [self._read(pod, container) for container in pod.running]
        if any(log.silent for log in logs):
            return [Look(0.0, flaw=self._why_silent(pod))]
        return [look_at(pod, sample) for sample in moments([log.samples for log in logs])]

    def _place(self, pod: Pod, container: PodContainer) -> None:
        self._logs[container.id].placed = True
        why: Refused | None = None
        for context in _contexts(pod, container):
            body = self._container(pod, container, context)
            try:
                self._api.add_ephemeral(pod.namespace, pod.name, body)
            except Refused as refused:
                why = refused
                if refused.status != 403:
                    break
            else:
                return
        self._refused[pod.uid] = f"no ephemeral container for Pod/{pod.name}: {why}"

    def _container(self, pod: Pod, container: PodContainer, context: Object) -> Object:
        return {
            "name": self._name(container),
            "image": self._image,
            "targetContainerName": container.name,
            "command": ["sh", "-c", _LOOP, "sh", *question(self._mark, ids_of(pod))],
            "env": [{"name": "SAMPLE", "value": script()}],
            "securityContext": context,
        }

    def _read(self, pod: Pod, container: PodContainer) -> _Log:
        """The log of a container's ephemeral one, with all that is new in it.

        It is asked for from the last whole sample on, so nothing is left out however late that
        is, and nearly nothing comes twice.
        """
        name = self._name(container)
        log, ids = self._logs[container.id], set(ids_of(pod))
        since = log.last.partition(" ")[0]
        text = self._api.logs(pod.namespace, pod.name, name, timestamps="true", sinceTime=since)
        for sample, end in whole_samples(text, self._mark, log.last):
            log.last, log.heard = end, monotonic()
            try:
                log.samples.append(read_sample(sample, ids, self._byteorder, self._mark))
            except Torn:
                continue
        return log

    def _name(self, container: PodContainer) -> str:
        """A name that starts with ours, is unique in the pod, and no longer than 63 characters."""
        ended = self._logs[container.id].ended
        again = f"-{ended}" if ended else ""
        return f"{_PREFIX}{container.name}"[:50].rstrip("-") + f"-{container.id[:8]}{again}"

    def _why_silent(self, pod: Pod) -> str:
        live = self._api.get("Pod", pod.namespace, pod.name) or {}
        latest = {self._name(container): container for container in pod.running}
        for status in (live.get("status") or {}).get("ephemeralContainerStatuses") or []:
            container = latest.get(status["name"])
            if container is None:
                continue
            state = status.get("state") or {}
            reason = (state.get("waiting") or {}).get("reason")
            # It joined the processes of a container that ended just then, or one of these has
            # ended it, perhaps before it ran: nobody starts it again, so another one is put
            # beside the container. Where none can run, a few are enough.
            ended = self._logs[container.id].ended
            failed = reason == _FAILED and ended < _TRIES
            if "terminated" in state or failed:
                self._logs[container.id] = _Log(ended + 1)
            if reason:
                return (
                    f"the ephemeral container {status['name']} in Pod/{pod.name} does not start:"
                    f" {reason} (image {self._image}, --k8snet-probe-image)"
                )
        return f"the ephemeral container in Pod/{pod.name} has not said anything yet"


def _contexts(pod: Pod, container: PodContainer) -> Iterator[Object]:
    """Ways to run beside a container, until the namespace's pod security admits one.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/: "baseline" lets nobody
    have more capabilities than the container itself, and "restricted" asks for a user; only a
    process of the same one may read what the container's have open.
    """
    yield dict(_PRIVILEGES)
    yield {}
    spec = pod.raw.get("spec") or {}
    both = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    own = [one for one in both if one["name"] == container.name]
    users = [(one.get("securityContext") or {}).get("runAsUser") for one in (*own, spec)]
    yield {**RESTRICTED, "runAsUser": next(filter(None, users), RESTRICTED["runAsUser"])}


def whole_samples(log: str, mark: str, last: str = "") -> Iterator[tuple[str, str]]:
    """The samples of a log that are there from beginning to end, each with its last line.

    Each line of the log begins with its time, so no two are alike. One that is cut off at the
    beginning is never whole, one that is cut off at the end is so the next time.

    :param last: the line behind which to begin, if it is there.
    """
    new = log.rpartition(f"{last}\n")[2] if last else log
    sample: list[str] = []
    for line in new.split("\n"):
        text = line.partition(" ")[2]
        if text == f"{mark} cgroup":
            sample = [text]
        elif sample:
            sample.append(text)
            if text == f"{mark} end":
                yield "\n".join(sample), line
                sample = []


def moments(said: Sequence[deque[Sample]]) -> Iterator[Sample]:
    """Samples of a pod's containers, set together and taken away while there is one of each.

    Those of a moment are the last ones of all containers up to it. Each is used once, so two looks
    at a pod are as far from each other as two samples of any of its containers.
    """
    while said and all(said):
        moment = max(some[0].uptime for some in said)
        for some in said:
            while len(some) > 1 and some[1].uptime <= moment:
                some.popleft()
        yield together([some.popleft() for some in said])
