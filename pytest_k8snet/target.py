"""A chart with one values set, and what became of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .helm.charts import Chart, Dependency, is_chart, read_chart
from .helm.values import ValuesSet
from .locate import line_of
from .model import Application, Position
from .plaintext import one_line
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
        at = position._replace(source=self.file_of(position.source))
        return None if built else line_of(self.chart.path, at)

    def file_of(self, source: str) -> str:
        """The file of a template, as a path from the chart's folder."""
        return _file_of(self.chart, source) if source.startswith("charts/") else source


@lru_cache(maxsize=256)
def _file_of(chart: Chart, source: str) -> str:
    """The file of a subchart's template; the given path where there is no such file.

    Helm renders a subchart under the alias that Chart.yaml may give it:
    ``charts/orders/templates/db.yaml`` comes from ``charts/postgresql/templates/db.yaml``.
    """
    folder, dependencies, left = chart.path, chart.dependencies, source
    while left.startswith("charts/") and left.count("/") > 1:
        name, _, left = left.removeprefix("charts/").partition("/")
        folder = folder / "charts" / _folder_name(folder, name, dependencies)
        if left.startswith("charts/") and is_chart(folder):
            dependencies = read_chart(folder).dependencies
    file = folder / left
    return file.relative_to(chart.path).as_posix() if file.is_file() else source


def _folder_name(above: Path, name: str, dependencies: tuple[Dependency, ...]) -> str:
    if (above / "charts" / name).is_dir():
        return name
    return next((one.name for one in dependencies if one.alias == name), name)


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


def chart_id(path: Path, root: Path) -> str:
    """A chart's path as pytest writes it in node ids."""
    return one_line(Path(os.path.relpath(path, root)).as_posix())
