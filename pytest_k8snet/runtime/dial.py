"""Dial ports from where a pod stands: its network namespace, entered on its kind node.

What goes through is what policies, the network plugin and the program itself let
through together. Nothing is put into a pod, so its image may be empty.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from .pods import Pod
from .shell import NodeShell, ask_all

_SECONDS = 0.7  # a dial inside one cluster takes milliseconds; what is dropped never answers
_AT_ONCE = 300  # dials from one node; each is a process there
_DATAGRAMS = 7  # as dial.sh sends them
_CONNECTIONS = 3  # at once where they are counted, so that their number tells them from others
_LATE = 0.05  # seconds that a datagram may be on its way


class Place(NamedTuple):
    """Where a pod stands: its node and its uid; "" for the node itself.

    ``namespace`` and ``pod`` are its names.
    """

    node: str
    uid: str = ""
    namespace: str = ""
    pod: str = ""


class Dial(NamedTuple):
    """One connection to try. ``targets`` is where what arrives is counted: always of datagrams."""

    source: Place
    address: str
    port: int
    protocol: str = "TCP"
    targets: tuple[Place, ...] = ()


class Answer(Enum):
    """What came of a dial."""

    OPEN = "open"
    """TCP: the connection was made. UDP: there was a socket for the datagrams."""
    REFUSED = "refused"
    """TCP: the other side said no, whoever that was."""
    TURNED_AWAY = "turned away"
    """It arrived, and the target itself had no socket for it, or took no more connections."""
    SILENT = "silent"
    """Nothing came back, or nothing arrived."""


def place_of(pod: Pod) -> Place:
    """Where a pod stands."""
    return Place(pod.node, pod.uid, pod.namespace, pod.name)


def dial(engine: str, dials: Iterable[Dial]) -> dict[Dial, Answer]:
    """What comes of each dial.

    Many at once, with one script on each node. Nobody has to answer a datagram, so
    the counters of the targets are read; what is sent to one pod comes one after the
    other then, so that its counters tell it apart. Connections are counted alike
    where a dial says its targets.

    :param engine: the program that runs the nodes (``docker``).
    :raises ClusterError: a node does not answer.
    """
    wanted = dict.fromkeys(dials, Answer.SILENT)
    counted = [one for one in wanted if one.targets]
    with closing(_Nodes(engine)) as nodes:
        wanted |= dict(nodes.dial([one for one in wanted if not one.targets]))
        before = nodes.count({place for one in counted for place in one.targets})
        for some in rounds(counted):
            said = nodes.dial([one for one in some for _ in range(_times(one))])
            made = Counter(one for one, answer in said if answer is Answer.OPEN)
            after = nodes.count(before)
            if Answer.SILENT in answers(some, made, before, after).values():
                time.sleep(_LATE)
                after = nodes.count(before)
            wanted |= answers(some, made, before, after)
            before = after
    return wanted


class Counted(NamedTuple):
    """What came to a network namespace: datagrams for which there was a socket, and others; and
    connections that it turned away.
    """

    given: int = 0
    portless: int = 0
    turned_away: int = 0


def answers(
    dials: Sequence[Dial],
    made: Mapping[Dial, int],
    before: Mapping[Place, Counted],
    after: Mapping[Place, Counted],
) -> dict[Dial, Answer]:
    """What the counters say of the dials of a round.

    :param made: how many connections were made.
    """
    found = {}
    for one in dials:
        # Any of its targets may have got it.
        seen = [place for place in one.targets if place in before and place in after]
        given, portless, turned_away = (
            sum(after[place][at] - before[place][at] for place in seen) for at in range(3)
        )
        if one.protocol == "UDP":
            arrived = given + portless >= _DATAGRAMS
        else:
            beside = [other for other in dials if other.targets == one.targets]
            arrived = turned_away >= sum(_CONNECTIONS - made.get(other, 0) for other in beside)
        # A server may take the sender of the first datagram for its only client.
        if one in made or (one.protocol == "UDP" and arrived and given):
            found[one] = Answer.OPEN
        else:
            found[one] = Answer.TURNED_AWAY if arrived else Answer.SILENT
    return found


def _times(one: Dial) -> int:
    return 1 if one.protocol == "UDP" else _CONNECTIONS


def rounds(dials: Iterable[Dial]) -> Iterator[list[Dial]]:
    """The dials in rounds: for each target the datagrams of one sender, or all connections to the
    same targets; in their order for a target.
    """
    left = list(dials)
    while left:
        busy: dict[Place, object] = {}
        some: list[Dial] = []
        rest: list[Dial] = []
        for one in left:
            whose = one if one.protocol == "UDP" else one.targets
            mine = {busy.setdefault(place, whose) for place in one.targets} == {whose}
            (some if mine else rest).append(one)
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

    def dial(self, dials: Collection[Dial]) -> Iterator[tuple[Dial, Answer]]:
        """Those of the dials that were answered, each as often as it was made; in portions."""
        by_node: dict[str, list[Dial]] = defaultdict(list)
        for one in dials:
            by_node[one.source.node].append(one)
        portions = max((len(some) for some in by_node.values()), default=0)
        for first in range(0, portions, _AT_ONCE):
            asked = {
                node: some[first : first + _AT_ONCE]
                for node, some in by_node.items()
                if some[first:]
            }
            questions = {
                node: [
                    f"dial {number} {one.source.uid or '-'} {one.protocol}"
                    f" {one.address} {one.port}\n"
                    for number, one in enumerate(some)
                ]
                for node, some in asked.items()
            }
            for node, lines in self._ask(questions).items():
                for word, _, number in (line.partition(" ") for line in lines):
                    if word in (Answer.OPEN.value, Answer.REFUSED.value):
                        yield asked[node][int(number)], Answer(word)

    def count(self, places: Iterable[Place]) -> dict[Place, Counted]:
        """The counters of each place that is still there."""
        by_node: dict[str, dict[str, Place]] = defaultdict(dict)
        for place in places:
            by_node[place.node][place.uid] = place
        questions = {node: [f"count {one}\n" for one in some] for node, some in by_node.items()}
        found = {}
        for node, lines in self._ask(questions).items():
            for line in lines:
                word, uid, *numbers = line.split()
                if word == "count":
                    found[by_node[node][uid]] = Counted(*map(int, numbers))
        return found

    def _ask(self, questions: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
        """The lines of each node's answer to its question."""
        return ask_all(
            {node: "".join(lines) + "\n" for node, lines in questions.items()}, self._ask_one
        )

    def _ask_one(self, node: str, text: str) -> list[str]:
        if node not in self._shells:
            argv = ["bash", "-c", _script(), "bash", f"{_SECONDS:g}"]
            self._shells[node] = self._stack.enter_context(
                closing(NodeShell(self._engine, node, argv))
            )
        return self._shells[node].ask(text, "end").splitlines()[:-1]


def _script() -> str:
    return Path(__file__).with_name("dial.sh").read_text(encoding="utf-8")
