"""Runs of pytest on the charts that a test has written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(params=["-n0", "-n2"])
def workers(request: pytest.FixtureRequest) -> str:
    """Without workers of pytest-xdist and with two."""
    value: str = request.param
    return value


@pytest.fixture
def run(workers: str, pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run pytest on the charts, without workers and with two."""

    def run(*args: str | Path) -> pytest.RunResult:
        return pytester.runpytest("--helm-chart=charts", workers, *args)

    return run
