"""Dial ports from where a pod stands: its network namespace, entered on its kind node.

What goes through is what policies, the network plugin and the program itself let
through together. Nothing is put into a pod, so its image may be empty.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from enum import Enum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..errors import ClusterError
from .command import Failed
from .pods import Pod
from .shell import NodeShell

_SECONDS = 0.7  # a dial inside one cluster takes milliseconds; what is dropped never answers
_AT_ONCE = 300  # dials from one node; each is a process there
_DATAGRAMS = 7  # as dial.sh sends them
_LATE = 0.05  # seconds that a datagram may be on its way


class Place(NamedTuple):
    """Where a pod stands: its node, and the id of one of its containers; "" for the node itself.

    ``namespace`` and ``pod`` are its names.
    """

    node: str
    container: str = ""
    namespace: str = ""
    pod: str = ""


class Dial(NamedTuple):
    """One connection to try. ``targets`` is where datagrams that arrive are counted."""

    source: Place
    address: str
    port: int
    protocol: str = "TCP"
    targets: tuple[Place, ...] = ()


class Answer(Enum):
    """What came of a dial."""

    OPEN = "open"
    """TCP: the connection was made. UDP: a socket of the target was given the datagrams."""
    REFUSED = "refused"
    """TCP: the other side said no. UDP: the datagrams arrived, and no socket was there for them."""
    SILENT = "silent"
    """Nothing came back, or nothing arrived."""


def place_of(pod: Pod) -> Place:
    """Where a pod stands that has a running container."""
    return Place(pod.node, pod.running[0].id, pod.namespace, pod.name)


def dial(engine: str, dials: Iterable[Dial]) -> dict[Dial, Answer]:
    """What comes of each dial.

    TCP: many at once, with one script on each node. UDP: nobody has to answer, so
    the counters of the targets are read; senders to one pod come one after the
    other, so that its counters tell them apart.

    :param engine: the program that runs the nodes (``docker``).
    :raises ClusterError: a node does not answer.
    """
    wanted = dict.fromkeys(dials, Answer.SILENT)
    datagrams = [one for one in wanted if one.protocol == "UDP"]
    with closing(_Nodes(engine)) as nodes:
        wanted |= nodes.connect([one for one in wanted if one.protocol != "UDP"])
        before = nodes.count({place for one in datagrams for place in one.targets})
        for some in rounds(datagrams):
            nodes.send(some)
            after = nodes.count(before)
            if any(answer_of(one, before, after) is Answer.SILENT for one in some):
                time.sleep(_LATE)
                after = nodes.count(before)
            wanted |= {one: answer_of(one, before, after) for one in some}
            before = after
    return wanted


class Counted(NamedTuple):
    """Datagrams that a network namespace has given to sockets, and that found none."""

    given: int = 0
    portless: int = 0


def answer_of(one: Dial, before: Mapping[Place, Counted], after: Mapping[Place, Counted]) -> Answer:
    """What the counters say of the datagrams of a dial; any of its targets may have got them."""
    seen = [place for place in one.targets if place in before and place in after]
    given = sum(after[place].given - before[place].given for place in seen)
    portless = sum(after[place].portless - before[place].portless for place in seen)
    if given + portless < _DATAGRAMS:
        return Answer.SILENT
    # A server may take the first one's sender for its only client.
    return Answer.OPEN if given else Answer.REFUSED


def rounds(dials: Iterable[Dial]) -> Iterator[list[Dial]]:
    """The dials in rounds, each with one sender for each target; in their order for a target."""
    left = list(dials)
    while left:
        busy: set[Place] = set()
        some: list[Dial] = []
        rest: list[Dial] = []
        for one in left:
            (rest if busy & set(one.targets) else some).append(one)
            busy |= set(one.targets)
        yield some
        left = rest


class _Nodes:
    """The dialling scripts on the nodes, started when they are needed."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._shells: dict[str, NodeShell] = {}
        self._stack = ExitStack()

    def close(self) -> None:
        """End the scripts."""
        self._stack.close()

    def connect(self, dials: Collection[Dial]) -> dict[Dial, Answer]:
        """Those of the dials that were answered."""
        return {
            dials_by_number[int(number)]: Answer(word)
            for dials_by_number, lines in self._dial(dials)
            for word, _, number in (line.partition(" ") for line in lines)
            if word in (Answer.OPEN.value, Answer.REFUSED.value)
        }

    def send(self, dials: Collection[Dial]) -> None:
        """Send the datagrams of each dial."""
        for _ in self._dial(dials):
            pass

    def count(self, places: Iterable[Place]) -> dict[Place, Counted]:
        """The counters of each place that is still there."""
        by_node: dict[str, dict[str, Place]] = defaultdict(dict)
        for place in places:
            by_node[place.node][place.container] = place
        questions = {node: [f"count {one}\n" for one in some] for node, some in by_node.items()}
        found = {}
        for node, lines in self._ask(questions).items():
            for line in lines:
                word, container, given, portless = line.split()
                if word == "count":
                    found[by_node[node][container]] = Counted(int(given), int(portless))
        return found

    def _dial(self, dials: Collection[Dial]) -> Iterator[tuple[Mapping[int, Dial], list[str]]]:
        """Dial in portions; with what is said the dials by their numbers."""
        by_node: dict[str, list[Dial]] = defaultdict(list)
        for one in dials:
            by_node[one.source.node].append(one)
        portions = max((len(some) for some in by_node.values()), default=0)
        for first in range(0, portions, _AT_ONCE):
            asked = {
                node: dict(enumerate(some[first : first + _AT_ONCE]))
                for node, some in by_node.items()
                if some[first:]
            }
            questions = {
                node: [
                    f"dial {number} {one.source.container or '-'} {one.protocol}"
                    f" {one.address} {one.port}\n"
                    for number, one in some.items()
                ]
                for node, some in asked.items()
            }
            for node, lines in self._ask(questions).items():
                yield asked[node], lines

    def _ask(self, questions: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
        """The lines of each node's answer to its question."""
        texts = {node: "".join(lines) + "\n" for node, lines in questions.items()}
        asks: dict[str, Callable[[], list[str]]] = {
            node: partial(self._ask_one, node, text) for node, text in texts.items()
        }
        if len(asks) < 2:
            return {node: ask() for node, ask in asks.items()}
        with ThreadPoolExecutor(len(asks)) as pool:
            found = {node: pool.submit(ask) for node, ask in asks.items()}
            return {node: one.result() for node, one in found.items()}

    def _ask_one(self, node: str, text: str) -> list[str]:
        try:
            if node not in self._shells:
                argv = ["bash", "-c", _script(), "bash", f"{_SECONDS:g}"]
                self._shells[node] = self._stack.enter_context(
                    closing(NodeShell(self._engine, node, argv))
                )
            return self._shells[node].ask(text, "end").splitlines()[:-1]
        except Failed as error:
            raise ClusterError(
                f"the node {node} does not answer any more: {error.output or error}"
            ) from None


def _script() -> str:
    return Path(__file__).with_name("dial.sh").read_text(encoding="utf-8")
