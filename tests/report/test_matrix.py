"""Who reaches whom, as the page draws it: equal rows once, and what each place gets to."""

from __future__ import annotations

from dataclasses import replace

from pytest_k8snet.model import Application, Dialled, Port, ServicePort, Socket
from pytest_k8snet.reach import Foothold
from pytest_k8snet.reach.file import MOST_WORKLOADS
from pytest_k8snet.report.matrix import Surface, matrix, surface, totals
from report.samples import application, policy, service, workload

PEERS = [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 5432}]}]


def cells(app: Application) -> dict[tuple[str, str], str]:
    """The matrix written out: the ports of each pair; a pair that is closed is left out."""
    found = matrix(app)
    names = [workload.name for workload in app.workloads]
    places = {-1: "cluster", -2: "world", -3: "namespace", **dict(enumerate(names))}
    return {
        (places[source], names[target]): " ".join(
            ports if how == "static" else f"{ports}?" for ports, how in found["cells"][number]
        )
        for members, row, _ in found["rows"]
        for source in members
        for targets, number in zip(found["columns"], row, strict=True)
        for target in targets
        if number >= 0 and source != target
    }


def shop() -> Application:
    """A web server in front of a database, which only it reaches."""
    return application(
        workloads=(workload("web", Port(8080)), workload("db", Port(5432))),
        services=(service("web", ServicePort(80, 8080), type="NodePort"),),
        policies=(policy("db", "db", ingress=PEERS),),
    )


def test_each_pair_has_its_ports() -> None:
    assert cells(shop()) == {
        ("cluster", "web"): "all",
        ("namespace", "web"): "all",
        ("world", "web"): "TCP 8080",
        ("web", "db"): "TCP 5432",
        ("db", "web"): "all",
    }


def test_what_is_not_sure_is_marked() -> None:
    blocks = policy("web", "web", ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])
    unread = policy("odd", "db", group="crd.antrea.io")
    app = application(workloads=(workload("web"), workload("db")), policies=(blocks, unread))
    found = {how for parts in matrix(app)["cells"] for _, how in parts}
    assert found == {"unknown"}
    assert cells(application(workloads=(workload("web"),), policies=(blocks,))) == {
        ("cluster", "web"): "all?",
        ("namespace", "web"): "all?",
    }


def test_workloads_that_reach_and_are_reached_alike_are_one_row_and_one_column() -> None:
    app = application(workloads=tuple(workload(f"w{n}", Port(80)) for n in range(60)))
    found = matrix(app)
    assert found["columns"] == [list(range(60))]
    assert [(members[0], len(members)) for members, _, _ in found["rows"]] == [
        (-1, 2),
        (-2, 1),
        (0, 60),
    ]
    assert found["rows"][2][2] == [59, 59, 59]


def test_a_row_of_its_own_for_who_reaches_something_else() -> None:
    found = matrix(shop())
    assert [members for members, _, _ in found["rows"]] == [[-1, -3], [-2], [0], [1]]


def test_replicas_reach_each_other_only_as_policies_say() -> None:
    closed = policy("web", "web")
    app = application(workloads=(workload("web", replicas=2),), policies=(closed,))
    assert [row for _, row, _ in matrix(app)["rows"]] == [[-1], [-1]]
    peers = policy("web", "web", ingress=[{"from": [{"podSelector": {}}]}])
    app = application(workloads=(workload("web", replicas=2),), policies=(peers,))
    assert [row for _, row, _ in matrix(app)["rows"]] == [[-1], [0], [0]]


def test_a_large_application_has_rows_for_footholds_only() -> None:
    app = application(workloads=tuple(workload(f"w{n}") for n in range(MOST_WORKLOADS + 1)))
    assert [members for members, _, _ in matrix(app)["rows"]] == [[-1, -3], [-2]]


def test_a_surface_counts_workloads_and_the_ports_that_answer() -> None:
    app = shop()
    web, db = app.workloads
    assert surface(Foothold.CLUSTER, app) == Surface(workloads=1, wide=1, ports=1)
    assert surface(web, app) == Surface(workloads=1, wide=0, ports=1)
    assert surface(db, app) == Surface(workloads=1, wide=1, ports=1)
    seen = (Socket(8080), Socket(6060), Socket(9, address="127.0.0.1"))
    looked = application(workloads=(workload("web", Port(8080), Port(81), sockets=seen),))
    assert surface(Foothold.CLUSTER, looked) == Surface(workloads=1, wide=1, ports=2)


def test_totals_take_one_values_set_of_each_chart() -> None:
    small = application(workloads=(workload("web", Port(80)),))
    sets = {
        ("charts/shop", "all"): small,
        ("charts/shop", "defaults"): shop(),
        ("charts/web", "defaults"): small,
    }
    counted, whole = totals(sets)
    assert dict(counted)[Foothold.CLUSTER] == Surface(workloads=2, wide=2, ports=2)
    assert whole == Surface(workloads=3, wide=3, ports=3)


def test_what_was_tried_in_a_cluster_stands_behind_what_policies_say() -> None:
    app = shop()
    web, db = (one.reference for one in app.workloads)
    tried = (
        Dialled("cluster", web, 8080, "TCP", through=True),
        Dialled("cluster", db, 5432, "TCP", through=True),
        Dialled(web, db, 5432, "TCP", through=False),
    )
    found = matrix(replace(app, dialled=tried))["cells"]
    assert [["all", "static"], ["TCP 8080", "proven"]] in found
    assert [["TCP 5432", "proven"]] in found
    assert [["TCP 5432", "static"], ["TCP 5432", "refuted"]] in found
