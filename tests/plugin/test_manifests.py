"""Manifests that no chart makes: a file, a folder, a kustomization, standard input."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from plugin.bad_input.manifests import DEPLOYMENT
from plugin.charts import SOUND

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: wbe}
  ports:
    - port: 80
      targetPort: 8080
"""
FAULTS = ("Deployment/web::M6-no-network-policy", "Service/web::M5D-service-without-target")
SCRIPTS = Path(sys.executable).parent


@pytest.fixture
def deploy(pytester: pytest.Pytester) -> Path:
    """A folder of manifests with two faults, and with what does not count."""
    folder = pytester.mkdir("deploy")
    (folder / "web.yaml").write_text(DEPLOYMENT)
    (folder / "api.yml").write_text(f"# the way in\n---\n{SERVICE}---\n")
    (folder / "README.md").write_text("no manifest")
    (folder / ".hidden.yaml").write_text("[")
    (folder / "below").mkdir()
    (folder / "below/other.yaml").write_text("[")
    return folder


@pytest.fixture
def kustomized(pytester: pytest.Pytester, deploy: Path) -> Path:
    """An overlay of that folder."""
    if not (shutil.which("kubectl") or shutil.which("kustomize")):
        pytest.skip("needs kustomize or kubectl")
    (deploy / "kustomization.yaml").write_text("resources: [web.yaml, api.yml]\n")
    overlay = pytester.mkdir("prod")
    (overlay / "kustomization.yaml").write_text("resources: [../deploy]\nnamePrefix: prod-\n")
    return overlay


def test_a_folder_is_an_application(
    pytester: pytest.Pytester, deploy: Path, workers: str, read_json: Callable[..., Any]
) -> None:
    result = pytester.runpytest(
        "--k8snet-manifests=deploy", workers, "-rfs", "--k8snet-json=out.json"
    )
    assert result.parseoutcomes()["failed"] == 2
    result.stdout.fnmatch_lines(
        [
            "k8snet: manifests of deploy",
            "  where    deploy/web.yaml (Deployment/web)",
            "  where    deploy/api.yml:8 (Service/web)",
            "1 application, 1 workload, 1 Service",
            "M6-no-network-policy * 1 fault in 1 application",
            *(f"FAILED deploy::manifests::{fault}*" for fault in FAULTS),
            "SKIPPED*deploy: manifests are not installed in a cluster*--helm-chart",
        ]
    )
    (chart,) = read_json()["charts"]
    assert (chart["path"], chart["values"], chart["outcome"]) == ("deploy", "manifests", "passed")


def test_a_file_is_one_too(pytester: pytest.Pytester, deploy: Path, workers: str) -> None:
    result = pytester.runpytest(
        "--k8snet-manifests=deploy/web.yaml", workers, "--k8snet-sarif=out.sarif"
    )
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(
        [
            "  where    deploy/web.yaml (Deployment/web)",
            "FAILED deploy/web.yaml::manifests::Deployment/web::M6-*",
        ]
    )
    assert '"uri":"deploy/web.yaml"' in (pytester.path / "out.sarif").read_text().replace(" ", "")


def test_standard_input_is_one_too(deploy: Path) -> None:
    text = f"\ufeff{DEPLOYMENT}---\n{SERVICE}"
    for command in (["pytest", "-n2"], ["k8snet"], ["pytest", "-s"]):
        done = subprocess.run(
            [SCRIPTS / command[0], *command[1:], "--k8snet-manifests=-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "200"},
        )
        assert re.search(r"\b2 failed, \d+ passed", done.stdout), done.stdout
        assert command[0] == "k8snet" or "k8snet: manifests of stdin\n" in done.stdout
        for fault in FAULTS:
            assert f"FAILED stdin::manifests::{fault}" in done.stdout


def test_an_object_of_two_files_names_both(pytester: pytest.Pytester, deploy: Path) -> None:
    (deploy / "z.yaml").write_text(DEPLOYMENT)
    result = pytester.runpytest("--k8snet-manifests=deploy", "-k", "renders")
    result.stdout.fnmatch_lines(
        ["*/web is rendered more than once, first by web.yaml: leave one out (deploy/z.yaml)"]
    )


def test_a_kustomization_is_built(
    pytester: pytest.Pytester, kustomized: Path, workers: str
) -> None:
    for given in ("prod", "prod/kustomization.yaml"):
        result = pytester.runpytest(f"--k8snet-manifests={given}", workers)
        assert result.parseoutcomes()["failed"] == 2
        result.stdout.fnmatch_lines(
            [
                "  where    prod/kustomization.yaml (Deployment/prod-web)",
                "FAILED prod/kustomization.yaml::manifests::Deployment/prod-web::M6-*",
            ]
        )


def test_a_kustomization_that_cannot_be_built_fails_in_its_own_words(
    pytester: pytest.Pytester, kustomized: Path
) -> None:
    (kustomized / "kustomization.yaml").write_text("resources: [none.yaml]\n")
    result = pytester.runpytest("--k8snet-manifests=prod")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "prod: k* cannot build it: accumulating resources*none.yaml*",
            "1 application, 0 workloads, 0 Services, 1 gave no objects",
            "prod: gives no objects",
        ]
    )
    assert "download" not in result.stdout.str()


@pytest.mark.parametrize(
    ("remote", "named"),
    [
        ("https://charts.example.com/web.yaml", "https://charts.example.com/web.yaml"),
        ("github.com/example/web//deploy?ref=v1", "https://github.com/example/web"),
    ],
)
def test_a_remote_base_is_named_and_not_fetched(
    pytester: pytest.Pytester, kustomized: Path, remote: str, named: str
) -> None:
    (kustomized / "kustomization.yaml").write_text(f"resources: ['{remote}']\n")
    result = pytester.runpytest("--k8snet-manifests=prod")
    says = f"prod: k* cannot build it: it takes {named}, and nothing is fetched without"
    result.stdout.fnmatch_lines([f"{says} --k8snet-dependencies=download"])
    assert "proxy" not in result.stdout.str()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_programs_of_this_machine_are_not_asked_either(
    pytester: pytest.Pytester, kustomized: Path, host: str
) -> None:
    with HTTPServer(("127.0.0.1", 0), _Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        remote = f"http://{host}:{server.server_port}/web.yaml"
        (kustomized / "kustomization.yaml").write_text(f"resources: ['{remote}']\n")
        result = pytester.runpytest("--k8snet-manifests=prod")
        fetched = pytester.runpytest("--k8snet-manifests=prod", "--k8snet-dependencies=download")
        server.shutdown()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"prod: k* cannot build it: it takes {remote}, and nothing is*"])
    fetched.stdout.fnmatch_lines(["FAILED prod/*::Deployment/web::M6-*"])


class _Web(BaseHTTPRequestHandler):
    """Whatever it is asked for is a Deployment."""

    def do_GET(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        self.wfile.write(DEPLOYMENT.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_node_id_of_a_failure_runs_that_test_alone(
    pytester: pytest.Pytester, deploy: Path, workers: str
) -> None:
    for given, ids in (("deploy", FAULTS), ("deploy/web.yaml", FAULTS[:1])):
        for name in ids:
            node = f"{given}::manifests::{name}"
            result = pytester.runpytest(f"--k8snet-manifests={given}", workers, node)
            result.assert_outcomes(failed=1)
            result.stdout.fnmatch_lines([f"FAILED {node}*"])
    done = subprocess.run(
        [SCRIPTS / "k8snet", f"deploy::manifests::{FAULTS[1]}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "= 1 failed in" in done.stdout


def test_manifests_stand_beside_charts_and_in_the_configuration(
    pytester: pytest.Pytester, deploy: Path, make_chart: Callable[..., Path]
) -> None:
    make_chart("charts/web", SOUND)
    (pytester.mkdir("staging") / "web.yaml").write_text(DEPLOYMENT)
    pytester.makeini("[pytest]\nk8snet_manifests =\n    deploy\n    staging\n")
    result = pytester.runpytest("--helm-chart=charts")
    assert result.parseoutcomes()["failed"] == 3
    result.stdout.fnmatch_lines(["k8snet: 1 chart, *, manifests of deploy, staging"])
    assert "M4S" not in result.stdout.str()  # two overlays of one base are no neighbours


def test_an_annotation_a_line_and_a_baseline_expect_findings_as_with_charts(
    pytester: pytest.Pytester, deploy: Path
) -> None:
    (deploy / "web.yaml").write_text(
        DEPLOYMENT.replace(
            "name: web\nspec", "name: web\n  annotations: {k8snet/ignore-M6: x}\nspec"
        )
    )
    pytester.makeini("[pytest]\nk8snet_ignore_findings = M5D deploy Service/*: known\n")
    counts = pytester.runpytest("--k8snet-manifests=deploy").parseoutcomes()
    assert (counts["xfailed"], "failed" in counts) == (2, False)
    baseline = "--k8snet-write-baseline=known.txt", "--k8snet-manifests=deploy/api.yml"
    pytester.runpytest(*baseline, "-c", os.devnull, "--rootdir=.")
    again = pytester.runpytest(
        "--k8snet-baseline=known.txt", *baseline[1:], "-c", os.devnull, "--rootdir=."
    )
    assert again.parseoutcomes().get("failed") is None
