"""Charts -> applications: found, rendered by Helm, read, and set beside each other.

Done once in a run, by the process that has no workers or by the controller of
the workers (see :mod:`.run`).
"""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from .blanks import blank_templates
from .cures import Candidate, Fault, candidates, cured, faults
from .errors import ChartError, SettingsError
from .helm.asked import asked_values, wants_values, with_asked
from .helm.charts import Chart, find_charts
from .helm.engine import Engine, choose_engine
from .helm.fetch import fetch_with, pull
from .helm.renderer import Renderer
from .helm.request import KUBE_VERSION, Rendered, RenderRequest
from .helm.values import DEFAULTS, ValuesSet, values_sets
from .locate import line_of
from .manifests import Documents, read_application
from .model import Application, Cure, Position
from .neighbours import (
    find_neighbours,
    index_workloads,
    needs_second_release,
    other_release_name,
)
from .settings import DEFAULT_RELEASE, Settings
from .sources import Manifests


class Target(NamedTuple):
    """One chart with one values set, or manifests: what is rendered and judged as a whole."""

    chart: Chart
    values: ValuesSet
    id: str
    """The chart's path as in node ids, from the root directory."""
    manifests: Manifests | None = None
    """Where it is none: ``chart`` has their path and name then, and nothing is rendered."""

    @property
    def file(self) -> Path:
        """The file that stands for the chart on pytest's command line."""
        if self.manifests is not None:
            return self.manifests.head
        path = self.chart.path
        return path if self.chart.packed else path / "Chart.yaml"

    @property
    def nodeid(self) -> str:
        """The file's node id; pytest itself has none for a file outside the root directory."""
        return f"{self.id}/{self.head}" if self.head else self.id

    @property
    def head(self) -> str:
        """The file's path from the folder; "" where there is no folder, or no such file in it."""
        if self.manifests is not None:
            return self.manifests.head.name if self.manifests.kustomized else ""
        return "" if self.chart.packed else "Chart.yaml"

    def line(self, position: Position) -> int | None:
        """The line that a finding is about; None where it cannot be known."""
        built = self.manifests is not None and self.manifests.kustomized
        return None if built else line_of(self.chart.path, position)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What became of a :class:`Target`: an application, or the error instead of one.

    ``skipped`` stands in the place of an error where the chart's own values
    demand what its ``ci/`` files give, and where they render to nothing.
    ``warnings`` is what Helm or the chart wrote to standard error.
    """

    target: Target
    application: Application | None = None
    error: str = ""
    warnings: str = ""
    skipped: str = ""


class Gathering:
    """All charts of a run on their way to applications."""

    def __init__(
        self, settings: Settings, renderer: Renderer, engine: Engine | None = None
    ) -> None:
        self._settings = settings
        self._renderer = renderer
        self._engine = engine or choose_engine(settings.helm)
        self._pulled: tempfile.TemporaryDirectory[str] | None = None
        self._absences: set[str] = set()

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """Every chart with each of its values sets.

        :raises SettingsError: a path leads to no chart, a values file is not there.
        """
        settings = self._settings
        return tuple(
            Target(chart, values, chart_id(chart.path, settings.root))
            for chart in find_charts(list(map(self._on_disk, settings.charts)), settings.root)
            for values in self._values_sets(chart)
        )

    def _values_sets(self, chart: Chart) -> tuple[ValuesSet, ...]:
        settings = self._settings
        name = chart_id(chart.path, settings.root)
        asked = ValuesSet(
            "", settings.values_files, settings.sets, settings.set_strings, settings.set_files
        )
        own = [line.files for line in settings.chart_values if line.matches(name)]
        return values_sets(chart, asked, own)

    def _on_disk(self, pattern: str) -> str:
        """A chart's path; one that an address leads to is fetched first, where that is allowed.

        :raises SettingsError: it is not, or it cannot be.
        """
        if "://" not in pattern:
            return pattern
        if not self._settings.downloads:
            raise SettingsError(
                f"--helm-chart={pattern}: charts are fetched only with"
                f" --k8snet-dependencies=download; or fetch it first: helm pull {pattern}"
            )
        self._pulled = self._pulled or tempfile.TemporaryDirectory(prefix="k8snet-pulled-")
        try:
            folder = tempfile.mkdtemp(dir=self._pulled.name)
            return str(pull(self._engine, pattern, Path(folder)))
        except ChartError as error:
            raise SettingsError(str(error)) from None

    def find(self) -> None:
        """Look for the charts now, and not only when they are asked for.

        :raises SettingsError: as ``targets``.
        """
        _ = self.targets

    def run(self) -> tuple[Gathered, ...]:
        """Render and read them all, in the order of ``targets``."""
        with _uncollected():
            fetch = fetch_with(self._engine) if self._settings.downloads else None
            self._renderer.know({one.chart.path: one.chart for one in self.targets}.values(), fetch)
            first = list(self._absent_once(self._read(self.targets, self._settings.release)))
            first = [self._asked(one) for one in _without_demands(first)]
            first = self._with_second(first)
            first = self._with_cures(first)
            return tuple(_with_neighbours(first))

    def _read(
        self, targets: Sequence[Target], release: str, *, second: bool = False
    ) -> Iterator[Gathered]:
        """Read one target while Helm renders the next ones.

        A chart that no values could make render is told of once, for the first of its sets.
        """
        requests: list[RenderRequest] = []
        refused: dict[Target, str] = {}
        broken: dict[Path, None] = {}
        for target in targets:
            try:
                requests.append(self._request(target, release))
            except ChartError as error:
                refused[target] = "" if target.chart.path in broken else str(error)
                broken[target.chart.path] = None
        rendered = self._renderer.render(requests)
        for _, sets in groupby(targets, key=lambda target: target.chart.path):
            documents = Documents()
            for target in sets:
                if target in refused:
                    if refused[target]:
                        yield Gathered(target, error=refused[target])
                else:
                    yield self._read_one(target, next(rendered), release, documents, second=second)

    def _absent_once(self, gathered: Iterable[Gathered]) -> Iterator[Gathered]:
        """Tell the dependencies that a chart lacks for the first values set that needs them."""
        told: set[str] = set()
        for one in gathered:
            if one.error not in told:
                yield one
            if one.error in self._absences:
                told.add(one.error)

    def _asked(self, one: Gathered) -> Gathered:
        """The error with all values in it that the chart asks for, where it asks for some."""
        if not wants_values(one.error):
            return one

        def render(sets: tuple[str, ...]) -> str:
            values = replace(one.target.values, sets=(*one.target.values.sets, *sets))
            request = self._request(one.target._replace(values=values), self._settings.release)
            return next(self._renderer.render([request])).error or ""

        keys = asked_values(one.target.chart.path, one.error, render)
        return replace(one, error=with_asked(one.error, keys))

    def _with_cures(self, gathered: list[Gathered]) -> list[Gathered]:
        """Try the values that may cure a finding, one after the other, until one does."""
        cases: dict[tuple[Path, frozenset[Fault]], _Case] = {}
        for number, one in enumerate(gathered):
            if one.application is not None and (found := faults(one.application)):
                path = one.target.chart.path
                if (path, found) not in cases:
                    tried = deque(candidates(path, found))
                    cases[path, found] = _Case(one.target, set(found), tried)
                cases[path, found].numbers.append(number)
        while waiting := [case for case in cases.values() if case.left and case.candidates]:
            trials = [(case, case.candidates.popleft()) for case in waiting]
            turned = self._read(
                [_turned(case.target, candidate) for case, candidate in trials],
                self._settings.release,
            )
            for (case, candidate), other in zip(trials, turned, strict=True):
                if other.application is not None:
                    gone = cured(case.left, other.application, candidate)
                    case.left -= gone.keys()
                    case.cures |= dict.fromkeys(gone.values())
        for case in cases.values():
            for number in case.numbers if case.cures else ():
                application = gathered[number].application
                if application is not None:
                    application = replace(application, cures=tuple(case.cures))
                    gathered[number] = replace(gathered[number], application=application)
        return gathered

    def _request(self, target: Target, release: str) -> RenderRequest:
        """What to render.

        :raises ChartError: the chart cannot be rendered, whatever the values.
        """
        settings = self._settings
        request = target.values.request(
            self._renderer.prepare(target.chart),
            release=release,
            namespace=settings.namespace,
            label=target.id,
        )
        return request._replace(
            kube_version=settings.kube_version or KUBE_VERSION, api_versions=settings.api_versions
        )

    def _read_one(
        self,
        target: Target,
        rendered: Rendered,
        release: str,
        documents: Documents,
        *,
        second: bool,
    ) -> Gathered:
        if rendered.error is not None:
            absence = self._renderer.absence(target.chart, rendered.error)
            if absence:
                self._absences.add(absence)
            return Gathered(target, error=absence or rendered.error, warnings=rendered.warnings)
        if not rendered.templates and not rendered.definitions:
            nothing = f"{target.id} renders to nothing with these values, so nothing is checked"
            return Gathered(target, skipped=nothing, warnings=rendered.warnings)
        try:
            application = read_application(
                rendered.templates,
                chart=target.id,
                values=target.values.name,
                release=release,
                namespace=self._settings.namespace,
                crds=[definition.name for definition in rendered.definitions],
                second=second,
                documents=documents,
            )
        except ChartError as error:
            return Gathered(target, error=str(error), warnings=rendered.warnings)
        blank = blank_templates(application, target.chart, rendered.blank)
        if blank:
            application = replace(application, blank=blank)
        return Gathered(target, application, warnings=rendered.warnings)

    def _with_second(self, gathered: list[Gathered]) -> list[Gathered]:
        """Render under another release name what could share pods with itself."""
        settings = self._settings
        chosen = settings.release != DEFAULT_RELEASE
        # Nobody writes the default name into a chart. One that the user chose may stand in
        # the chart by chance (release "web", label app: web), and carry nothing.
        asked = [
            number
            for number, one in enumerate(gathered)
            if one.application is not None and (chosen or needs_second_release(one.application))
        ]
        targets = [gathered[number].target for number in asked]
        seconds = self._read(targets, other_release_name(settings.release), second=True)
        for number, second in zip(asked, seconds, strict=True):
            first = gathered[number].application
            if first is not None and second.application is not None:
                application = replace(first, second=second.application)
                gathered[number] = replace(gathered[number], application=application)
        return gathered


@dataclass(slots=True)
class _Case:
    """Values sets of a chart that show the same faults: what cures one of them is told of all.

    ``numbers`` are their places among what was gathered, ``left`` are the faults without a cure.
    """

    target: Target
    left: set[Fault]
    candidates: deque[Candidate]
    numbers: list[int] = field(default_factory=list)
    cures: dict[Cure, None] = field(default_factory=dict)


def _without_demands(gathered: Iterable[Gathered]) -> Iterator[Gathered]:
    """Skip the chart's own values where they demand what some of its ``ci/`` files give."""
    gathered = list(gathered)
    rendered = {one.target.chart.path for one in gathered if one.application is not None}
    for one in gathered:
        own = one.target.values.name == DEFAULTS and not one.target.values.files
        if own and one.target.chart.path in rendered and wants_values(one.error):
            yield replace(one, error="", skipped=f"the values of ci/ decide: {one.error}")
        else:
            yield one


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Make data without Python looking for cycles in it: there are none, and much data.

    It lives as long as the run, so the collections of the run leave it out, too.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def _turned(target: Target, candidate: Candidate) -> Target:
    """The target with one value turned."""
    values = replace(target.values, sets=(*target.values.sets, candidate.expression))
    return target._replace(values=values)


def chart_id(path: Path, root: Path) -> str:
    """A chart's path as pytest writes it in node ids."""
    return Path(os.path.relpath(path, root)).as_posix()


def _with_neighbours(gathered: list[Gathered]) -> Iterator[Gathered]:
    """Set every application beside the other charts, as far as they share pods.

    Of another chart with several values sets the first stands for all: they
    are not installed together. A chart and its own dependency are not set
    beside each other (what installs the one has the other in it), nor are two
    versions of one chart: M4S compares a chart with itself in any case.
    """
    one_each: dict[str, Application] = {}
    for one in gathered:
        if one.application is not None:
            one_each.setdefault(one.target.id, one.application)
    if len(one_each) < 2:
        yield from gathered
        return
    index = index_workloads(one_each.values())
    families = _families(one.target for one in gathered)
    for one in gathered:
        if one.application is None:
            yield one
            continue
        own = families[one.target.id]
        found = find_neighbours(one.application, index, own)
        yield replace(one, application=replace(one.application, neighbours=found)) if found else one


def _families(targets: Iterable[Target]) -> dict[str, set[str]]:
    """For each chart of the run its other versions, its dependencies and dependents; by id."""
    charts = {target.id: target.chart for target in targets}
    by_name: dict[str, list[str]] = defaultdict(list)
    for chart_id_, chart in charts.items():
        by_name[chart.name].append(chart_id_)
    families = {one: set(by_name[chart.name]) for one, chart in charts.items()}
    for whole, chart in charts.items():
        waiting = list(chart.dependencies)
        seen: set[str] = set()
        while waiting:
            for part in by_name.get(waiting.pop().name, ()):
                if part not in seen:
                    seen.add(part)
                    waiting += charts[part].dependencies
                    families[whole].add(part)
                    families[part].add(whole)
    return families
