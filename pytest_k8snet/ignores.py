"""Expected findings in the configuration: ``check chart-glob object-glob: reason``.

One line each in ``k8snet_ignore_findings``::

    M6 charts/vendor-* *: the cluster's own default policies cover this namespace
    M7-host-network * DaemonSet/node-agent: reads the node's interfaces

The check is an id, the beginning of one (``M4``) or a name; ``renders`` and
``installs`` are about a chart as a whole, whose object is ``*``. Globs are
matched with the chart's path and the object's text of the node id; ``*``
takes ``/`` too. The first line that matches gives the reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from .errors import SettingsError
from .selection import chosen_checks

_OPTION = "k8snet_ignore_findings"
# Tests of a chart as a whole, which are no checks.
OF_CHARTS = frozenset(("renders", "installs"))


@dataclass(frozen=True, slots=True)
class Ignore:
    """One line. ``checks`` are ids; ``text`` is the line as it was written."""

    checks: frozenset[str]
    chart: str
    subject: str
    reason: str
    text: str

    def matches(self, check: str, chart: str, subject: str) -> bool:
        """Whether the line is about what this check says of this object."""
        return (
            check.partition("-")[0] in self.checks
            and fnmatchcase(chart, self.chart)
            and fnmatchcase(subject, self.subject)
        )


class Asked(NamedTuple):
    """One question of the run: a check and an object, and how it ended.

    ``found``: there was a finding. ``judged`` is False where the check could
    not look (it needs a cluster), so nothing is known about findings.
    """

    check: str
    chart: str
    subject: str
    found: bool
    judged: bool = True


def read_ignores(lines: Iterable[str]) -> tuple[Ignore, ...]:
    """Read the lines of the configuration; empty ones and ``#`` comments are left out.

    :raises SettingsError: a line is none, has no reason, or names no check.
    """
    return tuple(
        _parsed(line.strip())
        for line in lines
        if line.strip() and not line.lstrip().startswith("#")
    )


def ignore_for(ignores: Iterable[Ignore], check: str, chart: str, subject: str) -> Ignore | None:
    """The first line about what this check says of this object; None without one."""
    return next((ignore for ignore in ignores if ignore.matches(check, chart, subject)), None)


def unmatched(ignores: Iterable[Ignore], asked: Iterable[Asked]) -> list[str]:
    """One sentence for each line that silenced nothing in this run.

    A line about something that could not be judged is left alone.
    """
    questions = list(asked)
    sentences = []
    for ignore in ignores:
        about = [question for question in questions if ignore.matches(*question[:3])]
        if not about:
            sentences.append(f"{_OPTION}: {ignore.text!r} matches nothing in this run")
        elif all(question.judged and not question.found for question in about):
            sentences.append(
                f"{_OPTION}: {ignore.text!r} is not needed: there is no such finding any more"
            )
    return sentences


def _parsed(line: str) -> Ignore:
    words = line.split(maxsplit=2)
    glob, colon, reason = words[2].partition(":") if len(words) == 3 else ("", "", "")
    if not glob.strip() or not colon:
        raise SettingsError(f"{_OPTION}: {line!r}: expected 'check chart-glob object-glob: reason'")
    if not reason.strip():
        raise SettingsError(f"{_OPTION}: {line!r}: a reason is missing after the colon")
    try:
        whole = OF_CHARTS & {words[0]}
        checks = whole or chosen_checks([words[0]], [])
    except SettingsError as error:
        raise SettingsError(f"{_OPTION}: {line!r}: {error}") from None
    return Ignore(checks, words[1], glob.strip(), reason.strip(), line)
