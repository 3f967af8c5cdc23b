"""What is told once, where one object shows all of it."""

from __future__ import annotations

from dataclasses import replace

from pytest_k8snet.finding import Finding
from pytest_k8snet.model import Position, Reference
from pytest_k8snet.report.results import Result
from pytest_k8snet.report.text import finding_text
from pytest_k8snet.report.told import tell_once


def test_nobody_else_is_named_where_one_object_has_two_findings_of_one_cause() -> None:
    findings = tuple(
        Finding(reading, f"the pods of {reading}", at=Position("a.yaml"), instead=f"app: {reading}")
        for reading in ("selector", "labels")
    )
    shown = Result(
        nodeid="charts/web/Chart.yaml::defaults::Deployment/web::M4A-unit-collision",
        check="M4A",
        name="unit-collision",
        chart="charts/web",
        values="defaults",
        object=Reference("Deployment", "default", "web"),
        outcome="failed",
        reason="",
        findings=findings,
    )
    texts = [finding_text(shown, finding) for finding in findings]
    (told,) = tell_once([replace(shown, reason="\n\n".join(texts))]).values()
    assert "app: selector" in told.text
    assert "app: labels" in told.text
    assert "  also " not in told.text
