"""Ports of proxies that an injector puts into pods, which no chart shows."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Workload

_ISTIO_INJECT = "sidecar.istio.io/inject"
_ISTIO_TEMPLATES = "inject.istio.io/templates"
_LINKERD_INJECT = "linkerd.io/inject"
# The ports of the proxies that these switches bring into a pod, and their names.
_PROXIES: Mapping[str, tuple[range, frozenset[str]]] = {
    _ISTIO_INJECT: (range(15000, 15091), frozenset(("http-envoy-prom",))),
    _LINKERD_INJECT: (range(4140, 4192), frozenset(("linkerd-proxy", "linkerd-admin"))),
}
_SWITCHED_OFF = frozenset(("", "false", "disabled", "no", "off", "n"))


def brought(target: int | str, workload: Workload) -> bool:
    """Whether an injector gives the pods a container with this port, which no chart shows."""
    if any(container.image == "auto" for container in workload.containers):
        return True
    marks = {**workload.pod_labels, **workload.pod_annotations}
    default = "true" if _ISTIO_TEMPLATES in marks else ""
    return any(
        marks.get(switch, default if switch == _ISTIO_INJECT else "").lower() not in _SWITCHED_OFF
        and (target in numbers or target in names)
        for switch, (numbers, names) in _PROXIES.items()
    )
