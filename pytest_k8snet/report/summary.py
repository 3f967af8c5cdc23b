"""The section at the end of a run: one line for each check that found something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..baseline import Baseline
from ..checks import CHECKS
from ..helm.values import DEFAULTS
from ..ignores import Asked, Ignore, unmatched
from .grouping import Shown, each_once
from .results import Results


def summary_lines(results: Results) -> Iterator[str]:
    """Counts of charts and objects, then of findings, check by check."""
    yield _counts(results)
    by_check: dict[str, list[Shown]] = defaultdict(list)
    for shown in each_once(results):
        by_check[shown.result.check].append(shown)
    width = max((len(check.full_name) for check in CHECKS), default=0)
    for check in CHECKS:
        if found := by_check.get(check.id):
            yield f"{check.full_name:<{width}}  {_found(found)}"
    if by_check:
        yield "what a check means and what to write instead: pytest --k8snet-explain=ID"


def outdated_lines(
    results: Results, ignores: Sequence[Ignore], baseline: Baseline | None
) -> Iterator[str]:
    """Lines of the configuration and of the baseline that nothing of this run needs."""
    yield from unmatched(ignores, _asked(results))
    if baseline is not None:
        ran = {(chart.path, chart.values) for chart in results.charts}
        for entry in baseline.without_run(ran):
            yield f"{baseline.path}:{entry.line}: not in this run: {entry}"


def _asked(results: Results) -> Iterator[Asked]:
    """What the run asked about objects, as ignore lines look at it."""
    for result in results.results:
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
    workloads = sum(len(application.workloads) for application in applications)
    services = sum(len(application.services) for application in applications)
    charts = len({chart.path for chart in results.charts})
    sets = len(results.charts)
    broken = sum(chart.outcome == "error" for chart in results.charts)
    parts = [_many(charts, "chart")]
    if sets != charts:
        parts.append(_many(sets, "values set"))
    parts += [_many(workloads, "workload"), _many(services, "Service")]
    if broken:
        parts.append(f"{broken} did not render")
    return ", ".join(parts)


def _found(found: list[Shown]) -> str:
    """How many findings, each once, in how many charts, and with which values sets."""
    faults = sum(shown.fault for shown in found)
    counts = ((faults, "fault"), (len(found) - faults, "note"))
    text = ", ".join(_many(count, word) for count, word in counts if count)
    text += f" in {_many(len({shown.result.chart for shown in found}), 'chart')}"
    sets = dict.fromkeys(name for shown in found for name in shown.values)
    if list(sets) != [DEFAULTS]:
        text += f" with {', '.join(sets)}"
    expected = sum(shown.expected for shown in found)
    return text + (f" ({expected} expected)" if expected else "")


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
