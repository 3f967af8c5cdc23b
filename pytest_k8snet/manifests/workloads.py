"""Compute units: Pods, and what makes them from a template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..matching import matches
from ..model import Container, Labels, Port, Selector, Workload
from .objects import KubernetesObject
from .ports import port_number, protocol_of
from .selectors import label_selector
from .values import Manifest, integer, is_int, mapping, sequence, text_of

_CORE_UNITS = frozenset(("Pod", "ReplicationController"))
_APPS_UNITS = frozenset(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"))
_BATCH_UNITS = frozenset(("Job", "CronJob"))
WORKLOAD_KINDS = _CORE_UNITS | _APPS_UNITS | _BATCH_UNITS


def is_workload(kind: str, group: str) -> bool:
    """Knative's Service and Volcano's Job share kind names with built-in ones."""
    if kind in _CORE_UNITS:
        return group == ""
    if kind in _APPS_UNITS:
        return group in ("apps", "extensions")
    return kind in _BATCH_UNITS and group == "batch"


def read_workload(obj: KubernetesObject) -> Workload:
    """Read a compute unit: a Pod, or an object with a pod template."""
    spec = obj.spec
    template = _pod_template(obj)
    metadata = mapping(template.get("metadata"))
    pod = mapping(template.get("spec"))
    is_pod = obj.kind == "Pod"
    labels = obj.labels if is_pod else obj.strings(metadata.get("labels"), "template labels")
    annotations = (
        obj.annotations
        if is_pod
        else obj.strings(metadata.get("annotations"), "template annotations")
    )
    return Workload(
        obj.kind,
        obj.name,
        obj.namespace,
        obj.source,
        obj.labels,
        obj.annotations,
        pod_labels=labels,
        pod_annotations=annotations,
        selector=_unit_selector(obj, labels),
        containers=tuple(_containers(obj, pod)),
        host_network=pod.get("hostNetwork") is True,
        replicas=integer(spec.get("replicas"), 1),
        first_ordinal=_ordinal(spec),
        hook=obj.hook,
    )


def _pod_template(obj: KubernetesObject) -> Manifest:
    if obj.kind == "Pod":
        return obj.data
    spec = obj.spec
    if obj.kind == "CronJob":
        spec = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    return mapping(spec.get("template"))


def _ordinal(spec: Manifest) -> int:
    return integer(mapping(spec.get("ordinals")).get("start"), 0)


def _unit_selector(obj: KubernetesObject, pod_labels: Labels) -> Selector | None:
    """The unit's own selector.

    Job and CronJob have none: the Job controller selects by a unique id.
    A ReplicationController and the controllers of the old extensions group
    take the labels of their template where none is written.
    """
    if obj.kind in ("Pod", "Job", "CronJob"):
        return None
    given = obj.spec.get("selector")
    if obj.kind == "ReplicationController":
        labels = obj.strings(given, "spec.selector")
        return Selector(labels or pod_labels)
    if given is None:
        if obj.group == "extensions":
            return Selector(pod_labels)
        obj.refuse("has no spec.selector, which Kubernetes requires", "spec:")
        return None
    selector = label_selector(obj, given, "spec.selector")
    if not matches(selector, pod_labels):
        obj.refuse(
            f"spec.selector ({selector}) does not match the labels of its own pod template,"
            " and Kubernetes refuses that",
            "selector:",
        )
    return selector


def _containers(obj: KubernetesObject, pod: Manifest) -> Iterator[Container]:
    for field in ("initContainers", "containers"):
        for entry in sequence(pod.get(field)):
            data = mapping(entry)
            init = field == "initContainers"
            name = text_of(data.get("name"))
            yield Container(
                name,
                text_of(data.get("image")),
                tuple(_ports(obj, name, data.get("ports"))),
                init=init,
                sidecar=init and data.get("restartPolicy") == "Always",
                probed=bool(data.get("readinessProbe") or data.get("startupProbe")),
            )


def _ports(obj: KubernetesObject, container: str, value: Any) -> Iterator[Port]:
    for entry in sequence(value):
        data = mapping(entry)
        number = port_number(
            obj, data.get("containerPort"), f"container {container}: containerPort"
        )
        if number is None:
            continue
        host = data.get("hostPort")
        yield Port(
            number,
            protocol_of(data),
            text_of(data.get("name")),
            host if is_int(host) and host else None,
        )
