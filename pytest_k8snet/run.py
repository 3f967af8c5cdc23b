"""One pytest run over charts: its settings, its charts, its cluster, its results.

The process without workers, or the controller of the workers, gathers the
charts, owns the cluster and observes the releases. A worker of pytest-xdist gets
the applications handed over by value, and asks for what was observed.
"""

from __future__ import annotations

import os
import pickle
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .baseline import read_baseline
from .errors import SettingsError
from .gather import Gathering
from .helm.engine import choose_engine, other_helm
from .helm.renderer import Renderer
from .helm.request import KUBE_VERSION
from .ignores import read_ignores
from .plainmanifests import NOT_INSTALLED, PlainManifests, read_stdin
from .questions import questions
from .reach.file import ReachFile, read_reach_file
from .report.about import about_run
from .report.files import write_reports
from .report.recorder import Recorder
from .report.results import Results
from .report.terminal import Told, forget, say
from .settings import Settings
from .target import Gathered, Target

if TYPE_CHECKING:
    from .runtime import Outcome, Runtime, Session

_RUN = pytest.StashKey["ChartRun"]()
COMMAND = pytest.StashKey[list[str]]()
"""The words of the command, where it is not pytest's."""
# Options with which pytest runs no test.
NO_TESTS = ("collectonly", "setuponly", "setupplan", "showfixtures", "show_fixtures_per_test")


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
        self.reviewed: ReachFile | None = None
        self._unwritten: list[str] = []
        self._told: Told | None = None
        self._begun = False
        self._handed: Mapping[str, Any] | None = getattr(config, "workerinput", {}).get("k8snet")
        self._session: Session | None = None
        self._renderer: Renderer | None = None
        self._gathering: Gathering | None = None
        self._plain: PlainManifests | None = None
        if not self.worker:
            self._prepare()

    @property
    def worker(self) -> bool:
        """Whether a controller hands everything to this process."""
        return self._handed is not None

    @property
    def handed_args(self) -> list[str] | None:
        """The paths to collect, as the controller found them; None in the controller."""
        if self._handed is None:
            return None
        return [str(self._here(Path(argument))) for argument in self._handed["args"]]

    @property
    def targets(self) -> tuple[Target, ...]:
        """The charts with their values sets, as soon as they are found on disk."""
        if self.worker:
            return tuple(gathered.target for gathered in self.gathered)
        parts = [part.targets for part in (self._gathering, self._plain) if part is not None]
        return tuple(chain.from_iterable(parts))

    def _prepare(self) -> None:
        """Start Helm, which takes a moment, and look for the charts and manifests meanwhile.

        :raises SettingsError: a path leads to no chart or manifests, or pytest takes none like it;
            or the reach file is none.
        :raises HelmMissing: there is no Helm, and there are charts.
        """
        settings = self.settings
        if settings.reach is not None:
            self.reviewed = read_reach_file(settings.reach, "--k8snet-reach")
        if settings.charts:
            engine = choose_engine(settings.helm, online=settings.downloads)
            self._renderer = Renderer(engine, timeout=settings.render_timeout)
            self._renderer.start_early()
            self._gathering = Gathering(settings, self._renderer)
        elif settings.cluster != "none":
            raise SettingsError(f"--k8snet-cluster={settings.cluster}: {NOT_INSTALLED}")
        given = ["pytest", *map(str, self._config.invocation_params.args)]
        command = self._config.stash.get(COMMAND, given)
        self.recorder.about = about_run(command, self._helm)
        if settings.manifests:
            self._plain = PlainManifests(settings, self._stdin)
        try:
            for target in self.targets:
                _check_path(target.file)
        except BaseException:
            self.close()
            raise

    def _stdin(self) -> bytes:
        """Standard input, which pytest keeps from tests."""
        capture = self._config.pluginmanager.getplugin("capturemanager")
        if capture is None:
            return read_stdin()
        capture.suspend_global_capture(in_=True)
        try:
            return read_stdin()
        finally:
            # Only so is standard input given back; between configuring and the first test all
            # else is not captured.
            capture.resume_global_capture()
            capture.suspend_global_capture()

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
        charts: tuple[Gathered, ...] = ()
        if self._gathering is not None and self._renderer is not None:
            charts = tuple(map(self._with_review, self._gathering.run()))
            for note in self._gathering.notes:
                self.say(f"k8snet: {note}")
            self._renderer.close()
        plain = self._plain.run() if self._plain is not None else ()
        self.gathered = (*charts, *map(self._with_review, plain))
        self.recorder.expect(self.gathered, self._tests_of)
        if observe and self.settings.cluster != "none":
            from .runtime import start

            self.runtime = self._session = start(self.settings, charts, report=self.say)
            self.recorder.cluster = self._session.facts()
            for line in self._session.header():
                self.say(line)

    def _with_review(self, one: Gathered) -> Gathered:
        """The same with the lines of the reach file that are about it."""
        if self.reviewed is None or one.application is None:
            return one
        chart, values = one.target.id, one.target.values.name
        shown = os.path.relpath(self.reviewed.path, self.settings.root)
        reviewed = self.reviewed.about(chart, values, Path(shown).as_posix())
        return replace(one, application=replace(one.application, reviewed=reviewed))

    def _take_over(self, handed: Mapping[str, Any]) -> None:
        """Read what the controller gathered; a worker never renders."""
        gathered: tuple[Gathered, ...] = pickle.loads(handed["gathered"])  # noqa: S301 - our own
        self.gathered = tuple(map(self._moved, gathered))
        if handed["runtime"] is not None:
            from .runtime import join

            self.runtime = join(handed["runtime"])

    def _moved(self, one: Gathered) -> Gathered:
        """The same with the chart where this process has it."""
        chart = one.target.chart
        path = self._here(chart.path)
        if path == chart.path:
            return one
        return replace(one, target=one.target._replace(chart=replace(chart, path=path)))

    def _here(self, path: Path) -> Path:
        """A path of the controller; below the root directory, which may be elsewhere here."""
        assert self._handed is not None
        there, here = Path(self._handed["root"]), self.settings.root
        return here / path.relative_to(there) if path.is_relative_to(there) else path

    def see_workers(self, specs: Iterable[Any]) -> None:
        """Refuse workers that cannot reach the cluster.

        :raises UsageError: names one.
        """
        if self.settings.cluster == "none":
            return
        for spec in specs:
            if not spec.popen or spec.via:
                raise pytest.UsageError(
                    f"--k8snet-cluster={self.settings.cluster}: the cluster is reached from this"
                    f" machine alone, so its workers have to be here: -n N, not --tx={spec}"
                )

    def observe(self) -> None:
        """Install and observe the releases that the collected tests need, once."""
        if self._session is not None:
            self._session.stage.run(self.say)

    def outcome(self, gathered: Gathered) -> Outcome:
        """What became of a release in the cluster.

        :raises ClusterError: there is nothing to be known of it.
        """
        assert self.runtime is not None
        return self.runtime.outcome(gathered)

    def finish(self, nodeid: str) -> None:
        """Let go of what only this test needed."""
        # With --dist=each every worker runs it.
        if self._session is not None and self._config.getoption("dist", "no") != "each":
            self._session.stage.finish(nodeid)

    def say(self, line: str) -> None:
        """Print a line of progress."""
        say(self._config, line)

    def record(self, report: pytest.TestReport) -> None:
        """Take in what an item reported, and say what goes on beside the tests."""
        if not self.worker:  # whose controller takes it in
            self.recorder.record(report)
        for line in self._session.stage.news() if self._session is not None else ():
            self.say(line)
        if report.nodeid.partition("::")[0] in self._nodeids:
            forget(self._config, report, everything=self.worker)

    @cached_property
    def _nodeids(self) -> frozenset[str]:
        return frozenset(one.target.nodeid for one in self.gathered)

    @cached_property
    def common_place(self) -> str:
        """The path that all charts have in common: a chart's own file where it is alone."""
        return os.path.commonpath(self._nodeids) or "."

    @cached_property
    def by_file(self) -> dict[Path, list[Gathered]]:
        """The values sets of each chart under the file that stands for it."""
        found: dict[Path, list[Gathered]] = defaultdict(list)
        for one in self.gathered:
            found[one.target.file].append(one)
        return found

    def header(self) -> list[str]:
        """What pytest says of this plugin before the first test."""
        if self.worker:
            return []
        charts = {target.id for target in self.targets if target.manifests is None}
        plain = {target.id: None for target in self.targets if target.manifests is not None}
        said = [f"{len(charts)} chart{'s' * (len(charts) != 1)}, {self._helm}"] * bool(charts)
        said += [f"manifests of {', '.join(plain)}"] * bool(plain)
        return [
            f"k8snet: {', '.join(said)}",
            *(
                f"k8snet: k8snet_values: {line.text!r} names no chart of this run"
                for line in self.settings.chart_values
                if not any(map(line.matches, charts))
            ),
        ]

    @property
    def _helm(self) -> str:
        """Which Helm renders, and for which cluster; "" where there is nothing to render."""
        if self._renderer is None:
            return ""
        settings = self.settings
        said = (
            f"{self._renderer.engine.name}, for Kubernetes {settings.kube_version or KUBE_VERSION}"
        )
        return f"{said} with {', '.join(settings.api_versions)}" if settings.api_versions else said

    @property
    def nothing(self) -> bool:
        """Whether all charts of the run render to nothing: nobody may take that for a pass."""
        return bool(self.gathered) and all(one.skipped for one in self.gathered)

    def summary(self) -> list[str]:
        """What the terminal shows after the last test."""
        from .report.summary import outdated_lines, summary_lines

        results = self._results
        notes = self._config.getoption("verbose", 0) > 0
        lines = list(summary_lines(results, notes=notes, left=self._left))
        lines += outdated_lines(results, self.ignores, self.baseline, self.reviewed)
        if self.nothing:
            lines.append("nothing was checked: with these values the charts render to nothing")
        lines += self._other_helm
        lines += self._unwritten
        if self._session is not None:
            costs = self._session.costs().items()
            lines.append(", ".join(f"{step} {seconds:.1f} s" for step, seconds in costs))
        if os.environ.get("GITHUB_ACTIONS") == "true":
            from .report.annotations import github_annotations

            lines += github_annotations(results, self.settings.root)
        return lines

    @property
    def _other_helm(self) -> list[str]:
        """What to try where Helm itself refuses a chart."""
        if self._gathering is None or self._renderer is None:
            return []
        refused = any(one.error and not self._gathering.lacks(one) for one in self.gathered)
        hint = other_helm(self._renderer.engine) if refused else ""
        return [hint] if hint else []

    @cached_property
    def _results(self) -> Results:
        """What was found, once all tests have run."""
        observed = self._session.stage.observed() if self._session is not None else {}
        return self.recorder.results(observed)

    @property
    def _left(self) -> str:
        """What of the charts' tests did not run, "" where all of them did."""
        if any(map(self._config.getoption, NO_TESTS)):
            return ""
        ran = len(self._results.results)
        tests = sum(chart.tests for chart in self._results.charts)
        if ran >= tests:
            return ""
        why = "it stopped early, or paths or options such as -k left out the others"
        return f"not complete: {ran} of {tests} tests ran ({why})"

    def _tests_of(self, one: Gathered) -> int:
        """How many tests there are for a chart with a values set."""
        if one.application is None:
            return 1
        return 1 + self.installs(one) + sum(1 for _ in questions(one.application, self.settings))

    def installs(self, one: Gathered) -> bool:
        """Whether it is to be installed in a cluster: only charts are."""
        return self.settings.cluster != "none" and one.target.manifests is None

    def tell_once(self) -> None:
        """Have the terminal tell each finding once."""
        if not self.worker:
            self._told = Told(self._config, self._results.results)

    def tell_all(self) -> None:
        """Have the terminal count and list all failures again."""
        if self._told is not None:
            self._told.count_all()

    def write_reports(self) -> bool:
        """Write the files that the user asked for; False where one cannot be written.

        The summary says which, and everything else goes on.
        """
        if not self.worker:
            self._unwritten = list(write_reports(self._results, self.settings))
        return not self._unwritten

    def hand_over(self) -> dict[str, Any]:
        """What a worker needs, as plain data: it may share no disk with this process."""
        return {
            "args": [str(argument) for argument in self._config.args],
            "root": str(self.settings.root),
            "gathered": self._pickled,
            "runtime": self._session.handle() if self._session is not None else None,
        }

    @cached_property
    def _pickled(self) -> bytes:
        return pickle.dumps(self.gathered, protocol=pickle.HIGHEST_PROTOCOL)

    def close(self) -> None:
        """Give back all that the run holds. Safe to call more than once."""
        if self._renderer is not None:
            self._renderer.close()
        if self._gathering is not None:
            self._gathering.close()
        if self._plain is not None:
            self._plain.close()
        if self.runtime is not None:
            self.runtime.close()


def _check_path(file: Path) -> None:
    """Raise SettingsError where pytest takes the path for one with a test's name behind it."""
    if "[" in str(file) or "::" in str(file):
        raise SettingsError(
            f"{file.parent}: pytest takes no path with [ or :: in it; rename the folder"
        )
