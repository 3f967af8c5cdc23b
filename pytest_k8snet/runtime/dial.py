"""Dial ports from where a pod stands: its network namespace, entered on its kind node.

What goes through is what policies, the network plugin and the program itself let
through together. Nothing is put into a pod, so its image may be empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from ..errors import ClusterError
from .command import Failed, run

_SECONDS = 1.0  # a dial inside one cluster takes milliseconds; what is dropped never answers
_LIMIT = 60.0
_DATAGRAMS = 7  # as dial.sh sends them

# The counters of https://datatracker.ietf.org/doc/html/rfc4113: a datagram that reached the pod
# was either given to a socket or found no port; a policy that forbids it keeps it from both.
_COUNTERS = r"""
cd /proc || exit 2
for container; do
  for file in $(grep -ls -F "$container" [0-9]*/cgroup); do
    net=${file%/cgroup}/net
    [ -r "$net/snmp" ] || continue
    while read -r name delivered portless _; do
      case $name$delivered in Udp:[0-9]*) echo "$container $delivered $portless" ;; esac
    done <"$net/snmp"
    while read -r name number; do
      case $name in Udp6InDatagrams | Udp6NoPorts) echo "$container $number 0" ;; esac
    done <"$net/snmp6"
    break
  done
done 2>/dev/null
"""


class Place(NamedTuple):
    """Where a pod stands: its node, and the id of one of its containers; "" for the node itself."""

    node: str
    container: str = ""


class Dial(NamedTuple):
    """One connection to try. ``target`` is where a datagram's arrival is counted."""

    source: Place
    address: str
    port: int
    protocol: str = "TCP"
    target: Place = Place("")


def dial(engine: str, dials: Iterable[Dial]) -> frozenset[Dial]:
    """Those of the dials that went through.

    TCP: the connection was made. All at once, with one script on each node.
    UDP: the datagrams arrived, since nobody has to answer them. Senders to one
    pod come one after the other, so that its counters tell them apart.

    :param engine: the program that runs the nodes (``docker``).
    :raises ClusterError: a node does not answer.
    """
    wanted = list(dict.fromkeys(dials))
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(_dial, engine, [one for one in wanted if one.protocol == "TCP"])
        delivered = _delivered(engine, [one for one in wanted if one.protocol == "UDP"])
        connected = {one for one, word in answers.result().items() if word == "open"}
    return frozenset(connected | delivered)


def _delivered(engine: str, dials: Collection[Dial]) -> set[Dial]:
    """UDP: the dials whose datagrams their targets counted."""
    found: set[Dial] = set()
    before = _counted(engine, {one.target for one in dials})
    for some in _rounds(dials):
        _dial(engine, some)
        after = _counted(engine, before)
        found |= {one for one in some if after[one.target] - before[one.target] >= _DATAGRAMS}
        before = after
    return found


def _rounds(dials: Iterable[Dial]) -> Iterator[list[Dial]]:
    """The dials in rounds, each with one sender and one port for each target."""
    by_target: dict[Place, list[Dial]] = defaultdict(list)
    for one in dials:
        by_target[one.target].append(one)
    for some in zip_longest(*by_target.values()):
        yield [one for one in some if one is not None]


def _dial(engine: str, dials: Collection[Dial]) -> dict[Dial, str]:
    """Each dial that was answered, with the word for it."""
    by_node: dict[str, list[tuple[int, Dial]]] = defaultdict(list)
    for number, one in enumerate(dials):
        by_node[one.source.node].append((number, one))
    texts = {
        node: "".join(
            f"{number} {one.source.container or '-'} {one.protocol} {one.address} {one.port}\n"
            for number, one in some
        )
        for node, some in by_node.items()
    }
    answers = _on_nodes(engine, ["bash", "-c", _script(), "bash", f"{_SECONDS:g}"], texts)
    words = dict(line.split() for line in answers if line.count(" ") == 1)
    return {one: words[str(number)] for number, one in enumerate(dials) if str(number) in words}


def _counted(engine: str, targets: Iterable[Place]) -> dict[Place, int]:
    """Datagrams that each pod's network namespace has received, whether or not somebody listens."""
    by_node: dict[str, list[str]] = defaultdict(list)
    for place in targets:
        by_node[place.node].append(place.container)
    found: dict[Place, int] = defaultdict(int)
    for node, containers in by_node.items():
        for line in _on_nodes(engine, ["sh", "-c", _COUNTERS, "sh", *containers], {node: ""}):
            container, delivered, portless = line.split()
            found[Place(node, container)] += int(delivered) + int(portless)
    return found


def _on_nodes(engine: str, command: list[str], stdin: Mapping[str, str]) -> list[str]:
    """The lines that a command prints on each node, which gets its text as standard input."""

    def ask(node: str) -> list[str]:
        argv = [engine, "exec", "--interactive", node, *command]
        try:
            return run(argv, timeout=_LIMIT, stdin=stdin[node]).out.splitlines()
        except Failed as error:
            raise ClusterError(
                f"the node {node} does not answer any more: {error.output or error}"
            ) from None

    if len(stdin) < 2:
        return [line for node in stdin for line in ask(node)]
    with ThreadPoolExecutor(len(stdin)) as pool:
        return [line for lines in pool.map(ask, stdin) for line in lines]


def _script() -> str:
    return Path(__file__).with_name("dial.sh").read_text(encoding="utf-8")
