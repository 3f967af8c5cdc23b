"""What the terminal shows while tests are running, and what it keeps."""

from __future__ import annotations

import contextlib

import pytest


def say(config: pytest.Config, line: str) -> None:
    """Print a line, past whatever captures the output of tests."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if reporter is None:
        return
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        reporter.write_line(line if line.startswith("k8snet: ") else f"k8snet: {line}")


def forget_silent(config: pytest.Config, report: pytest.TestReport) -> None:
    """Let the terminal forget a setup or teardown that has nothing to show.

    For each failure it looks through all of them for output of a teardown: with
    hundreds of findings among thousands of tests that takes longer than the tests.
    ``--durations`` wants them all.
    """
    if report.when == "call" or not report.passed or report.sections or config.option.durations:
        return
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    kept = reporter.stats.get("") if reporter is not None else None
    if kept and kept[-1] is report:
        kept.pop()
