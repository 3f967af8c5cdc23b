"""Copies of a dependency that lie on this disk already.

In this order: a chart of the run, or one in a folder next to the chart's own;
what Helm has in its cache; what another of these charts has in its ``charts/``,
and archives that lie beside them. The version has to be in the range that the
dependency asks for, and of several the newest is taken.
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from ..reading import read_bytes
from .archives import ARCHIVES
from .charts import Chart, Dependency, is_chart, read_chart
from .versions import newest, satisfies

_LINE = re.compile(rb"^(name|version):[ \t]*[\"']?([\w.+-]+)", re.MULTILINE)
_ARCHIVE = re.compile(r"(?P<name>.+?)-(?P<version>v?\d+\.\d+\.\d+[\w.+-]*)\.(?:tgz|tar\.gz)\Z")
_MOST_ENTRIES = 2000  # of a folder: one with more is no folder of charts
_UP = 2  # a library often lies in another group: charts/library/common, charts/apps/web

_Index: TypeAlias = dict[str, dict[str, Path]]  # name, version, place


class Copies:
    """Looks for copies; every folder is read once.

    :param known: the charts of the run.
    """

    def __init__(self, known: Iterable[Chart] = ()) -> None:
        self._known = tuple(known)
        self._folders: dict[Path, tuple[_Index, _Index]] = {}

    def find(self, chart: Chart, dependency: Dependency) -> Chart | None:
        """The best copy of a dependency of the chart; None where there is none."""
        for index in self._indices(chart):
            fitting = {
                version: path
                for version, path in index.get(dependency.name, {}).items()
                if satisfies(version, dependency.version) and path != chart.path
            }
            if fitting:
                return read_chart(fitting[newest(fitting) or next(iter(fitting))])
        return None

    def _indices(self, chart: Chart) -> Iterator[_Index]:
        around = [self._folder(folder) for folder in _around(chart.path)]
        yield self._run
        yield from (charts for charts, _ in around)
        yield self._cache
        yield from (kept for _, kept in around)

    @cached_property
    def _run(self) -> _Index:
        index: _Index = defaultdict(dict)
        for chart in self._known:
            if not chart.problem:
                index[chart.name].setdefault(chart.version, chart.path)
        return index

    @cached_property
    def _cache(self) -> _Index:
        index: _Index = defaultdict(dict)
        for file in _entries(_helm_cache()):
            _add_archive(index, file)
        return index

    def _folder(self, folder: Path) -> tuple[_Index, _Index]:
        """The charts in a folder, and what they keep in their own ``charts/``."""
        if folder not in self._folders:
            charts: _Index = defaultdict(dict)
            kept: _Index = defaultdict(dict)
            for entry in _entries(folder):
                if is_chart(entry):
                    _add_folder(charts, entry)
                    for below in _entries(entry / "charts"):
                        _add_folder(kept, below) if is_chart(below) else _add_archive(kept, below)
                else:
                    _add_archive(kept, entry)
            self._folders[folder] = charts, kept
        return self._folders[folder]


def _around(chart: Path) -> Iterator[Path]:
    """The folders with charts near this one, the nearest first; none above a repository."""
    folder = chart
    for _ in range(_UP):
        if (folder / ".git").exists() or folder == folder.parent:
            return
        folder = folder.parent
        yield folder
    yield from (entry for entry in _entries(folder) if entry.is_dir() and not is_chart(entry))


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, sorted; nothing of one that cannot be read or holds too much."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names alone, before any is looked at
    except OSError:
        return []
    shown = sorted(name for name in names if not name.startswith("."))
    return [folder / name for name in shown] if len(shown) <= _MOST_ENTRIES else []


def _add_folder(index: _Index, folder: Path) -> None:
    try:
        lines = dict(_LINE.findall(read_bytes(folder / "Chart.yaml")))
    except OSError:
        return
    name, version = (lines.get(key, b"").decode() for key in (b"name", b"version"))
    index[name].setdefault(version, folder)


def _add_archive(index: _Index, file: Path) -> None:
    """By its file name, as Helm itself names what it fetches."""
    match = _ARCHIVE.match(file.name) if file.name.endswith(ARCHIVES) else None
    if match is not None:
        index[match["name"]].setdefault(match["version"], file)


def _helm_cache() -> Path:
    """Where Helm keeps what it has fetched: https://helm.sh/docs/helm/helm/."""
    own = os.environ.get
    if given := own("HELM_REPOSITORY_CACHE"):
        return Path(given)
    home = Path.home()
    system = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    base = own("HELM_CACHE_HOME") or str(Path(own("XDG_CACHE_HOME") or system) / "helm")
    return Path(base) / "repository"
