"""Charts -> applications: found, rendered by Helm, read, and set beside each other.

Done once in a run, by the process that has no workers or by the controller of
the workers (see :mod:`.run`).
"""

from __future__ import annotations

import contextlib
import gc
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

from .blanks import blank_templates
from .cures import with_cures
from .errors import ChartError, SettingsError
from .helm.asked import asked_values, wants_values, with_asked
from .helm.charts import Chart, find_charts
from .helm.dependencies import Workspace
from .helm.fetch import fetch_with, pull
from .helm.renderer import Renderer
from .helm.request import KUBE_VERSION, Rendered, RenderRequest
from .helm.values import DEFAULTS, ValuesSet, values_sets
from .manifests import Documents, read_application
from .model import DEFAULT_RELEASE
from .neighbours import needs_second_release, other_release_name, with_neighbours
from .settings import Settings
from .target import Gathered, Target, chart_id


class Gathering:
    """All charts of a run on their way to applications."""

    def __init__(self, settings: Settings, renderer: Renderer) -> None:
        self._settings = settings
        self._renderer = renderer
        self._pulled: tempfile.TemporaryDirectory[str] | None = None
        self._of_charts: set[str] = set()  # errors that no values could prevent

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

    @cached_property
    def _workspace(self) -> Workspace:
        fetch = fetch_with(self._renderer.engine) if self._settings.downloads else None
        return Workspace(
            known={one.chart.path: one.chart for one in self.targets}.values(), fetch=fetch
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Which dependency was taken from where, a line for each."""
        return self._workspace.notes

    def lacks(self, one: Gathered) -> bool:
        """Whether it does not render for want of something, with every Helm and all values."""
        return one.error in self._of_charts

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
            return str(pull(self._renderer.engine, pattern, Path(folder)))
        except ChartError as error:
            raise SettingsError(str(error)) from None

    def close(self) -> None:
        """Remove the charts that were fetched. Safe to call more than once."""
        if self._pulled is not None:
            self._pulled.cleanup()
            self._pulled = None

    def run(self) -> tuple[Gathered, ...]:
        """Render and read them all, in the order of ``targets``."""
        with _uncollected(), contextlib.closing(self._workspace):
            first = list(self._once_a_chart(self._read(self.targets, self._settings.release)))
            first = [self._asked(one) for one in _without_demands(first)]
            first = self._with_second(first)
            release = self._settings.release
            first = with_cures(first, lambda turned: self._read(turned, release))
            return tuple(with_neighbours(first))

    def _read(
        self, targets: Sequence[Target], release: str, *, second: bool = False
    ) -> Iterator[Gathered]:
        """Read one target while Helm renders the next ones."""
        requests: list[RenderRequest] = []
        refused: dict[Target, str] = {}
        for target in targets:
            try:
                requests.append(self._request(target, release))
            except ChartError as error:
                refused[target] = str(error)
                self._of_charts.add(str(error))
        rendered = self._renderer.render(requests)
        for _, sets in groupby(targets, key=lambda target: target.chart.path):
            documents = Documents()
            for target in sets:
                if target in refused:
                    yield Gathered(target, error=refused[target])
                else:
                    yield self._read_one(target, next(rendered), release, documents, second=second)

    def _once_a_chart(self, gathered: Iterable[Gathered]) -> Iterator[Gathered]:
        """Tell what a chart itself lacks, whatever the values, for the first set that needs it."""
        told: set[tuple[Path, str]] = set()
        for one in gathered:
            error = one.target.chart.path, one.error
            if error not in told:
                yield one
            if one.error in self._of_charts:
                told.add(error)

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

    def _request(self, target: Target, release: str) -> RenderRequest:
        """What to render.

        :raises ChartError: the chart cannot be rendered, whatever the values.
        """
        settings = self._settings
        request = target.values.request(
            self._workspace.prepare(target.chart),
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
            absence = self._workspace.absence(target.chart, rendered.error)
            if absence:
                self._of_charts.add(absence)
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
            said = f"{target.id}: {error}"
            return Gathered(target, error=said, warnings=rendered.warnings)
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
