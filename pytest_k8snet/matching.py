"""Which pods a selector takes, which port a name means, what a policy isolates.

Pure functions over the model. The rules are those of the Kubernetes API:
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ and
https://kubernetes.io/docs/concepts/services-networking/network-policies/.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from .kinds import KINDS, POD_INDEX, POD_NAME
from .model import (
    Container,
    Labels,
    NetworkPolicy,
    Port,
    Requirement,
    Selector,
    Service,
    ServicePort,
    Workload,
)

# What controllers add to the pods they make, value known in advance or not: a selector may ask
# whether the key is there at all (policies tell jobs apart by "job-name DoesNotExist").
CONTROLLER_LABELS = frozenset(key for kind in KINDS for key in kind.added_labels)
OPERATORS = frozenset(("In", "NotIn", "Exists", "DoesNotExist"))
UNKNOWN_VALUE = "<only known in the cluster>"  # no legal label value, so no selector can name it


def matches(selector: Selector, labels: Labels) -> bool:
    """Whether every condition of the selector holds for these labels."""
    for key, value in selector.labels.items():
        if labels.get(key) != value:
            return False
    return all(holds(requirement, labels) for requirement in selector.expressions)


def holds(requirement: Requirement, labels: Labels) -> bool:
    """Whether one entry of ``matchExpressions`` holds for these labels."""
    key, operator, values = requirement
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":  # a pod without the key is taken, too
        return labels.get(key) not in values
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    return False  # the API server refuses any other operator


def pod_labels(workload: Workload, selector: Selector) -> Iterator[Labels]:
    """The labels of the workload's pods, as far as the selector tells them apart.

    Those of the template, and with them what the controller adds under keys
    that the selector asks about: a StatefulSet's pod name and index, a Job's
    name. Pods that no condition of the selector can tell apart are given once,
    so that a StatefulSet of any size costs no more than the selector's length.
    """
    keys = selector_keys(selector)
    kind = workload.makes
    added = [key for key in kind.added_labels if key in keys]
    if not added:
        yield workload.pod_labels
        return
    ordinals = _ordinals(workload, selector) if kind.ordinals else None
    yield from controlled_labels(workload, added, ordinals)


def controlled_labels(
    workload: Workload, added: Iterable[str], ordinals: Iterable[int] | None
) -> Iterator[Labels]:
    """The labels of the workload's pods with those under these keys that its controller adds.

    :param ordinals: the pods of a StatefulSet to tell apart; None: they are not.
    """
    known = dict.fromkeys(added, UNKNOWN_VALUE)
    known |= {key: workload.name for key in workload.makes.name_labels if key in known}
    if ordinals is None:
        yield {**workload.pod_labels, **known}
        return
    for index in ordinals:
        names = {POD_NAME: f"{workload.name}-{index}", POD_INDEX: str(index)}
        yield {**workload.pod_labels, **known, **names}


def _ordinals(workload: Workload, selector: Selector) -> Iterator[int]:
    """The ordinals that the selector names, and one that it does not name."""
    values = {value for key, value in selector.labels.items() if key in (POD_NAME, POD_INDEX)}
    for key, _, listed in selector.expressions:
        if key in (POD_NAME, POD_INDEX):
            values.update(listed)
    ordinals = range(workload.first_ordinal, workload.first_ordinal + max(workload.replicas, 1))
    texts = (value.removeprefix(f"{workload.name}-") for value in values)
    named = {int(text) for text in texts if text.isdecimal() and len(text) < 10}
    yield from sorted(index for index in named if index in ordinals)
    yield from islice((index for index in ordinals if index not in named), 1)


def selector_keys(selector: Selector) -> set[str]:
    """The label keys that the selector asks about."""
    return {*selector.labels, *(requirement.key for requirement in selector.expressions)}


def takes(selector: Selector, workload: Workload) -> bool:
    """Whether the selector takes at least one pod of the workload.

    Labels only: the caller knows which namespace the selector is about.
    """
    added = workload.makes.added_labels
    template = workload.pod_labels
    for key, value in selector.labels.items():
        if template.get(key) != value and key not in added:
            return False
    if selector_keys(selector).isdisjoint(added):
        return matches(selector, template)
    return any(matches(selector, labels) for labels in pod_labels(workload, selector))


def selects(owner: Workload | Service, workload: Workload) -> bool:
    """Whether the own selector of a Service or a unit takes pods of the workload."""
    return (
        owner.selector is not None
        and owner.namespace == workload.namespace
        and takes(owner.selector, workload)
    )


def policy_takes(policy: NetworkPolicy, workload: Workload) -> bool:
    """Whether the policy's one label selector takes pods of the workload.

    Policies do not hold for pods in the node's network namespace:
    https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-and-hostnetwork-pods
    """
    return (
        policy.selector is not None
        and not workload.host_network
        and policy.namespace in ("", workload.namespace)
        and takes(policy.selector, workload)
    )


def targets(port: ServicePort, workload: Workload) -> Iterator[tuple[Container, Port]]:
    """The declared ports of the workload that this Service port leads to.

    A number is compared with the number and the protocol; a name has to be
    that of a port with the same protocol, as the endpoints controller resolves
    it for each pod on its own.
    """
    for container, declared in workload.declared():
        same = declared.name if isinstance(port.target, str) else declared.number
        if same == port.target and declared.protocol == port.protocol:
            yield container, declared


def target_number(port: ServicePort, workload: Workload) -> int | None:
    """The port number that traffic arrives at in pods of the workload.

    None where the target is a name that no container of the pod has with this
    protocol: such a pod is no endpoint.
    """
    if isinstance(port.target, int):
        return port.target
    for _, declared in targets(port, workload):
        return declared.number
    return None


def endpoints_of(
    port: ServicePort, workloads: Iterable[Workload]
) -> Iterator[tuple[Workload, int]]:
    """Those of some workloads whose pods are endpoints of the port, and its number in them."""
    for workload in workloads:
        number = target_number(port, workload)
        if number is not None:
            yield workload, number


def carries(values: Iterable[str], release: str) -> bool:
    """Whether one of these label values is made with the release's name."""
    return any(release in value for value in values)


def needed_values(selector: Selector) -> Iterator[str]:
    """Label values without which the selector takes no pod.

    The values of equality and of ``In`` with a single value; a pod that has
    none of them is never taken.
    """
    yield from selector.labels.values()
    for requirement in selector.expressions:
        if requirement.operator == "In" and len(requirement.values) == 1:
            yield requirement.values[0]
