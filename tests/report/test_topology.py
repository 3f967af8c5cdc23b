"""What a drawing shows of an application."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_k8snet.model import Container, Port, ServicePort, Socket
from pytest_k8snet.report.topology import topology

from .samples import application, policy, service, shop, workload


def ports(picture: Any, name: str) -> list[list[Any]]:
    (found,) = (one for one in picture["workloads"] if one["name"] == name)
    return [port for container in found["containers"] for port in container["ports"]]


def edges(picture: Any) -> list[tuple[str, int, str, str]]:
    """Service, its port, workload, and how the traffic ends."""
    services, workloads = picture["services"], picture["workloads"]
    return [
        (services[s]["name"], services[s]["ports"][p][0], workloads[w]["name"], how)
        for s, p, w, _, _, how in picture["edges"]
    ]


def test_ports_are_declared_open_or_both() -> None:
    picture = topology(shop())
    assert ports(picture, "Deployment/web") == [
        [8080, "TCP", "http", "both"],
        [9999, "TCP", "admin", "closed"],
        [6060, "TCP", "pprof", "open"],
    ]
    assert ports(picture, "StatefulSet/db") == [[5432, "TCP", "pg", "declared"]]


def test_loopback_is_not_open_and_sctp_cannot_be_seen() -> None:
    sockets = (Socket(80, address="127.0.0.1"), Socket(81, address="::1"))
    web = workload("web", Port(80), Port(9, "SCTP"), sockets=sockets)
    picture = topology(application(workloads=(web,)))
    assert ports(picture, "Deployment/web") == [
        [80, "TCP", "", "closed"],
        [9, "SCTP", "", "declared"],
    ]


def test_an_open_port_is_drawn_at_the_container_that_owns_it() -> None:
    containers = (Container("a", ports=(Port(80),)), Container("b"), Container("init", init=True))
    sockets = (Socket(80, container="b"), Socket(81, container="b"), Socket(82))
    web = workload("web", containers=containers, sockets=sockets)
    (made,) = topology(application(workloads=(web,)))["workloads"]
    by_name = {one["name"]: [port[0] for port in one["ports"]] for one in made["containers"]}
    assert by_name == {"a": [80, 82], "b": [81]}


def test_edges_say_where_traffic_ends() -> None:
    assert edges(topology(shop())) == [
        ("Service/web", 80, "Deployment/web", "ok"),
        ("Service/web", 81, "Deployment/web", "undeclared"),
        ("Service/web", 82, "Deployment/web", "dead"),
        ("Service/db", 5432, "StatefulSet/db", "ok"),
        ("Service/cache", 6379, "Deployment/cache", "undeclared"),
    ]


def test_an_edge_ends_at_its_port() -> None:
    picture = topology(shop())
    for service_at, port_at, workload_at, container_at, place, how in picture["edges"]:
        if place < 0:
            continue
        target = picture["services"][service_at]["ports"][port_at][1]
        number, _, name, state = picture["workloads"][workload_at]["containers"][container_at][
            "ports"
        ][place]
        assert target in (number, name)
        assert (state == "open") == (how == "undeclared")


def test_an_ingress_leads_to_the_port_of_a_service_or_nowhere() -> None:
    (ingress,) = topology(shop())["ingresses"]
    assert ingress["backends"] == [
        [0, 0, "shop.example.org/", "web"],
        [0, -1, "shop.example.org/seven", "web"],
        [-1, -1, "shop.example.org/else", "elsewhere"],
    ]


def test_boundaries_part_the_workloads_by_their_policies() -> None:
    picture = topology(shop())
    names = [one["name"] for one in picture["workloads"]]
    drawn = [
        (one["means"], one["policies"], [names[at] for at in one["workloads"]])
        for one in picture["boundaries"]
    ]
    assert drawn == [
        ("none", [], ["Deployment/web"]),
        ("host", [], ["DaemonSet/agent"]),
        ("egress", ["NetworkPolicy/jobs"], ["CronJob/jobs"]),
        ("open", ["NetworkPolicy/cache"], ["Deployment/cache"]),
        ("limited", ["NetworkPolicy/db"], ["StatefulSet/db"]),
    ]
    assert picture["idle"] == ["NetworkPolicy/nobody"]


def test_nothing_that_any_pod_reaches_is_called_limited() -> None:
    names = ("ports", "blocks", "most", "peers", "maybe")
    rules = {
        "ports": {"ports": [{"port": 80}]},
        "blocks": {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]},
        "most": {"ports": [{"port": 1, "endPort": 65535}]},
        "peers": {"from": [{"podSelector": {}}]},
        "maybe": {"from": [{"namespaceSelector": {"matchExpressions": [{"operator": "New"}]}}]},
    }
    app = application(
        workloads=tuple(workload(name, Port(80)) for name in names),
        policies=tuple(policy(name, name, ingress=[rules[name]]) for name in names),
    )
    drawn = topology(app)["boundaries"]
    assert {one["policies"][0].partition("/")[2]: one["means"] for one in drawn} == {
        "ports": "ports",
        "blocks": "open",
        "most": "open",
        "peers": "limited",
        "maybe": "unknown",
    }


def test_pods_that_a_policy_of_administrators_closes_are_not_called_open() -> None:
    deny = {
        "subject": {"namespaces": {}},
        "priority": 1,
        "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}],
    }
    closed = policy("admin", group="policy.networking.k8s.io")
    closed = replace(closed, kind="AdminNetworkPolicy", namespace="", specs=(deny,), selector=None)
    drawn = topology(application(workloads=(workload("web"),), policies=(closed,)))["boundaries"]
    assert [(one["means"], one["policies"]) for one in drawn] == [
        ("limited", ["AdminNetworkPolicy/admin"])
    ]


def test_workloads_of_the_same_policies_share_a_boundary() -> None:
    app = application(
        workloads=(workload("a"), workload("b"), workload("c")),
        policies=(policy("all"), policy("a", "a"), policy("odd", group="crd.antrea.io")),
    )
    picture = topology(app)
    assert [one["workloads"] for one in picture["boundaries"]] == [[0], [1, 2]]
    assert picture["unread"] == ["NetworkPolicy/odd"]


def test_a_service_that_takes_two_workloads_has_two_edges() -> None:
    app = application(
        workloads=(workload("a", Port(80)), workload("b", pod_labels={"app": "a"})),
        services=(service("a", ServicePort(80, 80)),),
    )
    assert edges(topology(app)) == [
        ("Service/a", 80, "Deployment/a", "ok"),
        ("Service/a", 80, "Deployment/b", "undeclared"),
    ]
