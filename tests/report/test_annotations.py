"""GitHub annotations: whole, few, and never a command that a chart wrote."""

from __future__ import annotations

from pathlib import Path

from pytest_k8snet.report.annotations import PER_LEVEL, github_annotations
from pytest_k8snet.report.results import ChartResult

from .samples import finding, result, results, run


def test_a_fault_names_its_file_line_and_what_to_write(tmp_path: Path) -> None:
    template = tmp_path / "charts/shop/templates/web.yaml"
    template.parent.mkdir(parents=True)
    template.write_text("", encoding="utf-8")
    one = finding(source="templates/web.yaml", line=7, message="no 100 %", instead="a: 1\nb: 2")
    (line,) = github_annotations(run(result(one)), tmp_path)
    assert line == (
        "::error file=charts/shop/templates/web.yaml,line=7,"
        "title=M6-no-network-policy Deployment/web::no 100 %25%0A%0AInstead:%0Aa: 1%0Ab: 2"
    )


def test_notes_are_notices_and_expected_findings_are_left_out(tmp_path: Path) -> None:
    note = result(finding(level="note"), outcome="passed")
    known = result(finding(reading="missed"), outcome="xfailed", reason="why")
    (line,) = github_annotations(run(note, known), tmp_path)
    assert line.startswith("::notice ")


def test_a_note_that_fails_is_an_error(tmp_path: Path) -> None:
    (line,) = github_annotations(run(result(finding(level="note"))), tmp_path)
    assert line.startswith("::error ")


def test_a_chart_cannot_write_a_command_or_a_property(tmp_path: Path) -> None:
    one = result(
        finding(message="a\r\n::warning::b"),
        nodeid="charts/shop/Chart.yaml::defaults::Deployment/a,line=1\nb::M6-x",
    )
    (line,) = github_annotations(run(one), tmp_path)
    assert "\n" not in line
    assert "\r" not in line
    assert line == (
        "::error file=charts/shop,title=M6-no-network-policy Deployment/a%2Cline=1%0Ab"
        "::a%0D%0A::warning::b"
    )


def test_a_chart_that_does_not_render_is_an_error(tmp_path: Path) -> None:
    broken = [
        ChartResult("charts/bad", "bad", "", values, "failed", "no such file")
        for values in ("defaults", "ha")
    ]
    (line,) = github_annotations(results(broken=broken), tmp_path)
    assert line == "::error file=charts/bad,title=renders (defaults%2C ha)::no such file"


def test_no_more_of_a_level_than_github_shows(tmp_path: Path) -> None:
    many = [result(finding(port=port)) for port in range(1, 41)]
    lines = list(github_annotations(run(*many), tmp_path))
    assert len(lines) == PER_LEVEL
    assert "31 more" in lines[-1]
