"""Applications to report on, and the results that the real checks give for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pytest_k8snet.checks import CHECKS, Check
from pytest_k8snet.errors import NotApplicable, NotObserved
from pytest_k8snet.finding import Finding, Level
from pytest_k8snet.model import (
    Application,
    Backend,
    Container,
    Monitor,
    NetworkPolicy,
    Port,
    Position,
    Reference,
    Route,
    Selector,
    Service,
    ServicePort,
    Socket,
    Subject,
    Workload,
)
from pytest_k8snet.report.results import NOT_OBSERVED, OBSERVED, ChartResult, Result, Results


def workload(name: str, *ports: Port, kind: str = "Deployment", **changes: object) -> Workload:
    """A workload with one container; it listens on nothing that anybody saw."""
    labels = {"app": name}
    made = Workload(
        kind,
        name,
        "default",
        f"templates/{name}.yaml",
        pod_labels=labels,
        selector=Selector(labels),
        containers=(Container("main", f"example.org/{name}:1", ports),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def service(name: str, *ports: ServicePort, app: str = "", **changes: object) -> Service:
    """A Service of the workload of the same name, or of ``app``."""
    source = f"templates/{name}.yaml"
    made = Service("Service", name, "default", source, selector=Selector({"app": app or name}))
    return replace(made, ports=ports, **changes)  # type: ignore[arg-type]


def policy(
    name: str, *apps: str, group: str = "networking.k8s.io", **spec: object
) -> NetworkPolicy:
    """A policy for pods of one app, or for all; without a rule where none is said."""
    labels = {"app": apps[0]} if apps else {}
    return NetworkPolicy(
        "NetworkPolicy",
        name,
        "default",
        f"templates/{name}.yaml",
        group=group,
        specs=({"podSelector": {"matchLabels": labels}, **spec},),
        selector=Selector(labels),
    )


def application(
    chart: str = "charts/shop", values: str = "defaults", **parts: object
) -> Application:
    """An application of a release named ``shop``."""
    return replace(Application(chart, values, "shop", "default"), **parts)  # type: ignore[arg-type]


def shop(chart: str = "charts/shop", values: str = "defaults") -> Application:
    """Every kind of port, edge and boundary, observed in a cluster."""
    web = workload(
        "web",
        Port(8080, name="http"),
        Port(9999, name="admin"),
        sockets=(Socket(8080, container="main"), Socket(6060, container="main", process="pprof")),
    )
    return application(
        chart,
        values,
        workloads=(
            replace(web, sockets_again=web.sockets),
            workload("db", Port(5432, name="pg"), kind="StatefulSet"),
            workload("cache"),
            workload("agent", Port(9100), kind="DaemonSet", host_network=True),
            workload("jobs", kind="CronJob", selector=None),
        ),
        services=(
            service("web", ServicePort(80, "http"), ServicePort(81, 6060), ServicePort(82, "gone")),
            service("db", ServicePort(5432, 5432), headless=True),
            service("cache", ServicePort(6379, 6379)),
            service("lost", ServicePort(80, 80), app="nobody"),
            service("outside", ServicePort(443, 443), selector=None),
        ),
        policies=(
            policy("db", "db"),
            policy("cache", "cache", ingress=[{}]),
            policy("jobs", "jobs", policyTypes=["Egress"]),
            policy("nobody", "nobody"),
        ),
        routes=(
            Route(
                "Ingress",
                "web",
                "default",
                "templates/ingress.yaml",
                backends=(
                    Backend("web", 80, "default", "shop.example.org", "/"),
                    Backend("web", 7, "default", "shop.example.org", "/seven"),
                    Backend("elsewhere", 80, "default", "shop.example.org", "/else"),
                ),
            ),
        ),
        monitors=(Monitor("PodMonitor", "all", "default", "t.yaml", namespaces=("default",)),),
    )


def results(
    *applications: Application,
    expected: Mapping[str, str] | None = None,
    lines: Mapping[str, int] | None = None,
    broken: Iterable[ChartResult] = (),
    folders: Mapping[str, Path] | None = None,
) -> Results:
    """What the checks say of these applications.

    ``expected`` are reasons by check id: its findings are xfailed. ``lines``
    are line numbers by template.
    """
    found = [one for app in applications for one in _items(app, expected or {}, lines or {})]
    broken = tuple(broken)
    for chart in broken:
        nodeid = f"{chart.path}/Chart.yaml::{chart.values}::renders"
        found.append(
            Result(nodeid, "", "renders", chart.path, chart.values, None, "failed", chart.error)
        )
    charts = [
        ChartResult(app.chart, app.chart.rpartition("/")[2], "1.2.3", app.values, "passed")
        for app in applications
    ]
    return Results(
        charts=(*charts, *broken),
        results=tuple(found),
        applications={(app.chart, app.values): app for app in applications},
        folders=folders or {},
    )


def _items(
    app: Application, expected: Mapping[str, str], lines: Mapping[str, int]
) -> Iterator[Result]:
    for subject in app.subjects:
        for check in CHECKS:
            if isinstance(subject, check.on) and (app.reviewed or not check.needs_review):
                yield _item(app, subject, check, expected.get(check.id, ""), lines)


def _item(
    app: Application, subject: Subject, check: Check, expected: str, lines: Mapping[str, int]
) -> Result:
    name = app.subject(subject.reference)
    nodeid = f"{app.chart}/Chart.yaml::{app.values}::{name}::{check.full_name}"
    outcome, reason, observed = "passed", "", ""
    if check.needs_sockets or check.uses_sockets:
        observed = OBSERVED
    findings: tuple[Finding, ...] = ()
    try:
        findings = tuple(
            replace(one, line=lines.get(one.source)) for one in check.findings(subject, app)
        )
    except NotObserved as error:
        outcome, reason, observed = "skipped", str(error), NOT_OBSERVED
    except NotApplicable as error:
        outcome, reason = "skipped", str(error)
    if any(one.fault for one in findings):
        outcome, reason = ("xfailed", expected) if expected else ("failed", "")
    return Result(
        nodeid,
        check.id,
        check.name,
        app.chart,
        app.values,
        subject.reference,
        outcome,
        reason,
        findings,
        observed,
    )


def finding(*, source: str = "", level: str = "fault", **changes: object) -> Finding:
    """One fault, as plain as can be."""
    plain = Finding("none", "no policy", Position(source), level=Level(level))
    return replace(plain, **changes)  # type: ignore[arg-type]


def result(*findings: Finding, **changes: object) -> Result:
    """A failed item of M6 on Deployment/web."""
    nodeid = "charts/shop/Chart.yaml::defaults::Deployment/web::M6-no-network-policy"
    reference = Reference("Deployment", "default", "web")
    made = Result(
        nodeid,
        "M6",
        "no-network-policy",
        "charts/shop",
        "defaults",
        reference,
        "failed",
        "",
        findings,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def run(*items: Result) -> Results:
    """Results of just these items."""
    pairs = dict.fromkeys((item.chart, item.values) for item in items)
    charts = tuple(
        ChartResult(path, path.rpartition("/")[2], "1.2.3", values, "passed")
        for path, values in pairs
    )
    return Results(charts=charts, results=items)
