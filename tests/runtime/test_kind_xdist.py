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
from pytest_k8snet.runtime.namespaces import our_namespaces

from .conftest import BUSYBOX, WEB, write_chart

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
---{WEB}\
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

WAYS = {"alone": ("-n0",), "workers": ("-n2", "--dist=load")}


@pytest.fixture(scope="module")
def outcomes(
    cluster_name: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What a run over two charts and the user's test finds, by node id; in each way, at once."""
    folders = {way: tmp_path_factory.mktemp(way) for way in WAYS}
    runs = {way: begin(folder, way, cluster_name) for way, folder in folders.items()}
    said = {way: run.communicate()[0] for way, run in runs.items()}
    found = {}
    for way, run in runs.items():
        assert run.returncode == pytest.ExitCode.TESTS_FAILED, said[way]
        # M1 of each chart; everything else, the two tests of the user included, passes.
        assert "2 failed, 8 passed" in said[way], said[way]
        found[way] = results(folders[way] / "out.json")
    return found


def begin(folder: Path, way: str, cluster: str) -> subprocess.Popen[str]:
    """A run with charts and objects of names of its own."""
    chart = CHART.replace("k8snet-tests-shared", f"k8snet-tests-{way}")
    write_chart(folder / "charts" / f"{way}-one", chart)
    write_chart(folder / "charts" / f"{way}-two", chart.replace("8080", "7070"))
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "test_mine.py").write_text(MINE, encoding="utf-8")
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", "test_mine.py", "--helm-chart=charts"),
            *(f"--k8snet-cluster=kind:{cluster}", "--k8snet-json=out.json"),
            *("--k8snet-select=M1,M2", "--k8snet-watch=2", "-p", "no:cacheprovider", *WAYS[way]),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def results(report: Path) -> dict[str, Any]:
    """The outcome and the findings of each test."""
    return {
        one["id"].replace("/Chart.yaml::defaults", ""): (
            one["outcome"],
            [(f["reading"], f["port"], f["process"]) for f in one["findings"]],
        )
        for one in json.loads(report.read_text(encoding="utf-8"))["results"]
    }


@pytest.mark.parametrize("way", WAYS)
def test_the_results_are_the_same_wherever_the_tests_run(
    way: str, outcomes: dict[str, dict[str, Any]], api: Api
) -> None:
    for name, port in ((f"{way}-one", 8080), (f"{way}-two", 7070)):
        chart = f"charts/{name}"
        web = f"{chart}::Deployment/web"
        assert outcomes[way][f"{chart}::installs"] == ("passed", [])
        assert outcomes[way][f"{web}::M1-undeclared-port"] == (
            "failed",
            [("undeclared", port, "httpd")],
        )
        assert outcomes[way][f"{web}::M2-dynamic-port"] == ("passed", [])
    assert not [name for name in names(our_namespaces(api)) if name.startswith(f"k8snet-{way}-")]
