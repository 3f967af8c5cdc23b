"""What a user sees of the items: node ids, outcomes, texts, and how pytest's own options act."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.charts import BARE, NO_POLICY, POLICY, RAN, SERVICE, SOUND, WAITING, WEB

M6 = "charts/web/Chart.yaml::defaults::Deployment/web::M6-no-network-policy"
MakeChart = Callable[..., Path]

# Under every way of distributing tests the verdicts are the same.
DISTRIBUTED = ["-n0", "-n2", "-n2 --dist=each", "-n2 --dist=loadfile", "-n2 --dist=worksteal"]


def with_metadata(text: str) -> str:
    """The Deployment with one more entry in its metadata."""
    return WEB.replace("      name: web\n    spec:", f"      name: web\n      {text}\n    spec:")


def test_each_check_of_each_object_is_an_item(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", SOUND)
    result = pytester.runpytest("--helm-chart=charts", "--collect-only", "-q")
    lines = set(result.outlines)
    prefix = "charts/web/Chart.yaml::defaults"
    assert f"{prefix}::renders" in lines
    assert f"{prefix}::Deployment/web::M1-undeclared-port" in lines
    assert f"{prefix}::Service/web::M5D-service-without-target" in lines
    assert not any("Deployment/web::M5" in line or "Service/web::M6" in line for line in lines)
    assert not any("::installs" in line for line in lines)


def test_a_sound_chart_passes_and_what_nobody_observed_is_skipped(
    run: Callable[..., Any], make_chart: MakeChart
) -> None:
    make_chart("charts/web", SOUND)
    result = run("-rs")
    result.assert_outcomes(passed=RAN, skipped=WAITING)
    result.stdout.fnmatch_lines(
        ["*charts/web/Chart.yaml: *needs a cluster: --k8snet-cluster=kind*"]
    )
    result.stdout.fnmatch_lines(["1 chart, 1 workload, 1 Service"])
    assert result.ret == pytest.ExitCode.OK


def test_a_fault_fails_its_item_and_says_what_where_why_and_what_instead(
    run: Callable[..., Any], make_chart: MakeChart
) -> None:
    make_chart("charts/web", NO_POLICY)
    result = run()
    result.assert_outcomes(passed=BARE - 1, failed=1, skipped=WAITING)
    result.stdout.fnmatch_lines(
        [
            "M6-no-network-policy: *Deployment/web*",
            "  where    charts/web/templates/web.yaml* (Deployment/web)",
            "  why      *",
            "  instead",
            "      kind: NetworkPolicy",
            "*port: 8080*",
            "  more     pytest --k8snet-explain=M6",
            "M6-no-network-policy * 1 fault in 1 chart",
            f"FAILED {M6}*",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "items.py" not in result.stdout.str()


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ("--helm-chart=charts", 'app: "{{ .Release.Name }}"'),
        ("--helm-chart=charts --helm-release-name=mine", "app: mine"),
        ("--k8snet-manifests=rendered.yaml", "app: release-name"),
    ],
)
def test_what_to_write_into_a_template_is_for_every_release(
    pytester: pytest.Pytester, make_chart: MakeChart, option: str, wanted: str
) -> None:
    """A name that the user chose may stand in the chart by chance, and in YAML nothing is filled
    in.
    """
    make_chart("charts/web", NO_POLICY)
    rendered = textwrap.dedent(WEB).replace("{{ .Release.Name }}", "release-name")
    pytester.makefile(".yaml", rendered=rendered)
    said = pytester.runpytest(*option.split(), "-k", "M6").stdout
    said.fnmatch_lines([f"*podSelector: {{matchLabels: {{{wanted}*"])


def test_the_line_of_a_finding_is_given_where_the_template_has_one(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    text = WEB.replace("        spec:\n", "        spec:\n          hostNetwork: true\n")
    line = text.strip("\n").splitlines().index("          hostNetwork: true") + 2
    make_chart("charts/web", {**SOUND, "web.yaml": text})
    result = pytester.runpytest("--helm-chart=charts", "-k", "M7")
    result.stdout.fnmatch_lines(
        [f"  where    charts/web/templates/web.yaml:{line} (Deployment/web)"]
    )


@pytest.mark.parametrize("mode", DISTRIBUTED)
def test_verdicts_are_the_same_in_every_mode_of_distribution(
    pytester: pytest.Pytester, make_chart: MakeChart, read_json: Callable[..., Any], mode: str
) -> None:
    make_chart("charts/web", NO_POLICY)
    make_chart("charts/api", SOUND)
    pytester.runpytest("--helm-chart=charts", "--k8snet-json=alone.json")
    pytester.runpytest("--helm-chart=charts", "--k8snet-json=out.json", *mode.split())
    alone, out = (pytester.path / name for name in ("alone.json", "out.json"))
    assert alone.read_bytes() == out.read_bytes()
    assert len(read_json()["results"]) == RAN + BARE + 2 * WAITING


def test_k_and_m_select(run: Callable[..., Any], make_chart: MakeChart) -> None:
    make_chart("charts/web", NO_POLICY)
    # pytest-xdist does not count what is deselected.
    run("-k", "Service").assert_outcomes(passed=8, skipped=2, deselected=None)
    run("-m", "M6 or M7").assert_outcomes(passed=1, failed=1, deselected=None)
    run("-m", "k8snet_runtime").assert_outcomes(skipped=5, deselected=None)


def test_one_node_id_runs_one_item(pytester: pytest.Pytester, make_chart: MakeChart) -> None:
    make_chart("charts/web", NO_POLICY)
    make_chart("charts/api", SOUND)
    result = pytester.runpytest("--helm-chart=charts/web", M6)
    result.assert_outcomes(failed=1)


def test_last_failed_runs_what_failed(run: Callable[..., Any], make_chart: MakeChart) -> None:
    make_chart("charts/web", NO_POLICY)
    make_chart("charts/api", SOUND)
    run()
    run("--lf").assert_outcomes(failed=1)


def test_deselect_takes_a_node_id(run: Callable[..., Any], make_chart: MakeChart) -> None:
    make_chart("charts/web", NO_POLICY)
    assert run("--deselect", M6).ret == pytest.ExitCode.OK


def test_exitfirst_stops_at_the_first_finding(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/a", NO_POLICY)
    make_chart("charts/b", NO_POLICY)
    outcomes = pytester.runpytest("--helm-chart=charts", "-x").parseoutcomes()
    assert outcomes["failed"] == 1


def test_runs_without_the_cache(run: Callable[..., Any], make_chart: MakeChart) -> None:
    make_chart("charts/web", NO_POLICY)
    run("-p", "no:cacheprovider").assert_outcomes(passed=BARE - 1, failed=1, skipped=WAITING)


def test_junit_has_every_item(
    run: Callable[..., Any], make_chart: MakeChart, pytester: pytest.Pytester
) -> None:
    make_chart("charts/web", NO_POLICY)
    run("--junitxml=junit.xml")
    text = (pytester.path / "junit.xml").read_text(encoding="utf-8")
    assert f'tests="{BARE + WAITING}"' in text
    assert 'failures="1"' in text
    assert "M6-no-network-policy" in text


def test_a_note_passes_and_fails_only_when_strict(
    run: Callable[..., Any], make_chart: MakeChart, read_json: Callable[..., Any]
) -> None:
    bare = WEB[: WEB.index("              ports:")]
    numbered = {
        "service.yaml": SERVICE.replace("http", "8080"),
        "policy.yaml": POLICY.replace("port: http", "port: 8080"),
    }
    make_chart("charts/web", {**SOUND, "web.yaml": bare, **numbered})
    result = run("--k8snet-json=out.json", "-v")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["M5B-service-undeclared-port * 1 note in 1 chart"])
    (noted,) = [entry for entry in read_json()["results"] if entry["findings"]]
    assert (noted["outcome"], noted["findings"][0]["level"]) == ("passed", "note")
    strict = run("--k8snet-strict")
    strict.assert_outcomes(passed=RAN - 1, failed=1, skipped=WAITING)
    strict.stdout.fnmatch_lines(["M5B-service-undeclared-port (note): *"])


def test_an_annotation_with_a_reason_expects_the_finding(
    run: Callable[..., Any], make_chart: MakeChart, read_json: Callable[..., Any]
) -> None:
    annotated = with_metadata('annotations: {k8snet/ignore-M6: "a mesh does this"}')
    make_chart("charts/web", {**NO_POLICY, "web.yaml": annotated})
    result = run("-rx", "--k8snet-json=out.json")
    result.assert_outcomes(passed=BARE - 1, skipped=WAITING, xfailed=1)
    result.stdout.fnmatch_lines([f"XFAIL {M6} - a mesh does this"])
    (entry,) = [entry for entry in read_json()["results"] if entry["outcome"] == "xfailed"]
    assert entry["reason"] == "a mesh does this"
    assert entry["findings"][0]["reading"] == "none"


def test_an_annotation_without_a_reason_fails(
    run: Callable[..., Any], make_chart: MakeChart
) -> None:
    annotated = with_metadata('annotations: {k8snet/ignore-M6: ""}')
    make_chart("charts/web", {**SOUND, "web.yaml": annotated})
    result = run()
    result.assert_outcomes(passed=RAN - 1, failed=1, skipped=WAITING)
    result.stdout.fnmatch_lines(["Deployment/web: the annotation k8snet/ignore-M6 gives no reason"])


def test_what_kubernetes_would_refuse_fails_renders(
    run: Callable[..., Any], make_chart: MakeChart
) -> None:
    numbered = with_metadata("labels:\n        version: 1")
    make_chart("charts/web", {**SOUND, "web.yaml": numbered})
    result = run()
    result.assert_outcomes(passed=RAN - 1, failed=1, skipped=WAITING)
    result.stdout.fnmatch_lines(
        ['*metadata.labels: version is the number 1*write version: "1" (charts/web/*web.yaml:*)']
    )


def test_select_and_ignore(run: Callable[..., Any], make_chart: MakeChart) -> None:
    make_chart("charts/web", NO_POLICY)
    run("--k8snet-select=M5,host-network").assert_outcomes(passed=5, skipped=1)
    run("--k8snet-ignore=M6", "--k8snet-ignore=M1,M2,M3,M5A,R2").assert_outcomes(passed=BARE - 1)


def test_objects_of_subcharts_can_be_left_out(
    run: Callable[..., Any], make_chart: MakeChart
) -> None:
    make_chart("charts/web", SOUND)
    db = WEB.replace("name: web", "name: db").replace(".Name }}", ".Name }}-db")
    make_chart("charts/web/charts/db", {"db.yaml": db})
    assert "Deployment/db" in run("-v").stdout.str()
    own = run("-v", "--k8snet-subcharts=own")
    assert "Deployment/db" not in own.stdout.str()
    own.assert_outcomes(passed=RAN, skipped=WAITING)


def test_the_json_says_what_was_not_run_and_not_observed(
    run: Callable[..., Any], make_chart: MakeChart, read_json: Callable[..., Any]
) -> None:
    make_chart("charts/web", SOUND)
    invalid = WEB.replace("name: http", "name: a-name-that-is-too-long")
    make_chart("charts/bad", {"web.yaml": invalid})
    run("--k8snet-json=out.json", "-k", "renders or M1 or M3 or M4A")
    charts = {chart["path"]: chart for chart in read_json()["charts"]}
    assert charts["charts/bad"]["outcome"] == "failed"
    assert charts["charts/web"]["outcome"] == "passed"
    assert charts["charts/web"]["ran"] == 4
    assert charts["charts/web"]["tests"] > 4
    observed = {one["check"]: one["observed"] for one in read_json()["results"]}
    assert observed == {None: "", "M1": "not observed", "M3": "not observed", "M4A": ""}
    run("--k8snet-json=out.json", "-k", "M6")
    outcomes = {chart["path"]: chart["outcome"] for chart in read_json()["charts"]}
    assert outcomes == {"charts/bad": "not run", "charts/web": "not run"}
