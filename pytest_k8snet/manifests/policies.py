"""Policies of every API, kept as they were written."""

from __future__ import annotations

from typing import Any

from ..model import NetworkPolicy, Selector
from ..reach.families import CILIUM, KUBERNETES
from ..reach.selectors import cilium_key
from ..values import mapping, sequence
from .objects import KubernetesObject
from .refusals import refuse_policy
from .selectors import label_selector

_SELECTORS = {
    **{("NetworkPolicy", group): "podSelector" for group in KUBERNETES},
    ("CiliumNetworkPolicy", CILIUM): "endpointSelector",
    ("CiliumClusterwideNetworkPolicy", CILIUM): "endpointSelector",
}
_OF_NAMESPACES = ("io.kubernetes.pod.namespace", "io.cilium.k8s.namespace.labels.")


def read_policy(obj: KubernetesObject) -> NetworkPolicy:
    """Keep a policy: ``spec``, and for Cilium each of ``specs``."""
    listed = [obj.data.get("spec"), *sequence(obj.data.get("specs"))]
    specs = tuple(spec for spec in listed if isinstance(spec, dict))
    return NetworkPolicy(*obj.head, specs=specs, selector=_selector(obj, specs))


def _selector(obj: KubernetesObject, specs: tuple[dict[str, Any], ...]) -> Selector | None:
    field = _SELECTORS.get((obj.kind, obj.group))
    if field is None or len(specs) > 1:
        return None
    given = mapping(mapping(specs[0] if specs else None).get(field))
    if field == "podSelector":
        refuse_policy(obj)
        return label_selector(obj, given, f"spec.{field}")
    if "nodeSelector" in mapping(specs[0] if specs else None):
        return None
    selector = label_selector(obj, given, f"spec.{field}")
    labels = {cilium_key(key): value for key, value in selector.labels.items()}
    requirements = tuple(one._replace(key=cilium_key(one.key)) for one in selector.expressions)
    about_pods = [key for key in labels if not key.startswith(_OF_NAMESPACES)]
    return Selector(
        {key: labels[key] for key in about_pods},
        tuple(one for one in requirements if not one.key.startswith(_OF_NAMESPACES)),
    )
