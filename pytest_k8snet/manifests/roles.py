"""Roles: which of them let a program make pods.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..values import mappings, sequence, text_of

ROLES = frozenset(("Role", "ClusterRole"))
_MAKE = frozenset(
    (
        *("pods", "replicationcontrollers", "deployments", "statefulsets", "daemonsets"),
        *("replicasets", "jobs", "cronjobs"),
    )
)
_CREATE = frozenset(("create", "*"))
_MAY = re.compile(rf"\b(?:{'|'.join(sorted(_MAKE))})\b")


def may_make_pods(text: str) -> bool:
    """Whether the text of a role has to be read for it: most name nothing that makes pods."""
    return ("create" in text or "*" in text) and _MAY.search(text) is not None


def lets_make_pods(role: Mapping[str, Any]) -> bool:
    """Whether some rule names a kind that makes pods together with the verb ``create``.

    A rule for all resources is none: it says nothing about what is meant to be made.
    """
    return any(
        _CREATE & set(map(text_of, sequence(rule.get("verbs"))))
        and _MAKE & set(map(text_of, sequence(rule.get("resources"))))
        for rule in mappings(role.get("rules"))
    )
