"""Who reaches whom, tried out in a real cluster against what policies say."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.errors import NotApplicable
from pytest_k8snet.model import Application
from pytest_k8snet.reach import differences
from pytest_k8snet.runtime import Session
from pytest_k8snet.runtime.api import Api
from pytest_k8snet.target import Gathered

from .conftest import observe, write_chart

pytestmark = pytest.mark.kind

CHART = Path(__file__).with_name("charts") / "reach.yaml"


def unit(name: str, run: str, *ports: int | tuple[int, str], **given: Any) -> dict[str, Any]:
    """A Deployment and a Service of its ports, each one number higher."""
    known = [port if isinstance(port, tuple) else (port, "TCP") for port in ports]
    said = [{"port": number, "protocol": protocol} for number, protocol in known]
    return {"name": name, "run": run, "ports": said, **given}


def serving(name: str, port: int, **given: Any) -> dict[str, Any]:
    return unit(name, f"exec httpd -f -p {port}", port, **given)


UDP = "while :; do nc -u -l -p 5353; done"
WORLD = {
    "units": [
        serving("web", 8001, replicas=2),
        serving("db", 8002),
        serving("client", 8003),
        serving("plain", 8004),
        serving("caller", 8005),
        serving("agent", 18006, host=True),
        unit("dns", UDP, (5353, "UDP")),
        serving("there", 8008, namespace="k8snet-reach-there"),
        serving("beyond", 8009, namespace="k8snet-reach-beyond"),
        unit("two", "httpd -p 8010; exec httpd -f -p 8011", 8010, 8011),
        unit("six", "exec /odd v6 8012", 8012),
        unit("device", "exec /odd lo 8013", 8013),
        unit("six-udp", "exec /odd v6 8014 u", (8014, "UDP")),
        unit("hidden", "/odd v6 8015 & /odd lo 8016"),
    ],
    "policies": {
        "web": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}],
        },
        "db": {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"]},
        "caller": {
            "podSelector": {"matchLabels": {"app": "caller"}},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "plain"}}}]}],
        },
        "dns": {
            "podSelector": {"matchLabels": {"app": "dns"}},
            "ingress": [
                {"from": [{"podSelector": {}}], "ports": [{"port": 5353, "protocol": "UDP"}]}
            ],
        },
        "two": {
            "podSelector": {"matchLabels": {"app": "two"}},
            "ingress": [
                {
                    "from": [
                        {
                            "namespaceSelector": {
                                "matchLabels": {"kubernetes.io/metadata.name": "k8snet-reach-there"}
                            }
                        }
                    ],
                    "ports": [{"port": 8011}],
                }
            ],
        },
    },
}
# Programs that do not take what comes to them, though nobody forbids it.
BUSY = {
    "units": [
        unit("one-at-a-time", "while :; do nc -l -p 8001; sleep 0.2; done", 8001),
        unit("takes-none", "nc -l -p 8002 & sleep 1; kill -STOP $!; sleep 1000", 8002),
        unit("reads-none", "nc -u -l -p 8003 & sleep 1; kill -STOP $!; sleep 1000", (8003, "UDP")),
    ],
    "policies": {},
}
SMALL = {
    "units": [serving("web", 8001), serving("client", 8002)],
    "policies": {"web": {"podSelector": {"matchLabels": {"app": "web"}}}},
}


@pytest.fixture(scope="module")
def observed(
    runtime: Session,
    gather: Callable[..., list[Gathered]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Application]:
    """The world; a chart that does not know of its policy; and one that has it in mind only."""
    folder = tmp_path_factory.mktemp("charts")
    text = CHART.read_text(encoding="utf-8")
    values = {
        "world": WORLD,
        "busy": BUSY,
        "unaware": SMALL,
        "imagined": {**SMALL, "policies": {}},
    }
    charts = {
        name: write_chart(folder / name, text, **{"values.yaml": json.dumps(some)})
        for name, some in values.items()
    }
    found = {name: gather(chart)[0] for name, chart in charts.items()}
    applications = {name: one.application for name, one in found.items() if one.application}
    policies = applications["unaware"].policies
    found["unaware"] = replace(
        found["unaware"], application=replace(applications["unaware"], policies=())
    )
    found["imagined"] = replace(
        found["imagined"], application=replace(applications["imagined"], policies=policies)
    )
    with closing(runtime.new_stage(found.values())) as stage:
        outcomes = observe(stage, *found.values())
    seen = {}
    for name, outcome in zip(found, outcomes, strict=True):
        assert outcome.observed is not None, outcome
        seen[name] = outcome.observed
    return seen


def findings(application: Application, check_id: str) -> dict[str, list[str]]:
    """What a check says, by the object's name."""
    check = next(one for one in CHECKS if one.id == check_id)
    found: dict[str, list[str]] = {}
    for subject in application.subjects:
        if isinstance(subject, check.on):
            try:
                several = check.findings(subject, application)
            except NotApplicable:
                continue
            found[application.subject(subject.reference)] = [
                f"{one.reading}: {one.message}" for one in several
            ]
    return {name: said for name, said in found.items() if said}


def through(application: Application, target: str) -> dict[str, bool]:
    """Who got to any port of a workload or Service, and who did not."""
    return {
        one.source if isinstance(one.source, str) else one.source.name: one.through
        for one in application.dialled
        if application.subject(one.target) == target
    }


def test_policies_say_what_happens(observed: dict[str, Application]) -> None:
    world = observed["world"]
    assert [
        (str(d.dialled.source), d.dialled.target.name, d.dialled.port, d.how)
        for d in differences(world)
    ] == []
    assert findings(world, "R2") == {}
    sources = {
        one.source if isinstance(one.source, str) else one.source.name for one in world.dialled
    }
    assert sources == {"namespace", "cluster", *(one.name for one in world.workloads)}


@pytest.mark.parametrize(
    ("target", "reached_by"),
    [
        ("Deployment/web", {"client", "web", "agent"}),
        ("Service/web", {"client", "agent"}),
        ("Deployment/db", {"agent"}),
        ("Service/db", {"agent"}),
        (
            "Deployment/dns",
            {"namespace", "agent"}
            | {"web", "db", "client", "plain", "six", "device", "six-udp", "two", "hidden"},
        ),
        ("Deployment/two", {"there", "agent"}),
    ],
)
def test_who_reaches_whom(
    observed: dict[str, Application], target: str, reached_by: set[str]
) -> None:
    found = through(observed["world"], target)
    # Another replica is another pod, so the policy keeps it out.
    assert {name for name, got in found.items() if got} == reached_by - {"web"} | (
        {"web"} & reached_by if "dns" in target else set()
    )
    assert {"namespace", "cluster", "caller", "beyond"} <= found.keys()


def test_a_service_leads_where_its_pods_let_in(observed: dict[str, Application]) -> None:
    found = through(observed["world"], "Service/dns")
    assert found["namespace"]
    assert found["client"]
    assert not found["cluster"]
    assert not found["caller"]


def test_a_socket_that_refuses_everybody_is_open_to_nobody(
    observed: dict[str, Application],
) -> None:
    world = observed["world"]
    closed = findings(world, "M3")
    assert closed.keys() == {f"Deployment/{name}" for name in ("six", "device", "six-udp")}
    for name, port in (("six", "8012/TCP"), ("device", "8013/TCP"), ("six-udp", "8014/UDP")):
        (message,) = closed[f"Deployment/{name}"]
        assert message.startswith("loopback: ")
        assert f"declares {port}" in message
        assert "refuses" in message
    assert findings(world, "M1") == {}
    assert findings(world, "M5A").keys() == {"Service/six", "Service/device", "Service/six-udp"}


def test_m6_says_what_was_reached(observed: dict[str, Application]) -> None:
    (message,) = findings(observed["world"], "M6")["Deployment/plain"]
    assert message.endswith("; proven: a pod of another namespace reached 8004/TCP")


def test_what_policies_forbid_and_goes_through(observed: dict[str, Application]) -> None:
    found = findings(observed["imagined"], "R2")
    assert found.keys() == {"Deployment/web"}
    (message,) = found["Deployment/web"]
    assert message.startswith(
        "open: a pod of another namespace, a pod of its namespace without the chart's labels and"
        " Deployment/client reached 8001/TCP of Deployment/web, which NetworkPolicy/web forbids"
    )


def test_what_nobody_forbids_and_does_not_go_through(observed: dict[str, Application]) -> None:
    found = findings(observed["unaware"], "R2")
    assert found.keys() == {"Deployment/web"}
    (message,) = found["Deployment/web"]
    assert message.startswith("closed: a pod of another namespace, a pod of its namespace")
    assert "got no answer from 8001/TCP" in message


def test_what_a_program_does_not_take_is_not_forbidden(observed: dict[str, Application]) -> None:
    busy = observed["busy"]
    assert {one.name for one in busy.workloads} <= {one.target.name for one in busy.dialled}
    for check in ("R2", "M3", "M5A"):
        assert findings(busy, check) == {}


def test_the_pods_that_dialled_are_gone(observed: dict[str, Application], api: Api) -> None:
    for application in observed.values():
        assert application.strays == ()
