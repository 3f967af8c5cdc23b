"""What the charts add to pytest's command line: their files, and markers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .checks import CHECKS
from .collect import RUNTIME_MARKER
from .run import ChartRun


def add_markers(config: pytest.Config) -> None:
    """Register a marker for each check's id, for ``-m``."""
    for check in CHECKS:
        config.addinivalue_line("markers", f"{check.id}: {check.full_name} ({check.summary})")
    config.addinivalue_line(
        "markers", f"{RUNTIME_MARKER}: needs the sockets of a cluster (pytest-k8snet)"
    )


def add_charts(config: pytest.Config, run: ChartRun) -> None:
    """Have pytest collect the charts.

    Without a path on the command line, only them; with paths, beside them. Paths
    into charts (node ids, as failures show them) choose among the charts. A
    worker of pytest-xdist is given the paths that its controller ended up with.
    """
    # A chart that does not render must not keep the others from being checked.
    config.option.continue_on_collection_errors = True
    if run.handed_args is not None:
        config.args[:] = run.handed_args
        return
    given = list(config.args) if _has_paths(config, run) else []
    given = [_on_a_file(argument, config.invocation_params.dir, run) for argument in given]
    named = {_file_of(argument, config.invocation_params.dir) for argument in given}
    charts = dict.fromkeys(target.file for target in run.targets)
    chosen = () if named & charts.keys() else charts
    config.args[:] = [*given, *map(str, chosen)]


def _has_paths(config: pytest.Config, run: ChartRun) -> bool:
    source = config.args_source
    if source is pytest.Config.ArgsSource.TESTPATHS:
        return run.settings.with_tests
    return source is pytest.Config.ArgsSource.ARGS


def _on_a_file(argument: str, base: Path, run: ChartRun) -> str:
    """A node id below a folder of manifests as pytest takes it: below a file in that folder."""
    folder, colons, rest = argument.partition("::")
    for target in run.targets if colons else ():
        if target.manifests is not None and _file_of(folder, base) == target.chart.path:
            return f"{target.file}::{rest}"
    return argument


def _file_of(argument: str, base: Path) -> Path:
    return Path(os.path.normpath(base / argument.partition("::")[0]))
