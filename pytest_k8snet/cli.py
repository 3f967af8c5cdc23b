"""``k8snet``: charts checked from the command line, in any folder.

``k8snet charts/web`` is ``pytest --helm-chart=charts/web`` with a configuration
of its own: the folder's pytest.ini, pyproject.toml, conftest.py and
PYTEST_ADDOPTS have no say, and nothing is written into the folder.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from . import __version__
from .errors import SettingsError
from .helm.archives import ARCHIVES
from .helm.charts import is_chart
from .plainmanifests import NAME
from .plaintext import plain
from .settings import OPTIONS

# Charts are named without an option, there are no other tests, and explain is a command.
_WITHOUT_USE = {"--helm-chart", "--k8snet-with-tests", "--k8snet-explain"}
_WITHOUT_USE |= {option.flag for option in OPTIONS if option.ini_only}
CONFIGURATION = Path(__file__).with_name("k8snet.ini")
SINCE = "--since=REF"
USAGE = """\
usage: k8snet CHART... [option...]
       k8snet --k8snet-manifests=PATH [option...]
       k8snet files FILE... [option...]
       k8snet why CHART FROM TO PORT
       k8snet explain CHECK

Finds network misconfigurations in Helm charts. A chart is a folder, a .tgz, a
folder of charts, or a glob. A file in a chart means the chart, and the node id of
a failed test that test alone.

  k8snet charts/web                           check a chart
  k8snet charts -n 4 --k8snet-html=out.html   all charts below a folder, and a report
  k8snet charts/web --k8snet-cluster=kind     observe it in a cluster, too
  k8snet --since=origin/main charts           the charts that differ from a branch
  helm template x | k8snet --k8snet-manifests=-    what something else rendered
  k8snet files $(git diff --name-only)        the charts that these files belong to
  k8snet why charts/web cluster Pod/db 5432   which rules let a connection through, or do not
  k8snet explain M6                           the page of a check; all: every page
"""
MORE = """\
Options of pytest work as well, such as -k, -m, -n, -x and --junitxml, but not those
that need its cache, such as --lf: nothing is written into the folder.
https://docs.pytest.org/en/stable/reference/reference.html#command-line-flags

Exit codes: 0 nothing failed, 1 a finding or a chart that does not render,
2 interrupted, 3 an error in a plugin, 4 an argument that cannot be used, 5 no test.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns pytest's exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = COMMANDS.get(given[0]) if given else None
    if command is not None:
        return command(given[1:])
    return check(given)


def check_files(arguments: Sequence[str]) -> int:
    """Check the charts that files belong to; a file of no chart is passed over, as in a hook."""
    return check(arguments, only_charts=True)


def check(arguments: Sequence[str], *, only_charts: bool = False) -> int:
    """Check the charts that are named, with pytest's options in between."""
    parser = argparse.ArgumentParser(prog="k8snet", add_help=False, allow_abbrev=False)
    parser.add_argument("--since", metavar="REF")
    named, rest = parser.parse_known_args(arguments)
    os.environ.pop("PYTEST_ADDOPTS", None)
    own = [
        *("-p", "k8snet", "-c", str(CONFIGURATION), f"--rootdir={Path.cwd()}"),
        *("--noconftest", "-p", "no:cacheprovider", "--assert=plain"),
    ]
    return int(
        pytest.main([*own, *rest], plugins=[_NamedCharts(arguments, named.since, only_charts)])
    )


def explain(arguments: Sequence[str]) -> int:
    """Print the pages of the checks that are named."""
    from .explain import explain as print_page

    if not arguments:
        return _refuse("explain: name a check, such as k8snet explain M6, or all of them: all")
    try:
        return max(print_page(word) for word in arguments)
    except pytest.UsageError as error:
        return _refuse(str(error).replace("--k8snet-explain", "explain"))


def why(arguments: Sequence[str]) -> int:
    """Print what decides over one connection."""
    from .errors import K8sNetError
    from .why import USAGE as USE
    from .why import explain_connection

    if len(arguments) != 4:
        return _refuse(USE)
    try:
        explain_connection(*arguments)
    except K8sNetError as error:
        return _refuse(str(error))
    return int(pytest.ExitCode.OK)


def show_help(_: Sequence[str]) -> int:
    """Print what the command is for and the plugin's own options."""
    lines = [USAGE, "options:", f"  {SINCE}", "      only charts that differ from this commit"]
    for option in OPTIONS:
        if option.flag not in _WITHOUT_USE:
            flag = f"{option.flag}={option.metavar}" if option.metavar else option.flag
            default = f" (default: {option.default})" if option.default else ""
            lines += [f"  {flag}", f"      {option.help}{default}"]
    sys.stdout.write("\n".join([*lines, "", MORE]))
    return int(pytest.ExitCode.OK)


def show_version(_: Sequence[str]) -> int:
    """Print the versions that a bug report needs."""
    python = ".".join(map(str, sys.version_info[:3]))
    sys.stdout.write(f"k8snet {__version__} (pytest {pytest.__version__}, Python {python})\n")
    return int(pytest.ExitCode.OK)


# A chart in a folder of the same name as a command is ./explain.
COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "files": check_files,
    "explain": explain,
    "why": why,
    "help": show_help,
    "-h": show_help,
    "--help": show_help,
    "--version": show_version,
}


class _NamedCharts:
    """Takes what pytest sees as paths of tests for charts."""

    def __init__(self, given: Sequence[str], since: str | None, only_charts: bool) -> None:  # noqa: FBT001
        self._given = given
        self._since, self._only_charts = since, only_charts

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        parser.prog = "k8snet"

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int | None:
        """Name the charts to the plugin; an exit code where there is nothing to check."""
        from .run import COMMAND

        config.stash[COMMAND] = ["k8snet", *self._given]
        named = list(config.option.file_or_dir)
        plain = [path for path in named if _of_manifests(path)]
        charts = [path for path in named if path not in plain]
        charts = [*(config.option.helm_chart or []), *map(_chart_of, charts)]
        manifests = [*(config.option.k8snet_manifests or []), *map(_file_of, plain)]
        config.option.k8snet_manifests = list(dict.fromkeys(manifests))
        if self._only_charts:
            charts = [path for path in charts if is_chart(Path(path)) or path.endswith(ARCHIVES)]
            if not charts:
                sys.stdout.write("no chart among these files\n")
                return int(pytest.ExitCode.OK)
        if self._since is not None:
            charts = _changed(self._since, charts or ["."])
            if not charts:
                sys.stdout.write(f"no chart differs from {self._since}\n")
                return int(pytest.ExitCode.OK)
        if not charts and not manifests:
            raise pytest.UsageError(
                "name a chart: k8snet charts/web, or k8snet . for all that are below here"
            )
        config.option.helm_chart = list(dict.fromkeys(charts))
        config.args[:] = [path for path in named if "::" in path]
        return None


def _file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _of_manifests(nodeid: str) -> bool:
    """Whether it is the node id of a test of manifests, and not of a chart."""
    file, *rest = nodeid.split("::")
    return (
        rest[:1] == [NAME] and not is_chart(Path(_chart_of(file))) and not file.endswith(ARCHIVES)
    )


def _chart_of(path: str) -> str:
    """The chart that a node id or a file in a chart belongs to; any other path as it is."""
    file = Path(_file_of(path))
    if not file.is_file() or file.name.endswith(ARCHIVES):
        return str(file)
    return next((str(folder) for folder in reversed(file.parents) if is_chart(folder)), str(file))


def _changed(ref: str, patterns: Sequence[str]) -> list[str]:
    from .changes import changed_charts

    here = Path.cwd()
    try:
        return [os.path.relpath(chart.path) for chart in changed_charts(ref, patterns, here)]
    except SettingsError as error:
        raise pytest.UsageError(plain(str(error))) from None


def _refuse(message: str) -> int:
    sys.stderr.write(f"k8snet: error: {plain(message)}\n")
    return int(pytest.ExitCode.USAGE_ERROR)
