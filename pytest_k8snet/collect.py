"""Charts as pytest nodes: a file for a chart, below it its values sets, below them the items."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .checks import Check
from .errors import K8sNetError
from .fixtureitem import FixtureFile
from .items import ChartItem, CheckFailed, CheckItem, InstallsItem, RendersItem
from .model import Subject
from .plaintext import plain
from .questions import questions
from .quiethooks import QuietHooks
from .run import ChartRun, run_of
from .target import Gathered

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr
    from _pytest.fixtures import FuncFixtureInfo

RUNTIME_MARKER = "k8snet_runtime"
# What pytest, xdist and shells give a meaning to in node ids; no legal object name has it.
_UNSAFE = re.compile(r"[\s@\[\]:/\\]+")


def collect_file(path: Path, parent: Any, run: ChartRun) -> ChartFile | None:
    """The node of a chart of this run; None for any other file."""
    gathered = run.by_file.get(path)
    if gathered is None:
        return None
    node: ChartFile = ChartFile.from_parent(
        parent, path=path, nodeid=gathered[0].target.nodeid, gathered=gathered
    )
    return node


class ChartFile(FixtureFile):
    """A chart: Chart.yaml of a folder, or a .tgz."""

    def __init__(self, *, gathered: list[Gathered], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gathered = gathered

    def collect(self) -> Iterator[ValuesNode]:
        """One collector for each values set."""
        shared = {"fixtures": self.fixtures(), "hooks": QuietHooks(self)}
        for one in self.gathered:
            name = _node_name(one.target.values.name)
            yield ValuesNode.from_parent(self, name=name, gathered=one, **shared)


class ValuesNode(pytest.Collector):
    """A chart with one values set."""

    def __init__(
        self, *, gathered: Gathered, fixtures: FuncFixtureInfo, hooks: QuietHooks, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.gathered = gathered
        self._shared = {"gathered": gathered, "fixtures": fixtures, "hooks": hooks}

    def collect(self) -> Iterator[ChartItem | ObjectNode]:
        """``renders``, ``installs`` where there is a cluster, then the objects.

        Of a chart that does not render with these values there is ``renders`` alone.
        """
        renders = RendersItem.from_parent(self, name="renders", **self._shared)
        yield renders
        self._shared["place"] = renders.place
        application = self.gathered.application
        if application is None:
            return
        run = run_of(self.config)
        if run.installs(self.gathered):
            item = InstallsItem.from_parent(self, name="installs", **self._shared)
            item.add_marker(RUNTIME_MARKER)
            yield item
        for reference, asked in groupby(
            questions(application, run.settings), key=lambda question: question[1].reference
        ):
            name = _node_name(application.subject(reference).partition("/")[2])
            yield ObjectNode.from_parent(
                self,
                name=f"{_node_name(reference.kind)}/{name}",
                asked=tuple(asked),
                shared=self._shared,
            )

    def repr_failure(
        self, excinfo: ExceptionInfo[BaseException], *args: Any, **kwargs: Any
    ) -> str | TerminalRepr:
        """The message alone where the chart is to blame."""
        if isinstance(excinfo.value, (self.CollectError, K8sNetError)):
            return plain(str(excinfo.value))
        return super().repr_failure(excinfo, *args, **kwargs)


class ObjectNode(pytest.Collector):
    """One object of a rendered chart."""

    def __init__(
        self, *, asked: tuple[tuple[Check, Subject], ...], shared: Mapping[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._asked, self._shared = asked, shared

    def collect(self) -> Iterator[CheckItem]:
        """Every check that is asked about such an object."""
        for check, subject in self._asked:
            item = CheckItem.from_parent(
                self, name=check.full_name, check=check, subject=subject, **self._shared
            )
            item.add_marker(_mark(check.id))
            if check.needs_sockets or item.observed:
                item.add_marker(RUNTIME_MARKER)
            if reason := item.expected:
                item.add_marker(pytest.mark.xfail(reason=plain(reason), raises=CheckFailed))
            yield item


@cache
def _mark(name: str) -> pytest.MarkDecorator:
    """``pytest.mark.NAME``, which pytest makes anew each time that it is asked."""
    mark: pytest.MarkDecorator = getattr(pytest.mark, name)
    return mark


def _node_name(text: str) -> str:
    """A name as a part of a node id."""
    return _UNSAFE.sub("-", plain(text))
