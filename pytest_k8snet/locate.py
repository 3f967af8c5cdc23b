"""The line of a template that a finding is about.

Helm does not say which line of a template made which line of a manifest. But
a line that stands once in the document of the template that is the object's
(in the whole template, where it is open which one that is), and begins as the
finding's key does, is the one; where there are several or none, no line is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from glob import escape
from pathlib import Path
from typing import NamedTuple

from .model import Position
from .reading import read_text

_KIND = re.compile(r"kind:\s*[\"']?(\w+)")
_NAME = re.compile(r"\s+name:\s*(.*)")
_ACTION = re.compile(r"{{.*?}}")
_LONGEST = 1000  # of a name as a template writes it


class _Document(NamedTuple):
    """A document of a template: its lines, from 1, and what it says that it makes.

    ``name`` is as the template has it; "" where it says none.
    """

    lines: range
    kind: str
    name: str


def line_of(folder: Path, position: Position) -> int | None:
    """The line in the template, from 1; None where it cannot be known.

    ``folder`` is the chart's folder; the templates of a packed chart are not
    looked at.
    """
    if not position.key:
        return None
    lines, documents = _read(folder / position.source)
    found = [
        number
        for number, line in enumerate(lines, start=1)
        if line.lstrip().removeprefix("- ").lstrip().startswith(position.key)
    ]
    if own := _own_lines(documents, position):
        found = [number for number in found if number in own]
    return found[0] if len(found) == 1 else None


def _own_lines(documents: Iterable[_Document], position: Position) -> range:
    """The lines of the document that makes the object; none where several may be it.

    Of two names that it may have, the one with more of it written out.
    """
    likely: list[tuple[int, range]] = []
    for lines, kind, name in documents:
        written = _ACTION.split(name)
        # Unlike a regular expression with as many wildcards it never goes back.
        if kind == position.kind and fnmatchcase(position.name, "*".join(map(escape, written))):
            likely.append((sum(map(len, written)), lines))
    most = max((length for length, _ in likely), default=0)
    best = [lines for length, lines in likely if length == most]
    return best[0] if len(best) == 1 else range(0)


def _documents(lines: Sequence[str]) -> Iterator[_Document]:
    breaks = [number for number, line in enumerate(lines) if line.startswith("---")]
    for start, end in zip([-1, *breaks], [*breaks, len(lines)], strict=True):
        part = lines[start + 1 : end]
        kind = next((found[1] for found in map(_KIND.match, part) if found), "")
        names = (found[1] for found in map(_NAME.match, part) if found)
        name = next(names, "")[:_LONGEST].partition(" #")[0].strip().strip("\"'")
        yield _Document(range(start + 2, end + 1), kind, name)


@lru_cache(maxsize=64)
def _read(path: Path) -> tuple[Sequence[str], Sequence[_Document]]:
    """A template's lines and its documents; none where it cannot be read."""
    try:
        lines = read_text(path).splitlines()
    except OSError:
        return (), ()
    return lines, tuple(_documents(lines))
