"""Who reaches whom, in the JSON report and in the file to review."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pytest_k8snet.model import Dialled, Port, ServicePort
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


def test_what_was_dialled_is_proven_or_refuted(tmp_path: Path) -> None:
    app = application(
        workloads=(workload("web", Port(8080)), workload("db", Port(5432))),
        services=(service("web", ServicePort(80, 8080)),),
        policies=(
            policy("db", "db"),
            policy("web", "web", ingress=[{"ports": [{"port": 8080}, {"port": 9090}]}]),
        ),
    )
    web, db = (one.reference for one in app.workloads)
    dials = (
        ("cluster", web, 8080, True),
        ("cluster", web, 9090, False),
        ("cluster", db, 5432, True),
        ("namespace", db, 5432, False),
        (web, db, 5432, True),
        ("cluster", app.services[0].reference, 80, True),
    )
    app = replace(
        app,
        dialled=tuple(Dialled(a, b, port, "TCP", through) for a, b, port, through in dials),
    )
    write_json(results(app), tmp_path / "out.json")
    edges = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["reach"]
    seen = {
        (
            one["from"] if isinstance(one["from"], str) else one["from"]["name"],
            one["to"]["name"],
            one["how"],
        ): one["ports"]
        for one in edges
    }
    assert {key: ports for key, ports in seen.items() if key[:2] == ("cluster", "web")} == {
        ("cluster", "web", "proven"): ["TCP 8080"],
        ("cluster", "web", "refuted"): ["TCP 9090"],
    }
    # What policies forbid and went through all the same is shown, and what they forbid is not.
    assert seen["cluster", "db", "proven"] == seen["web", "db", "proven"] == ["TCP 5432"]
    assert not [key for key in seen if key[:2] == ("namespace", "db")]
    assert seen["namespace", "web", "static"] == ["TCP 8080", "TCP 9090"]
    write_reach(results(app), tmp_path / "reach")
    assert "proven" not in (tmp_path / "reach").read_text(encoding="utf-8")


def test_the_file_to_review_has_one_edge_a_line(tmp_path: Path) -> None:
    app = application(
        workloads=(workload("web", Port(8080)),),
        services=(service("web", ServicePort(80, 8080)),),
        policies=(policy("web", "web", ingress=[{"ports": [{"port": 8080}]}]),),
    )
    write_reach(results(app), tmp_path / "reach")
    lines = (tmp_path / "reach").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "charts/shop [defaults]: cluster -> Deployment/web: TCP 8080",
        "charts/shop [defaults]: namespace -> Deployment/web: TCP 8080",
    ]


def test_a_pod_to_itself_is_no_line_to_review_and_to_another_replica_is(tmp_path: Path) -> None:
    pair = replace(workload("db"), replicas=2)
    write_reach(results(application(workloads=(workload("web"), pair))), tmp_path / "reach")
    text = (tmp_path / "reach").read_text(encoding="utf-8")
    assert "Deployment/web -> Deployment/web" not in text
    assert "Deployment/db -> Deployment/db: all" in text


def test_a_large_application_lists_what_the_footholds_reach() -> None:
    app = application(workloads=tuple(workload(f"w{n}") for n in range(MOST_WORKLOADS + 1)))
    assert {edge.source for edge in listed_edges(app)} == {"namespace", "cluster"}
