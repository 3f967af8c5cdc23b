"""The value of a chart that would make a finding go away.

Many charts have the cure already, switched off: ``networkPolicy.enabled:
false``. Names alone prove nothing (the value may not be used, or make a policy
for other pods), so every candidate is rendered, and named only where the
finding is gone then. Rendering is what costs: where there are several, they are
turned together first, and one by one only for what is gone then.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
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
# M6 is about who gets in, and pods without a policy let everybody in: no value that is about the
# way out cures it, and none that takes a policy away. None that asks for the host's network or for
# a port of it cures M7.
_NO_CURE = {
    "M6": re.compile(r"egress|(?:enabled?|create|deploy): false$", re.IGNORECASE),
    "M7": re.compile(
        r"(?:^|\.|enable|use)host.?(?:network|port)s?(?:\.enabled?)?: true$", re.IGNORECASE
    ),
}
_MOST = 8  # for one chart and values set
# With so many candidates a render more may save several.
_WORTH_TOGETHER = 3


class Fault(NamedTuple):
    """What a cure is looked for: a finding, as far as it can differ from another."""

    check: str
    reference: Reference
    reading: str
    fails: bool
    """Whether it is a fault, and no note."""


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

    ``trials`` are the candidates to turn next; ``left`` are the faults without a cure, ``numbers``
    the sets' places among what was gathered.
    """

    target: Target
    left: set[Fault]
    trials: deque[tuple[Candidate, ...]]
    numbers: list[int] = field(default_factory=list)
    cures: dict[Cure, None] = field(default_factory=dict)

    def learn(self, turned: tuple[Candidate, ...], application: Application) -> None:
        """Take in what became of the chart with these candidates turned."""
        gone = cured(self.left, application, turned)
        if len(turned) > 1:
            self.left &= gone.keys()
        else:
            self.left -= gone.keys()
            self.cures |= dict.fromkeys(gone.values())


def with_cures(
    gathered: list[Gathered], read: Callable[[Sequence[Target]], Iterable[Gathered]]
) -> list[Gathered]:
    """Try the values that may cure a finding, one after the other, until one does."""
    cases = _cases(gathered)
    while waiting := [case for case in cases if case.left and case.trials]:
        tried_now = [(case, case.trials.popleft()) for case in waiting]
        turned = read([_turned(case.target, trial) for case, trial in tried_now])
        for (case, trial), other in zip(tried_now, turned, strict=True):
            if other.application is not None:
                case.learn(trial, other.application)
    for case in cases:
        for number in case.numbers if case.cures else ():
            application = gathered[number].application
            if application is not None:
                application = replace(application, cures=tuple(case.cures))
                gathered[number] = replace(gathered[number], application=application)
    return gathered


def _cases(gathered: Iterable[Gathered]) -> Collection[_Case]:
    """What to look for cures for, each once for all sets of a chart that show it."""
    cases: dict[tuple[Path, frozenset[Fault]], _Case] = {}
    offered = cache(_offered)
    for number, one in enumerate(gathered):
        path = one.target.chart.path
        # Few charts have such a value, and asking checks costs more than reading values.yaml.
        if one.application is None or not offered(path):
            continue
        if found := faults(one.application):
            if (path, found) not in cases:
                tried = candidates(offered(path), found)
                together = [tried] if len(tried) >= _WORTH_TOGETHER else []
                trials = deque([*together, *((one,) for one in tried)])
                cases[path, found] = _Case(one.target, set(found), trials)
            cases[path, found].numbers.append(number)
    return cases.values()


def _turned(target: Target, trial: Iterable[Candidate]) -> Target:
    """The target with some values turned."""
    expressions = (candidate.expression for candidate in trial)
    values = replace(target.values, sets=(*target.values.sets, *expressions))
    return target._replace(values=values)


def faults(application: Application) -> frozenset[Fault]:
    """What M6 and M7 find in the application."""
    return frozenset(_faults(application))


def _offered(chart: Path) -> tuple[Candidate, ...]:
    """The booleans of a chart's folder that may cure something; a packed chart offers none."""
    turned = (Candidate(key, not value) for key, value in _booleans_of(chart))
    likely = (one for one in turned if any(_may_cure(check, one) for check in _LIKELY))
    return tuple(dict.fromkeys(likely))


def candidates(offered: Iterable[Candidate], found: Iterable[Fault]) -> tuple[Candidate, ...]:
    """Those of the values that may cure these, as many as are tried."""
    wanted = {fault.check for fault in found}
    likely = (one for one in offered if any(_may_cure(check, one) for check in wanted))
    return tuple(islice(likely, _MOST))


def _may_cure(check: str, candidate: Candidate) -> bool:
    speaks_of = _LIKELY[check].search(candidate.key) is not None
    return speaks_of and not _NO_CURE[check].search(str(candidate))


def cured(
    found: Iterable[Fault], turned: Application, trial: Sequence[Candidate]
) -> dict[Fault, Cure]:
    """Those of the faults that the application with turned values no longer shows.

    A note may stay where a fault was: a hostPort, where the host's network was.
    Only of a check that the value's name speaks of: policies do not hold in the
    node's network namespace, so ``hostNetwork: true`` takes M6's finding away,
    and is no cure for it.
    """
    now = faults(turned)
    left, failing = {fault[:2] for fault in now}, {fault[:2] for fault in now if fault.fails}
    there = {subject.reference for subject in turned.subjects}
    return {
        fault: Cure(fault.check, fault.reference, ", ".join(map(str, trial)))
        for fault in found
        if any(_may_cure(fault.check, candidate) for candidate in trial)
        and fault.reference in there
        and fault[:2] not in (failing if fault.fails else left)
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
                yield Fault(check.id, subject.reference, finding.reading, finding.fault)


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
