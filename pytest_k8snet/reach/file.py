"""Who reaches whom as a text file to review: one edge a line, sorted, made for a diff.

::

    charts/web [defaults]: cluster -> Deployment/web: TCP 8080  # the public site
    charts/web [defaults]: Deployment/web -> StatefulSet/db: TCP 5432

The chart and its values set, who gets there, whose pods answer and on which
ports; ``(plugin)`` or ``(unknown)`` behind them where policies alone do not say
it. What follows ``#`` is a person's reason. Spaces, commas and ``#`` in a name
are written as in a URL (``%20``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from ..errors import SettingsError
from ..linefile import entry_lines
from ..model import Application, Reference, Reviewed, ReviewedEdge
from ..plaintext import one_word
from .ports import Ports
from .reach import Edge, Foothold, is_same_pod, reach_of

MOST_WORKLOADS = 100
"""Of larger applications only what the footholds reach is listed: pairs grow with the square."""

HEADING = """\
# Who reaches which ports of whom; written by --k8snet-write-reach, compared by --k8snet-reach.
# chart [values set]: from -> to: ports, and how where policies alone do not say it.
# Reasons after a '#' are kept when the file is written again.
"""
STATIC = "static"
HOWS = (STATIC, "plugin", "unknown")
_SHAPE = "charts/web [defaults]: cluster -> Deployment/web: TCP 8080"


class Key(NamedTuple):
    """What a line is about: no two lines of a file are about the same."""

    chart: str
    values: str
    source: str
    target: str
    how: str


@dataclass(frozen=True, slots=True)
class ReachFile:
    """The lines of a file, in its order."""

    path: Path
    lines: Mapping[Key, ReviewedEdge]

    def about(self, chart: str, values: str, shown: str) -> Reviewed:
        """The lines about one application.

        :param shown: the file as messages call it.
        """
        found = (edge for key, edge in self.lines.items() if key[:2] == (chart, values))
        return Reviewed(shown, tuple(found))


def listed_edges(application: Application) -> Iterator[Edge]:
    """Every edge that is not closed; between workloads only where there are not too many."""
    small = len(application.workloads) <= MOST_WORKLOADS
    return reach_of(application).edges(None if small else tuple(Foothold))


def reviewed_edges(application: Application) -> Iterator[Edge]:
    """What the file has of them: nobody has to review that a single pod reaches itself."""
    alone = {one.reference for one in application.workloads if is_same_pod(one, one)}
    for edge in listed_edges(application):
        if edge.source != edge.target or edge.target not in alone:
            yield edge


def name_of(place: Foothold | Reference, application: Application) -> str:
    """A place as lines and node ids have it."""
    return place.value if isinstance(place, Foothold) else application.subject(place)


def key_of(edge: Edge, application: Application) -> Key:
    """What the line of an edge is about."""
    source, target = (name_of(one, application) for one in (edge.source, edge.target))
    return Key(application.chart, application.values, source, target, edge.how)


def line_text(key: Key, ports: Ports, reason: str = "") -> str:
    """The line, without its end."""
    chart, values, source, target, how = map(one_word, key)
    said = "" if how == STATIC else f" ({how})"
    text = f"{chart} [{values}]: {source} -> {target}: {ports}{said}"
    return f"{text}  # {reason}" if reason else text


def read_reach_file(path: Path, flag: str) -> ReachFile:
    """Read a file.

    :param flag: the option that names it, for messages.
    :raises SettingsError: there is no such file, a line is none, or two are about the same.
    """
    lines: dict[Key, ReviewedEdge] = {}
    for number, line in entry_lines(path, flag, "--k8snet-write-reach"):
        try:
            key, edge = _parsed(line, number)
        except ValueError as error:
            raise SettingsError(f"{path}:{number}: {error}") from None
        first = lines.setdefault(key, edge)
        if first is not edge:
            raise SettingsError(
                f"{path}:{number}: the same pair as in line {first.line}; keep one line, with the"
                " ports of both"
            )
    return ReachFile(path, lines)


def _parsed(line: str, number: int) -> tuple[Key, ReviewedEdge]:
    text, _, reason = f"{line} ".partition(" #")
    words = text.split()
    if len(words) < 6 or words[3] != "->" or not _is_values(words[1]) or words[4][-1] != ":":
        raise ValueError(f"expected a line such as {_SHAPE!r}; found {line.strip()!r}")
    how = words.pop()[1:-1] if words[-1].startswith("(") else STATIC
    if how not in HOWS:
        raise ValueError(f"({how}): expected (plugin), (unknown), or nothing behind the ports")
    chart, values, source, target = (
        unquote(word) for word in (words[0], words[1][1:-2], words[2], words[4][:-1])
    )
    ports = Ports.parse(" ".join(words[5:]))
    edge = ReviewedEdge(source, target, tuple(ports.texts()), how, number, reason.strip())
    return Key(chart, values, source, target, how), edge


def _is_values(word: str) -> bool:
    return word.startswith("[") and word.endswith("]:")


def by_target(application: Application) -> dict[Reference, list[Edge]]:
    """The edges of the file by whom they lead to."""
    found: dict[Reference, list[Edge]] = defaultdict(list)
    for edge in reviewed_edges(application):
        found[edge.target].append(edge)
    return found
