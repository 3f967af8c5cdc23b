"""Ports of proxies that an injector puts into pods, which no chart shows.

A pod or its namespace asks for them, as far as the chart renders that:
https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/ and
https://linkerd.io/2/features/proxy-injection/.
"""

from __future__ import annotations

from ..model import Application, Labels, Workload

_LINKERD = "linkerd.io/inject"
# The ports of the proxies that are brought into a pod, and their names.
_OF_ISTIO = range(15000, 15091), frozenset(("http-envoy-prom",))
_OF_LINKERD = range(4140, 4192), frozenset(("linkerd-proxy", "linkerd-admin"))
_SWITCHED_OFF = frozenset(("", "false", "disabled", "no", "off", "n"))


def brought(target: int | str, workload: Workload, application: Application) -> bool:
    """Whether an injector gives the pods a container with this port, which no chart shows."""
    if any(container.image == "auto" for container in workload.containers):
        return True
    marks = {**workload.pod_labels, **workload.pod_annotations}
    rendered = application.namespaces.get(workload.namespace)
    around = {**rendered.labels, **rendered.annotations} if rendered else {}
    return any(
        injected and (target in numbers or target in names)
        for injected, (numbers, names) in (
            (_by_istio(marks, around), _OF_ISTIO),
            (_is_on(marks.get(_LINKERD, around.get(_LINKERD, ""))), _OF_LINKERD),
        )
    )


def _by_istio(marks: Labels, around: Labels) -> bool:
    """What the pod says goes before what its namespace says."""
    said = marks.get("sidecar.istio.io/inject")
    if said is not None:
        return _is_on(said)
    if "inject.istio.io/templates" in marks:
        return True
    switch = around.get("istio-injection")
    return _is_on(switch) if switch is not None else "istio.io/rev" in {**around, **marks}


def _is_on(value: str) -> bool:
    return value.lower() not in _SWITCHED_OFF
