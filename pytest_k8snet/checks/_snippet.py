"""YAML for a maintainer to paste, as text.

It is put together by hand: it stands in every failure, and importing a YAML
library for it would cost each run that has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from ..model import Labels

TCP = "TCP"  # what a port has that says no protocol
LONGEST = 100  # of a line in flow style, without what it is indented by

# YAML 1.1 reads these words as something else than strings.
_WORDS = frozenset(("y", "yes", "n", "no", "true", "false", "on", "off", "null"))
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*\Z")


def scalar(text: str) -> str:
    """The text so that every YAML reader takes it as that string."""
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text)


def indent(lines: Iterable[str], depth: int) -> Iterator[str]:
    """The lines, ``depth`` levels deeper."""
    for line in lines:
        yield "  " * depth + line


def map_lines(labels: Labels) -> Iterator[str]:
    """One line for each label."""
    for key, value in labels.items():
        yield f"{scalar(key)}: {scalar(value)}"


def nested(path: Iterable[str], lines: Iterable[str]) -> list[str]:
    """The lines below these keys."""
    keys = [f"{'  ' * depth}{key}:" for depth, key in enumerate(path)]
    return [*keys, *indent(lines, len(keys))]


def label_map(path: Iterable[str], labels: Labels) -> list[str]:
    """Labels under some keys, as many of these in one line with them as fit."""
    outer, line = list(path), f"{{{', '.join(map_lines(labels))}}}"
    inner: list[str] = []
    while outer and len(longer := f"{outer[-1]}: {line}") <= LONGEST:
        line = f"{{{longer}}}"
        inner = [longer]
        outer.pop()
    return nested(outer, inner or map_lines(labels))


def flow(key: str, entries: Iterable[str], brackets: str) -> list[str]:
    """A map or a list in one line; [] where that is longer than a line should be."""
    line = f"{key}: {brackets[0]}{', '.join(entries)}{brackets[1]}"
    return [line] if len(line) <= LONGEST else []


def join(lines: Iterable[str]) -> str:
    """The lines as one snippet."""
    return "\n".join(lines)


def under(path: Iterable[str], lines: Iterable[str]) -> str:
    """The lines below these keys, as one snippet."""
    return join(nested(path, lines))


def metadata(name: str, namespace: str = "") -> list[str]:
    """The ``metadata`` of a new object."""
    entries = [f"name: {scalar(name)}"]
    entries += [f"namespace: {scalar(namespace)}"] if namespace else []
    return flow("metadata", entries, "{}") or nested(["metadata"], entries)


def for_object(subject: str, snippet: str) -> str:
    """The snippet under a comment that says which object it is for."""
    return f"# {subject}\n{snippet}"
