"""The example charts show what they are there for: their check's fault and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_k8snet.checks import CHECKS, Check
from pytest_k8snet.errors import NotApplicable, NotObserved
from pytest_k8snet.gather import Gathering
from pytest_k8snet.helm.engine import choose_engine
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.model import Application, Dialled, Socket, Workload
from pytest_k8snet.reach import Foothold, reach_of
from pytest_k8snet.settings import Settings
from pytest_k8snet.target import Gathered

pytest_plugins = ("pytester",)

EXAMPLES = Path(__file__).parents[1] / "example-charts"
WITHOUT_FAULT = "shop"
SHOP_VALUES = {"defaults", "full", "small"}

# What the pods listen on where it is not just what they declare, before and after they are
# replaced. As seen in a kind cluster.
OPEN_PORTS: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "undeclared-port": ((8080, 9090), (8080, 9090)),
    "dynamic-port": ((8080, 42297), (8080, 45987)),
    "unopened-port": ((8080,), (8080,)),
}

# What shows in the sockets of a running pod, and of these examples in nothing else.
IN_A_CLUSTER = {"M1", *(check.id for check in CHECKS if check.needs_sockets)}

# What shows beside a file of who may reach whom, which a run has to name.
WITH_A_FILE = {check.id for check in CHECKS if check.needs_review}

Report = Mapping[str, Any]
check_examples = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


def run_plugin(pytester: pytest.Pytester, chart: Path, *options: str) -> Report:
    """The JSON report of one pytest run over a chart, or a folder of charts."""
    output = pytester.path / "report.json"
    pytester.runpytest_inprocess(
        "-pno:cacheprovider", f"--helm-chart={chart}", f"--k8snet-json={output}", *options
    )
    report: Report = json.loads(output.read_text(encoding="utf-8"))
    return report


def found(results: Iterable[Report]) -> set[tuple[str, str]]:
    """Check id and level of every finding."""
    return {
        (result["check"], finding["level"]) for result in results for finding in result["findings"]
    }


def expected(chart: str, *, observed: bool) -> set[tuple[str, str]]:
    """What :func:`found` has to say of an example chart."""
    return {
        (check.id, next(iter(check.readings.values())).value)
        for check in CHECKS
        if check.name == chart
        and check.id not in WITH_A_FILE
        and (observed or check.id not in IN_A_CLUSTER)
    }


def test_every_check_has_an_example_and_every_example_a_check() -> None:
    folders = {path.parent.name for path in EXAMPLES.glob("*/Chart.yaml")}

    assert folders == {WITHOUT_FAULT, *(check.name for check in CHECKS)}


def test_readme_names_every_example_with_its_check() -> None:
    rows = (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines()

    for check in CHECKS:
        seen = "in a cluster" if check.id in IN_A_CLUSTER else "in the manifests"
        seen = "beside its reach.txt" if check.id in WITH_A_FILE else seen
        row = next(row for row in rows if row.startswith(f"| [{check.name}]("))
        assert f"| {check.id} |" in row
        assert row.endswith(f"| {seen} |")


def test_readme_links_lead_to_files() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    targets = [part.partition(")")[0] for part in text.split("](")[1:]]

    assert len(targets) == len(CHECKS) + 1
    assert [target for target in targets if not (EXAMPLES / target).exists()] == []


@check_examples
def test_template_marks_the_fault(check: Check) -> None:
    templates = (EXAMPLES / check.name / "templates").iterdir()

    assert any("The fault:" in path.read_text(encoding="utf-8") for path in templates)


@check_examples
def test_example_shows_its_fault_alone(pytester: pytest.Pytester, check: Check) -> None:
    results = run_plugin(pytester, EXAMPLES / check.name)["results"]

    assert found(results) == expected(check.name, observed=False)
    renders = [result["outcome"] for result in results if result["check"] is None]
    assert renders == ["passed"]
    outcomes = {result["outcome"] for result in results if result["check"] in IN_A_CLUSTER}
    assert outcomes == {"skipped"}


def test_the_example_of_reach_shows_its_fault_beside_its_file(pytester: pytest.Pytester) -> None:
    chart = EXAMPLES / "reach"
    option = f"--k8snet-reach={chart / 'reach.txt'}"
    results = run_plugin(pytester, chart, option, f"--rootdir={EXAMPLES.parent}")["results"]

    assert found(results) == {("R1", "fault")}


def test_shop_has_no_finding_with_any_values(pytester: pytest.Pytester) -> None:
    report = run_plugin(pytester, EXAMPLES / WITHOUT_FAULT)

    assert {chart["values"] for chart in report["charts"]} == SHOP_VALUES
    assert found(report["results"]) == set()
    assert {result["outcome"] for result in report["results"]} == {"passed", "skipped"}


def test_examples_beside_each_other_show_the_same(pytester: pytest.Pytester) -> None:
    results = run_plugin(pytester, EXAMPLES)["results"]

    for chart in (WITHOUT_FAULT, *(check.name for check in CHECKS)):
        own = [result for result in results if Path(result["chart"]).name == chart]
        assert own, chart
        assert found(own) == expected(chart, observed=False), chart


@pytest.fixture(scope="module")
def gathered() -> tuple[Gathered, ...]:
    """Every example chart with each of its values sets."""
    settings = Settings(root=EXAMPLES, charts=(str(EXAMPLES),))
    with Renderer(choose_engine(), timeout=60) as renderer:
        return Gathering(settings, renderer).run()


def as_observed(application: Application) -> Application:
    """The application with the sockets that its programs open.

    A Job ends before anyone can look at it. What is dialled goes through as policies say, but for
    the one whose policy is gone by then.
    """
    workloads = (
        workload if workload.kind == "Job" else _with_sockets(workload, application.chart)
        for workload in application.workloads
    )
    return replace(
        application,
        workloads=tuple(workloads),
        dialled=tuple(
            Dialled("cluster", workload.reference, port.number, port.protocol, through=through)
            for workload in application.workloads
            for _, port in workload.declared()
            for through in [
                application.chart == "reach-differs"
                or (port.protocol, port.number)
                in reach_of(application).admission(Foothold.CLUSTER, workload).open
            ]
        ),
    )


def _with_sockets(workload: Workload, chart: str) -> Workload:
    declared = tuple(port.number for _, port in workload.declared())
    runs = OPEN_PORTS.get(chart, (declared, declared))
    first, second = (tuple(Socket(port, address="::") for port in ports) for ports in runs)
    return replace(workload, sockets=first, sockets_again=second)


def findings_of(application: Application) -> set[tuple[str, str]]:
    """Check id and level of all that the checks find."""
    seen = set()
    for check in CHECKS:
        for subject in application.subjects:
            if isinstance(subject, check.on):
                try:
                    findings = check.findings(subject, application)
                except (NotApplicable, NotObserved):
                    continue
                seen |= {(check.id, check.readings[finding.reading].value) for finding in findings}
    return seen


def test_example_as_it_runs_shows_its_fault_alone(gathered: tuple[Gathered, ...]) -> None:
    assert len(gathered) == len(CHECKS) + len(SHOP_VALUES)
    for one in gathered:
        assert one.application is not None, one.error
        chart = one.target.id
        shown = findings_of(as_observed(one.application))
        assert shown == expected(chart, observed=True), (chart, one.target.values.name)
