"""Compute units: Pods, and what makes them from a template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..kinds import Kind, Selects, find_kind, kind_of
from ..matching import OPERATORS, matches
from ..model import Container, Labels, Port, Probe, Selector, Workload
from ..values import Manifest, integer, is_int, mapping, mappings, sequence, text_of
from .objects import KubernetesObject
from .placement import beside_none_of, node_terms
from .ports import port_number, protocol_of
from .refusals import refuse_pod
from .selectors import label_selector


def read_workload(obj: KubernetesObject) -> Workload:
    """Read a compute unit: a Pod, or an object with a pod template."""
    spec = obj.spec
    kind = kind_of(obj.kind, obj.group)
    template = _template(obj.data, kind)
    metadata = mapping(template.get("metadata"))
    pod = mapping(template.get("spec"))
    labels, annotations = obj.labels, obj.annotations
    if not kind.is_pod:
        labels = obj.label_map(metadata.get("labels"), "template labels")
        annotations = obj.strings(metadata.get("annotations"), "template annotations")
    containers = tuple(_containers(obj, pod))
    host_network = pod.get("hostNetwork") is True
    if find_kind(obj.kind, obj.group) is not None:
        refuse_pod(obj, containers, host_network=host_network)
    return Workload(
        *obj.head,
        pod_labels=labels,
        pod_annotations=annotations,
        selector=_own_selector(obj, kind, labels),
        containers=containers,
        host_network=host_network,
        replicas=integer(spec.get("replicas"), 1),
        first_ordinal=integer(mapping(spec.get("ordinals")).get("start"), 0),
        hook=obj.hook,
        service_account=text_of(pod.get("serviceAccountName") or pod.get("serviceAccount"))
        or "default",
        service_name=text_of(spec.get("serviceName")) if kind.ordinals else "",
        restart_policy=text_of(pod.get("restartPolicy")) or "Always",
        nodes=node_terms(pod),
        apart_from=beside_none_of(pod),
    )


def has_template(data: Manifest, kind: Kind) -> bool:
    """Whether an object says what its pods are; a Rollout may name a Deployment for that."""
    return bool(_template(data, kind))


def _template(data: Manifest, kind: Kind) -> Manifest:
    for key in kind.template:
        data = mapping(data.get(key))
    return data


def has_pod_template(data: Manifest) -> bool:
    """Whether a custom resource has a pod template where most kinds have it."""
    template = mapping(mapping(data.get("spec")).get("template"))
    return bool(sequence(mapping(template.get("spec")).get("containers")))


def _own_selector(obj: KubernetesObject, kind: Kind, pod_labels: Labels) -> Selector | None:
    """The unit's own selector.

    A ReplicationController and the controllers of the old extensions group
    take the labels of their template where none is written. Of a kind that the
    table lacks it is not known whether it needs one.
    """
    given = obj.spec.get("selector")
    if kind.selects is Selects.NOTHING:
        return None
    if kind.selects is Selects.MAP:
        selector = Selector(obj.label_map(given, "spec.selector") or pod_labels)
    elif given is None:
        if kind.implies_selector(obj.group):
            return Selector(pod_labels)
        if find_kind(obj.kind, obj.group) is not None:
            obj.refuse("has no spec.selector, which Kubernetes requires", "spec:")
        return None
    else:
        selector = label_selector(obj, given, "spec.selector")
        if selector.empty and not mapping(given).get("matchLabels") and obj.group == "apps":
            obj.refuse("spec.selector is empty, which Kubernetes refuses", "selector:")
    known = all(one.operator in OPERATORS for one in selector.expressions)
    if known and not matches(selector, pod_labels):
        obj.refuse(
            f"spec.selector ({selector}) does not match the labels of its own pod template,"
            " and Kubernetes refuses that",
            "selector:",
        )
    return selector


def _containers(obj: KubernetesObject, pod: Manifest) -> Iterator[Container]:
    for field in ("initContainers", "containers"):
        for data in mappings(pod.get(field)):
            init = field == "initContainers"
            name = text_of(data.get("name"))
            yield Container(
                name,
                text_of(data.get("image")),
                tuple(_ports(obj, name, data.get("ports"))),
                init=init,
                sidecar=init and data.get("restartPolicy") == "Always",
                probes=tuple(_probes(data)),
            )


def _probes(container: Manifest) -> Iterator[Probe]:
    for kind in ("readinessProbe", "livenessProbe", "startupProbe"):
        data = mapping(container.get(kind))
        for handler in ("httpGet", "tcpSocket", "grpc", "exec"):
            given = mapping(data.get(handler))
            if given:
                port = given.get("port")
                known = port if is_int(port) or isinstance(port, str) else None
                yield Probe(kind, handler, known, text_of(given.get("host")))


def _ports(obj: KubernetesObject, container: str, value: Any) -> Iterator[Port]:
    for data in mappings(value):
        number = port_number(
            obj, data.get("containerPort"), f"container {container}: containerPort"
        )
        if number is None:
            continue
        host = data.get("hostPort") or None
        if host is not None:
            host = port_number(obj, host, f"container {container}: hostPort")
        yield Port(
            number, protocol_of(data), text_of(data.get("name")), host, text_of(data.get("hostIP"))
        )
