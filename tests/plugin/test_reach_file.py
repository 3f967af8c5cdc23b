"""The file of who reaches whom: written, reviewed, and compared with in the next run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plugin.charts import POLICY, SOUND

MakeChart = Callable[..., Path]
Run = Callable[..., pytest.RunResult]

TO_WEB = "charts/{} [{}]: namespace -> Deployment/web: TCP 8080"


@pytest.fixture
def compare(run: Run) -> Run:
    """Run R1 alone, against reach.txt."""
    return lambda *args: run("--k8snet-reach=reach.txt", "-m", "R1", *args)


@pytest.fixture
def two_charts(make_chart: MakeChart, pytester: pytest.Pytester) -> Path:
    """Two charts that are as reach.txt says, one of them with two values sets."""
    make_chart("charts/api", SOUND)
    make_chart("charts/web", SOUND, **{"ci/ha-values.yaml": "{}\n"})
    sets = [("api", "defaults"), ("web", "defaults"), ("web", "ha")]
    lines = [TO_WEB.format(*one) for one in sets]
    file = pytester.path / "reach.txt"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def of(result: pytest.RunResult, beginning: str) -> list[str]:
    """The lines of the output that begin with a text."""
    return [line for line in result.outlines if line.startswith(beginning)]


def without_comments(file: Path) -> list[str]:
    """The lines of a file that are no comments."""
    return [one for one in file.read_text("utf-8").splitlines() if not one.startswith("#")]


def test_what_was_written_is_what_is_compared(run: Run, two_charts: Path) -> None:
    expected = without_comments(two_charts)
    two_charts.unlink()
    run("--k8snet-write-reach=reach.txt")
    assert without_comments(two_charts) == sorted(expected)
    run("--k8snet-reach=reach.txt", "-m", "R1").assert_outcomes(passed=3)


def test_without_a_file_nothing_asks(run: Run, two_charts: Path) -> None:
    result = run("-m", "R1")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_what_is_new_fails_where_it_is_new(
    compare: Run, two_charts: Path, make_chart: MakeChart
) -> None:
    wide = POLICY.replace("podSelector: {}", "namespaceSelector: {}")
    values = {"ci/ha-values.yaml": "wide: true\n"}
    policy = "{{ if .Values.wide }}" + wide + "{{ else }}" + POLICY + "{{ end }}"
    make_chart("charts/web", {**SOUND, "policy.yaml": policy}, **values)
    result = compare()
    result.assert_outcomes(passed=2, failed=1)
    (finding,) = of(result, "R1-reach: ")
    assert (
        "Deployment/web than reach.txt has: cluster to TCP 8080 (by NetworkPolicy/web)" in finding
    )
    assert of(result, "  where    charts/web/templates/policy.yaml")
    assert of(result, "      charts/web [ha]: cluster -> Deployment/web: TCP 8080")
    assert compare("-k", "defaults").ret == pytest.ExitCode.OK


def test_each_values_set_says_which_lines_it_lacks(
    compare: Run, two_charts: Path, make_chart: MakeChart
) -> None:
    make_chart("charts/web", {"policy.yaml": ""}, **{"ci/ha-values.yaml": "{}\n"})
    result = compare()
    result.assert_outcomes(passed=1, failed=2)
    for values in ("defaults", "ha"):
        assert of(result, f"      charts/web [{values}]: cluster -> Deployment/web: all")


def test_what_is_closed_fails_until_its_line_is_removed(compare: Run, two_charts: Path) -> None:
    text = two_charts.read_text("utf-8")
    two_charts.write_text(
        f"{text}charts/api [defaults]: cluster -> Deployment/web: UDP 53  # DNS\n", "utf-8"
    )
    result = compare()
    result.assert_outcomes(passed=2, failed=1)
    (finding,) = of(result, "R1-reach: ")
    assert finding.endswith(
        "now closed: remove this line: reach.txt:4 (cluster -> Deployment/web: UDP 53)"
    )
    two_charts.write_text(text, "utf-8")
    compare().assert_outcomes(passed=3)


def test_a_line_about_a_workload_that_is_gone_fails_with_renders(
    run: Run, two_charts: Path
) -> None:
    gone = "charts/api [defaults]: cluster -> Deployment/gone: all\n"
    two_charts.write_text(two_charts.read_text("utf-8") + gone, "utf-8")
    result = run("--k8snet-reach=reach.txt", "-k", "renders or R1")
    result.assert_outcomes(passed=5, failed=1)
    lines = result.outlines
    at = lines.index("now closed: remove this line")
    assert lines[at + 1] == "  reach.txt:4: cluster -> Deployment/gone: all"


def test_lines_of_other_charts_are_counted_and_do_not_fail(
    pytester: pytest.Pytester, two_charts: Path
) -> None:
    result = pytester.runpytest("--helm-chart=charts/api", "--k8snet-reach=reach.txt", "-m", "R1")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*reach.txt: 2 lines of 1 chart not in this run"])


def test_writing_again_keeps_reasons_and_what_this_run_left_out(
    pytester: pytest.Pytester, two_charts: Path, make_chart: MakeChart
) -> None:
    old = TO_WEB.format("api", "defaults")
    text = two_charts.read_text("utf-8").replace(old, f"{old}  # the load balancer")
    gone = "charts/api [defaults]: cluster -> Deployment/web: TCP 1\n"
    two_charts.write_text(text + gone, "utf-8")
    make_chart("charts/broken", {"bad.yaml": "kind: [\n"})
    broken = "charts/broken [defaults]: cluster -> Pod/a%20b: TCP 1\n"
    two_charts.write_text(two_charts.read_text("utf-8") + broken, "utf-8")
    before = set(without_comments(two_charts))
    options = ("--helm-chart=charts/api", "--helm-chart=charts/broken")
    pytester.runpytest(*options, "--k8snet-write-reach=reach.txt")
    assert set(without_comments(two_charts)) == before - {gone.strip()}


def test_a_baseline_can_expect_it_too(run: Run, two_charts: Path, make_chart: MakeChart) -> None:
    make_chart("charts/api", {**SOUND, "policy.yaml": POLICY.replace("port: http", "port: 81")})
    run("-m", "R1", "--k8snet-reach=reach.txt", "--k8snet-write-baseline=known.txt")
    result = run("-m", "R1", "--k8snet-reach=reach.txt", "--k8snet-baseline=known.txt")
    result.assert_outcomes(passed=2, xfailed=1)


def test_the_file_can_stand_in_the_configuration(
    pytester: pytest.Pytester, two_charts: Path
) -> None:
    pytester.makeini("[pytest]\nhelm_chart = charts\nk8snet_reach = reach.txt\n")
    pytester.runpytest("-m", "R1").assert_outcomes(passed=3)
