"""Runs of pytest on the charts that a test has written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

# pytester forgets what a run in this process imported; to read all of it anew takes four times as
# long as the rest of such a run.
import pytest_k8snet.arguments
import pytest_k8snet.collect
import pytest_k8snet.fixtures
import pytest_k8snet.helm.child
import pytest_k8snet.helm.messages
import pytest_k8snet.report.html
import pytest_k8snet.report.sarif
import pytest_k8snet.report.summary  # noqa: F401


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
