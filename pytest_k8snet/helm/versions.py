"""Is a chart's version in the range that a dependency asks for?

The rules are Helm's own, those of https://github.com/Masterminds/semver#checking-version-constraints:
``||`` between alternatives, blanks or commas between conditions that all have
to hold, ``~1.2``, ``^1.2``, ``1.2.x``, ``1.2 - 1.4``; a pre-release is meant
only by a range that names one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple

_VERSION = re.compile(
    r"v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([\w.-]+))?(?:\+[\w.-]+)?\Z"
)
_CONDITION = re.compile(r"(=>|=<|>=|<=|!=|~>|[=<>~^])?\s*(v?[\dxX*][\w.*+-]*)")
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")

_ALIASES = {"": "=", "=>": ">=", "=<": "<=", "~>": "~"}

WHOLE = 3  # numbers: major, minor, patch

_Key = tuple[int, int, int, tuple[tuple[int, int | str], ...]]
# Behind every pre-release of the same numbers.
_FINAL = ((2, 0),)


class _Asked(NamedTuple):
    """A version as a range writes it: numbers up to the first wildcard or gap."""

    numbers: tuple[int, ...]
    pre: str

    @property
    def low(self) -> _Key:
        major, minor, patch = (*self.numbers, 0, 0, 0)[:3]
        return major, minor, patch, _pre(self.pre)

    def after(self, places: int) -> _Key:
        """The first version that differs from this one in its first numbers."""
        head = (*self.numbers[:places],)
        if not head:
            return 1 << 62, 0, 0, ()
        major, minor, patch = (*head[:-1], head[-1] + 1, 0, 0, 0)[:3]
        return major, minor, patch, ()


def satisfies(version: str, wanted: str) -> bool:
    """Whether the version is in the range; any version is in an empty one.

    What is no version, or no range, fits only itself.
    """
    given = _parsed(version)
    if not wanted.strip() or version == wanted:
        return True
    if given is None or len(given.numbers) < WHOLE:
        return False
    return any(_all_hold(given, group) for group in wanted.split("||"))


def newest(versions: Iterable[str]) -> str:
    """The highest of some versions, "" of none."""
    known = {text: parsed.low for text in versions if (parsed := _parsed(text)) is not None}
    return max(known, key=lambda text: known[text], default="")


def _all_hold(given: _Asked, group: str) -> bool:
    group = _HYPHEN.sub(r">=\1 <=\2", group)
    conditions = [
        (operator, asked)
        for operator, text in _CONDITION.findall(group)
        if (asked := _parsed(text)) is not None
    ]
    if not conditions or _CONDITION.sub("", group).strip(" ,"):
        return False
    if given.pre and not any(asked.pre for _, asked in conditions):
        return False
    return all(_holds(given.low, operator, asked) for operator, asked in conditions)


def _holds(given: _Key, operator: str, asked: _Asked) -> bool:
    low, places = asked.low, len(asked.numbers)
    same = given == low if places == WHOLE else low <= given < asked.after(places)
    over = given > low if places == WHOLE else given >= asked.after(places)
    return {
        "=": same,
        "!=": not same,
        ">": over,
        "<": given < low,
        ">=": given >= low,
        "<=": given < low or same,
        "^": low <= given < asked.after(_first_that_counts(asked.numbers)),
        "~": low <= given < asked.after(min(places, 2)),
    }[_ALIASES.get(operator, operator)]


def _first_that_counts(numbers: tuple[int, ...]) -> int:
    """How many numbers a caret holds fast: up to the first that is not 0."""
    return next((place for place, number in enumerate(numbers, 1) if number), len(numbers))


def _parsed(text: str) -> _Asked | None:
    match = _VERSION.match(text.strip())
    if match is None:
        return None
    numbers = takewhile(str.isdigit, (part or "" for part in match.groups()[:3]))
    return _Asked(tuple(map(int, numbers)), match[4] or "")


def _pre(text: str) -> tuple[tuple[int, int | str], ...]:
    """A pre-release as https://semver.org/#spec-item-11 orders it: numbers before words."""
    if not text:
        return _FINAL
    return tuple((0, int(one)) if one.isdigit() else (1, one) for one in text.split("."))
