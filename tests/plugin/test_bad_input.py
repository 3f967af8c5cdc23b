"""Every kind of bad input: one clean message, with its place and the next step.

The tables are in ``bad_input``. What is wrong with a chart or a file of manifests is told of it
alone, so all of them are in one run, beside a sound chart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from helm.conftest import ENGINES, engine_or_skip
from plugin.bad_input.charts import CHART, EMPTY, FAILING
from plugin.bad_input.manifests import NO_MANIFESTS, REFUSED
from plugin.bad_input.options import PLACES, ROWS
from plugin.bad_input.places import Files, put
from plugin.bad_input.told import ELLIPSIS, LONGEST, has_words, refuse_noise, slug
from plugin.charts import RAN, SOUND

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"


class Run(NamedTuple):
    """A run of pytest: what it printed, and its results by the beginning of their ids."""

    printed: str
    results: list[dict[str, Any]]

    def about(self, beginning: str) -> dict[str, Any]:
        """The only result whose id begins so."""
        (found,) = [one for one in self.results if one["id"].startswith(beginning)]
        return found


def run_in(folder: Path, *arguments: str, stdin: bytes = b"") -> Run:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir=.", "--k8snet-json=out.json", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    printed = (done.stdout + done.stderr).decode()
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, printed
    return Run(printed, json.loads((folder / "out.json").read_text("utf-8"))["results"])


def path_of(name: str) -> str:
    return f"charts/{slug(name)}" + ".tgz" * name.startswith("archive: ")


@pytest.fixture(scope="module", params=ENGINES)
def charts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run over the charts of all rows, with each kind of Helm."""
    engine_or_skip(request.param)
    folder = tmp_path_factory.mktemp("charts")
    sound: Files = {f"templates/{name}": dedent(text) for name, text in SOUND.items()}
    put(folder / "charts/sound", {"Chart.yaml": CHART.replace("web", "sound"), **sound})
    for name, row in (FAILING | EMPTY).items():
        if name.startswith("archive: "):
            put(folder / path_of(name), row.files)
        else:
            usual: Files = {"Chart.yaml": CHART} if name in EMPTY else USUAL
            put(folder / path_of(name), {**usual, **row.files})
    return run_in(folder, "--helm-chart=charts", f"--k8snet-helm={request.param}")


USUAL: Files = {"Chart.yaml": CHART, "values.yaml": "{}\n", "templates/web.yaml": CONFIG_MAP}


@pytest.mark.parametrize("name", FAILING)
def test_a_chart_that_does_not_render_says_why(charts: Run, name: str) -> None:
    row, path = FAILING[name], path_of(name)
    head = "" if path.endswith(".tgz") else "/Chart.yaml"
    result = charts.about(f"{path}{head}::{row.values}::renders")
    said = result["reason"]
    assert result["outcome"] == "failed"
    has_words(f"{path}{row.says}" if row.says[0] in "/:" else row.says, said)
    assert len(said) < LONGEST
    refuse_noise(said)
    assert charts.printed.count(f"\n{said.splitlines()[0]}\n") == 1


@pytest.mark.parametrize("name", EMPTY)
def test_a_chart_that_renders_to_nothing_is_no_pass(charts: Run, name: str) -> None:
    path = path_of(name)
    result = charts.about(f"{path}/Chart.yaml::defaults::renders")
    assert result["outcome"] == "skipped"
    assert result["reason"] == f"{path}{EMPTY[name].says}"


def test_no_bad_chart_keeps_a_sound_one_from_its_verdict(charts: Run) -> None:
    sound = [one["outcome"] for one in charts.results if one["chart"] == "charts/sound"]
    assert (sound.count("passed"), sound.count("failed")) == (RAN, 0)
    refuse_noise(charts.printed)


FILES = {name: f"{number}.yaml" for number, name in enumerate(REFUSED | NO_MANIFESTS)}


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run over the files of all rows."""
    folder = tmp_path_factory.mktemp("manifests")
    for name, file in FILES.items():
        text = (REFUSED | NO_MANIFESTS)[name].text
        put(folder, {file: text.encode(errors="surrogateescape")})
    return run_in(folder, *(f"--k8snet-manifests={file}" for file in FILES.values()))


@pytest.mark.parametrize("name", REFUSED)
def test_a_manifest_that_kubernetes_refuses_says_why(manifests: Run, name: str) -> None:
    file = FILES[name]
    result = manifests.about(f"{file}::manifests::renders")
    head, *lines = result["reason"].splitlines()
    assert result["outcome"] == "failed"
    assert head == f"{file}: Kubernetes refuses these manifests"
    assert len(set(lines)) == len(lines)
    assert all(f"({file}" in line for line in lines)
    has_words(REFUSED[name].says, "\n".join(lines))
    refuse_noise(result["reason"])
    assert manifests.printed.count(f"\n{head}\n") == 1


@pytest.mark.parametrize("name", NO_MANIFESTS)
def test_a_file_without_manifests_says_why(manifests: Run, name: str) -> None:
    file = FILES[name]
    result = manifests.about(f"{file}::manifests::renders")
    said = result["reason"]
    assert result["outcome"] == "failed"
    has_words(f"{file}{NO_MANIFESTS[name].says}", said)
    refuse_noise(said)
    assert manifests.printed.count(f"\n{said.splitlines()[0]}\n") == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"just words\n", "stdin: a document is a string, and Kubernetes takes objects only"),
        (b"", "stdin: there is no Kubernetes object in it"),
        (b"\xff", "stdin: not UTF-8: invalid start byte at byte 0"),
    ],
    ids=["words", "nothing", "no text"],
)
def test_standard_input_that_is_no_manifests_is_said_once_though_given_twice(
    tmp_path: Path, text: bytes, says: str
) -> None:
    run = run_in(tmp_path, *["--k8snet-manifests=-"] * 2, stdin=text)
    assert run.printed.count(f"\n{says}") == 1
    assert "Captured" not in run.printed
    refuse_noise(run.printed)


@pytest.mark.parametrize("name", ROWS)
def test_what_cannot_be_used_is_said_once(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    row = ROWS[name]
    put(pytester.path, PLACES)
    put(pytester.path, row.files)
    pytester.makeini(f"[pytest]\n{row.ini}\n")
    if row.path is not None:
        monkeypatch.setenv("PATH", str(pytester.path / row.path))
    result = pytester.runpytest(*row.given)
    printed = "\n".join(
        line for line in result.outlines + result.errlines if not line.startswith("FAILED ")
    )
    assert result.ret == row.code, printed
    has_words(row.says, printed)
    assert printed.count(next(filter(None, ELLIPSIS.split(row.says)))) == 1
    refuse_noise(printed)
