"""``matchLabels`` and ``matchExpressions``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..matching import OPERATORS
from ..model import Requirement, Selector
from ..reach.families import CILIUM
from ..values import mapping, mappings, sequence, text_of
from .objects import KubernetesObject
from .syntax import label_key_problem


def label_selector(obj: KubernetesObject, value: Any, field: str) -> Selector:
    """Read a LabelSelector; ``field`` names it in what the API server would say.

    Cilium writes before a key where the label comes from (``k8s:app``).
    """
    data = mapping(value)
    expressions = tuple(_requirements(obj, data.get("matchExpressions"), field))
    read = obj.strings if obj.group == CILIUM else obj.label_map
    return Selector(read(data.get("matchLabels"), f"{field}.matchLabels"), expressions)


def _requirements(obj: KubernetesObject, value: Any, field: str) -> Iterator[Requirement]:
    for data in mappings(value):
        operator = str(data.get("operator"))
        if operator not in OPERATORS:
            obj.refuse(
                f"{field}.matchExpressions: operator {operator} is none of"
                f" {', '.join(sorted(OPERATORS))}",
                "matchExpressions:",
            )
        values = tuple(text_of(value) for value in sequence(data.get("values")))
        if operator in OPERATORS and bool(values) is (operator in ("Exists", "DoesNotExist")):
            amount = "no values" if values else "values"
            said = f"{field}.matchExpressions: operator {operator} takes {amount}"
            obj.refuse(said, "matchExpressions:")
        key = text_of(data.get("key"))
        if obj.group != CILIUM and (problem := label_key_problem(key)):
            obj.refuse(f"{field}.matchExpressions: the key {key!r} {problem}", "key:")
        yield Requirement(key, operator, values)
