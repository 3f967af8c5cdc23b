"""pytest hooks, and nothing else. A run without charts meets only the first three."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .plaintext import plain
from .settings import add_options, read_settings, wanted

if TYPE_CHECKING:
    from .run import ChartRun


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    word = config.getoption("k8snet_explain")
    if word is None:
        return None
    from .explain import explain

    return explain(word)


def pytest_configure(config: pytest.Config) -> None:
    if not wanted(config) or config.getoption("k8snet_explain") is not None:
        return
    from .errors import K8sNetError
    from .run import ChartRun

    try:
        run = ChartRun(config, read_settings(config))
    except K8sNetError as error:
        raise pytest.UsageError(plain(str(error))) from None
    config.pluginmanager.register(_ChartHooks(config, run), "k8snet-charts")


class _ChartHooks:
    """The hooks of a run that checks charts."""

    def __init__(self, config: pytest.Config, run: ChartRun) -> None:
        from . import arguments, fixtures
        from .items import report_item

        self._config, self._run, self._report_item = config, run, report_item
        config.pluginmanager.register(fixtures, "k8snet-fixtures")
        arguments.add_markers(config)
        arguments.add_charts(config, run)

    def pytest_report_header(self) -> list[str]:
        return self._run.header()

    # All come after the terminal's header: the first one only where there are workers to start,
    # the last one for what only collects, such as --fixtures.
    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, specs: Sequence[Any]) -> None:
        self._run.see_workers(specs)
        self._begin()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        self._begin()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectstart(self) -> None:
        self._begin()

    def _begin(self) -> None:
        from .errors import K8sNetError
        from .run import NO_TESTS

        try:
            self._run.begin(observe=not any(map(self._config.getoption, NO_TESTS)))
        except K8sNetError as error:
            raise pytest.UsageError(plain(str(error))) from None

    def pytest_collect_file(self, file_path: Path, parent: Any) -> pytest.Collector | None:
        from .collect import collect_file

        return collect_file(file_path, parent, self._run)

    # Before pytest-xdist says that this worker has collected its tests.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if self._run.runtime is not None:
            from .needed import needed

            self._run.runtime.plan(needed(session.items, self._run.gathered))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        self._run.observe()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        self._run.observe()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._run.finish(nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._report_item(item, report)
        return report

    @pytest.hookimpl(trylast=True)  # after the terminal has counted it
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._run.record(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["k8snet"] = self._run.hand_over()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        self._run.tell_all()
        terminalreporter.section("k8snet")
        for line in self._run.summary():
            terminalreporter.write_line(line)

    # Before the terminal shows the failures.
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._run.tell_once()
        if not self._run.write_reports():
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        elif self._run.nothing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED

    def pytest_unconfigure(self) -> None:
        self._run.close()
