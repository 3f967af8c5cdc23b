"""What Helm refuses, and what it does not, the same from both kinds of it."""

from __future__ import annotations

from pathlib import Path

from helm.conftest import Render
from helm.writing import write_chart

CHART_YAML = "apiVersion: v2\nname: web\nversion: 1.0.0\n"


def test_pre_releases_and_ranges_of_kube_version_count_as_helm_counts_them(
    render: Render, tmp_path: Path
) -> None:
    for constraint in (">=1.23.0-0", "^1.30", ">= 1.19 < 2", "1.x || 2.x", "*"):
        chart = write_chart(
            tmp_path / "web", {"Chart.yaml": CHART_YAML + f'kubeVersion: "{constraint}"\n'}
        )
        assert render(chart).error is None


def test_a_release_name_that_kubernetes_would_refuse_is_an_error(
    render: Render, tmp_path: Path
) -> None:
    error = render(write_chart(tmp_path / "web"), release="Not_A_Name").error
    assert error is not None
    assert "release name" in error
