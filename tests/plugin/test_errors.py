"""Bad input: one clear error for what is bad, and verdicts on everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.charts import RAN, SERVICE, SOUND, WAITING, WEB

MakeChart = Callable[..., Path]
REPORTS = ("json", "html", "sarif")


def test_a_chart_that_does_not_render_is_one_error_and_the_others_go_on(
    pytester: pytest.Pytester,
    make_chart: MakeChart,
    read_json: Callable[..., Any],
    workers: str,
) -> None:
    make_chart("charts/bad", {"bad.yaml": "kind: [\n"})
    make_chart("charts/web", SOUND)
    result = pytester.runpytest("--helm-chart=charts", workers, "--k8snet-json=out.json")
    result.assert_outcomes(passed=RAN, skipped=WAITING, failed=1)
    result.stdout.fnmatch_lines(["*defaults renders*", "charts/bad: templates/bad.yaml: not YAML*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    charts = {chart["path"]: chart["outcome"] for chart in read_json()["charts"]}
    assert charts == {"charts/bad": "failed", "charts/web": "passed"}
    (entry,) = [entry for entry in read_json()["results"] if entry["outcome"] == "failed"]
    assert entry["id"] == "charts/bad/Chart.yaml::defaults::renders"


def test_one_broken_values_set_leaves_the_other_ones(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart(
        "charts/web",
        {**SOUND, "bad.yaml": "{{ if .Values.broken }}{{ fail .Values.broken }}{{ end }}"},
        **{"ci/broken-values.yaml": "broken: no such mode\n", "ci/sound-values.yaml": "{}\n"},
    )
    result = pytester.runpytest("--helm-chart=charts/web")
    result.assert_outcomes(passed=2 * RAN, skipped=2 * WAITING, failed=1)
    result.stdout.fnmatch_lines(["*broken renders*", "*no such mode*"])


@pytest.mark.parametrize("proposed", [0, 1])
def test_where_a_chart_does_not_render_the_users_own_helm_is_proposed(
    pytester: pytest.Pytester,
    make_chart: MakeChart,
    monkeypatch: pytest.MonkeyPatch,
    proposed: int,
) -> None:
    make_chart("charts/web", {"web.yaml": "{{ get 1 2 }}"})
    program = pytester.mkdir("bin") / "helm"
    if proposed:
        program.touch(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    result = pytester.runpytest("--helm-chart=charts", "--k8snet-helm=embedded")
    result.assert_outcomes(failed=1)
    said = result.stdout.str()
    assert said.count("the helm on PATH may differ: --k8snet-helm=helm") == proposed


def test_what_helm_writes_to_standard_error_is_shown_with_its_chart(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/api", SOUND)
    folder = make_chart("charts/web", SOUND)
    (folder / "extra.yaml").write_text("kind: List\napiVersion: v1\nitems: []\n")
    (folder / "templates/extra.yaml").symlink_to("../extra.yaml")
    result = pytester.runpytest("--helm-chart=charts", "-rP", "-k", "renders")
    result.assert_outcomes(passed=2, deselected=2 * (RAN + WAITING) - 2)
    result.stdout.fnmatch_lines(["*defaults renders*", "*helm*", "*symbolic link*extra.yaml*"])
    assert result.stdout.str().count("symbolic link") == 1


def test_a_chart_that_renders_to_nothing_is_no_pass(
    pytester: pytest.Pytester, make_chart: MakeChart, workers: str
) -> None:
    make_chart("charts/web", {"off.yaml": "{{ if .Values.on }}kind: List{{ end }}"})
    result = pytester.runpytest("--helm-chart=charts", "-rs", workers)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["nothing was checked: *"])
    result.stdout.fnmatch_lines(["SKIPPED*charts/web renders to nothing with these values*"])
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    make_chart("charts/api", SOUND)
    assert pytester.runpytest("--helm-chart=charts", workers).ret == pytest.ExitCode.OK


def test_names_that_node_ids_give_a_meaning_to_are_made_plain(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    odd = WEB.replace("name: web\n    spec", 'name: "a::b[c] @d"\n    spec')
    make_chart("charts/web", {**SOUND, "web.yaml": odd, "service.yaml": SERVICE})
    result = pytester.runpytest("--helm-chart=charts/web", "-n2", "-v")
    result.assert_outcomes(
        passed=RAN - 1, skipped=WAITING, failed=1
    )  # Kubernetes takes no such name
    result.stdout.fnmatch_lines(
        ["*::Deployment/a-b-c-d::M7-host-network*", "*metadata.name has other characters*"]
    )


def test_what_a_chart_says_reaches_no_terminal_and_no_report_raw(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    hostile = r"a\u001b[2J\u009b\u202e\n::error::x"
    annotated = WEB.replace(
        "name: web\n    spec",
        f'name: web\n      annotations: {{k8snet/ignore-M6: "{hostile}"}}\n    spec',
    )
    make_chart("charts/\x1b7red", {"web.yaml": annotated})
    make_chart("charts/fail", {"bad.yaml": f'{{{{ fail "{hostile}" }}}}'})
    make_chart("charts/name", SOUND, **{"Chart.yaml": f'name: "{hostile}"\nversion: 1.0.0\n'})
    make_chart("charts/object", {"service.yaml": SERVICE.replace(": web", f': "{hostile}"')})
    reports = [f"--k8snet-{name}=out.{name}" for name in REPORTS]
    result = pytester.runpytest("--helm-chart=charts", "-rA", "-v", *reports)
    printed = result.stdout.str() + result.stderr.str()
    decoded = json.dumps(json.loads(Path("out.json").read_text("utf-8")), ensure_ascii=False)
    for text in (printed, decoded, *(Path(f"out.{name}").read_text("utf-8") for name in REPORTS)):
        assert r"a\x1b[2J" in text.replace("\\\\", "\\")
        assert not [one for one in ("\x1b", r"\u001b", "\x9b", "\u202e") if one in text]
        assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
