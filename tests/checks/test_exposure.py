"""From where the ports of a finding answer: the line, and what is sorted by it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.finding import Exposed, Finding
from pytest_k8snet.model import Application, NetworkPolicy, Port, Service, ServicePort, Socket
from report.samples import application, policy, service, workload

BY_ID = {check.id: check for check in CHECKS}
FROM_A_PEER: dict[str, Any] = {"ingress": [{"from": [{"podSelector": {}}]}]}
FROM_THE_PEER: dict[str, Any] = {
    "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "peer"}}}]}]
}
FROM_A_CLIENT: dict[str, Any] = {
    "ingress": [{"from": [{"podSelector": {"matchLabels": {"client": "yes"}}}]}]
}
FROM_ADDRESSES: dict[str, Any] = {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}


def one(check: str, app: Application, *, on: str = "Deployment/web") -> Finding:
    """The finding of a check on one object."""
    subject = next(one for one in app.subjects if app.subject(one.reference) == on)
    (finding,) = BY_ID[check].findings(subject, app)
    return finding


def with_an_open_port(*policies: NetworkPolicy, address: str = "::") -> Application:
    """A web server that listens on a port which it does not declare, and a peer."""
    sockets = (Socket(8080), Socket(6060, address=address))
    web = workload("web", Port(8080), sockets=sockets, sockets_again=sockets)
    return application(workloads=(web, workload("peer")), policies=policies)


@pytest.mark.parametrize(
    ("policies", "exposed", "said"),
    [
        ((), Exposed.CLUSTER, "any pod of the cluster"),
        ((policy("web", "web", **FROM_A_PEER),), Exposed.NAMESPACE, "any pod of its namespace"),
        ((policy("web", "web", **FROM_THE_PEER),), Exposed.NAMED, "Deployment/peer"),
        (
            (policy("web", "web", **FROM_A_CLIENT),),
            Exposed.NAMED,
            "pods with the labels that policies ask for",
        ),
        ((policy("web", "web"),), Exposed.NOBODY, "nobody: policies let no other pod in"),
        (
            (policy("web", "web", **FROM_ADDRESSES),),
            Exposed.CLUSTER,
            "any pod of the cluster, if the network plugin lets it through",
        ),
        (
            (policy("web", "web"), policy("odd", "web", group="crd.antrea.io")),
            Exposed.CLUSTER,
            "any pod of the cluster, unless what was not understood forbids it",
        ),
    ],
)
def test_an_open_port_says_who_reaches_it(
    policies: tuple[NetworkPolicy, ...], exposed: Exposed, said: str
) -> None:
    finding = one("M1", with_an_open_port(*policies))
    assert (finding.exposed, finding.reach) == (exposed, said)


def test_m6_says_who_reaches_which_ports_also_from_outside() -> None:
    app = application(
        workloads=(workload("web", Port(8080)),),
        services=(service("web", ServicePort(80, 8080), type="NodePort"),),
    )
    assert (
        one("M6", app).reach
        == "any pod of the cluster on all ports; outside the cluster on TCP 8080"
    )


def test_m6_names_what_is_open_where_somebody_looked() -> None:
    assert one("M6", with_an_open_port()).reach == "any pod of the cluster on TCP 6060, TCP 8080"
    nothing = application(workloads=(workload("web", sockets=()),))
    assert one("M6", nothing).exposed is Exposed.NOBODY


def test_a_port_of_the_node_is_reached_from_outside() -> None:
    web = workload("web", Port(8080, host_port=80))
    app = application(workloads=(web,), policies=(policy("web", "web", **FROM_A_CLIENT),))
    assert one("M7", app).exposed is Exposed.NAMED
    assert one("M7", application(workloads=(web,))).reach == (
        "any pod of the cluster; outside the cluster"
    )


def of_service(target: int | str, *sockets: Socket, **changes: object) -> Application:
    """A Service in front of a web server that declares 8080."""
    made: Service = service("web", ServicePort(80, target), **changes)
    seen = {"sockets": sockets, "sockets_again": sockets} if sockets else {}
    return application(workloads=(workload("web", Port(8080), **seen),), services=(made,))


def test_a_service_says_who_reaches_the_pods_behind_it() -> None:
    named = one("M5B", of_service("gone"), on="Service/web")
    said = "nobody: the port leads to none of its pods"
    assert (named.exposed, named.reach) == (Exposed.NOBODY, said)
    assert one("M5B", of_service(9000), on="Service/web").reach == "any pod of the cluster"
    closed = one("M5A", of_service(8080, Socket(7)), on="Service/web")
    assert closed.reach == "nobody: nothing listens there"
    inside = one("M5A", of_service(8080, Socket(8080, address="127.0.0.1")), on="Service/web")
    assert (inside.exposed, inside.reach) == (Exposed.LOOPBACK, "loopback only: no other pod")
    exposed = one("N8", of_service(8080, type="LoadBalancer"), on="Service/web")
    assert exposed.reach == "any pod of the cluster; outside the cluster"


def test_what_any_pod_of_the_cluster_reaches_comes_first() -> None:
    sockets = (Socket(8080), Socket(6060), Socket(7070))
    web = workload("web", Port(8080), sockets=sockets, sockets_again=sockets)
    to_one_port = policy("web", "web", ingress=[{"ports": [{"port": 7070}]}])
    app = application(workloads=(web,), policies=(to_one_port,))
    findings = BY_ID["M1"].findings(app.workloads[0], app)
    assert [(one.port, one.exposed) for one in findings] == [
        (7070, Exposed.CLUSTER),
        (6060, Exposed.NOBODY),
    ]


def test_urgency_has_loopback_last_and_what_has_no_port_before_the_unreachable() -> None:
    findings = [
        Finding("any", "", at=web.position(), exposed=exposed)
        for web in [workload("web")]
        for exposed in (Exposed.LOOPBACK, Exposed.NOBODY, None, *Exposed)
    ]
    ordered = sorted(findings, key=lambda finding: finding.urgency)
    assert [one.exposed for one in ordered][:4] == list(Exposed)[:4]
    assert [one.exposed for one in ordered][4:] == [
        *(None, Exposed.NOBODY, Exposed.NOBODY),
        *(Exposed.LOOPBACK, Exposed.LOOPBACK),
    ]
