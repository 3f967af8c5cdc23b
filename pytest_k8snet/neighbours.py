"""What one application could share pods with: a second release of itself, other charts of the run.

Both questions begin with a cheap one. Helm allows a release's name once in a
namespace, so a selector with a value made from that name takes no pod of
another release; only what is left has to be looked at closely.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from string import ascii_lowercase, digits

from .index import LabelIndex
from .matching import carries, needed_values, selects
from .model import (
    DEFAULT_RELEASE,
    MOST_NEIGHBOURS,
    Application,
    Neighbour,
    Reference,
    Selector,
    Service,
    Workload,
)
from .target import Gathered, Target

# Of each letter and digit that a name can have.
_NEXT = str.maketrans(ascii_lowercase + digits, ascii_lowercase[1:] + "a" + digits[1:] + "0")


def needs_second_release(application: Application) -> bool:
    """Whether some selector or pod labels do without the release's name.

    If none does, rendering the chart under another name shows nothing new.
    """
    release = application.release
    for workload in application.workloads:
        labels = workload.pod_labels
        if labels and not carries(labels.values(), release):
            return True
    # What has no single label selector, such as Calico's, may ask for the name anywhere.
    otherwise = (policy for policy in application.policies if policy.selector is None)
    return any(release not in str(policy.specs) for policy in otherwise) or any(
        not carries(needed_values(selector), release) for selector in _selectors(application)
    )


def other_release_name(name: str) -> str:
    """Another release name of the same length, so that templates cut names alike."""
    if name == DEFAULT_RELEASE:
        return "another-name"
    return name.translate(_NEXT)


def _selectors(application: Application) -> Iterator[Selector]:
    for owner in _owners(application):
        if owner.selector is not None:
            yield owner.selector
    for policy in application.policies:
        if policy.selector is not None and not policy.selector.empty:
            yield policy.selector


def find_neighbours(
    application: Application, index: LabelIndex[Neighbour], own: Collection[str] = ()
) -> tuple[Neighbour, ...]:
    """Workloads of other charts that a unit's or a Service's selector here would take.

    The first :data:`MOST_NEIGHBOURS` for each selector: among a thousand charts that are all
    labelled alike each has to be told that it collides, not with whom else in full.

    :param index: of :func:`index_workloads`, over all applications of the run.
    :param own: ids of charts that are parts of this one, or that it is a part of.
    """
    found: dict[tuple[str, Reference], Neighbour] = {}
    for subject, selector in _reaching(application):
        taken = (
            candidate
            for candidate in index.candidates(selector, subject.namespace)
            if candidate.chart != application.chart
            and candidate.chart not in own
            and selects(subject, candidate.workload)
        )
        for neighbour in islice(taken, MOST_NEIGHBOURS):
            found[neighbour.chart, neighbour.workload.reference] = neighbour
    return tuple(found.values())


def _owners(application: Application) -> tuple[Workload | Service, ...]:
    return (*application.workloads, *application.services)


def _reaching(application: Application) -> Iterator[tuple[Workload | Service, Selector]]:
    """Objects whose selectors no release name holds back."""
    for owner in _owners(application):
        selector = owner.selector
        if selector is None or selector.empty:
            continue
        if not carries(needed_values(selector), application.release):
            yield owner, selector


def index_workloads(applications: Iterable[Application]) -> LabelIndex[Neighbour]:
    """Every workload of the run with the chart it belongs to, under its pod labels."""
    return LabelIndex(
        (workload.namespace, workload.pod_labels, Neighbour(application.chart, workload))
        for application in applications
        for workload in application.workloads
    )


def with_neighbours(gathered: list[Gathered]) -> Iterator[Gathered]:
    """Set every application beside the other charts, as far as they share pods.

    Of another chart with several values sets the first stands for all: they
    are not installed together. A chart and its own dependency are not set
    beside each other (what installs the one has the other in it), nor are two
    versions of one chart: M4S compares a chart with itself in any case.
    """
    one_each: dict[str, Application] = {}
    for one in gathered:
        if one.application is not None:
            one_each.setdefault(one.target.id, one.application)
    if len(one_each) < 2:
        yield from gathered
        return
    index = index_workloads(one_each.values())
    families = _families(one.target for one in gathered)
    for one in gathered:
        if one.application is None:
            yield one
            continue
        own = families[one.target.id]
        found = find_neighbours(one.application, index, own)
        yield replace(one, application=replace(one.application, neighbours=found)) if found else one


def _families(targets: Iterable[Target]) -> dict[str, set[str]]:
    """For each chart of the run its other versions, its dependencies and dependents; by id."""
    charts = {target.id: target.chart for target in targets}
    by_name: dict[str, list[str]] = defaultdict(list)
    for chart_id_, chart in charts.items():
        by_name[chart.name].append(chart_id_)
    families = {one: set(by_name[chart.name]) for one, chart in charts.items()}
    for whole, chart in charts.items():
        waiting = list(chart.dependencies)
        seen: set[str] = set()
        while waiting:
            for part in by_name.get(waiting.pop().name, ()):
                if part not in seen:
                    seen.add(part)
                    waiting += charts[part].dependencies
                    families[whole].add(part)
                    families[part].add(whole)
    return families
