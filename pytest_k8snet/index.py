"""Who selects whom in a whole application, without asking every pair.

A selector takes a pod only where the pod has one certain label, so pods are
filed under their labels and selectors under the label that fewest of them ask
for. What is found there is few, and :mod:`.matching` has the last word on each.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Generic, TypeAlias, TypeVar

from .matching import CONTROLLER_LABELS, policy_takes, selects, target_number
from .model import (
    Application,
    Backend,
    Labels,
    NetworkPolicy,
    Selector,
    Service,
    ServicePort,
    Workload,
)

T = TypeVar("T")
Owner = TypeVar("Owner", Workload, Service, NetworkPolicy)
Label: TypeAlias = tuple[str, str]

_EVERYWHERE = None  # instead of a namespace
_FEW = 4  # pods: to ask about each costs less than to look them up


def _required(selector: Selector) -> Iterator[Sequence[Label]]:
    """Sets of labels: a pod that the selector takes has one of each set.

    What controllers add is on no template, so it is left out.
    """
    for key, value in selector.labels.items():
        if key not in CONTROLLER_LABELS:
            yield ((key, value),)
    for key, operator, values in selector.expressions:
        if operator == "In" and key not in CONTROLLER_LABELS:
            yield tuple((key, value) for value in dict.fromkeys(values))


class LabelIndex(Generic[T]):
    """Pods, or other objects, under each of their labels.

    :param labelled: triples of a namespace, labels, and what stands for their owner in the answers.
    """

    def __init__(self, labelled: Iterable[tuple[str, Labels, T]]) -> None:
        self._all: dict[str, list[tuple[int, T]]] = defaultdict(list)
        self._labelled: dict[tuple[str, Label], list[tuple[int, T]]] = defaultdict(list)
        for number, (namespace, labels, item) in enumerate(labelled):
            self._all[namespace].append((number, item))
            for label in labels.items():
                self._labelled[namespace, label].append((number, item))

    @property
    def namespaces(self) -> Collection[str]:
        """Where there are any."""
        return self._all.keys()

    def candidates(self, selector: Selector, namespace: str) -> Iterator[T]:
        """Whom the selector may take in a namespace, in order; all others it does not take."""
        everyone = self._all.get(namespace, ())
        if len(everyone) <= _FEW:
            return (item for _, item in everyone)
        best: list[Sequence[tuple[int, T]]] = [everyone]
        for labels in _required(selector):
            found: list[Sequence[tuple[int, T]]] = [
                self._labelled.get((namespace, label), ()) for label in labels
            ]
            if sum(map(len, found)) < sum(map(len, best)):
                best = found
        return _in_order(best)

    def nearly(self, labels: Labels, namespace: str) -> Iterator[T]:
        """Whoever may have all of these labels but one, in order."""
        found = [
            self._labelled.get((namespace, (key, value)), ())
            for key, value in labels.items()
            if key not in CONTROLLER_LABELS
        ]
        if len(found) < 2:
            return _in_order([self._all.get(namespace, ())])
        return _in_order(sorted(found, key=len)[:2])  # whoever lacks both lacks two


class SelectorIndex(Generic[Owner]):
    """Objects with selectors, each under a label that the pods it takes must have."""

    def __init__(self, owners: Iterable[Owner]) -> None:
        known = [
            (one.selector, one.namespace or _EVERYWHERE, one)
            for one in owners
            if one.selector is not None
        ]
        asked = Counter(
            label for selector, _, _ in known for labels in _required(selector) for label in labels
        )
        self._any: dict[str | None, list[tuple[int, Owner]]] = defaultdict(list)
        self._asking: dict[tuple[str | None, Label], list[tuple[int, Owner]]] = defaultdict(list)
        for number, (selector, namespace, owner) in enumerate(known):
            rarest = min(
                _required(selector),
                key=lambda labels: sum(asked[label] for label in labels),
                default=None,
            )
            if rarest is None:
                self._any[namespace].append((number, owner))
            for label in rarest or ():
                self._asking[namespace, label].append((number, owner))

    def candidates(self, workload: Workload) -> Iterator[Owner]:
        """Whose selectors may take pods of the workload, in order."""
        found: list[Sequence[tuple[int, Owner]]] = []
        for namespace in (workload.namespace, _EVERYWHERE):
            found.append(self._any.get(namespace, ()))
            found.extend(
                self._asking.get((namespace, label), ()) for label in workload.pod_labels.items()
            )
        return _in_order(found)


def _in_order(found: Iterable[Sequence[tuple[int, T]]]) -> Iterator[T]:
    """The items of several lists, each once, in the order of their numbers."""
    lists = [entries for entries in found if entries]
    if len(lists) == 1:
        return (item for _, item in lists[0])
    items = dict(entry for entries in lists for entry in entries)
    return (items[number] for number in sorted(items))


def selected(owner: Workload | Service, application: Application) -> tuple[Workload, ...]:
    """The workloads whose pods the object's own selector takes.

    The endpoints of a Service; of a unit itself and those that it has in common with others.
    """
    if owner.selector is None:
        return ()
    known = application.once(_selected)
    # With the owner itself, so that its id stays its own.
    if id(owner) not in known:
        near = application.once(pod_index).candidates(owner.selector, owner.namespace)
        known[id(owner)] = owner, tuple(one for one in near if selects(owner, one))
    return known[id(owner)][1]


def _selected(_: Application) -> dict[int, tuple[Workload | Service, tuple[Workload, ...]]]:
    """By the owner's id: most checks ask for the same."""
    return {}


def services_of(workload: Workload, application: Application) -> tuple[Service, ...]:
    """The Services that send traffic to pods of the workload."""
    near = application.once(_services).candidates(workload)
    return tuple(service for service in near if selects(service, workload))


def served_ports(
    workload: Workload, application: Application
) -> Iterator[tuple[Service, ServicePort, int]]:
    """The ports of Services that lead to pods of the workload, and to which number there."""
    for service in services_of(workload, application):
        for port in service.ports:
            number = target_number(port, workload)
            if number is not None:
                yield service, port, number


def policies_of(workload: Workload, application: Application) -> tuple[NetworkPolicy, ...]:
    """The policies that apply to pods of the workload."""
    near = application.once(_policies).candidates(workload)
    return tuple(policy for policy in near if policy_takes(policy, workload))


def units_of(workload: Workload, application: Application) -> tuple[Workload, ...]:
    """The units whose own selectors take pods of the workload."""
    near = application.once(_units).candidates(workload)
    return tuple(unit for unit in near if selects(unit, workload))


def with_labels(workload: Workload, application: Application) -> Sequence[Workload]:
    """The units of the workload's namespace whose ``metadata.labels`` are the same."""
    return application.once(_by_labels).get(_labels_key(workload, workload.labels), ())


def with_pod_labels(workload: Workload, application: Application) -> Sequence[Workload]:
    """The units of the workload's namespace whose pods have the same labels."""
    return application.once(_by_pod_labels).get(_labels_key(workload, workload.pod_labels), ())


def pod_index(application: Application) -> LabelIndex[Workload]:
    """The application's own pods."""
    return LabelIndex((one.namespace, one.pod_labels, one) for one in application.workloads)


def service_index(application: Application) -> LabelIndex[Service]:
    """The Services by the labels of the objects, which nothing but monitors asks for."""
    return LabelIndex((one.namespace, one.labels, one) for one in application.services)


def _services(application: Application) -> SelectorIndex[Service]:
    return SelectorIndex(application.services)


def _units(application: Application) -> SelectorIndex[Workload]:
    return SelectorIndex(application.workloads)


def _policies(application: Application) -> SelectorIndex[NetworkPolicy]:
    return SelectorIndex(application.policies)


def service_called(name: str, namespace: str, application: Application) -> Service | None:
    """The Service of this name."""
    return application.once(_by_name).get((namespace, name))


def backend_ports(backend: Backend, application: Application) -> tuple[ServicePort, ...]:
    """The ports of its Service that a route's backend leads to; all where it names none."""
    service = service_called(backend.service, backend.namespace, application)
    if service is None or not backend.port:
        return service.ports if service is not None else ()
    if not backend.of_pods:
        return tuple(port for port in service.ports if backend.port in (port.port, port.name))
    pods = selected(service, application)
    return tuple(
        port
        for port in service.ports
        if port.target == backend.port
        or any(target_number(port, workload) == backend.port for workload in pods)
    )


ServicePortKey: TypeAlias = tuple[str, str, int, str]
"""Namespace, Service, port and protocol."""


def routed_ports(application: Application) -> frozenset[ServicePortKey]:
    """The ports that routes lead to from outside."""
    return _ports_behind(
        (backend for route in application.routes if route.outside for backend in route.backends),
        application,
    )


def api_ports(application: Application) -> frozenset[ServicePortKey]:
    """The ports that the API server calls."""
    return _ports_behind(application.api_backends, application)


def _ports_behind(
    backends: Iterable[Backend], application: Application
) -> frozenset[ServicePortKey]:
    return frozenset(
        (backend.namespace, backend.service, port.port, port.protocol)
        for backend in backends
        for port in backend_ports(backend, application)
    )


def _by_name(application: Application) -> dict[tuple[str, str], Service]:
    return {(one.namespace, one.name): one for one in reversed(application.services)}


_LabelsKey: TypeAlias = tuple[str, frozenset[Label]]


def _labels_key(workload: Workload, labels: Labels) -> _LabelsKey:
    return workload.namespace, frozenset(labels.items())


def _by_labels(application: Application) -> dict[_LabelsKey, list[Workload]]:
    return _grouped((_labels_key(one, one.labels), one) for one in application.workloads)


def _by_pod_labels(application: Application) -> dict[_LabelsKey, list[Workload]]:
    return _grouped((_labels_key(one, one.pod_labels), one) for one in application.workloads)


def _grouped(entries: Iterable[tuple[_LabelsKey, T]]) -> dict[_LabelsKey, list[T]]:
    found: dict[_LabelsKey, list[T]] = defaultdict(list)
    for key, one in entries:
        found[key].append(one)
    return found
