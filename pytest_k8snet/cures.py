"""The value of a chart that would make a finding go away.

Many charts have the cure already, switched off: ``networkPolicy.enabled:
false``. Names alone prove nothing (the value may not be used, or make a policy
for other pods), so every candidate is rendered, and named only where the
finding is gone then.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from . import yamltext
from .checks import CHECKS
from .errors import K8sNetError
from .model import Application, Cure, Reference
from .reading import read_text
from .target import Gathered, Target

# Where to look first; the render decides.
_LIKELY: Mapping[str, re.Pattern[str]] = {
    "M6": re.compile(r"network.?polic", re.IGNORECASE),
    "M7": re.compile(r"host.?(?:network|port)", re.IGNORECASE),
}
_MOST = 8  # renders for one chart and values set


class Fault(NamedTuple):
    """What a cure is looked for: a finding, as far as it can differ from another."""

    check: str
    reference: Reference
    reading: str


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


@dataclass(slots=True)
class _Case:
    """Values sets of a chart that show the same faults: what cures one of them is told of all.

    ``numbers`` are their places among what was gathered, ``left`` are the faults without a cure.
    """

    target: Target
    left: set[Fault]
    candidates: deque[Candidate]
    numbers: list[int] = field(default_factory=list)
    cures: dict[Cure, None] = field(default_factory=dict)


def with_cures(
    gathered: list[Gathered], read: Callable[[Sequence[Target]], Iterable[Gathered]]
) -> list[Gathered]:
    """Try the values that may cure a finding, one after the other, until one does."""
    cases: dict[tuple[Path, frozenset[Fault]], _Case] = {}
    for number, one in enumerate(gathered):
        if one.application is not None and (found := faults(one.application)):
            path = one.target.chart.path
            if (path, found) not in cases:
                tried = deque(candidates(path, found))
                cases[path, found] = _Case(one.target, set(found), tried)
            cases[path, found].numbers.append(number)
    while waiting := [case for case in cases.values() if case.left and case.candidates]:
        trials = [(case, case.candidates.popleft()) for case in waiting]
        turned = read([_turned(case.target, candidate) for case, candidate in trials])
        for (case, candidate), other in zip(trials, turned, strict=True):
            if other.application is not None:
                gone = cured(case.left, other.application, candidate)
                case.left -= gone.keys()
                case.cures |= dict.fromkeys(gone.values())
    for case in cases.values():
        for number in case.numbers if case.cures else ():
            application = gathered[number].application
            if application is not None:
                application = replace(application, cures=tuple(case.cures))
                gathered[number] = replace(gathered[number], application=application)
    return gathered


def _turned(target: Target, candidate: Candidate) -> Target:
    """The target with one value turned."""
    values = replace(target.values, sets=(*target.values.sets, candidate.expression))
    return target._replace(values=values)


def faults(application: Application) -> frozenset[Fault]:
    """What M6 and M7 find in the application."""
    return frozenset(_faults(application))


def candidates(chart: Path, found: Iterable[Fault]) -> tuple[Candidate, ...]:
    """The booleans that may cure these, the likeliest first.

    ``chart`` is the chart's folder; a packed chart has no candidates.
    """
    wanted = {_LIKELY[fault.check] for fault in found}
    if not wanted:
        return ()
    likely = dict.fromkeys(
        Candidate(key, not value)
        for key, value in _booleans_of(chart)
        if any(pattern.search(key) for pattern in wanted)
    )
    return tuple(likely)[:_MOST]


def cured(found: Iterable[Fault], turned: Application, candidate: Candidate) -> dict[Fault, Cure]:
    """Those of the faults that the application with the turned value no longer shows.

    Only of a check that the value's name speaks of: policies do not hold in the
    node's network namespace, so ``hostNetwork: true`` takes M6's finding away,
    and is no cure for it.
    """
    left = {(fault.check, fault.reference) for fault in _faults(turned)}
    there = {subject.reference for subject in turned.subjects}
    return {
        fault: Cure(fault.check, fault.reference, str(candidate))
        for fault in found
        if _LIKELY[fault.check].search(candidate.key)
        and fault.reference in there
        and (fault.check, fault.reference) not in left
    }


def _faults(application: Application) -> Iterator[Fault]:
    for check in CHECKS:
        if check.id not in _LIKELY:
            continue
        for subject in application.subjects:
            if not isinstance(subject, check.on):
                continue
            try:
                findings = check.findings(subject, application)
            except K8sNetError:  # it does not apply
                continue
            for finding in findings:
                yield Fault(check.id, subject.reference, finding.reading)


def _booleans_of(chart: Path) -> Iterator[tuple[str, bool]]:
    """Every boolean of the chart's values, then of its unpacked subcharts'."""
    yield from _booleans_in(chart / "values.yaml", "")
    for file in sorted(chart.glob("charts/*/values.yaml")):
        yield from _booleans_in(file, f"{file.parent.name}.")


def _booleans_in(file: Path, prefix: str) -> Iterable[tuple[str, bool]]:
    try:
        text = read_text(file)
        if not any(pattern.search(text) for pattern in _LIKELY.values()):
            return ()
        values = yamltext.load(text, str(file))
    except (OSError, K8sNetError):  # Helm has said what there is to say
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
