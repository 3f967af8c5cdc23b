"""Which Services, policies and units take the pods of two units at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from ..index import policies_of, services_of
from ..matching import policy_takes, selects
from ..model import Application, NetworkPolicy, Service, Workload

Taker: TypeAlias = Workload | Service | NetworkPolicy


def others(workload: Workload, near: Iterable[Workload]) -> Iterator[Workload]:
    """Those of some units that live beside the workload.

    Selectors of Services, policies and units end at the namespace. (Cilium's
    clusterwide policies do not; they can name namespaces, so labels that are
    equal across namespaces are no collision for them either.)
    """
    for other in near:
        another = (other.kind, other.name) != (workload.kind, workload.name)
        if another and other.namespace == workload.namespace:
            yield other


def takers_of(workload: Workload, application: Application) -> Iterator[Taker]:
    """The Services and policies that take the workload's pods by their labels.

    ``podSelector: {}`` takes every pod of its namespace by definition,
    whatever labels it has. It says nothing about whether labels can tell two
    units apart, and the default-deny policy that Kubernetes recommends has it:
    counting it would make a fault of following that recommendation.
    """
    yield from services_of(workload, application)
    for policy in policies_of(workload, application):
        if policy.selector is not None and not policy.selector.empty:
            yield policy


def also_take(takers: Iterable[Taker], other: Workload) -> list[Taker]:
    """Those that take the pods of another unit, too."""
    return [
        taker
        for taker in takers
        if (
            policy_takes(taker, other)
            if isinstance(taker, NetworkPolicy)
            else selects(taker, other)
        )
    ]
