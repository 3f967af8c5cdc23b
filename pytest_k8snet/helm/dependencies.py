"""Whether what a chart depends on is there, and where to render it from.

Helm's own rule: every dependency that Chart.yaml declares, enabled or not,
must be in ``charts/`` under its name, as a folder or an archive. What lies
elsewhere on the same disk (``file://``, a chart next to it, a copy that Helm or
another chart keeps) is put into a private copy of the chart; the user's tree is
only read. Only where the user asked for it is the rest fetched; otherwise what the
values may have switched off has a stand-in (:mod:`.stand_in`).
"""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from ..errors import ChartError
from ..reading import read_bytes
from .archives import ARCHIVES, members
from .charts import Chart, Dependency, is_chart, read_chart
from .copies import Copies
from .fetch import Fetch
from .stand_in import can_be_off, lacks_template, marked_by_stand_in, put_stand_in
from .survey import refuse_foreign

DOWNLOAD = "--k8snet-dependencies=download"
"""The option with which a run fetches what is absent."""
_NAME = re.compile(rb"^name:[ \t]*[\"']?([\w.-]+)", re.MULTILINE)
_IN_A_LINE = 3  # dependencies
_IN_ARCHIVE = 4  # <chart>/charts/<dependency>/Chart.yaml


class Workspace:
    """Private copies of the charts that need one; gone when it is closed.

    Each process has its own, so no two of them write to the same place; threads take turns.

    :param below: where to make them; None is the system's temporary folder.
    :param known: the charts of the run: they may depend on each other.
    :param fetch: gets what is nowhere on this disk; None where nothing is to be fetched.
    """

    def __init__(
        self, below: Path | None = None, *, known: Iterable[Chart] = (), fetch: Fetch | None = None
    ) -> None:
        self._below = below
        self._copies = Copies(known)
        self._fetch = fetch
        self._notes: dict[str, None] = {}
        self._absences: dict[Path, str] = {}
        self._marked: list[str] = []  # the same, by the marks of stand-ins
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._prepared: dict[Path, Path] = {}
        self._turn = threading.Lock()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was taken from where, a line for each dependency."""
        return tuple(self._notes)

    def absence(self, chart: Chart, error: str) -> str:
        """What is absent, where Helm's error comes from that; "" where it does not."""
        mark = marked_by_stand_in(error)  # it may be of a chart that this one depends on
        if mark is not None:
            return self._marked[mark]
        return self._absences.get(chart.path, "") if lacks_template(error) else ""

    def close(self) -> None:
        """Remove the copies. Safe to call more than once."""
        if self._folder is not None:
            self._folder.cleanup()
        self._folder = None
        self._prepared.clear()

    def prepare(self, chart: Chart) -> Path:
        """Where to render a chart from: its own path, or a copy that is complete.

        :raises ChartError: the chart cannot be read, or a dependency is absent;
            the message names it and the command that fetches it.
        """
        with self._turn:
            return self._prepare(chart, ())

    def _prepare(self, chart: Chart, above: tuple[Path, ...]) -> Path:
        if chart.path not in self._prepared:
            self._prepared[chart.path] = self._complete(chart, above)
        return self._prepared[chart.path]

    def _complete(self, chart: Chart, above: tuple[Path, ...]) -> Path:
        if chart.problem:
            raise ChartError(chart.problem)
        if not chart.packed:
            refuse_foreign(chart.path)
        try:
            absent = absent_dependencies(chart)
        except OSError as error:
            raise ChartError(f"{chart.shown}: cannot be read: {error.strerror or error}") from error
        if not absent:
            return chart.path
        return self._copy(chart, absent, (*above, chart.path))

    def _copy(self, chart: Chart, absent: Iterable[Dependency], above: tuple[Path, ...]) -> Path:
        """A copy of the chart with its dependencies put in."""
        sources, beyond = self._sources(chart, absent, above)
        absence = _absent(chart, beyond) if beyond and self._fetch is None else ""
        if absence and (chart.packed or not all(map(can_be_off, beyond))):
            raise ChartError(absence)
        copy = self._new_folder() / chart.path.name
        try:
            _copy_tree(chart.path, copy)
            for name, source in sources.items():
                _put_in(source, copy / "charts" / name)
            for number, dependency in enumerate(beyond if absence else ()):
                folder = copy / "charts" / f"{dependency.name}-absent-{number}"
                put_stand_in(dependency, folder, len(self._marked))
        except OSError as error:  # copytree's own error is one, too
            raise ChartError(
                f"{chart.shown}: cannot be copied to {copy} with its local dependencies: {error}"
            ) from error
        self._absences[chart.path] = absence
        self._marked.append(absence)
        if beyond and self._fetch is not None:
            self._fetch(chart, beyond, copy / "charts")
            self._note(chart, beyond, "fetched by Helm")
        return copy

    def _sources(
        self, chart: Chart, absent: Iterable[Dependency], above: tuple[Path, ...]
    ) -> tuple[dict[str, Path], list[Dependency]]:
        """Where each dependency is taken from, by name; and those that are not on this disk."""
        sources: dict[str, Path] = {}
        beyond = []
        for dependency in absent:
            if chart.packed:
                beyond.append(dependency)
            elif where := chart.local(dependency):
                local = _local(chart, dependency, where, above)
                sources[dependency.name] = self._prepare(local, above)
            elif (found := self._copies.find(chart, dependency)) and found.path not in above:
                sources[dependency.name] = self._prepare(found, above)
                self._note(chart, [dependency], f"taken from {found.shown} ({found.version})")
            else:
                beyond.append(dependency)
        return sources, beyond

    def _note(self, chart: Chart, dependencies: Iterable[Dependency], what: str) -> None:
        names = ", ".join(f"{one.name} {one.version}".rstrip() for one in dependencies)
        self._notes[f"{chart.shown}: {names} {what}"] = None

    def _new_folder(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="k8snet-charts-", dir=self._below)
        return Path(tempfile.mkdtemp(dir=self._folder.name))


def absent_dependencies(chart: Chart) -> tuple[Dependency, ...]:
    """What Chart.yaml declares and ``charts/`` does not have, in its order."""
    if not chart.dependencies:
        return ()
    present = frozenset(_present(chart))
    return tuple(entry for entry in chart.dependencies if entry.name not in present)


def _present(chart: Chart) -> Iterator[str]:
    """Names of the charts in ``charts/``: what they say themselves, not their file names."""
    if chart.packed:
        yield from _present_in_archive(chart.path)
        return
    try:
        entries = sorted((chart.path / "charts").iterdir())
    except OSError:  # no such folder
        return
    for entry in entries:
        if entry.name.startswith((".", "_")):
            continue
        if is_chart(entry):
            yield _quick_name(entry) or read_chart(entry).name
        elif entry.name.endswith(ARCHIVES):
            yield read_chart(entry).name


def _quick_name(folder: Path) -> str:
    """The name without reading all as YAML; "" where it is not that easy."""
    try:
        return _name_in(read_bytes(folder / "Chart.yaml"))
    except OSError:
        return ""


def _present_in_archive(path: Path) -> Iterator[str]:
    for member in members(path, "Chart.yaml"):
        parts = PurePosixPath(member.path).parts
        if parts[1:2] != ("charts",):
            continue
        if len(parts) == _IN_ARCHIVE and parts[3] == "Chart.yaml":
            yield _name_in(member.content) or parts[2]
        elif len(parts) == _IN_ARCHIVE - 1 and parts[2].endswith(ARCHIVES):
            yield re.sub(r"-v?\d.*", "", parts[2])


def _name_in(chart_yaml: bytes) -> str:
    found = _NAME.search(chart_yaml)
    return found[1].decode() if found else ""


def _local(chart: Chart, dependency: Dependency, where: Path, above: tuple[Path, ...]) -> Chart:
    """The chart that a ``file://`` repository leads to."""
    if where in above:
        way = " -> ".join(str(path) for path in (*above, where))
        raise ChartError(f"{chart.shown}: its dependencies go round in a circle: {way}")
    if not is_chart(where) and not (where.is_file() and where.name.endswith(ARCHIVES)):
        raise ChartError(
            f"{chart.shown}: dependency {dependency.name} is declared as {dependency.repository},"
            f" and there is no chart at {where}"
        )
    found = read_chart(where)
    if not found.problem and found.name != dependency.name:
        raise ChartError(
            f"{chart.shown}: dependency {dependency.name} is declared as {dependency.repository},"
            f" and the chart there is called {found.name}"
        )
    return found


def _absent(chart: Chart, absent: Iterable[Dependency]) -> str:
    names = list(dict.fromkeys(map(_described, absent)))
    if len(names) <= _IN_A_LINE:
        what, end = f" {', '.join(names)}", "; "
    else:
        what, end = "\n  ".join(("", *names)), "\n"
    if chart.packed:
        how = "package it again after `helm dependency update`"
    else:
        command = f"helm dependency update {shlex.quote(chart.shown)}"
        how = f"run `{command}`, or let the run fetch them into a private copy: {DOWNLOAD}"
    return f"{chart.shown}: declared in Chart.yaml and missing in charts/:{what}{end}{how}"


def _described(dependency: Dependency) -> str:
    """Name, version and where it comes from; an address's password is nobody's business."""
    parts = urlsplit(dependency.repository)
    where = dependency.repository
    if "@" in parts.netloc:
        where = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    version = f" {dependency.version}" if dependency.version else ""
    return f"{dependency.name}{version}" + (f" ({where})" if where else "")


def _put_in(source: Path, target: Path) -> None:
    if source.is_dir():
        _copy_tree(source, target)
    else:
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target.with_name(source.name))


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(
        source,
        target,
        ignore=shutil.ignore_patterns(".git"),
        ignore_dangling_symlinks=True,
        dirs_exist_ok=True,
    )
