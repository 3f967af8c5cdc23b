"""Which Services, policies and units take the pods of two units at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from ..index import policies_of, services_of
from ..matching import policy_takes, selects
from ..model import Application, NetworkPolicy, Service, Workload
from ..reach import ReadPolicy, Truth, reach_of
from ..reach.endpoints import Endpoint

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
    yield from labelled_policies(workload, application, application)


def labelled_policies(
    workload: Workload, application: Application, whose: Application
) -> Iterator[NetworkPolicy]:
    """The policies that take the pods of the application's workload by their labels.

    :param whose: the application that has the policies: a second release, or the same one.
    """
    for policy in policies_of(workload, whose):
        if policy.selector is not None and not policy.selector.empty:
            yield policy
    if whose.once(_all_are_plain):
        return
    found = {
        one.source.identity: one.source
        for pod in reach_of(application).pods(workload)
        for one in reach_of(whose).selecting(pod)
        if one.source.selector is None and one.subject.keys
    }
    yield from found.values()


def also_take(
    takers: Iterable[Taker], workload: Workload, other: Workload, application: Application
) -> list[Taker]:
    """Those of a workload's takers that take the pods of another unit, too."""
    reach = reach_of(application)

    def takes(taker: Taker) -> bool:
        if not isinstance(taker, NetworkPolicy):
            return selects(taker, other)
        if taker.selector is not None:
            return policy_takes(taker, other)
        return any(
            _takes(one, reach.pods(workload)) and _takes(one, reach.pods(other))
            for one in reach.read(taker)
        )

    return [*filter(takes, takers)]


def _all_are_plain(application: Application) -> bool:
    """Whether each policy has a single label selector, which those of Calico and others lack."""
    return all(one.selector is not None for one in application.policies)


def _takes(policy: ReadPolicy, pods: Iterable[Endpoint]) -> bool:
    """Whether it is for these pods because of their labels."""
    subject = policy.subject
    return bool(subject.keys) and any(pod.pod and subject.takes(pod) is Truth.YES for pod in pods)
