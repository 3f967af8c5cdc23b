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


def test_files_mean_the_charts_that_they_are_in(web: Path, make_chart: Callable[..., Path]) -> None:
    make_chart("charts/web/charts/db", {})
    Path("README.md").write_text("# No chart\n")
    inside = ("charts/web/charts/db/values.yaml", "charts/web/values.yaml")
    done = run("files", "-q", "-kM6", "README.md", *inside)
    assert done.returncode == 1
    assert "FAILED charts/web/Chart.yaml::" in done.stdout
    assert "charts/db/Chart.yaml" not in done.stdout
    assert "README" not in done.stdout
    none = run("files", "README.md")
    assert (none.returncode, none.stdout) == (0, "no chart among these files\n")
    assert run("files").returncode == 0


def test_a_single_file_of_a_chart_is_the_chart(web: Path) -> None:
    assert "1 failed" in run("charts/web/templates/web.yaml").stdout


# Charts that differ from a commit


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(make_chart: Callable[..., Path]) -> Path:
    """Three charts in a commit on the branch main; two of them take in a library."""
    dependency = "dependencies:\n  - {name: common, version: 1.2.3, repository: file://../common}\n"
    for name in ("one", "two", "three"):
        text = f"apiVersion: v2\nname: {name}\nversion: 1.2.3\n"
        text += dependency if name != "three" else ""
        folder = make_chart(f"charts/{name}", SOUND)
        (folder / "Chart.yaml").write_text(text)
    library = make_chart("charts/common", {"_names.tpl": ""})
    (library / "Chart.yaml").write_text(
        "apiVersion: v2\nname: common\nversion: 1.2.3\ntype: library\n"
    )
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "charts")
    return library.parent


def checked(*arguments: str) -> set[str]:
    """The names of the charts that were checked."""
    done = run(*arguments, "--co", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.split("/")[1] for line in done.stdout.splitlines() if "::" in line}


def test_only_charts_that_differ_are_checked(repository: Path) -> None:
    git("switch", "-qc", "feature")
    done = run("--since=main")
    assert (done.returncode, done.stdout) == (0, "no chart differs from main\n")
    (repository / "one" / "values.yaml").write_text("a: 1\n")
    assert checked("--since=main") == {"one"}
    git("commit", "-qam", "one")
    (repository / "three" / "templates" / "new.yaml").write_text("")
    assert checked("--since", "main", "charts") == {"one", "three"}
    assert checked("--since=main", "charts/t*") == {"three"}
    # What happened on main meanwhile is none of this branch's business.
    git("stash", "-qu")
    git("switch", "-q", "main")
    (repository / "two" / "values.yaml").write_text("a: 1\n")
    git("commit", "-qam", "two")
    git("switch", "-q", "feature")
    assert checked("--since=main") == {"one"}


def test_a_change_of_a_local_dependency_counts(repository: Path) -> None:
    (repository / "common" / "templates" / "_names.tpl").write_text("{{/* new */}}")
    assert checked("--since=HEAD") == {"one", "two"}


def test_a_shallow_clone_is_compared_with_the_commit_itself(repository: Path) -> None:
    (repository / "one" / "values.yaml").write_text("a: 1\n")
    git("commit", "-qam", "one")
    git("clone", "-q", "--depth=1", f"file://{Path.cwd()}", "shallow")
    os.chdir("shallow")
    parent = subprocess.run(
        ["git", "-C", "..", "rev-parse", "HEAD~1"], capture_output=True, text=True, check=True
    ).stdout.strip()
    git("fetch", "-q", "--depth=1", "origin", parent)
    assert checked(f"--since={parent}") == {"one"}


def test_a_commit_that_is_not_there_is_an_error(repository: Path) -> None:
    done = run("--since=nowhere")
    assert done.returncode == 4
    assert "--since=nowhere: git knows no such commit here; fetch it first" in done.stderr


def test_a_folder_without_a_repository_is_an_error(web: Path) -> None:
    done = run("--since=HEAD", GIT_CEILING_DIRECTORIES=str(Path.cwd().parent))
    assert done.returncode == 4
    assert "not a git repository" in done.stderr


def test_why_names_the_rules_that_decide(make_chart: Callable[..., Path]) -> None:
    make_chart("charts/web", SOUND)
    policy = "NetworkPolicy/web (templates/policy.yaml)"
    done = run("why", "charts/web", "cluster", "Deployment/web", "8080")
    assert done.stdout.splitlines() == [
        "charts/web [defaults]",
        "  cluster -> Deployment/web 8080/TCP: closed",
        "    leaving: nothing denies it",
        f"    entering: {policy} selects the pods, and no rule admits it",
    ]
    done = run("why", "charts/web", "namespace", "Deployment/web", "8080/TCP")
    assert "namespace -> Deployment/web 8080/TCP: open" in done.stdout
    assert f"ingress[0] of {policy} allows it" in done.stdout
    done = run("why", "charts/web", "world", "Deployment/web", "8080")
    assert done.stdout.splitlines() == [
        "charts/web [defaults]",
        "  world -> Deployment/web 8080/TCP: closed",
        "    no node port, load balancer, port of its node or route leads there",
    ]


def test_why_says_what_it_does_not_know(make_chart: Callable[..., Path]) -> None:
    make_chart("charts/web", SOUND)
    for arguments, said in (
        (("charts/web", "cluster", "Deployment/web"), "k8snet why CHART FROM TO PORT"),
        (("charts/web", "Pod/gone", "Deployment/web", "80"), "and its workloads, Deployment/web"),
        (("charts/web", "cluster", "cluster", "80"), "is no workload"),
        (("charts/web", "cluster", "Deployment/web", "http"), "is no port"),
    ):
        done = run("why", *arguments)
        assert done.returncode == 4
        assert said in done.stderr
