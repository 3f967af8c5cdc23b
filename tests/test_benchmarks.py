"""The benchmarks run and print what they promise; how fast anything is, no test says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import REPOSITORY

CHART = REPOSITORY / "example-charts" / "host-network"
STAGES = ("start", "render", "parse", "check", "pytest", "whole pytest run")


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def chart(path: str, values: str = "defaults", outcome: str = "passed") -> dict[str, Any]:
    return {"path": path, "values": values, "outcome": outcome}


def result(chart: str, check: str, outcome: str, *findings: tuple[str, str]) -> dict[str, Any]:
    listed = [{"level": level, "reading": reading} for level, reading in findings]
    return {"chart": chart, "check": check, "outcome": outcome, "findings": listed}


def test_the_survey_counts_applications_by_repository_and_check(tmp_path: Path) -> None:
    two_faults = (("fault", "none"), ("fault", "none"))
    document = {
        "charts": [
            chart("all/one/web"),
            chart("all/one/web", "ha"),
            chart("all/one/db"),
            chart("all/two/web"),
            chart("all/two/deep/broken", outcome="error"),
        ],
        "results": [
            result("all/one/web", "M6", "failed", *two_faults),
            result("all/one/web", "M6", "failed", *two_faults),
            result("all/one/web", "M7", "passed", ("note", "host-port")),
            result("all/one/db", "M7", "xfailed", ("fault", "host")),
            result("all/two/web", "M6", "failed", ("fault", "missed")),
            result("all/two/web", "M7", "failed", ("fault", "host")),
            {"chart": "all/two/web", "check": None, "outcome": "passed", "findings": []},
        ],
    }
    file = tmp_path / "results.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    printed = benchmarks("survey", str(file))
    assert printed.stderr == ""
    assert (
        printed.stdout
        == """\
repository  applications  affected  M6  M7  total
one                    2         1   1   0      1
two                    2         1   1   1      2
all                    4         2   2   1      3
with a fault: 50.0%; without M6: 25.0%
did not render, and count as applications: all/two/deep/broken

finding          level  findings  applications
M6 missed        fault         1             1
M6 none          fault         4             1
M7 host       expected         1             1
M7 host          fault         1             1
M7 host-port      note         1             1
"""
    )


def test_charts_of_one_folder_are_one_repository(tmp_path: Path) -> None:
    document = {"charts": [chart("charts/web"), chart("charts/db")], "results": []}
    file = tmp_path / "results.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert "\ncharts                 2         0" in benchmarks("survey", str(file)).stdout


def test_the_stages_of_one_chart_are_printed() -> None:
    printed = benchmarks(str(CHART), "--rounds=1", "--startup-rounds=1", "--no-peers")
    assert printed.returncode == 0, printed.stderr
    for stage in STAGES:  # what is left of a run by a difference may be less than nothing
        row = rf"^{stage} +-?\d+\.\d+ +-?\d+\.\d+$"
        assert re.search(row, printed.stdout, re.MULTILINE), stage
    items = re.search(r"1 chart, (\d+) items", printed.stdout)
    assert items is not None
    assert int(items[1]) > 10
    assert re.search(r"-n 2: renders of one chart and release \(\d+ in 1 process\) +1 +1 +ok",
                     printed.stdout)  # fmt: skip


def test_the_growth_of_a_chart_is_printed() -> None:
    printed = benchmarks("growth", "--units=20", "--rounds=1")
    assert printed.returncode == 0, printed.stderr
    assert re.search(r"^20 +\S+ +\S+ +\S+ +\S+$", printed.stdout, re.MULTILINE)
    assert "\n100 " in printed.stdout
    assert "many units / few units" in printed.stdout


def test_every_slip_in_the_shop_is_reported() -> None:
    printed = benchmarks("mutation", str(REPOSITORY / "example-charts" / "shop"), "--missed")
    assert printed.returncode == 0, printed.stderr
    rows = re.findall(
        r"^(\S.*?)  +(\d+)  +(\d+)  +(\S+)  +\d+%  +ok$", printed.stdout, re.MULTILINE
    )
    assert len(rows) == 5, printed.stdout
    for name, made, reported, share in rows:
        assert int(made) > 0, name
        assert (made, share) == (reported, "100.0%"), printed.stdout
    assert re.search(r"^all +0$", printed.stdout, re.MULTILINE)


def test_a_slip_that_goes_by_is_named(tmp_path: Path) -> None:
    templates = tmp_path / "web" / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (templates / "web.yaml").write_text(
        """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: example.org/web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: grpclb, port: 80}]}
"""
    )
    printed = benchmarks("mutation", str(tmp_path), "--missed")
    assert re.search(
        r"^headless port changed +1 +0 +0.0% +99% +UNDER$", printed.stdout, re.MULTILINE
    )
    assert "Service/web port 81 targetPort 80: number-none, srv" in printed.stdout


def test_a_folder_that_is_not_there_is_named() -> None:
    printed = benchmarks("no/such/folder")
    assert printed.returncode == 2
    assert "no/such/folder: no such folder" in printed.stderr
