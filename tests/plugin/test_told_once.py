"""One finding, one text, whichever test of it ran first; and the last screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.charts import NO_POLICY, SOUND, WEB

MakeChart = Callable[..., Path]
ITEM = "charts/web/Chart.yaml::{}::Deployment/{}::M6-no-network-policy"


@pytest.fixture
def run(run: Callable[..., pytest.RunResult], workers: str) -> Callable[..., list[str]]:
    """The lines that pytest prints about the charts, without workers and with two.

    It asks for ``workers`` itself, since older versions of pytest do not look at what the fixture
    of the same name asks for.
    """
    return lambda *args: run("--k8snet-select=M", *args).outlines


@pytest.fixture
def two_sets_two_workloads(make_chart: MakeChart) -> None:
    """A chart without policies: two workloads, each with two values sets."""
    worker = WEB.replace("name: web", "name: worker")
    templates = {**NO_POLICY, "worker.yaml": worker}
    make_chart("charts/web", templates, **{"ci/ha-values.yaml": "{}\n"})


THEIRS = "; --tb=long has what to write for each"


def of(lines: list[str], beginning: str) -> list[str]:
    """The lines that begin with a text."""
    return [line for line in lines if line.startswith(beginning)]


@pytest.mark.usefixtures("two_sets_two_workloads")
def test_values_sets_and_workloads_with_one_cause_share_one_text(
    run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    lines = run("-m", "M6")
    assert len(of(lines, "  instead")) == 1
    (also,) = of(lines, "  also")
    assert also == f"  also     Deployment/worker; all of these with ha{THEIRS}"
    failed = of(lines, "FAILED ")
    assert len(failed) == 4
    assert failed[0].endswith("the pods of Deployment/web")
    assert all("Deployment/web" in line and "tells it: " in line for line in failed[1:])
    assert any(line.startswith(f"FAILED {ITEM.format('ha', 'worker')} - M6: ") for line in failed)


def test_values_sets_that_show_other_objects_name_them(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    worker = WEB.replace("name: web", "name: worker")
    optional = f"{{{{ if .Values.worker }}}}\n{worker}\n{{{{ end }}}}\n"
    sets = {"ci/ha-values.yaml": "worker: true\n", "ci/one-values.yaml": "{}\n"}
    make_chart("charts/web", {**NO_POLICY, "worker.yaml": optional}, **sets)
    (also,) = of(run("-m", "M6"), "  also")
    assert also == f"  also     with ha, Deployment/worker with ha, with one{THEIRS}"


def test_labels_that_lack_the_release_are_told_once(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    web = WEB.replace('"{{ .Release.Name }}"', "web")
    worker = web.replace("web", "worker")
    make_chart("charts/web", {"web.yaml": web, "worker.yaml": worker})
    lines = run("-m", "M4S", "--k8snet-strict")
    assert len(of(lines, "  instead")) == 1
    assert of(lines, "  also") == [f"  also     Deployment/worker{THEIRS}"]


@pytest.mark.parametrize("broken", ["{{ fail `never` }}", "kind: Service", "a: b: c"])
def test_why_a_chart_does_not_render_is_told_once(
    run: Callable[..., list[str]], make_chart: MakeChart, broken: str
) -> None:
    sets = {f"ci/{name}-values.yaml": "{}\n" for name in ("ha", "one")}
    make_chart("charts/web", {**SOUND, "other.yaml": broken}, **sets)
    lines = run("-k", "renders")
    summary = next(at for at, line in enumerate(lines) if "test summary info" in line)
    assert len([line for line in lines[:summary] if "renders" in line and line[0] == "_"]) == 1
    assert of(lines, "  also") == ["  also     with ha, with one"]
    (own, *others) = of(lines[summary:], "FAILED ")
    assert "defaults::renders - charts/" in own
    assert ["::renders - renders with defaults" in one for one in others] == [True, True]


def test_what_to_write_instead_stands_once_for_several_findings_of_an_object(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    probes = """              readinessProbe: {httpGet: {port: 9001}}
              livenessProbe: {httpGet: {port: 9002}}
"""
    make_chart("charts/web", {**SOUND, "web.yaml": f"{WEB}{probes}"})
    lines = run("-m", "M1")
    assert len(of(lines, "M1-undeclared-port: the ")) == 2
    assert len(of(lines, "  instead  as above")) == 1
    added = [line.strip() for line in lines if "- containerPort: 900" in line]
    assert added == ["- containerPort: 9001", "- containerPort: 9002"]


def test_of_many_that_share_a_text_some_are_named_and_the_rest_counted(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    sets = {f"ci/a{number:02}-values.yaml": "{}\n" for number in range(30)}
    make_chart("charts/web", NO_POLICY, **sets)
    lines = run("-m", "M6")
    (also,) = of(lines, "  also")
    assert also.endswith("with a11, 18 more")
    assert len(of(lines, "FAILED ")) == 31


@pytest.mark.usefixtures("two_sets_two_workloads")
def test_tb_long_tells_each(run: Callable[..., list[str]]) -> None:
    lines = run("-m", "M6", "--tb=long")
    assert len(of(lines, "  instead")) == len(of(lines, "  why")) == 4


@pytest.mark.usefixtures("two_sets_two_workloads")
def test_tb_line_gives_each_failure_one_line(run: Callable[..., list[str]]) -> None:
    lines = run("-m", "M6", "--tb=line", "-rN")
    assert len(of(lines, "charts/web/templates/")) == 4
    assert not of(lines, "  where")


@pytest.mark.usefixtures("two_sets_two_workloads")
def test_reports_for_tools_tell_each_in_full(
    run: Callable[..., list[str]], read_json: Callable[..., dict[str, list[dict[str, str]]]]
) -> None:
    run("-m", "M6", "--k8snet-json=out.json", "--tb=line")
    reasons = [one["reason"] for one in read_json()["results"]]
    assert len(reasons) == 4
    assert all("  instead\n" in reason and "tells it" not in reason for reason in reasons)


def test_what_is_the_same_for_all_findings_of_a_check_is_said_once(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    make_chart("charts/api", NO_POLICY)
    make_chart("charts/web", NO_POLICY)
    lines = run("-m", "M6")
    assert len(of(lines, "  instead")) == 2
    assert len(of(lines, "  why")) == len(of(lines, "  more")) == 1
    first = next(line for line in lines if line.startswith("  where"))
    assert "charts/api" in first


def test_the_last_screen_has_the_worst_chart_first(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    hosted = WEB.replace("        spec:\n", "        spec:\n          hostNetwork: true\n")
    make_chart("charts/api", NO_POLICY)
    other = WEB.replace("name: web", "name: other").replace(".Name }}", ".Name }}-other")
    make_chart("charts/web", {**SOUND, "web.yaml": hosted, "other.yaml": other})
    make_chart("charts/zero", {"bad.yaml": "kind: [\n"})
    lines = run("--deselect", "charts/api/Chart.yaml::defaults::renders")
    screen = lines[next(n for n, line in enumerate(lines) if "= k8snet =" in line) :]
    about = [line for line in screen if line.startswith("charts/")]
    assert about[0] == "charts/zero: does not render with defaults"
    assert about[1].startswith("charts/web: ")
    assert about[2] == "charts/api: 1 fault (M6 1)"
    (left,) = of(screen, "not complete: ")
    assert "tests ran" in left


def test_the_last_screen_tells_charts_that_do_not_render_from_those_that_are_refused(
    run: Callable[..., list[str]], make_chart: MakeChart, tmp_path: Path
) -> None:
    make_chart("charts/bad", {"bad.yaml": "kind: [\n"})
    make_chart("charts/old", SOUND)
    make_chart("charts/port", {**SOUND, "web.yaml": WEB.replace("8080", "99999")})
    baseline = tmp_path / "baseline.txt"
    baseline.write_text("M7-host-network charts/old Deployment/gone host\n")
    lines = run(f"--k8snet-baseline={baseline}", "-k", "renders")
    assert any("charts/old/Chart.yaml::defaults::renders" in line for line in of(lines, "FAILED "))
    screen = lines[next(n for n, line in enumerate(lines) if "= k8snet =" in line) :]
    assert of(screen, "charts/") == [
        "charts/bad: does not render with defaults",
        "charts/port: Kubernetes refuses what it renders to with defaults",
    ]


def test_a_chart_without_anything_to_check_is_not_taken_for_sound(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
    release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\n"
    make_chart("charts/config", {"config.yaml": config})
    make_chart("charts/flux", {"release.yaml": release})
    make_chart("charts/web", SOUND)
    (said,) = of(run(), "nothing to check")
    assert said.endswith(": charts/config, charts/flux; what is made of HelmRelease is not seen")


def test_the_last_screen_stays_one_screen(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    head = "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n"
    absent = head + "- {name: common, version: 1.0.0, repository: 'https://charts.example.com'}\n"
    for number in range(12):
        make_chart(f"charts/c{number:02}", SOUND, **{"Chart.yaml": absent})
    ci = {f"ci/{name}-values.yaml": "" for name in "abcdef"}
    make_chart("charts/web", NO_POLICY, **ci)
    lines = run()
    screen = lines[next(n for n, line in enumerate(lines) if "= k8snet =" in line) :]
    assert len(of(screen, "charts/c")) == 10
    assert of(screen, "2 more like these")
    assert of(screen, "12 charts lack dependencies: --k8snet-dependencies=download fetches them")
    assert of(screen, "M6-")[0].endswith("1 fault in 1 chart with a, b, c and 4 more")


def test_a_complete_run_says_nothing_of_it(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    make_chart("charts/web", SOUND)
    assert not of(run(), "not complete")
    assert of(run("-k", "M6"), "not complete: 1 of 15 tests ran")


def test_what_any_pod_of_the_cluster_reaches_is_listed_first(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    probed = WEB.replace(
        "              ports:\n",
        "              readinessProbe: {tcpSocket: {port: 9000}}\n              ports:\n",
    )
    make_chart("charts/api", {**SOUND, "web.yaml": probed})  # its namespace reaches 8080 alone
    make_chart("charts/web", NO_POLICY)
    lines = run("-m", "M1 or M6")
    sections = of(lines, "M1-undeclared-port: ") + of(lines, "M6-no-network-policy: ")
    assert [lines.index(one) for one in sections] == sorted(map(lines.index, sections))
    reach = [line.split("reach    ")[1] for line in of(lines, "  reach ")]
    assert reach == ["nobody: policies let no other pod in", "any pod of the cluster on all ports"]
    assert [line.split("::")[-1][:2] for line in of(lines, "FAILED ")] == ["M6", "M1"]
    assert [line[:2] for line in lines if "1 fault in 1 chart" in line] == ["M6", "M1"]
    assert of(lines, "faults by reach: any pod of the cluster 1, no other pod 1")


def test_reports_for_tools_have_the_reach_of_a_finding(
    run: Callable[..., list[str]], make_chart: MakeChart, read_json: Callable[..., Any]
) -> None:
    make_chart("charts/web", NO_POLICY)
    run("-m", "M6", "--k8snet-json=out.json", "--k8snet-sarif=out.sarif")
    (finding,) = (found for one in read_json()["results"] for found in one["findings"])
    assert finding["reach"] == "any pod of the cluster on all ports"
    assert finding["exposed"] == "cluster"
    (result,) = read_json("out.sarif")["runs"][0]["results"]
    assert result["properties"]["reach"] == finding["reach"]


def test_what_the_whole_run_lacks_is_one_line(
    run: Callable[..., list[str]], make_chart: MakeChart
) -> None:
    make_chart("charts/api", SOUND)
    make_chart("charts/web", SOUND)
    (skipped,) = of(run("-rs"), "SKIPPED ")
    assert skipped.partition("] ")[2] == "charts: needs a cluster: --k8snet-cluster=kind"
