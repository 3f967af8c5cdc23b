"""Who reads the policies of which API.

Each family is imported where a chart has such policies: most have at most Kubernetes's own.
"""

from __future__ import annotations

from ..model import NetworkPolicy
from .rules import Family

KUBERNETES = frozenset(("networking.k8s.io", "extensions"))
ADMIN = "policy.networking.k8s.io"
CILIUM = "cilium.io"
CALICO = frozenset(("projectcalico.org", "crd.projectcalico.org"))


def family_of(policy: NetworkPolicy) -> Family | None:
    """Who reads it; None where nobody does."""
    family = _of_group(policy.group)
    return family if family is not None and family.reads(policy) else None


def _of_group(group: str) -> Family | None:
    if group in KUBERNETES:
        from . import network_policy

        return network_policy
    if group == ADMIN:
        from . import admin

        return admin
    if group == CILIUM:
        from . import cilium

        return cilium
    if group in CALICO:
        from . import calico

        return calico
    return None
