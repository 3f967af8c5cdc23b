"""Which values a chart asks for before it renders: found by giving it each one and asking again.

A template says ``required`` or reads a part of what is not there, a schema says
what is missing: one at a time. A maintainer wants to know all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..reading import read_text
from .messages import WANTS_VALUES

_MOST = 12
_PLACE = re.compile(r"(?P<path>\S+):(?P<line>\d+): ")
_SUBCHART = re.compile(r"(?<![^/])charts/([^/]+)/")
_REQUIRED = (
    re.compile(r"required\s+(?:\"[^\"]*\"|\([^)]*\)|\S+)\s+\(?\s*\$?\.Values\.([\w.]+)"),
    re.compile(r"\$?\.Values\.([\w.]+)\s*\|\s*required\b"),
)
# What the chart says itself, where the template calls it by another way: "image.tag is required".
_SAID = re.compile(r"(?:\$?\.Values\.)?\b([a-z]\w*(?:\.\w+)*) (?:is|must be) (?:required|set)\b")
_READ = re.compile(r"\$?\.Values\.([\w.]+) is read, and what it is part of has no value")
_MISSING = re.compile(r"'/?([^']*)': missing propert(?:y|ies) '([\w.-]+)'")


def wants_values(error: str) -> bool:
    """Whether other values would make the chart render."""
    return error.endswith(WANTS_VALUES)


def asked_values(chart: Path, error: str, render: Callable[[tuple[str, ...]], str]) -> list[str]:
    """The keys of all values that the chart asks for, in the order in which it does.

    :param error: what it says without any.
    :param render: renders with ``--set`` expressions in addition, and gives the error or "".
    """
    keys: list[str] = []
    while len(keys) < _MOST and error:
        key = _from_above(_asked_in(chart, error), error)
        if not key or key in keys:
            break
        another = render(tuple(f"{one}=asked" for one in (*keys, key)))
        if another == error:  # it is not what it asks for
            break
        keys.append(key)
        error = another
    return keys


def with_asked(error: str, keys: list[str]) -> str:
    """The message with all values in it that have to be passed."""
    if not keys:
        return error
    head = error.removesuffix(WANTS_VALUES)
    return f"{head}it asks for {', '.join(keys)}\n{WANTS_VALUES}"


def _asked_in(chart: Path, error: str) -> str:
    """The key that one message is about; "" where it does not say."""
    if read := _READ.search(error):
        return read[1]
    if missing := _MISSING.search(error):
        parent = missing[1].strip("/").replace("/", ".")
        return f"{parent}.{missing[2]}" if parent else missing[2]
    if place := _PLACE.search(error):
        line = _line(chart / place["path"], int(place["line"]))
        for pattern in _REQUIRED:
            if found := pattern.search(line):
                return found[1]
        if said := _SAID.search(error, place.end()):
            return said[1]
    return ""


def _from_above(key: str, error: str) -> str:
    """The key as the chart has it whose subchart's template asks for it."""
    place = _PLACE.search(error)
    if not key or place is None or key.startswith("global."):
        return key
    return ".".join((*_SUBCHART.findall(place["path"]), key))


def _line(file: Path, number: int) -> str:
    try:
        lines = read_text(file).splitlines()
    except OSError:
        return ""
    return lines[number - 1] if 0 < number <= len(lines) else ""
