"""Values for single charts in the configuration: ``chart-glob: file ...``.

One line each in ``k8snet_values``, and one values set each::

    charts/web: values/base.yaml values/prod.yaml
    charts/web: values/base.yaml values/test.yaml
    charts/vendor-*: values/vendor.yaml

Globs are matched with the chart's path from the root directory; ``*`` takes
``/`` too. Paths count from the configuration file; one with blanks is quoted.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from .errors import SettingsError
from .options import Given, file

_EXPECTED = "expected 'chart-glob: file ...'"


@dataclass(frozen=True, slots=True)
class ChartValues:
    """One line: the files that go together, for the charts that it names."""

    chart: str
    files: tuple[Path, ...]
    text: str

    def matches(self, chart: str) -> bool:
        """Whether the line is about this chart, by its path."""
        return fnmatchcase(chart, self.chart)


def chart_values(given: Given) -> tuple[ChartValues, ...]:
    """Read the lines; empty ones and ``#`` comments are left out.

    :raises SettingsError: a line is none, or a file is not there.
    """
    lines = (line.strip() for line in given.value)
    return tuple(_parsed(given, line) for line in lines if line and line[0] != "#")


def _parsed(given: Given, line: str) -> ChartValues:
    chart, _, rest = line.partition(": ")
    try:
        names = tuple(shlex.split(rest))
    except ValueError as error:
        raise SettingsError(f"{given.ini}: {line!r}: {error}; {_EXPECTED}") from None
    if not names or not chart.strip():
        raise SettingsError(f"{given.ini}: {line!r}: {_EXPECTED}")
    try:
        found = tuple(file(given.folder, name) for name in names)
    except SettingsError as error:
        raise SettingsError(f"{given.ini}: {line!r}: {error}") from None
    return ChartValues(chart.strip(), found, line)
