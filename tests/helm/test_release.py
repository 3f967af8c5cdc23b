"""Installing without a cluster: what goes wrong is said, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from helm.writing import write_chart
from pytest_k8snet.errors import HelmMissing, InstallError
from pytest_k8snet.helm.engine import BinaryEngine, Engine
from pytest_k8snet.helm.release import install, uninstall
from pytest_k8snet.helm.request import RenderRequest

UNREACHABLE = """\
apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: x, user: x}}]
clusters: [{name: x, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: x, user: {token: hush}}]
"""


@pytest.fixture
def unreachable(tmp_path: Path) -> Path:
    """A kubeconfig of a cluster that does not answer."""
    path = tmp_path / "unreachable"
    path.write_text(UNREACHABLE)
    return path


def test_only_the_given_kubeconfig_is_used(
    engine: Engine, tmp_path: Path, unreachable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.write_text(UNREACHABLE.replace(":9", ":10"))
    monkeypatch.setenv("KUBECONFIG", str(other))
    monkeypatch.setenv("HELM_KUBEAPISERVER", "http://127.0.0.1:11")
    request = RenderRequest(write_chart(tmp_path / "web"), label="web")
    with pytest.raises(
        InstallError, match=r"web: release release-name .*127\.0\.0\.1:9/"
    ) as caught:
        install(engine, request, unreachable, timeout=5)
    assert "hush" not in str(caught.value)
    with pytest.raises(InstallError, match=r"release web cannot be uninstalled .*127\.0\.0\.1:9/"):
        uninstall(engine, "web", "default", unreachable, timeout=5)


def test_a_kubeconfig_that_is_not_there_is_replaced_by_no_other(
    engine: Engine, tmp_path: Path, unreachable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(unreachable))
    with pytest.raises(InstallError) as caught:
        install(engine, RenderRequest(write_chart(tmp_path / "web")), tmp_path / "none", timeout=5)
    assert "127.0.0.1:9" not in str(caught.value)


def test_values_that_cannot_be_read_are_an_error(
    engine: Engine, tmp_path: Path, unreachable: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("a: [")
    request = RenderRequest(write_chart(tmp_path / "web"), values=(bad,))
    with pytest.raises(InstallError, match=r"bad\.yaml|unreachable"):
        install(engine, request, unreachable, timeout=5)


def test_a_program_that_is_no_helm_is_said(tmp_path: Path) -> None:
    with pytest.raises(HelmMissing, match="/bin/true is no Helm"):
        install(
            BinaryEngine(Path("/bin/true")),
            RenderRequest(tmp_path),
            tmp_path / "kubeconfig",
            timeout=5,
        )
