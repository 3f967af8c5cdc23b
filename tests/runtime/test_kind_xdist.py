"""One cluster for all workers, and releases that cannot be there at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.release import our_namespaces

from .conftest import BUSYBOX, write_chart

pytestmark = [pytest.mark.kind, pytest.mark.xdist_group("cluster-one")]

REPOSITORY = Path(__file__).resolve().parents[2]

# Each of these two charts makes objects of the same names: one without a namespace, which can be
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
        command: [httpd, -f, -p, "8080"]
        readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
"""
SECOND = CHART.partition("---")[2].replace("8080", "7070")


def results(folder: Path, cluster: str, *args: str) -> dict[str, Any]:
    """What a run over the charts finds, by node id."""
    for name, text in (("one", CHART), ("two", CHART), ("three", SECOND)):
        write_chart(folder / "charts" / name, text)
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    report = folder / "out.json"
    argv = [
        *(
            sys.executable,
            "-m",
            "pytest",
            "--helm-chart=charts",
            f"--k8snet-cluster=kind:{cluster}",
        ),
        *("--k8snet-select=M1,M2", f"--k8snet-json={report}", "-p", "no:cacheprovider", *args),
    ]
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))["results"]
    return {
        one["id"]: (
            one["outcome"],
            [(f["reading"], f["port"], f["process"]) for f in one["findings"]],
        )
        for one in found
    }


@pytest.mark.parametrize("args", [("-n2",), ("-n2", "--dist=load")], ids=["whole", "scattered"])
def test_the_results_are_those_of_a_single_process(
    args: tuple[str, ...], cluster_name: str, api: Api, tmp_path: Path
) -> None:
    found = results(tmp_path, cluster_name, *args)
    outcomes = {name.partition("/Chart.yaml::defaults::")[::2]: one for name, one in found.items()}
    web = "Deployment/web::"
    for chart, port in (("charts/one", 8080), ("charts/two", 8080), ("charts/three", 7070)):
        assert outcomes[chart, "installs"] == ("passed", [])
        assert outcomes[chart, f"{web}M1-undeclared-port"] == (
            "failed",
            [("undeclared", port, "httpd")],
        )
        assert outcomes[chart, f"{web}M2-dynamic-port"] == ("passed", [])
    assert not [item for item in our_namespaces(api) if "defaults" in item["metadata"]["name"]]
