"""Collects the outcome of every item, wherever it ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from sys import intern
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..model import Application
from ..plaintext import one_line, plain
from .results import NOT_RUN, ChartResult, Result, Results, result_from_json, result_to_json

if TYPE_CHECKING:
    import pytest

    from ..target import Gathered

ATTRIBUTE = "k8snet_result"
RENDERS = "renders"
FAILED, SKIPPED = "failed", "skipped"


def attach(report: pytest.TestReport, result: Result, *, sent: bool) -> None:
    """Put a result on a report; as plain data where pytest-xdist sends it to the controller."""
    setattr(report, ATTRIBUTE, result_to_json(result) if sent else result)


class Recorder:
    """The results of a run, as they come in."""

    def __init__(self) -> None:
        self._gathered: tuple[Gathered, ...] = ()
        self._tests: Callable[[Gathered], int] = lambda _: 0
        self._results: dict[str, Result] = {}
        self.cluster: dict[str, Any] = {}
        self.about: Mapping[str, str] = {}

    def expect(self, gathered: Iterable[Gathered], tests: Callable[[Gathered], int]) -> None:
        """Say which charts the run is about, and how many tests there are for each."""
        self._gathered, self._tests = tuple(gathered), tests

    def record(self, report: pytest.TestReport) -> None:
        """Take in what an item reported; an error in teardown wins over a verdict."""
        found = report.__dict__.pop(ATTRIBUTE, None)
        if found is None:
            return
        if not isinstance(found, Result):
            found = result_from_json(found)
            _share(report)
        self._results[report.nodeid] = found

    def results(
        self, observed: Mapping[tuple[str, str], Application] = MappingProxyType({})
    ) -> Results:
        """Everything, sorted; byte-identical from run to run for the same verdicts.

        :param observed: applications as they were seen in the cluster, by chart and values set.
        """
        results = sorted(
            self._results.values(), key=lambda result: (result.chart, result.values, result.nodeid)
        )
        gathered = sorted(self._gathered, key=lambda one: (one.target.id, one.target.values.name))
        renders = {(one.chart, one.values): one.outcome for one in results if one.name == RENDERS}
        ran = Counter((one.chart, one.values) for one in results)
        return Results(
            charts=tuple(_chart(one, renders, tests=self._tests(one), ran=ran) for one in gathered),
            results=tuple(results),
            applications={
                (one.target.id, one.target.values.name): one.application
                for one in gathered
                if one.application is not None
            }
            | dict(observed),
            folders={one.target.id: one.target.chart.path for one in gathered},
            cluster=self.cluster,
            about=self.about,
        )


def _share(report: pytest.TestReport) -> None:
    """Keep once what a worker says in thousands of reports, all of which pytest keeps."""
    path, line, name = report.location
    report.location = intern(path), line, name
    report.keywords = dict.fromkeys(map(intern, report.keywords), 1)
    report.user_properties = [
        (intern(key), intern(value) if isinstance(value, str) else value)
        for key, value in report.user_properties
    ]


def _chart(
    one: Gathered,
    renders: Mapping[tuple[str, str], str],
    *,
    tests: int,
    ran: Mapping[tuple[str, str], int],
) -> ChartResult:
    chart, key = one.target.chart, (one.target.id, one.target.values.name)
    known = FAILED if one.error else SKIPPED if one.skipped else NOT_RUN
    return ChartResult(
        one.target.id,
        one_line(chart.name),
        one_line(chart.version),
        one.target.values.name,
        renders.get(key, known),
        plain(one.error),
        tests,
        ran.get(key, 0),
    )
