"""Services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model import Selector, Service, ServicePort
from ..values import described, is_int, mappings, sequence, text_of
from .objects import KubernetesObject
from .ports import port_number, protocol_of
from .refusals import refuse_service


def read_service(obj: KubernetesObject) -> Service:
    """Read a Service; its selector is None where nothing is selected."""
    spec = obj.spec
    kind = text_of(spec.get("type")) or "ClusterIP"
    labels = obj.label_map(spec.get("selector"), "spec.selector")
    service = Service(
        *obj.head,
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
    for data in mappings(value):
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
