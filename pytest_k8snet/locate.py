"""The line of a template that a finding is about.

Helm does not say which line of a template made which line of a manifest. But
a line that stands in the template once, and begins as the finding's key does,
is the one; where there are several or none, no line is given.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from .model import Position
from .reading import read_text


def line_of(folder: Path, position: Position) -> int | None:
    """The line in the template, from 1; None where it cannot be known.

    ``folder`` is the chart's folder; the templates of a packed chart are not
    looked at.
    """
    if not position.key:
        return None
    found = None
    for number, line in enumerate(_lines(folder / position.source), start=1):
        if line.startswith(position.key):
            if found is not None:
                return None
            found = number
    return found


@lru_cache(maxsize=64)
def _lines(path: Path) -> tuple[str, ...]:
    """Lines without indentation and without the dash of a list's entry."""
    try:
        text = read_text(path)
    except OSError:
        return ()
    return tuple(line.lstrip().removeprefix("- ").lstrip() for line in text.splitlines())
