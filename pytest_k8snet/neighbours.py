"""What one application could share pods with: a second release of itself, other charts of the run.

Both questions begin with a cheap one. Helm allows a release's name once in a
namespace, so a selector with a value made from that name takes no pod of
another release; only what is left has to be looked at closely.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from .matching import CONTROLLER_LABELS, carries, needed_values, takes
from .model import Application, Neighbour, Reference, Selector, Workload
from .settings import DEFAULT_RELEASE

_Pair: TypeAlias = tuple[str, str, str]  # namespace, label key, label value
_Index: TypeAlias = Mapping[_Pair, Sequence[Neighbour]]


def needs_second_release(application: Application) -> bool:
    """Whether some selector or pod labels do without the release's name.

    If none does, rendering the chart under another name shows nothing new.
    """
    release = application.release
    for workload in application.workloads:
        labels = workload.pod_labels
        if labels and not carries(labels.values(), release):
            return True
    return any(
        not carries(needed_values(selector), release) for selector in _selectors(application)
    )


def other_release_name(name: str) -> str:
    """Another release name of the same length, so that templates cut names alike."""
    if name == DEFAULT_RELEASE:
        return "another-name"
    return "".join(_next(letter) for letter in name)


def _next(letter: str) -> str:
    if letter == "-":
        return letter
    return {"z": "a", "9": "0"}.get(letter) or chr(ord(letter) + 1)


def _selectors(application: Application) -> Iterator[Selector]:
    for workload in application.workloads:
        if workload.selector is not None:
            yield workload.selector
    for service in application.services:
        if service.selector is not None:
            yield service.selector
    for policy in application.policies:
        if policy.understood and not policy.selector.empty:
            yield policy.selector


def find_neighbours(
    application: Application,
    index: _Index,
    everyone: Iterable[Neighbour],
    own: Collection[str] = (),
) -> tuple[Neighbour, ...]:
    """Workloads of other charts that a unit's or a Service's selector here would take.

    :param index: of :func:`index_workloads`, over all applications of the run.
    :param everyone: the same workloads, for selectors without a plain label.
    :param own: ids of charts that are parts of this one, or that it is a part of.
    """
    found: dict[tuple[str, Reference], Neighbour] = {}
    for namespace, selector in _reaching(application):
        for candidate in _candidates(namespace, selector, index, everyone):
            workload = candidate.workload
            if (
                candidate.chart != application.chart
                and candidate.chart not in own
                and workload.namespace == namespace
                and takes(selector, workload)
            ):
                found[candidate.chart, workload.reference] = candidate
    return tuple(found.values())


def _candidates(
    namespace: str, selector: Selector, index: _Index, everyone: Iterable[Neighbour]
) -> Iterable[Neighbour]:
    """Workloads with one of the labels asked for; controllers' own are not in the index."""
    for key, value in selector.labels.items():
        if key not in CONTROLLER_LABELS:
            return index.get((namespace, key, value), ())
    return everyone


def _reaching(application: Application) -> Iterator[tuple[str, Selector]]:
    """Selectors that no release name holds back, with the namespace they are about."""
    for owner in application.subjects:
        selector = owner.selector
        if selector is None or selector.empty:
            continue
        if not carries(needed_values(selector), application.release):
            yield owner.namespace, selector


def index_workloads(applications: Iterable[Application]) -> dict[_Pair, list[Neighbour]]:
    """Every workload of the run under each of its pod labels."""
    index: dict[_Pair, list[Neighbour]] = defaultdict(list)
    for neighbour in neighbours_of(applications):
        workload: Workload = neighbour.workload
        for key, value in workload.pod_labels.items():
            index[workload.namespace, key, value].append(neighbour)
    return index


def neighbours_of(applications: Iterable[Application]) -> Iterator[Neighbour]:
    """Every workload of the run with the chart it belongs to."""
    for application in applications:
        for workload in application.workloads:
            yield Neighbour(application.chart, workload)
