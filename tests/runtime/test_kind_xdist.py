"""One cluster for all workers, and releases that cannot be there at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_k8snet.runtime.api import Api, names
from pytest_k8snet.runtime.release import our_namespaces

from .conftest import BUSYBOX, write_chart

pytestmark = pytest.mark.kind

REPOSITORY = Path(__file__).resolve().parents[2]

# Each of two charts makes objects of the same names: one without a namespace, which can be
# known beforehand, and one in a namespace that is written out, which nobody can know of.
CHART = f"""
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: k8snet-tests-shared}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: k8snet-tests-shared, namespace: default}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: "{BUSYBOX}"
        command: [sh, -c, "echo hello >/a; exec httpd -f -p 8080 -h /"]
        readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
"""
# A user's own test, which wants each of the releases alive: they take turns.
MINE = """
from urllib.request import urlopen

def test_answers(k8snet_release):
    (pod,) = k8snet_release.pods
    (port,) = {socket.port for socket in k8snet_release.sockets}
    with k8snet_release.port_forward(f"Pod/{pod.name}", port) as local:
        assert urlopen(f"http://127.0.0.1:{local}/a", timeout=10).read() == b"hello\\n"
"""


def run(folder: Path, cluster: str, *args: str) -> dict[str, Any]:
    """What a run over two charts and the user's test finds, by node id."""
    write_chart(folder / "charts" / "one", CHART)
    write_chart(folder / "charts" / "two", CHART.replace("8080", "7070"))
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "test_mine.py").write_text(MINE, encoding="utf-8")
    report = folder / "out.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "test_mine.py", "--helm-chart=charts"),
            *(f"--k8snet-cluster=kind:{cluster}", f"--k8snet-json={report}"),
            *("--k8snet-select=M1,M2", "--k8snet-watch=2", "-p", "no:cacheprovider", *args),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    # M1 of each chart; everything else, the two tests of the user included, passes.
    assert "2 failed, 8 passed" in done.stdout, done.stdout
    found = json.loads(report.read_text(encoding="utf-8"))["results"]
    return {
        one["id"].replace("/Chart.yaml::defaults", ""): (
            one["outcome"],
            [(f["reading"], f["port"], f["process"]) for f in one["findings"]],
        )
        for one in found
    }


@pytest.mark.parametrize("args", [("-n0",), ("-n2", "--dist=load")], ids=["alone", "workers"])
def test_the_results_are_the_same_wherever_the_tests_run(
    args: tuple[str, ...], cluster_name: str, api: Api, tmp_path: Path
) -> None:
    before = names(our_namespaces(api))
    outcomes = run(tmp_path, cluster_name, *args)
    for chart, port in (("charts/one", 8080), ("charts/two", 7070)):
        web = f"{chart}::Deployment/web"
        assert outcomes[f"{chart}::installs"] == ("passed", [])
        assert outcomes[f"{web}::M1-undeclared-port"] == (
            "failed",
            [("undeclared", port, "httpd")],
        )
        assert outcomes[f"{web}::M2-dynamic-port"] == ("passed", [])
    assert set(names(our_namespaces(api))) <= set(before)
