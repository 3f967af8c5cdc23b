"""Adopting the plugin on a chart with old findings: baselines, ignore lines, reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from plugin.charts import BARE, NO_POLICY, RAN, SERVICE, SOUND, WAITING

MakeChart = Callable[..., Path]
Run = Callable[..., pytest.RunResult]

M6 = "charts/web/Chart.yaml::defaults::Deployment/web::M6-no-network-policy"


def test_a_baseline_of_today_is_green_and_what_is_new_is_red(
    run: Run, make_chart: MakeChart
) -> None:
    make_chart("charts/web", NO_POLICY)
    sound = make_chart("charts/api", SOUND)
    run("--k8snet-write-baseline=known.txt").assert_outcomes(
        passed=RAN + BARE - 1, failed=1, skipped=2 * WAITING
    )
    known = run("--k8snet-baseline=known.txt")
    known.assert_outcomes(passed=RAN + BARE - 1, xfailed=1, skipped=2 * WAITING)
    assert known.ret == pytest.ExitCode.OK
    (sound / "templates/policy.yaml").unlink()
    new = run("--k8snet-baseline=known.txt")
    new.assert_outcomes(passed=2 * BARE - 2, failed=1, xfailed=1, skipped=2 * WAITING)
    new.stdout.fnmatch_lines(["FAILED charts/api/Chart.yaml::defaults::Deployment/web::M6-*"])


def test_a_new_values_set_that_shows_what_is_known_stays_green(
    run: Run, make_chart: MakeChart
) -> None:
    chart = make_chart("charts/web", NO_POLICY)
    run("--k8snet-write-baseline=known.txt")
    (chart / "ci").mkdir()
    (chart / "ci/ha-values.yaml").write_text("{}\n", encoding="utf-8")
    run("--k8snet-baseline=known.txt").assert_outcomes(
        passed=2 * BARE - 2, xfailed=2, skipped=2 * WAITING
    )


def test_a_line_of_the_baseline_that_is_fixed_has_to_go(
    run: Run, make_chart: MakeChart, pytester: pytest.Pytester
) -> None:
    make_chart("charts/web", SOUND)
    line = "M6-no-network-policy charts/web Deployment/web none  # soon"
    (pytester.path / "known.txt").write_text(f"{line}\n")
    result = run("--k8snet-baseline=known.txt")
    result.assert_outcomes(passed=RAN - 1, failed=1, skipped=WAITING)
    result.stdout.fnmatch_lines(["fixed: remove this line", f"  *known.txt:1: {line}"])


def test_a_line_about_an_object_that_is_gone_has_to_go(
    run: Run, make_chart: MakeChart, pytester: pytest.Pytester
) -> None:
    make_chart("charts/web", SOUND)
    (pytester.path / "known.txt").write_text("M6 charts/web Deployment/gone none\n")
    result = run("--k8snet-baseline=known.txt")
    result.assert_outcomes(passed=RAN - 1, failed=1, skipped=WAITING)
    result.stdout.fnmatch_lines(["fixed: remove this line", "FAILED *::defaults::renders*"])


def test_a_reason_in_the_baseline_is_the_reason_of_the_outcome(
    run: Run, make_chart: MakeChart, pytester: pytest.Pytester, read_json: Callable[..., Any]
) -> None:
    make_chart("charts/web", NO_POLICY)
    run("--k8snet-write-baseline=known.txt")
    file = pytester.path / "known.txt"
    lines = file.read_text().splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.startswith("M6")]
    lines[at] = lines[at].partition("  #")[0] + "  # the mesh does it"
    file.write_text("\n".join(lines) + "\n")
    run("--k8snet-baseline=known.txt", "--k8snet-json=out.json")
    (entry,) = [entry for entry in read_json()["results"] if entry["outcome"] == "xfailed"]
    assert "the mesh does it" in entry["reason"]


def test_a_baseline_that_is_not_there_is_a_usage_error(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", SOUND)
    result = pytester.runpytest("--helm-chart=charts", "--k8snet-baseline=none.txt")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*none.txt*--k8snet-write-baseline*"])


def test_lines_of_the_configuration_expect_findings_and_are_reported_when_idle(
    run: Run, make_chart: MakeChart, pytester: pytest.Pytester
) -> None:
    make_chart("charts/web", NO_POLICY)
    pytester.makeini(
        """
        [pytest]
        k8snet_ignore_findings =
            M6 charts/* Deployment/*: the cluster has default policies
            M7 charts/* Deployment/other: never there
        """
    )
    result = run("-rx")
    result.assert_outcomes(passed=BARE - 1, xfailed=1, skipped=WAITING)
    result.stdout.fnmatch_lines(
        ["*Deployment/other*matches nothing in this run*", f"XFAIL {M6}*default policies*"]
    )


def test_an_ignore_line_without_a_reason_is_a_usage_error(
    run: Run, make_chart: MakeChart, pytester: pytest.Pytester
) -> None:
    make_chart("charts/web", NO_POLICY)
    pytester.makeini("[pytest]\nk8snet_ignore_findings =\n    M6 * *:\n")
    result = run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'M6 [*] [*]:'*reason is missing*"])


def test_every_report_is_written(
    run: Run, make_chart: MakeChart, pytester: pytest.Pytester
) -> None:
    make_chart("charts/web", NO_POLICY)
    run("--k8snet-sarif=out/a.sarif", "--k8snet-html=out/a.html", "--junitxml=a.xml")
    sarif = json.loads((pytester.path / "out/a.sarif").read_text(encoding="utf-8"))
    (found,) = sarif["runs"][0]["results"]
    assert found["ruleId"] == "M6-no-network-policy"
    assert "M6-no-network-policy" in (pytester.path / "out/a.html").read_text(encoding="utf-8")
    cases = ET.parse(pytester.path / "a.xml").getroot().iter("testcase")
    (failed,) = [case for case in cases if case.find("failure") is not None]
    properties = {p.get("name"): p.get("value") for p in failed.iter("property")}
    assert properties == {"check": "M6-no-network-policy", "object": "Deployment/web"}


def test_a_report_that_cannot_be_written_is_an_error_and_loses_nothing(
    run: Run, make_chart: MakeChart, pytester: pytest.Pytester
) -> None:
    make_chart("charts/web", SOUND)
    (pytester.path / "file").write_text("in the way")
    result = run("--k8snet-json=file/out.json", "--k8snet-html=out.html")
    result.assert_outcomes(passed=RAN, skipped=WAITING)
    result.stdout.fnmatch_lines(["--k8snet-json=*file/out.json: cannot be written: *"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (pytester.path / "out.html").is_file()


def test_annotations_for_github(
    run: Run, make_chart: MakeChart, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_chart("charts/web", {**SOUND, "service.yaml": SERVICE.replace("http", "nowhere")})
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    run().stdout.fnmatch_lines(["::error *file=*service.yaml*M5B*"])
    monkeypatch.setenv("GITHUB_ACTIONS", "")
    assert "::error" not in run().stdout.str()
