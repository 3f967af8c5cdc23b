"""How many slips of a chart's author are reported: real charts, one thing changed at a time.

``python -m benchmarks mutation FOLDER`` renders every chart of a folder as its
author wrote it. In what it renders to, each thing that is right is made wrong by
itself (a label of a Service's selector is misspelt, a policy is taken away), and
the checks are asked about the object that it happens to. It is reported if a
fault is there that was not there before; a note is not enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.errors import NotApplicable, NotObserved
from pytest_k8snet.finding import Finding
from pytest_k8snet.gather import Gathering
from pytest_k8snet.helm.engine import choose_engine
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.index import selected
from pytest_k8snet.matching import target_number, targets
from pytest_k8snet.model import Application, Selector, Service, ServicePort, Subject
from pytest_k8snet.reach import Direction, reach_of
from pytest_k8snet.settings import Settings

from .table import print_table

# Labels that charts give to pods, for one that the pods of a Service lack.
_LABELS = ("app.kubernetes.io/component", "app.kubernetes.io/part-of", "component", "tier", "app")
_ADDED = "server"

Key: TypeAlias = tuple[str, str, int | None, str | None]


class Mutant(NamedTuple):
    """An application with one slip in it, and the object that it is a fault of."""

    application: Application
    at: Subject
    what: str


class Slip(NamedTuple):
    """A kind of slip, how to make it, and how many of them have to be reported."""

    name: str
    make: Callable[[Application], Iterator[Mutant]]
    least: float


def measure_mutation(folder: Path, *, missed: bool) -> None:
    """Print the share of slips that is reported, by kind, and the faults of the charts themselves.

    :param missed: name every slip that is not reported, and what was said instead.
    :raises SettingsError: there is no chart.
    """
    applications = list(_applications(folder))
    made: Counter[str] = Counter()
    reported: Counter[str] = Counter()
    silent: list[str] = []
    for application in applications:
        for slip in SLIPS:
            for mutant in slip.make(application):
                made[slip.name] += 1
                found = _new(mutant, application)
                if any(finding.fault for finding in found):
                    reported[slip.name] += 1
                else:
                    said = ", ".join(finding.reading for finding in found) or "nothing"
                    silent.append(f"{slip.name}: {application.chart} {mutant.what}: {said}")
    print(f"{folder.name}: {len(applications)} applications")
    print()
    rows = [_row(slip, made[slip.name], reported[slip.name]) for slip in SLIPS]
    print_table(("slip", "made", "reported", "share", "least", ""), rows)
    if missed and silent:
        print()
        print("\n".join(silent))
    print()
    _print_natural(applications)


def _row(slip: Slip, made: int, reported: int) -> tuple[object, ...]:
    if not made:
        return slip.name, 0, 0, "-", f"{slip.least:.0%}", ""
    share = reported / made
    holds = "ok" if share >= slip.least else "UNDER"
    return slip.name, made, reported, f"{share:.1%}", f"{slip.least:.0%}", holds


def _applications(folder: Path) -> Iterator[Application]:
    """What every chart that renders renders to, with each of its values sets."""
    settings = Settings(root=folder.parent, charts=(str(folder),))
    with Renderer(choose_engine()) as renderer:
        for gathered in Gathering(settings, renderer).run():
            if gathered.application is not None:
                yield gathered.application


def _print_natural(applications: Iterable[Application]) -> None:
    """The faults of the charts as they are: what a better share must not be paid with."""
    faults: Counter[tuple[str, str]] = Counter()
    for application in applications:
        for subject in application.subjects:
            for check, finding in _findings(subject, application):
                if finding.fault:
                    faults[check, finding.reading] += 1
    rows = [(f"{check} {reading}", count) for (check, reading), count in sorted(faults.items())]
    print_table(("fault of the charts", "findings"), [*rows, ("all", faults.total())])


def _findings(subject: Subject, application: Application) -> Iterator[tuple[str, Finding]]:
    for check in CHECKS:
        if isinstance(subject, check.on):
            try:
                for finding in check.findings(subject, application):
                    yield check.id, finding
            except (NotObserved, NotApplicable):
                continue


def _new(mutant: Mutant, before: Application) -> list[Finding]:
    """What is said of the object because of the slip."""
    natural, subject = before.find(mutant.at), mutant.application.find(mutant.at)
    if natural is None or subject is None:
        return []
    known = {_key(*found) for found in _findings(natural, before)}
    return [
        finding
        for check, finding in _findings(subject, mutant.application)
        if _key(check, finding) not in known
    ]


def _key(check: str, finding: Finding) -> Key:
    return check, finding.reading, finding.port, finding.protocol


# -- slips


def _misspelt(application: Application) -> Iterator[Mutant]:
    """Two letters of a label's value change places; a short one is written twice."""
    for service, selector in _selecting(application):
        for key, value in selector.labels.items():
            labels = {**selector.labels, key: _typo(value)}
            yield _with(service, application, labels, f"{key}: {labels[key]}")


def _typo(value: str) -> str:
    middle = len(value) // 2
    for at in (*range(middle, len(value) - 1), *range(middle)):
        if value[at] != value[at + 1] and value[at : at + 2].isalnum():
            return value[:at] + value[at + 1] + value[at] + value[at + 2 :]
    return value * 2 or "x"


def _added(application: Application) -> Iterator[Mutant]:
    """The selector asks for one label more, which no pod has with that value."""
    for service, selector in _selecting(application):
        key = next(key for key in _LABELS if key not in selector.labels)
        if any(unit.pod_labels.get(key) == _ADDED for unit in application.workloads):
            continue
        labels = {**selector.labels, key: _ADDED}
        yield _with(service, application, labels, f"{key}: {_ADDED}")


def _selecting(application: Application) -> Iterator[tuple[Service, Selector]]:
    """The Services that select a unit, with their selectors."""
    for service in application.services:
        if service.selector is not None and selected(service, application):
            yield service, service.selector


def _with(service: Service, application: Application, labels: dict[str, str], what: str) -> Mutant:
    changed = replace(service, selector=replace(service.selector or Selector(), labels=labels))
    return _changed(changed, application, what)


def _changed(service: Service, application: Application, what: str) -> Mutant:
    services = tuple(
        service if other.reference == service.reference else other for other in application.services
    )
    name = application.subject(service.reference)
    return Mutant(replace(application, services=services), service, f"{name} {what}")


def _target(application: Application) -> Iterator[Mutant]:
    """A target port that some selected container declares becomes one that none declares."""
    for service, _ in _selecting(application):
        units = selected(service, application)
        declared = {port for unit in units for _, port in unit.declared()}
        for at, port in enumerate(service.ports):
            if not any(any(targets(port, unit)) for unit in units):
                continue
            if isinstance(port.target, int):
                target: int | str = _free(port.target, {one.number for one in declared})
            else:
                target = _typo(port.target)
                if target in {one.name for one in declared}:
                    continue
            yield _with_port(service, application, at, port._replace(target=target))


def _headless(application: Application) -> Iterator[Mutant]:
    """The port of a headless Service, which nothing translates, becomes another one."""
    for service, _ in _selecting(application):
        if not service.headless:
            continue
        units = selected(service, application)
        taken = {port.number for unit in units for _, port in unit.declared()}
        taken |= {port.port for port in service.ports}
        for at, port in enumerate(service.ports):
            if any(target_number(port, unit) == port.port for unit in units):
                changed = port._replace(port=_free(port.port, taken))
                yield _with_port(service, application, at, changed)


def _free(number: int, taken: set[int]) -> int:
    return next(other for other in range(number + 1, 2**16 + len(taken)) if other not in taken)


def _with_port(service: Service, application: Application, at: int, port: ServicePort) -> Mutant:
    ports = (*service.ports[:at], port, *service.ports[at + 1 :])
    changed = replace(service, ports=ports)
    return _changed(changed, application, f"port {port.port} targetPort {port.target}")


def _policy(application: Application) -> Iterator[Mutant]:
    """A policy is missing that alone isolated a unit's pods.

    Pods that run to completion and declare no port have nothing to be isolated
    for, and of a policy that is not read nobody can tell what it isolates: M6
    makes a note of these by its definition.
    """
    reach = reach_of(application)
    if reach.unread:
        return
    for unit in application.workloads:
        taking = reach.taking(unit, Direction.INGRESS)
        isolating = {one.policy.source.identity for one in taking if one.side.isolates}
        if len(isolating) != 1 or (unit.makes.ends and not any(unit.declared())):
            continue
        (policy,) = isolating
        rest = tuple(one for one in application.policies if one.identity != policy)
        name = application.subject(unit.reference)
        without = replace(application, policies=rest)
        yield Mutant(without, unit, f"{name} without {policy.reference.name}")


SLIPS = (
    Slip("selector: label misspelt", _misspelt, 0.95),
    Slip("selector: label added", _added, 0.95),
    Slip("target port changed", _target, 0.99),
    Slip("headless port changed", _headless, 0.99),
    Slip("policy removed", _policy, 0.99),
)
