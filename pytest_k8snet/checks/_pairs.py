"""Which Services, policies and units take the pods of two units at once."""

from __future__ import annotations

from collections.abc import Iterator

from ..matching import own_selector_takes, policy_takes, service_takes
from ..model import Application, NetworkPolicy, Service, Workload


def others(workload: Workload, application: Application) -> Iterator[Workload]:
    """The other units of the workload's namespace.

    Selectors of Services, policies and units end at the namespace. (Cilium's
    clusterwide policies do not; they can name namespaces, so labels that are
    equal across namespaces are no collision for them either.)
    """
    for other in application.workloads:
        if other.namespace != workload.namespace:
            continue
        if other.name != workload.name or other.kind != workload.kind:
            yield other


def services_of_both(
    first: Workload, second: Workload, application: Application
) -> Iterator[Service]:
    """The Services that send traffic to pods of both."""
    for service in application.services:
        if service_takes(service, first) and service_takes(service, second):
            yield service


def policies_of_both(
    first: Workload, second: Workload, application: Application
) -> Iterator[NetworkPolicy]:
    """The policies that take both by their labels.

    ``podSelector: {}`` takes every pod of its namespace by definition,
    whatever labels it has. It says nothing about whether labels can tell two
    units apart, and the default-deny policy that Kubernetes recommends has it:
    counting it would make a fault of following that recommendation.
    """
    for policy in application.policies:
        if (
            not policy.selector.empty
            and policy_takes(policy, first)
            and policy_takes(policy, second)
        ):
            yield policy


def units_of_both(
    first: Workload, second: Workload, application: Application
) -> Iterator[Workload]:
    """The units whose own selectors take both."""
    for unit in application.workloads:
        if own_selector_takes(unit, first) and own_selector_takes(unit, second):
            yield unit
