"""Look at pods through the nodes of a kind cluster: one question for all pods of a node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol

from ..errors import ClusterError
from .command import Failed
from .look import Look, look_at
from .pods import Pod
from .sample import Sample, Torn, new_mark, read_sample
from .shell import NodeShell, ask_all
from .sockets import ByteOrder


class Reader(Protocol):
    """A way to look at pods.

    :ivar leaves_no_trace: it does nothing to a pod, so it may begin before the pod is ready.
    """

    leaves_no_trace: bool

    def look(self, pods: Iterable[Pod]) -> Mapping[str, Sequence[Look]]:
        """The looks at pods that there are since the last time, in their order; by uid.

        A pod that changed under the look, or of which there is nothing new, is missing. One that
        has ended may be asked for: somebody may have written down what it had open.
        """
        ...

    def close(self) -> None:
        """Let go of what looking needed."""
        ...


@dataclass(eq=False, slots=True)
class _Question:
    """Containers that a thread wants to see, and the answer with its mark."""

    ids: frozenset[str]
    mark: str = ""
    text: str = ""


@dataclass(slots=True)
class _Queue:
    """The threads that want to ask one node."""

    waiting: list[_Question] = field(default_factory=list)
    entrance: Lock = field(default_factory=Lock)
    turn: Lock = field(default_factory=Lock)


class NodeReader:
    """Reads ``/proc`` on the nodes, which see the processes of all their containers.

    Any thread may look; those that wait for a node ask it together.

    Nothing is put into a pod, so it may be distroless, read-only, or both.
    """

    leaves_no_trace = True

    def __init__(self, engine: str, byteorder: ByteOrder = "little") -> None:
        self._engine = engine
        self._byteorder = byteorder
        self._shells: dict[str, NodeShell] = {}
        self._queues: dict[str, _Queue] = defaultdict(_Queue)
        self._closed = False

    def look(self, pods: Iterable[Pod]) -> Mapping[str, Sequence[Look]]:
        """See :class:`Reader`: one look at each pod.

        :raises ClusterError: a node does not answer.
        """
        by_node: dict[str, list[Pod]] = defaultdict(list)
        for pod in pods:
            if pod.node and pod.running:
                by_node[pod.node].append(pod)
        found = ask_all(by_node, self._look_on)
        return {uid: [look] for looks in found.values() for uid, look in looks.items()}

    def close(self) -> None:
        """See :class:`Reader`; whoever still looks is told that it is over."""
        self._closed = True
        while self._shells:
            self._shells.popitem()[1].close()

    def _look_on(self, node: str, pods: list[Pod]) -> dict[str, Look]:
        ids = frozenset(one for pod in pods for one in ids_of(pod))
        try:
            sample = self._sample(node, ids)
        except Torn:
            return {}
        return {pod.uid: look_at(pod, sample) for pod in pods}

    def _sample(self, node: str, ids: frozenset[str]) -> Sample:
        """A sample with these containers; one question for all threads that wait to ask."""
        queue, question = self._queues[node], _Question(ids)
        with queue.entrance:
            queue.waiting.append(question)
        with queue.turn:
            if not question.text:
                with queue.entrance:
                    asked, queue.waiting = {question, *queue.waiting}, []
                question.mark = new_mark()
                everybody = frozenset[str]().union(*(one.ids for one in asked))
                question.text = self._ask(node, question.mark, everybody)
                for one in asked:
                    one.mark, one.text = question.mark, question.text
        return read_sample(question.text, ids, self._byteorder, question.mark)

    def _ask(self, node: str, mark: str, ids: Collection[str]) -> str:
        """A sample; with another shell where the last one has ended."""
        if self._closed:
            raise ClusterError("broken off: the run is over")
        shell = self._shells.pop(node, None)
        if shell is not None:
            try:
                return self._asked(node, shell, mark, ids)
            except Failed:
                pass  # something ended it; if it was the node's end, the next one fails, too
        shell = NodeShell(self._engine, node, ["sh", "-c", script()])
        return self._asked(node, shell, mark, ids)

    def _asked(self, node: str, shell: NodeShell, mark: str, ids: Collection[str]) -> str:
        """Ask the shell, and keep it only if it answered."""
        try:
            text = shell.ask("\n".join([*question(mark, ids), "", ""]), f"{mark} end")
        except BaseException:
            shell.close()
            raise
        self._shells[node] = shell
        return text


def ids_of(pod: Pod) -> Iterator[str]:
    """What the cgroups of its processes are named after: the containers, and the pod."""
    yield pod.uid
    for container in pod.running:
        yield container.id


def question(mark: str, ids: Iterable[str]) -> list[str]:
    """The lines that ask the script for a sample.

    A cgroup that systemd made has _ where the pod's uid has -.
    """
    return [mark, *sorted({text for one in ids for text in (one, one.replace("-", "_"))})]


def script() -> str:
    """The shell script that prints samples."""
    return Path(__file__).with_name("sample.sh").read_text(encoding="utf-8")
