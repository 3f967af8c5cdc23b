"""Charts as pytest nodes: a file for a chart, below it its values sets, below them the items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from .checks import Check
from .errors import K8sNetError
from .gather import Gathered
from .items import ChartItem, CheckFailed, CheckItem, InstallsItem, RendersItem, questions
from .model import Subject
from .run import ChartRun, run_of

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr

RUNTIME_MARKER = "k8snet_runtime"
# What pytest, xdist and shells give a meaning to in node ids; no legal object name has it.
_UNSAFE = re.compile(r"[\s@\[\]:/]+")


def collect_file(path: Path, parent: Any, run: ChartRun) -> ChartFile | None:
    """The node of a chart of this run; None for any other file."""
    gathered = run.by_file.get(path)
    if gathered is None:
        return None
    node: ChartFile = ChartFile.from_parent(
        parent, path=path, nodeid=gathered[0].target.nodeid, gathered=gathered
    )
    return node


class ChartFile(pytest.File):
    """A chart: Chart.yaml of a folder, or a .tgz."""

    def __init__(self, *, gathered: list[Gathered], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gathered = gathered

    def collect(self) -> Iterator[ValuesNode]:
        """One collector for each values set."""
        for one in self.gathered:
            yield ValuesNode.from_parent(self, name=one.target.values.name, gathered=one)


class ValuesNode(pytest.Collector):
    """A chart with one values set."""

    def __init__(self, name: str, parent: Any, gathered: Gathered) -> None:
        super().__init__(name, parent)
        self.gathered = gathered

    def collect(self) -> Iterator[ChartItem | ObjectNode]:
        """``renders``, ``installs`` where there is a cluster, then the objects.

        Of a chart that does not render with these values there is ``renders`` alone.
        """
        yield RendersItem.from_parent(self, name="renders", gathered=self.gathered)
        application = self.gathered.application
        if application is None:
            return
        settings = run_of(self.config).settings
        if settings.cluster != "none":
            item = InstallsItem.from_parent(self, name="installs", gathered=self.gathered)
            item.add_marker(RUNTIME_MARKER)
            yield item
        for reference, asked in groupby(
            questions(application, settings), key=lambda question: question[1].reference
        ):
            name = _UNSAFE.sub("-", application.subject(reference).partition("/")[2])
            yield ObjectNode.from_parent(
                self, name=f"{reference.kind}/{name}", asked=tuple(asked), gathered=self.gathered
            )

    def repr_failure(
        self, excinfo: ExceptionInfo[BaseException], *args: Any, **kwargs: Any
    ) -> str | TerminalRepr:
        """The message alone where the chart is to blame."""
        if isinstance(excinfo.value, (self.CollectError, K8sNetError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **kwargs)


class ObjectNode(pytest.Collector):
    """One object of a rendered chart."""

    def __init__(
        self, name: str, parent: Any, gathered: Gathered, asked: tuple[tuple[Check, Subject], ...]
    ) -> None:
        super().__init__(name, parent)
        self.gathered, self.asked = gathered, asked

    def collect(self) -> Iterator[CheckItem]:
        """Every check that is asked about such an object."""
        # What fixtures there are is the same for all items of an object: those for everybody.
        manager = self.session._fixturemanager
        fixtures = manager.getfixtureinfo(cast("pytest.Item", self), func=None, cls=None)
        observed = run_of(self.config).settings.cluster != "none"
        for check, subject in self.asked:
            item = CheckItem.from_parent(
                self,
                name=check.full_name,
                gathered=self.gathered,
                check=check,
                subject=subject,
                fixtureinfo=fixtures,
            )
            item.add_marker(check.id)
            if check.needs_sockets or (check.uses_sockets and observed):
                item.add_marker(RUNTIME_MARKER)
            if reason := item.expected:
                item.add_marker(pytest.mark.xfail(reason=reason, raises=CheckFailed))
            yield item
