"""Who reaches whom, in the JSON report and in the file to review."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_k8snet.model import Port, ServicePort
from pytest_k8snet.reach.file import MOST_WORKLOADS, listed_edges
from pytest_k8snet.report.json import write_json
from pytest_k8snet.report.reach import write_reach
from report.samples import application, policy, results, service, workload


def test_an_edge_names_both_ends_its_ports_and_how_it_is_known(tmp_path: Path) -> None:
    app = application(
        workloads=(workload("web", Port(8080)), workload("db", Port(5432))),
        policies=(
            policy(
                "db", "db", ingress=[{"ports": [{"port": 5432}], "from": [{"podSelector": {}}]}]
            ),
            policy("web", "web", ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]),
        ),
    )
    write_json(results(app), tmp_path / "out.json")
    edges = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["reach"]
    seen = {
        (one["from"] if isinstance(one["from"], str) else one["from"]["name"], one["to"]["name"]): (
            one["ports"],
            one["how"],
        )
        for one in edges
    }
    assert seen == {
        ("namespace", "db"): (["TCP 5432"], "static"),
        ("web", "db"): (["TCP 5432"], "static"),
        ("db", "db"): (["all"], "static"),
        ("web", "web"): (["all"], "static"),
        ("namespace", "web"): (["all"], "plugin"),
        ("cluster", "web"): (["all"], "plugin"),
        ("db", "web"): (["all"], "plugin"),
    }


def test_the_file_to_review_has_one_edge_a_line(tmp_path: Path) -> None:
    app = application(
        workloads=(workload("web", Port(8080)),),
        services=(service("web", ServicePort(80, 8080)),),
        policies=(policy("web", "web", ingress=[{"ports": [{"port": 8080}]}]),),
    )
    write_reach(results(app), tmp_path / "reach")
    lines = (tmp_path / "reach").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "charts/shop [defaults]: Deployment/web -> Deployment/web: all",
        "charts/shop [defaults]: cluster -> Deployment/web: TCP 8080",
        "charts/shop [defaults]: namespace -> Deployment/web: TCP 8080",
    ]


def test_a_large_application_lists_what_the_footholds_reach() -> None:
    app = application(workloads=tuple(workload(f"w{n}") for n in range(MOST_WORKLOADS + 1)))
    assert {edge.source for edge in listed_edges(app)} == {"namespace", "cluster"}
