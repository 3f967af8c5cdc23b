"""The value of a chart that would make a finding go away.

Many charts have the cure already, switched off: ``networkPolicy.enabled:
false``. Names alone prove nothing (the value may not be used, or make a policy
for other pods), so every candidate is rendered, and named only where the
finding is gone then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import yamltext
from .checks import CHECKS, Check
from .errors import K8sNetError
from .model import Application, Cure, Reference, Subject

# Where to look first; the render decides.
_LIKELY: Mapping[str, re.Pattern[str]] = {
    "M6": re.compile(r"network.?polic", re.IGNORECASE),
    "M7": re.compile(r"host.?(?:network|port)", re.IGNORECASE),
}
_MOST = 8  # renders for one chart and values set


class Candidate(NamedTuple):
    """A boolean of values.yaml, and what it would be turned to."""

    key: str
    turned: bool

    @property
    def expression(self) -> str:
        """As for ``helm --set``."""
        return f"{self.key}={str(self.turned).lower()}"

    def __str__(self) -> str:
        return f"{self.key}: {str(self.turned).lower()}"


def candidates(chart: Path, application: Application) -> tuple[Candidate, ...]:
    """The booleans that may cure what M6 and M7 find in the application.

    ``chart`` is the chart's folder; a packed chart has no candidates.
    """
    wanted = [_LIKELY[check.id] for check in _checks() if any(_faulty(check, application))]
    if not wanted:
        return ()
    found = dict.fromkeys(
        Candidate(key, not value)
        for key, value in _booleans_of(chart)
        if any(pattern.search(key) for pattern in wanted)
    )
    return tuple(found)[:_MOST]


def cured(application: Application, turned: Application, candidate: Candidate) -> Iterator[Cure]:
    """What the application with the turned value no longer shows.

    Only of a check that the value's name speaks of: policies do not hold in the
    node's network namespace, so ``hostNetwork: true`` takes M6's finding away,
    and is no cure for it.
    """
    for check in _checks():
        if not _LIKELY[check.id].search(candidate.key):
            continue
        left = set(_faulty(check, turned))
        there = {subject.reference for subject in _subjects(check, turned)}
        for reference in _faulty(check, application):
            if reference in there and reference not in left:
                yield Cure(check.id, reference, str(candidate))


def _checks() -> Iterator[Check]:
    return (check for check in CHECKS if check.id in _LIKELY)


def _faulty(check: Check, application: Application) -> Iterator[Reference]:
    for subject in _subjects(check, application):
        try:
            found = check.findings(subject, application)
        except K8sNetError:  # it does not apply
            continue
        if found:
            yield subject.reference


def _subjects(check: Check, application: Application) -> Iterator[Subject]:
    return (subject for subject in application.subjects if isinstance(subject, check.on))


def _booleans_of(chart: Path) -> Iterator[tuple[str, bool]]:
    """Every boolean of the chart's values, then of its unpacked subcharts'."""
    yield from _booleans_in(chart / "values.yaml", "")
    for file in sorted(chart.glob("charts/*/values.yaml")):
        yield from _booleans_in(file, f"{file.parent.name}.")


def _booleans_in(file: Path, prefix: str) -> Iterable[tuple[str, bool]]:
    try:
        text = file.read_text(encoding="utf-8")
        if not any(pattern.search(text) for pattern in _LIKELY.values()):
            return ()
        values = yamltext.load(text, str(file))
    except (OSError, UnicodeDecodeError, K8sNetError):  # Helm has said what there is to say
        return ()
    return _booleans(values, prefix)


def _booleans(values: Any, prefix: str) -> Iterator[tuple[str, bool]]:
    if not isinstance(values, dict):
        return
    for key, value in values.items():
        if str(key).startswith("_"):  # not meant for users, by its name
            continue
        if isinstance(value, bool):
            yield f"{prefix}{_quoted(key)}", value
        elif isinstance(value, dict):
            yield from _booleans(value, f"{prefix}{_quoted(key)}.")


def _quoted(key: str) -> str:
    """A key with a dot in it, as ``helm --set`` wants it."""
    return key.replace(".", "\\.")
