"""NetworkPolicies of Kubernetes itself."""

from __future__ import annotations

from ..model import NetworkPolicy
from .objects import KubernetesObject
from .selectors import label_selector
from .values import Manifest, mapping, sequence, text_of


def read_policy(obj: KubernetesObject) -> NetworkPolicy:
    """Read a NetworkPolicy: what it selects, and which directions it isolates.

    ``policyTypes`` may be left out: then it is Ingress always, and Egress
    where there are egress rules.
    """
    spec = obj.spec
    rules = sequence(spec.get("ingress"))
    types = [text_of(entry) for entry in sequence(spec.get("policyTypes"))]
    if not types:
        types = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return NetworkPolicy(
        obj.kind,
        obj.name,
        obj.namespace,
        obj.source,
        obj.labels,
        obj.annotations,
        selector=label_selector(obj, spec.get("podSelector"), "spec.podSelector"),
        ingress="Ingress" in types,
        egress="Egress" in types,
        admits_all=any(_admits_all(mapping(rule)) for rule in rules),
    )


def _admits_all(rule: Manifest) -> bool:
    """``{}``: an absent or empty ``from`` is every peer, and so with ``ports``."""
    return not rule.get("from") and not rule.get("ports")
