"""Helm itself installs and uninstalls in a real cluster, with either kind of Helm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from helm.conftest import ENGINES, engine_or_skip
from pytest_k8snet.errors import InstallError
from pytest_k8snet.helm.engine import Engine
from pytest_k8snet.helm.release import install, uninstall
from pytest_k8snet.helm.request import RenderRequest
from pytest_k8snet.runtime import Session
from pytest_k8snet.runtime.api import Api

from .conftest import BUSYBOX, write_chart

pytestmark = pytest.mark.kind


TEMPLATES = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 0
      nodeSelector: {{{{ toJson .Values.node }}}}
      containers:
      - {{name: web, image: "{BUSYBOX}", imagePullPolicy: Never, command: [sleep, "600"]}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: once
  annotations: {{ {{{{ if .Values.endless }}}}helm.sh/hook: post-install{{{{ end }}}} }}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {{name: once, image: "{BUSYBOX}", imagePullPolicy: Never, command: [sleep, "600"]}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: hooked, annotations: {{helm.sh/hook: pre-install}}}}
"""


@pytest.fixture(params=ENGINES, ids=["embedded", "binary"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each kind of Helm in turn."""
    return engine_or_skip(request.param)


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"helm-{uuid4().hex[:8]}"
    api.create("Namespace", "", {"metadata": {"name": name}})
    yield name
    api.delete("Namespace", "", name)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return write_chart(tmp_path / "web", TEMPLATES, **{"values.yaml": "node: {}\nendless: false\n"})


@pytest.fixture
def kubeconfig(runtime: Session) -> Path:
    return runtime.cluster.kubeconfig


def test_a_release_is_there_with_its_hooks_then_it_is_gone(
    engine: Engine, kubeconfig: Path, api: Api, namespace: str, chart: Path
) -> None:
    job = RenderRequest(chart, release="blue", namespace=namespace, label="charts/web")
    install(engine, job, kubeconfig, timeout=60)
    assert api.get("Deployment", namespace, "web") is not None
    assert api.get("Job", namespace, "once") is not None
    assert api.get("ServiceAccount", namespace, "hooked") is not None
    with pytest.raises(InstallError, match=r"charts/web: release blue .* still in use"):
        install(engine, job, kubeconfig, timeout=20)
    for _ in range(2):  # one that does not exist is uninstalled already
        uninstall(engine, "blue", namespace, kubeconfig, timeout=60)
    assert api.get("Deployment", namespace, "web") is None


def test_a_hook_that_never_ends_is_an_error_and_the_release_can_be_uninstalled(
    engine: Engine, kubeconfig: Path, api: Api, namespace: str, chart: Path
) -> None:
    job = RenderRequest(chart, sets=("endless=true",), release="blue", namespace=namespace)
    late = "not ready in time: --k8snet-timeout=SECONDS gives it more"
    with pytest.raises(InstallError, match=f"failed post-install: (.|\n)*{late}"):
        install(engine, job, kubeconfig, timeout=4)
    uninstall(engine, "blue", namespace, kubeconfig, timeout=60)
    assert api.get("Deployment", namespace, "web") is None


def test_nothing_but_hooks_is_waited_for(
    engine: Engine, kubeconfig: Path, api: Api, namespace: str, chart: Path
) -> None:
    job = RenderRequest(chart, sets=("node.none=there",), release="blue", namespace=namespace)
    install(engine, job, kubeconfig, timeout=60)
    assert api.get("Deployment", namespace, "web") is not None


def test_a_namespace_that_does_not_exist_is_not_made(
    engine: Engine, kubeconfig: Path, api: Api, chart: Path
) -> None:
    job = RenderRequest(chart, release="blue", namespace="helm-none-such")
    with pytest.raises(InstallError, match='"helm-none-such" not found'):
        install(engine, job, kubeconfig, timeout=20)
    assert api.get("Namespace", "", "helm-none-such") is None
