"""What leads to the package: the action's script, the hook and the image agree with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from documents import ROOT, read
from plugin.charts import NO_POLICY, SOUND


def load(name: str) -> Any:
    return yaml.safe_load(read(ROOT / name))


class Action:
    """The steps of action.yml, run as a runner does: by bash, with their environment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.output = folder / "output"
        command = folder / "k8snet" / "bin" / "k8snet"
        command.parent.mkdir(parents=True)
        command.symlink_to(Path(sys.executable).with_name("k8snet"))

    def check(self, *, base: str = "", **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the step that checks the charts; ``base`` is the pull request's."""
        action = load("action.yml")
        values = {name: one.get("default", "") for name, one in action["inputs"].items()}
        values |= {name.replace("_", "-"): value for name, value in inputs.items()}
        (step,) = (one for one in action["runs"]["steps"] if one.get("id") == "check")
        environment = {
            key: base
            if "pull_request" in value
            else re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: values[found[1]], value)
            for key, value in step["env"].items()
        }
        assert "${{" not in "".join(environment.values()) + step["run"]
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={
                **os.environ,
                **environment,
                "RUNNER_TEMP": str(self._folder),
                "GITHUB_OUTPUT": str(self.output),
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def action(tmp_path_factory: pytest.TempPathFactory) -> Action:
    return Action(tmp_path_factory.mktemp("runner"))


@pytest.fixture
def two_charts(make_chart: Callable[..., Path]) -> Path:
    make_chart("charts/web", NO_POLICY)
    return make_chart("charts/a name", SOUND).parent


def test_the_action_checks_what_it_is_told(action: Action, two_charts: Path) -> None:
    done = action.check(charts="charts/web")
    assert done.returncode == 1, done.stderr
    assert "FAILED charts/web/Chart.yaml::defaults::Deployment/web::M6" in done.stdout
    sarif = action.output.read_text().strip().removeprefix("sarif-file=")
    (found,) = json.loads(Path(sarif).read_text())["runs"][0]["results"]
    assert found["ruleId"].startswith("M6")


def test_the_actions_inputs_are_words_and_no_commands(action: Action, two_charts: Path) -> None:
    done = action.check(charts="'charts/a name'", options='-q -k "M6 or M7"')
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    action.check(charts="charts/web; touch got-in", options="$(touch got-in)")
    assert not Path("got-in").exists()


def test_in_a_pull_request_only_what_differs_is_checked(action: Action, two_charts: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "base")
    base = git("rev-parse", "HEAD")
    (two_charts / "a name" / "values.yaml").write_text("a: 1\n")
    git("commit", "-qam", "change")
    # The runner has the newest commit only, and fetches the base.
    git("clone", "-q", "--depth=1", f"file://{Path.cwd()}", "checkout")
    os.chdir("checkout")
    done = action.check(base=base)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 chart," in done.stdout
    assert action.check(base=base, only_changed="false").returncode == 1
    head = git("rev-parse", "HEAD")
    none = action.check(base=head)
    assert none.stdout == f"no chart differs from {head}\n"


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("charts/web/templates/deployment.yaml", True),
        ("templates/_helpers.tpl", True),
        ("Chart.yaml", True),
        ("charts/web/values-prod.yaml", True),
        ("charts/web/ci/ha-values.yaml", True),
        ("charts/web/charts/db-1.2.tgz", True),
        ("charts/web/values.schema.json", True),
        ("README.md", False),
        ("src/deployment.yaml", False),
        ("mycharts.py", False),
    ],
)
def test_the_hook_runs_for_what_is_rendered(path: str, *, matches: bool) -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    assert bool(re.search(hook["files"], path)) is matches


def test_the_hook_has_the_sdk_that_the_package_asks_for() -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    asked = re.search(r'^helm = \["([^"]+)"\]', read(ROOT / "pyproject.toml"), re.MULTILINE)
    assert asked
    assert hook["additional_dependencies"] == [asked[1]]


def test_the_image_is_made_from_what_docker_is_given() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", read(ROOT / "Dockerfile"), re.MULTILINE)
    given = re.findall(r"^!(.+)$", read(ROOT / ".dockerignore"), re.MULTILINE)
    assert [name for line in copied for name in line.split()] == given
    assert all((ROOT / name).exists() for name in given)


def test_actions_of_others_are_pinned_to_a_commit() -> None:
    for path in (ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml")):
        for used in re.findall(r"uses: (.+)$", read(path), re.MULTILINE):
            assert re.match(r"\./|[\w/-]+@[0-9a-f]{40} # v\d", used), (path.name, used)
