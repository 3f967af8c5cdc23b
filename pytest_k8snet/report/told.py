"""One finding, one text: what several tests found is told once, in full.

The same finding shows with several values sets, and one cause shows on several
objects: an application without any policy leaves each of its workloads open, and
two workloads with the same labels collide from either side. The first of them
in the order of reading tells it, whichever ran first and in whichever process;
the others say in a line who does. What is the same for all findings of a
check (why it matters, where to read more) stands with the first of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..finding import Finding
from ..helm.values import DEFAULTS
from ..identity import identify
from .results import Result
from .text import finding_text, note

_COLLISIONS = ("M4A", "M4B", "M4C")
_REVIEW = "R1"
_MOST_NAMED = 12  # of those that show a finding, too: the summary has all of them
_THEIRS = "; --tb=long has what to write for each"
# What the chart as a whole lacks: a policy at all or for these pods, labels that name the release.
_OF_THE_CHART = {
    ("M6", "none"),
    ("M6", "missed"),
    ("M4S", "release"),
    ("M4S", "fixed-name"),
}


class Telling(NamedTuple):
    """What a failed test says in the end; ``message`` is that in one line.

    ``elsewhere``: all of it is told by other tests.
    """

    text: str
    message: str
    elsewhere: bool


def tell_once(results: Iterable[Result]) -> Mapping[str, Telling]:
    """What to say instead of their own text, by node id, for tests that share a finding."""
    results = list(results)
    failed = [result for result in results if result.outcome == "failed" and result.findings]
    failed.sort(key=reading_order)  # stable: else as they are
    sharing: dict[tuple[object, ...], list[tuple[Result, Finding]]] = defaultdict(list)
    for result, finding, _ in _told(failed):
        sharing[_cause(result, finding)].append((result, finding))
    explained: set[str] = set()
    texts = dict(_of_charts(results))
    for result in failed:
        text, elsewhere = result.reason, True
        messages, instead = [], set[str]()
        for _, finding, full in _told([result]):
            shared = sharing[_cause(result, finding)]
            first = shared[0][0]
            if first is result:
                elsewhere = False
                page = result.check not in explained
                explained.add(result.check)
                also, above = _also_showing(shared), finding.instead in instead
                instead.add(finding.instead)
                shown = finding_text(result, finding, also=also, page=page, above=above)
                text = text.replace(full, shown)
            else:
                line = f"{_name(first, result)} tells it: {finding.message}"
                text = text.replace(full, f"{result.full_name}{note(finding)}: {line}")
                messages.append(f"{result.check}: {line}")
        if text != result.reason:
            elsewhere = elsewhere and "\n" not in text.replace("\n\n", "")
            texts[result.nodeid] = Telling(text, messages[0] if messages else "", elsewhere)
    return texts


def _of_charts(results: Iterable[Result]) -> Iterator[tuple[str, Telling]]:
    """What is wrong with a chart whatever its values: a template, values.yaml, its Chart.yaml."""
    same: dict[tuple[str, str, str], list[Result]] = defaultdict(list)
    for result in sorted(results, key=reading_order):
        if result.outcome == "failed" and result.broken and not result.check:
            same[result.chart, result.name, result.reason].append(result)
    for first, *others in same.values():
        if others:
            text = f"{first.reason}\n  also     {_also(first, others)}"
            yield first.nodeid, Telling(text, "", elsewhere=False)
        for one in others:
            line = f"{first.name} with {first.values} tells it: {first.reason}".splitlines()[0]
            yield one.nodeid, Telling(line, line, elsewhere=True)


def reading_order(result: Result) -> tuple[str, bool, int]:
    """What to sort failures by to be read: by charts, in each what most pods reach first."""
    return result.chart, result.values != DEFAULTS, result.urgency


def _told(results: Iterable[Result]) -> Iterator[tuple[Result, Finding, str]]:
    """The findings that the text of a failure has, with that text."""
    for result in results:
        for finding in result.findings:
            text = finding_text(result, finding)
            if text in result.reason:
                yield result, finding, text


def _cause(result: Result, finding: Finding) -> tuple[object, ...]:
    """What findings with one cause have in common."""
    if (result.check, finding.reading) in _OF_THE_CHART:
        return (result.chart, result.check, finding.reading, finding.level)
    if result.check == _REVIEW:  # each values set has lines of its own in the file
        return (result.nodeid, finding.reading)
    if result.check in _COLLISIONS and result.object is not None:
        everyone = {result.object, *finding.related}
        return (result.chart, frozenset(one for one in everyone if one.kind != "Service"))
    return (*identify(result.check, result.chart, result.subject, finding), finding.level)


def _also_showing(shared: Sequence[tuple[Result, Finding]]) -> str:
    """Who else shows a finding, and where to read what to write there, if that is not the same."""
    first, *others = (result for result, _ in shared)
    own = {finding.instead for result, finding in shared if result is first}
    same = all(finding.instead in own for _, finding in shared)
    return _also(first, others) + ("" if same else _THEIRS)


def _also(first: Result, others: Iterable[Result]) -> str:
    """Who else shows it, in a line: objects, and the values sets with which the same ones do."""
    sets: dict[str, dict[str, None]] = defaultdict(dict)
    for one in (first, *others):
        sets[one.values][_object(one, first)] = None
    here = sets.pop(first.values)
    own, *shown = here
    same = [values for values, names in sets.items() if shown and names.keys() == here.keys()]
    for values, names in sets.items():
        if values not in same:
            shown += [f"{name} with {values}".removeprefix(f"{own} ") for name in names]
    text = ", ".join(_some(shown))
    return f"{text}; all of these with {', '.join(_some(same))}" if same else text


def _some(names: list[str]) -> list[str]:
    """As many as a line has room for, and how many more there are."""
    left = len(names) - _MOST_NAMED
    return names if left < 2 else [*names[:_MOST_NAMED], f"{left} more"]


def _name(result: Result, seen_from: Result) -> str:
    """A test as another one names it: without what both have in common."""
    name = _object(result, seen_from)
    return name if result.values == seen_from.values else f"{name} with {result.values}"


def _object(result: Result, seen_from: Result) -> str:
    """Its object, and its check where that is another one."""
    name = result.subject
    return name if result.check == seen_from.check else f"{name} {result.full_name}"
