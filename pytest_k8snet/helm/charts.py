"""Find charts on disk and read what their Chart.yaml declares.

Reading is cheap and never runs Helm: it happens before the first test.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from ..errors import ManifestError, SettingsError
from ..reading import not_utf8, read_bytes
from ..values import described
from .archives import ARCHIVES, members

# Folders of a chart that hold its parts and no charts of their own right.
PARTS = frozenset({"charts", "templates", "crds", "ci", "node_modules", "__pycache__"})
EXPECTED = "a chart (a folder with Chart.yaml, or a .tgz), a folder of charts, or a glob of them"


# Before the path of a dependency that lies on this disk.
LOCAL = "file://"


@dataclass(frozen=True, slots=True)
class Dependency:
    """An entry of ``dependencies`` in Chart.yaml; "" where a key is absent.

    ``optional``: a condition or tags are given, so values decide whether it is there.
    """

    name: str
    version: str = ""
    repository: str = ""
    alias: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as found on disk.

    :ivar path: the folder that holds Chart.yaml, or the archive; absolute.
    :ivar dependencies: as declared, present or not.
    :ivar library: it only lends templates to other charts.
    :ivar problem: why it cannot be used, "" where it can. A chart with a
        problem fails by itself; the other charts of the run go on.
    """

    path: Path
    name: str
    version: str = ""
    dependencies: tuple[Dependency, ...] = ()
    library: bool = False
    problem: str = ""

    @property
    def shown(self) -> str:
        """The path in messages."""
        return shown(self.path)

    @property
    def packed(self) -> bool:
        """Whether it is an archive."""
        return self.path.name.endswith(ARCHIVES)

    def local(self, dependency: Dependency) -> Path | None:
        """Where a ``file://`` repository leads to; None for one of another kind."""
        if not dependency.repository.startswith(LOCAL):
            return None
        where = unquote(dependency.repository.removeprefix(LOCAL))
        return Path(os.path.normpath(self.path / where))


def find_charts(patterns: Sequence[str], base: Path) -> tuple[Chart, ...]:
    """All charts that the patterns name, sorted by path, each once.

    Relative patterns count from ``base``. In a folder of charts, at any depth,
    hidden folders, a chart's own ``charts/``, what it takes by ``file://`` out of
    its own folder and library charts are left out.

    :raises SettingsError: a pattern finds nothing, or a Chart.yaml that is no file.
    """
    found: dict[Path, Chart] = {}
    for pattern in patterns:
        charts = tuple(_charts_of(pattern, base))
        if not charts:
            raise SettingsError(_nothing_found(pattern, base))
        for chart in charts:
            # pytest collects files: a pipe or a device cannot fail by itself.
            if chart.problem and (
                chart.path.is_dir() and not (chart.path / "Chart.yaml").is_file()
            ):
                raise SettingsError(chart.problem)
            found.setdefault(chart.path.resolve(), chart)
    return tuple(sorted(found.values(), key=lambda chart: chart.path))


def read_chart(path: Path) -> Chart:
    """The chart in a folder or archive; what cannot be read is its ``problem``."""
    fallback = next(
        (path.name.removesuffix(one) for one in ARCHIVES if path.name.endswith(one)), path.name
    )
    try:
        declared = _declaration(path)
        name = _text(declared, "name")
        dependencies = _dependencies(declared.get("dependencies"))
    except OSError as error:
        return Chart(path, fallback, problem=f"{shown(_chart_yaml(path))}: {_one_line(error)}")
    except ValueError as error:
        said = f"{_one_line(error)}; correct this file"
        return Chart(path, fallback, problem=f"{_within(path)}{said}")
    if not name:
        problem = f'{shown(_chart_yaml(path))}: no "name": every chart needs one'
        return Chart(path, fallback, problem=problem)
    return Chart(
        path,
        name,
        _text(declared, "version"),
        dependencies,
        library=declared.get("type") == "library",
    )


def is_chart(path: Path) -> bool:
    """Whether this is a chart's folder, whatever its Chart.yaml may be: that is said later."""
    return (path / "Chart.yaml").exists() and not (path / "Chart.yaml").is_dir()


def shown(path: Path) -> str:
    """A path as a user writes it: from the working directory, where it is below that."""
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)


def _charts_of(pattern: str, base: Path) -> Iterator[Chart]:
    path = _absolute(pattern, base)
    if os.path.exists(path):  # noqa: PTH110 - Path's raises for a name that is too long
        yield from _charts_at(path, named=True)
    elif has_magic(pattern):
        # Path.glob takes no absolute pattern.
        for match in sorted(glob(str(path), recursive=True)):  # noqa: PTH207
            yield from _charts_at(Path(match), named=False)


def _absolute(pattern: str, base: Path) -> Path:
    home = os.path.expanduser(pattern)  # noqa: PTH111 - Path's raises for a name like ~x
    return Path(os.path.normpath(base.absolute() / home))


def _charts_at(path: Path, *, named: bool) -> Iterator[Chart]:
    """The charts at a path; a library chart only where the user named it."""
    if path.name == "Chart.yaml":
        path = path.parent
    if is_chart(path) or (path.is_file() and path.name.endswith(ARCHIVES)):
        chart = read_chart(path)
        if named and chart.library:
            yield _refused_library(chart)
        elif not chart.library:
            yield chart
    elif path.is_dir():
        yield from _charts_below(path)


def _refused_library(chart: Chart) -> Chart:
    problem = (
        f"{chart.shown}: a library chart renders nothing by itself; name a chart that depends on it"
    )
    return Chart(chart.path, chart.name, chart.version, library=True, problem=problem)


def _charts_below(folder: Path) -> Iterator[Chart]:
    """The charts in a folder; archives of one that lies there unpacked are its old releases."""
    unpacked: set[str] = set()
    archives: list[Path] = []
    subcharts: set[Path] = set()
    for root, folders, files in os.walk(folder, onerror=_refuse):
        path = Path(root)
        in_chart = "Chart.yaml" in files
        if in_chart:
            chart = read_chart(path)
            unpacked.add(chart.name)
            own = filter(None, map(chart.local, chart.dependencies))
            subcharts.update(one for one in own if one.is_relative_to(path))
            if not chart.library:
                yield chart
        else:
            archives += [path / name for name in sorted(files) if name.endswith(ARCHIVES)]
        folders[:] = sorted(
            name
            for name in folders
            if name[0] != "." and not (in_chart and name in PARTS) and path / name not in subcharts
        )
    for chart in map(read_chart, archives):
        old = not chart.problem and chart.name in unpacked
        if not (old or chart.library or (chart.problem and _is_no_chart(chart.path))):
            yield chart


def _is_no_chart(path: Path) -> bool:
    """Whether it is an archive of something else; one that is broken may be a chart."""
    try:
        _member(path, "Chart.yaml")
    except FileNotFoundError:
        return path.is_file()
    except OSError:
        pass
    return False


def _refuse(error: OSError) -> None:
    raise SettingsError(f"{error.filename}: {error.strerror}; charts in it would be overlooked")


def _nothing_found(pattern: str, base: Path) -> str:
    path = _absolute(pattern, base)
    if os.path.exists(path):  # noqa: PTH110
        what = "no chart in this folder" if path.is_dir() else "this file is no chart"
        plain = f"; manifests that no chart makes are checked with --k8snet-manifests={pattern}"
        return f"--helm-chart={pattern}: {what}; expected {EXPECTED}{plain}"
    what = "no chart matches" if has_magic(pattern) else "no such file or folder"
    return f"--helm-chart={pattern}: {what} (looked in {base}); expected {EXPECTED}"


def _declaration(path: Path) -> dict[str, Any]:
    """Chart.yaml as a dict, with the dependencies of requirements.yaml where it has some.

    Helm reads that file whatever the apiVersion is, and what it says wins.
    """
    declared = _mapping(path, "Chart.yaml")
    try:
        requirements = _mapping(path, "requirements.yaml")
    except OSError:  # there is none, or whoever opens all files of a chart says what is wrong
        return declared
    if "dependencies" in requirements:
        declared["dependencies"] = requirements["dependencies"]
    return declared


def _member(path: Path, name: str) -> bytes:
    """The bytes of a file at the top of a chart.

    :raises FileNotFoundError: the chart has no such file.
    """
    if path.is_dir():
        return read_bytes(path / name, inside=path)
    for member in members(path, name):
        parts = PurePosixPath(member.path).parts
        if len(parts) == 2 and parts[1] == name:
            return member.content
    raise FileNotFoundError(f"the archive has no <chart>/{name}")


def _mapping(path: Path, name: str) -> dict[str, Any]:
    """A file of the chart as Helm reads it: unknown tags mean nothing, an empty file is empty.

    :raises ValueError: it is no mapping; begins with the name.
    """
    from ..yamltext import load

    try:
        declared = load(_member(path, name).decode("utf-8"), name)
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: {not_utf8(error)}") from None
    except ManifestError as error:
        raise ValueError(str(error)) from None
    if declared is None:
        return {}
    if not isinstance(declared, dict):
        raise ValueError(f"{name}: {described(declared)}, where a mapping is expected")  # noqa: TRY004
    return declared


def _dependencies(declared: object) -> tuple[Dependency, ...]:
    """:raises ValueError: one has no name."""
    if not isinstance(declared, list):
        return ()  # Helm says what is wrong with it
    for number, entry in enumerate(declared, start=1):
        if isinstance(entry, dict) and not entry.get("name"):
            raise ValueError(f'Chart.yaml: dependencies: entry {number} has no "name"')
    return tuple(
        Dependency(
            _text(entry, "name"),
            _text(entry, "version"),
            _text(entry, "repository"),
            _text(entry, "alias"),
            optional=bool(entry.get("condition") or entry.get("tags")),
        )
        for entry in declared
        if isinstance(entry, dict)
    )


def _text(declared: dict[str, Any], key: str) -> str:
    value = declared.get(key)
    return "" if value is None else str(value)


def _chart_yaml(path: Path) -> Path:
    return path / "Chart.yaml" if path.is_dir() else path


def _within(path: Path) -> str:
    """What stands before the name of a file in a chart."""
    return f"{shown(path)}/" if path.is_dir() else f"{shown(path)}: "


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())
