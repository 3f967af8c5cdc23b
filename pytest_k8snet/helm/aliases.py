"""The file of a template of a subchart that Chart.yaml gives another name to.

Helm renders such a subchart under its alias: ``charts/orders/templates/db.yaml``
comes from ``charts/postgresql/templates/db.yaml``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from .charts import Chart, Dependency, is_chart, read_chart


@lru_cache(maxsize=256)
def file_of(chart: Chart, source: str) -> str:
    """The path inside the chart's folder; the given one where there is no such file."""
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
