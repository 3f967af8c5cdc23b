"""What the terminal shows while tests are running, and what it keeps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import pytest

from ..plaintext import plain
from .results import Result
from .text import as_failure
from .told import reading_order, tell_once


def say(config: pytest.Config, line: str) -> None:
    """Print a line, past whatever captures the output of tests."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if reporter is None:
        return
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        reporter.write_line(plain(line if line.startswith("k8snet: ") else f"k8snet: {line}"))


def forget(config: pytest.Config, report: pytest.TestReport, *, everything: bool) -> None:
    """Let the terminal forget what it has no use for.

    That is a setup or teardown that has nothing to show: for each failure it looks
    through all of them for output of a teardown, and with hundreds of findings among
    thousands of tests that takes longer than the tests. ``--durations`` wants them all.

    :param everything: for a worker of pytest-xdist, whose terminal nobody sees.
    """
    if not everything and (
        report.when == "call" or not report.passed or report.sections or config.option.durations
    ):
        return
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    for kept in reporter.stats.values() if reporter is not None else ():
        if kept and kept[-1] is report:
            kept.pop()


class Told:
    """The failures as the terminal shows them: each finding once.

    pytest's reporter keeps a report of each failure, and prints a section for
    each, chart by chart. Those that others tell leave it for that time, and are
    back for the lines that begin with FAILED and for the counts: there what any
    pod of the cluster reaches comes first.
    """

    def __init__(self, config: pytest.Config, results: Iterable[Result]) -> None:
        style = config.getoption("tbstyle", "auto")
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        self._all: list[pytest.TestReport] = []
        if reporter is None or style == "long":
            return
        self._stats = reporter.stats
        self._all = self._stats.get("failed", [])
        results = sorted(results, key=reading_order)
        telling = tell_once(results)
        place = {result.nodeid: number for number, result in enumerate(results)}
        urgency = {result.nodeid: result.urgency for result in results}
        read = sorted(self._all, key=lambda report: place.get(report.nodeid, -1))
        self._all[:] = sorted(read, key=lambda report: urgency.get(report.nodeid, -1))
        left = []
        for report in read:
            told = telling.get(report.nodeid)
            if told is not None:
                crash = report.longrepr.reprcrash  # type: ignore[union-attr]
                text = "" if style == "line" else told.text
                message = told.message or crash.message
                report.longrepr = as_failure(text, message, crash.path, crash.lineno)
            if told is None or not told.elsewhere or style == "line":
                left.append(report)
        if self._all:
            self._stats["failed"] = left

    def count_all(self) -> None:
        """Put back what was left out."""
        if self._all:
            self._stats["failed"] = self._all
