"""The section at the end of a run: where to begin."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ..baseline import Baseline
from ..checks import CHECKS
from ..finding import Exposed
from ..helm.dependencies import DOWNLOAD
from ..helm.values import DEFAULTS
from ..ignores import OF_CHARTS, Asked, Ignore, unmatched
from ..plainmanifests import NAME as MANIFESTS
from ..reach.file import ReachFile
from .grouping import Shown, each_once
from .results import Results

_CHARTS = 10  # as many as fit on a screen with the rest
_SETS = 3
_RENDERS = "renders"
_UNRENDERED, _INVALID = "does not render", "Kubernetes refuses what it renders to"
_OF_MANIFESTS = {_UNRENDERED: "gives no objects", _INVALID: "Kubernetes refuses it"}
_DEFINITION = "CustomResourceDefinition"
_FROM = {
    Exposed.CLUSTER: "any pod of the cluster",
    Exposed.WORLD: "outside the cluster alone",
    Exposed.NAMESPACE: "any pod of the namespace",
    Exposed.NAMED: "pods that policies name",
    Exposed.NOBODY: "no other pod",
    Exposed.LOOPBACK: "loopback alone",
}


def summary_lines(results: Results, *, notes: bool = True, left: str = "") -> Iterator[str]:
    """Where to begin: what cannot be judged, then charts by faults, then checks.

    Of the checks those come first whose faults any pod of the cluster reaches.

    :param notes: whether to list checks that gave notes alone.
    :param left: what the run left out, "" where it is complete.
    """
    yield _counts(results)
    if left:
        yield left
    shown = each_once(results)
    yield from _refused(results)
    yield from _unasked(results)
    yield from _worst_charts(results, shown)
    by_check: dict[str, list[Shown]] = defaultdict(list)
    for one in shown:
        if notes or one.fault:
            by_check[one.result.check].append(one)
    width = max((len(check.full_name) for check in CHECKS), default=0)
    known = [check for check in CHECKS if check.id in by_check]
    for check in sorted(known, key=lambda check: _urgency(by_check[check.id])):
        yield f"{check.full_name:<{width}}  {_found(by_check[check.id])}"
    yield from _reached(shown)
    hidden = 0 if notes else sum(not one.fault for one in shown)
    if hidden:
        yield f"{_many(hidden, 'note')}: -v lists them"
    if shown:
        yield "what a check means and what to write instead: pytest --k8snet-explain=ID"


def _refused(results: Results) -> Iterator[str]:
    """The charts that do not render, or to what Kubernetes refuses.

    A line of a baseline or reach file that is no longer true fails the same test, and is none.
    """
    refused: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in results.results:
        if result.name == _RENDERS and result.outcome in ("failed", "error"):
            application = results.applications.get((result.chart, result.values))
            if application is None:
                refused[result.chart, _UNRENDERED].append(result.values)
            elif application.invalid:
                refused[result.chart, _INVALID].append(result.values)
    for (chart, what), sets in list(refused.items())[:_CHARTS]:
        if sets == [MANIFESTS]:
            yield f"{chart}: {_OF_MANIFESTS[what]}"
        else:
            yield f"{chart}: {what} with {_some(sets)}"
    if len(refused) > _CHARTS:
        yield f"{len(refused) - _CHARTS} more like these"
    lacking = {chart.path for chart in results.charts if DOWNLOAD in chart.error}
    if len(lacking) > 1:
        yield f"{len(lacking)} charts lack dependencies: {DOWNLOAD} fetches them"


def _unasked(results: Results) -> Iterator[str]:
    """The charts without an object that any check is about: nobody may take them for sound."""
    asked = {chart for (chart, _), one in results.applications.items() if one.subjects}
    unasked = {key: one for key, one in results.applications.items() if key[0] not in asked}
    if unasked:
        kinds = sorted(
            {kind for one in unasked.values() for kind in one.custom_kinds if kind != _DEFINITION}
        )
        made = f"; what is made of {_some(kinds)} is not seen" if kinds else ""
        names = _some(dict.fromkeys(chart for chart, _ in unasked))
        yield f"nothing to check, since there is no workload, Service or policy: {names}{made}"


def _worst_charts(results: Results, shown: Iterable[Shown]) -> Iterator[str]:
    """The charts, worst first, where there are several."""
    faults: dict[str, Counter[str]] = defaultdict(Counter)
    for one in shown:
        if one.fault and not one.expected:
            faults[one.result.chart][one.result.check] += 1
    if len({chart.path for chart in results.charts}) == 1:
        return
    # Sorted by faults; charts with as many stay in the order of their paths.
    worst = sorted(faults.items(), key=lambda item: -item[1].total())
    for chart, checks in worst[:_CHARTS]:
        parts = ", ".join(f"{check} {count}" for check, count in checks.most_common())
        yield f"{chart}: {_many(checks.total(), 'fault')} ({parts})"
    if rest := worst[_CHARTS:]:
        total = sum(checks.total() for _, checks in rest)
        yield f"{_many(len(rest), 'more chart')} with {_many(total, 'fault')}"


def _urgency(found: Iterable[Shown]) -> tuple[bool, int]:
    """What to sort checks by: those with faults first, then those that most pods reach."""
    return min((not one.fault, one.finding.urgency) for one in found)


def _reached(shown: Iterable[Shown]) -> Iterator[str]:
    """How many faults have ports that answer from where, in one line."""
    counts = Counter(one.finding.exposed for one in shown if one.fault and not one.expected)
    parts = [f"{_FROM[one]} {counts[one]}" for one in _FROM if counts[one]]
    if parts:
        yield f"faults by reach: {', '.join(parts)}"


def outdated_lines(
    results: Results,
    ignores: Sequence[Ignore],
    baseline: Baseline | None,
    reviewed: ReachFile | None = None,
) -> Iterator[str]:
    """Lines of the configuration and of files that nothing of this run needs."""
    yield from unmatched(ignores, _asked(results))
    ran = {(chart.path, chart.values) for chart in results.charts}
    if baseline is not None:
        for entry in baseline.without_run(ran):
            yield f"{baseline.path}:{entry.line}: not in this run: {entry}"
    if reviewed is not None:
        left = [key for key in reviewed.lines if key[:2] not in ran]
        if left:
            charts = _many(len({key.chart for key in left}), "chart")
            yield f"{reviewed.path}: {_many(len(left), 'line')} of {charts} not in this run"


def _asked(results: Results) -> Iterator[Asked]:
    """What the run asked about charts and objects, as ignore lines look at it."""
    for result in results.results:
        if result.name in OF_CHARTS:
            passed = result.outcome == "passed"
            judged = result.outcome != "skipped"
            yield Asked(result.name, result.chart, "", found=not passed, judged=judged)
        if result.object is not None:
            application = results.applications[result.chart, result.values]
            yield Asked(
                result.check,
                result.chart,
                application.subject(result.object),
                found=bool(result.findings),
                judged=result.outcome not in ("skipped", "error"),
            )


def _counts(results: Results) -> str:
    applications = results.applications.values()
    workloads = sum(len(one.workloads) for one in applications)
    services = sum(len(one.services) for one in applications)
    charts = len({chart.path for chart in results.charts})
    sets = len(results.charts)
    broken = sum(bool(chart.error) for chart in results.charts)
    plain = all(chart.values == MANIFESTS for chart in results.charts)
    parts = [_many(charts, "application" if plain else "chart")]
    if sets != charts:
        parts.append(_many(sets, "values set"))
    parts += [_many(workloads, "workload"), _many(services, "Service")]
    if broken:
        parts.append(f"{broken} {'gave no objects' if plain else 'did not render'}")
    return ", ".join(parts)


def _found(found: list[Shown]) -> str:
    """How many findings, each once, in how many charts, and with which values sets."""
    faults = sum(shown.fault for shown in found)
    counts = ((faults, "fault"), (len(found) - faults, "note"))
    text = ", ".join(_many(count, word) for count, word in counts if count)
    sets = dict.fromkeys(name for shown in found for name in shown.values)
    word = "application" if set(sets) == {MANIFESTS} else "chart"
    text += f" in {_many(len({shown.result.chart for shown in found}), word)}"
    if not {DEFAULTS, MANIFESTS}.issuperset(sets):
        text += f" with {_some(sets)}"
    expected = sum(shown.expected for shown in found)
    return text + (f" ({expected} expected)" if expected else "")


def _some(some: Iterable[str]) -> str:
    """Names, as many as a line has room for."""
    names = list(some)
    left = len(names) - _SETS
    return ", ".join(names) if left < 2 else f"{', '.join(names[:_SETS])} and {left} more"


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
