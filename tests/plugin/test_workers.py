"""Workers of pytest-xdist: what they are handed, and which of them cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plugin.charts import RAN, SOUND, WAITING

MINE = """
from pathlib import Path

def test_here(k8snet_target):
    chart = k8snet_target.target.chart.path
    assert chart.is_relative_to(Path.cwd())
    assert "elsewhere" in chart.parts
"""


def test_a_worker_with_files_of_its_own_is_given_all_by_value(
    pytester: pytest.Pytester, make_chart: Callable[..., Path], tmp_path: Path
) -> None:
    make_chart("charts/web", SOUND)
    mine = pytester.makepyfile(test_mine=MINE)
    pytester.makeini("[pytest]")
    result = pytester.runpytest(
        str(mine),
        "--helm-chart=charts",
        "--dist=load",
        f"--tx=2*popen//chdir={tmp_path / 'elsewhere'}",
        f"--rsyncdir={pytester.path}",
        "-Wignore",
    )
    result.assert_outcomes(passed=RAN + 1, skipped=WAITING)


def test_a_worker_elsewhere_cannot_reach_the_cluster(
    pytester: pytest.Pytester, make_chart: Callable[..., Path]
) -> None:
    make_chart("charts/web", SOUND)
    result = pytester.runpytest(
        "--helm-chart=charts", "--dist=load", "--tx=ssh=example.org", "--k8snet-cluster=kind"
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --k8snet-cluster=kind: *workers have to be here: -n N, not --tx=*ssh=example.org"]
    )
    result.stdout.no_fnmatch_line("*creating the kind cluster*")


@pytest.mark.parametrize("given", ["0", "-1", "many", "1.5"])
def test_how_many_at_once_is_a_whole_number(
    pytester: pytest.Pytester, make_chart: Callable[..., Path], given: str
) -> None:
    make_chart("charts/web", SOUND)
    result = pytester.runpytest("--helm-chart=charts", f"--k8snet-parallel={given}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --k8snet-parallel={given}: expected a whole number *"])
