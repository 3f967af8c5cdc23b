"""One pytest run over charts: its settings, its charts, its cluster, its results.

The process without workers, or the controller of the workers, gathers the
charts and owns the cluster. A worker of pytest-xdist gets both handed over.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .baseline import read_baseline
from .gather import Gathered, Gathering, Target
from .handover import hand_over, take_over
from .helm.engine import Engine, choose_engine
from .helm.pool import Pool, open_pool
from .ignores import read_ignores
from .report.files import write_reports
from .report.recorder import Recorder, progress
from .report.terminal import forget_silent, say
from .settings import Settings

if TYPE_CHECKING:
    from .runtime import Runtime

_RUN = pytest.StashKey["ChartRun"]()


def run_of(config: pytest.Config) -> ChartRun:
    """The run that this configuration began."""
    return config.stash[_RUN]


class ChartRun:
    """Begins in ``pytest_configure`` and ends in ``pytest_unconfigure``."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        config.stash[_RUN] = self
        self._config = config
        self.settings = settings
        self.gathered: tuple[Gathered, ...] = ()
        self.runtime: Runtime | None = None
        self.recorder = Recorder()
        self.ignores = read_ignores(settings.ignore_findings)
        self.baseline = read_baseline(settings.baseline) if settings.baseline else None
        self._progress: list[str] = []
        self._unwritten: list[str] = []
        self._begun = False
        self._handed: Mapping[str, Any] | None = getattr(config, "workerinput", {}).get("k8snet")
        self._folder: Path | None = None
        self._pool: Pool | None = None
        self._gathering: Gathering | None = None
        self.engine: Engine | None = None
        if not self.worker:
            self._prepare()

    @property
    def worker(self) -> bool:
        """Whether a controller hands everything to this process."""
        return self._handed is not None

    @property
    def handed_args(self) -> list[str] | None:
        """The paths to collect, as the controller found them; None in the controller."""
        return None if self._handed is None else list(self._handed["args"])

    @property
    def targets(self) -> tuple[Target, ...]:
        """The charts with their values sets, as soon as they are found on disk."""
        if self._gathering is not None:
            return self._gathering.targets
        return tuple(gathered.target for gathered in self.gathered)

    def _prepare(self) -> None:
        """Start Helm, which takes a moment, and look for the charts meanwhile.

        :raises SettingsError: a path leads to no chart.
        :raises HelmMissing: there is no Helm.
        """
        settings = self.settings
        self.engine = choose_engine(settings.helm)
        self._pool = open_pool(self.engine, timeout=settings.render_timeout)
        self._pool.start_early()
        self._gathering = Gathering(settings, self._pool)
        try:
            self._gathering.find()
        except BaseException:
            self.close()
            raise

    def begin(self, *, observe: bool) -> None:
        """Gather the charts; with ``observe``, get the cluster ready. Once.

        :raises ClusterError: there is no usable cluster.
        """
        if self._begun:
            return
        self._begun = True
        if self._handed is not None:
            self._take_over(self._handed)
            return
        assert self._gathering is not None
        assert self._pool is not None
        self.gathered = self._gathering.run()
        self._pool.close()
        self.recorder.expect(self.gathered)
        if observe and self.settings.cluster != "none":
            from .runtime import start

            self.runtime = start(self.settings, report=self.say)
            self.recorder.cluster = self.runtime.facts()
            for line in self.runtime.header():
                self.say(line)

    def _take_over(self, handed: Mapping[str, Any]) -> None:
        self.gathered = take_over(Path(handed["folder"]))
        if handed["runtime"] is not None:
            from .runtime import attach

            self.runtime = attach(handed["runtime"], self.settings, self._progress.append)

    def say(self, line: str) -> None:
        """Print a line of progress."""
        say(self._config, line)

    def record(self, report: pytest.TestReport) -> None:
        """Take in what an item reported, and say what its worker could not."""
        self.recorder.record(report)
        for line in progress(report):
            self.say(line)
        if report.nodeid.partition("::")[0] in self._nodeids:
            forget_silent(self._config, report)

    @cached_property
    def _nodeids(self) -> frozenset[str]:
        return frozenset(one.target.nodeid for one in self.gathered)

    def take_progress(self) -> list[str]:
        """The lines of progress since the last time, in a worker."""
        lines, self._progress[:] = list(self._progress), []
        return lines

    @cached_property
    def by_file(self) -> dict[Path, list[Gathered]]:
        """The values sets of each chart under the file that stands for it."""
        found: dict[Path, list[Gathered]] = defaultdict(list)
        for one in self.gathered:
            found[one.target.file].append(one)
        return found

    def header(self) -> list[str]:
        """What pytest says of this plugin before the first test."""
        if self.engine is None:
            return []
        charts = len({target.id for target in self.targets})
        return [f"k8snet: {charts} chart{'s' * (charts != 1)}, {self.engine.name}"]

    def summary(self) -> list[str]:
        """What the terminal shows after the last test."""
        from .report.summary import outdated_lines, summary_lines

        results = self.recorder.results()
        lines = [*summary_lines(results), *outdated_lines(results, self.ignores, self.baseline)]
        lines += self._unwritten
        if self.runtime is not None:
            costs = self.runtime.costs().items()
            lines.append(", ".join(f"{step} {seconds:.1f} s" for step, seconds in costs))
        if os.environ.get("GITHUB_ACTIONS") == "true":
            from .report.annotations import github_annotations

            lines += github_annotations(results, self.settings.root)
        return lines

    def write_reports(self) -> bool:
        """Write the files that the user asked for; False where one cannot be written.

        The summary says which, and everything else goes on.
        """
        if not self.worker:
            self._unwritten = list(write_reports(self.recorder.results(), self.settings))
        return not self._unwritten

    def hand_over(self) -> dict[str, Any]:
        """What a worker needs, as plain data."""
        if self._folder is None:
            # Below the runtime's folder, which goes even when this process is killed.
            below = self.runtime.folder if self.runtime is not None else None
            self._folder = Path(tempfile.mkdtemp(prefix="pytest-k8snet-", dir=below))
            hand_over(self.gathered, self._folder)
        runtime = self.runtime.handle() if self.runtime is not None else None
        args = [str(argument) for argument in self._config.args]
        return {"args": args, "folder": str(self._folder), "runtime": runtime}

    def close(self) -> None:
        """Give back all that the run holds. Safe to call more than once."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        try:
            if self.runtime is not None:
                self.runtime.close()
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None
