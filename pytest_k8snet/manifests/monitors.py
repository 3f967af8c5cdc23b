"""ServiceMonitors and PodMonitors of the Prometheus operator.

https://prometheus-operator.dev/docs/api-reference/api/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model import Endpoint, Monitor
from ..values import is_int, mapping, mappings, sequence, text_of
from .objects import KubernetesObject
from .selectors import label_selector

MONITORS = frozenset((kind, "monitoring.coreos.com") for kind in ("ServiceMonitor", "PodMonitor"))


def read_monitor(obj: KubernetesObject) -> Monitor:
    """Read an object of one of :data:`MONITORS`; its own namespace is meant by default."""
    spec = obj.spec
    chosen = mapping(spec.get("namespaceSelector"))
    listed = tuple(map(text_of, sequence(chosen.get("matchNames"))))
    field = "endpoints" if obj.kind == "ServiceMonitor" else "podMetricsEndpoints"
    return Monitor(
        *obj.head,
        selector=label_selector(obj, spec.get("selector"), "spec.selector"),
        namespaces=None if chosen.get("any") is True else listed or (obj.namespace,),
        endpoints=tuple(_endpoints(spec.get(field))),
    )


def _endpoints(value: Any) -> Iterator[Endpoint]:
    """``targetPort`` and, of pods, ``portNumber`` are asked where there is no ``port``."""
    for data in mappings(value):
        port, target = text_of(data.get("port")), data.get("portNumber") or data.get("targetPort")
        known = target if is_int(target) or isinstance(target, str) else None
        yield Endpoint(port or None, None if port else known or None)
