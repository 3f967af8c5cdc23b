"""The command ``k8snet``: the plugin in any folder, whatever pytest is told there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from plugin.charts import NO_POLICY, SOUND
from pytest_k8snet import __version__
from pytest_k8snet.checks import CHECKS
from pytest_k8snet.explain import page
from pytest_k8snet.settings import OPTIONS

SCRIPT = Path(sys.executable).with_name("k8snet")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the test's folder, as a user with a narrow terminal does."""
    return subprocess.run(
        [SCRIPT, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80", **environment},
        check=False,
    )


@pytest.fixture
def web(make_chart: Callable[..., Path]) -> Path:
    """A chart with one fault, M6."""
    return make_chart("charts/web", NO_POLICY)


def test_a_chart_is_checked_as_by_pytest(web: Path) -> None:
    done = run("charts/web")
    assert done.returncode == 1
    node = "charts/web/Chart.yaml::defaults::Deployment/web::M6-no-network-policy"
    assert f"FAILED {node}" in done.stdout
    again = run(node, "-q")
    assert again.returncode == 1
    assert "1 failed in" in again.stdout


def test_the_module_is_the_same_command(web: Path) -> None:
    by_module = subprocess.run(
        [sys.executable, "-m", "pytest_k8snet", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert by_module.stdout == run("--version").stdout
    assert by_module.stdout.startswith(f"k8snet {__version__} (pytest {pytest.__version__}, ")


def test_several_charts_and_options_between_them(
    web: Path, make_chart: Callable[..., Path]
) -> None:
    make_chart("charts/sound", SOUND)
    done = run("charts/web", "-k", "M6", "--k8snet-json=out.json", "charts/sound", "-q")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert Path("out.json").is_file()
    assert run("charts/sound", "-n2", "-q").returncode == 0


def test_the_folders_own_pytest_has_no_say(pytester: pytest.Pytester, web: Path) -> None:
    pytester.makeini("[pytest]\naddopts = --no-such-option\nhelm_chart = nowhere\n")
    pytester.makeconftest("raise SystemExit('a conftest was imported')")
    (web / "conftest.py").write_text("raise SystemExit('a conftest was imported')")
    before = sorted(pytester.path.rglob("*"))
    done = run("charts/web", "-n2", PYTEST_ADDOPTS="--no-such-option")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "warning" not in done.stdout
    assert sorted(pytester.path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a chart: k8snet charts/web"),
        (["-x"], "name a chart: k8snet charts/web"),
        (["charts/nowhere"], "charts/nowhere: no such file or folder"),
        (["charts/web", "--no-such-option"], "k8snet: error: unrecognized arguments"),
        (["charts/web", "--helm-values=x.yaml"], "x.yaml: there is no such file"),
        (["explain"], "name a check"),
        (["explain", "M99"], "no check is called 'M99'; known are M1-undeclared-port"),
    ],
)
def test_an_argument_that_cannot_be_used_is_one_clear_error(
    web: Path, arguments: list[str], said: str
) -> None:
    done = run(*arguments)
    assert done.returncode == 4
    assert said in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout == ""


def test_explain_prints_the_pages() -> None:
    pages = {check.id: page(check) for check in CHECKS}
    assert run("explain", "m6").stdout == f"{pages['M6']}\n"
    assert run("explain", "all").stdout == "\n\n".join(pages.values()) + "\n"
    assert run("explain", "M6", "host-network").stdout == f"{pages['M6']}\n{pages['M7']}\n"


def test_help_is_the_commands_own() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: k8snet CHART...")
    usable = [one for one in OPTIONS if not (one.ini_only or one.flag_only)]
    left_out = {"--helm-chart", "--k8snet-with-tests"}
    assert {one.flag for one in usable if f"\n  {one.flag}" not in done.stdout} == left_out
