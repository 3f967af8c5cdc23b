"""Services, and the Ingresses that lead to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model import Backend, Ingress, Selector, Service, ServicePort
from .objects import KubernetesObject
from .ports import port_number, protocol_of
from .refusals import refuse_ingress, refuse_service
from .values import described, is_int, mapping, sequence, text_of


def read_service(obj: KubernetesObject) -> Service:
    """Read a Service; its selector is None where nothing is selected."""
    spec = obj.spec
    kind = text_of(spec.get("type")) or "ClusterIP"
    labels = obj.label_map(spec.get("selector"), "spec.selector")
    service = Service(
        obj.kind,
        obj.name,
        obj.namespace,
        obj.source,
        obj.labels,
        obj.annotations,
        selector=Selector(labels) if labels and kind != "ExternalName" else None,
        ports=tuple(_service_ports(obj, spec.get("ports"))),
        headless=spec.get("clusterIP") == "None"
        or sequence(spec.get("clusterIPs"))[:1] == ["None"],
        type=kind,
        source_ranges=tuple(map(text_of, sequence(spec.get("loadBalancerSourceRanges")))),
    )
    refuse_service(obj, service)
    return service


def _service_ports(obj: KubernetesObject, value: Any) -> Iterator[ServicePort]:
    for entry in sequence(value):
        data = mapping(entry)
        port = port_number(obj, data.get("port"), "spec.ports: port")
        if port is None:
            continue
        target = data.get("targetPort")
        if target is not None and not isinstance(target, str) and not is_int(target):
            obj.refuse(
                f"targetPort is {described(target)}; write a number or a name", "targetPort:"
            )
            target = None
        yield ServicePort(port, target or port, protocol_of(data), text_of(data.get("name")))


def read_ingress(obj: KubernetesObject) -> Ingress:
    """Read an Ingress: the Services behind its rules, and its default backend.

    ``service.name`` and ``service.port``; before networking.k8s.io/v1 they
    were ``serviceName`` and ``servicePort``.
    """
    refuse_ingress(obj)
    spec = obj.spec
    backends = [_backend(spec.get("defaultBackend") or spec.get("backend"), "", "")]
    for entry in sequence(spec.get("rules")):
        rule = mapping(entry)
        for path in sequence(mapping(rule.get("http")).get("paths")):
            data = mapping(path)
            host, where = text_of(rule.get("host")), text_of(data.get("path"))
            backends.append(_backend(data.get("backend"), host, where))
    return Ingress(
        obj.kind,
        obj.name,
        obj.namespace,
        obj.source,
        obj.labels,
        obj.annotations,
        backends=tuple(backend for backend in backends if backend is not None),
    )


def _backend(value: Any, host: str, path: str) -> Backend | None:
    data = mapping(value)
    service = mapping(data.get("service"))
    name = text_of(service.get("name") or data.get("serviceName"))
    port = mapping(service.get("port"))
    number = port.get("number") or port.get("name") or data.get("servicePort") or 0
    if not name:
        return None
    return Backend(name, number if is_int(number) else text_of(number), host, path)
