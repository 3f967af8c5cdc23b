"""Label selectors as they stand in a policy's manifest.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..matching import OPERATORS, holds
from ..model import Labels, Requirement
from ..values import mapping, mappings, sequence, text_of
from .truth import NO, UNKNOWN, YES, Truth, every, of

_OF_PODS = ("k8s:", "any:", "k8s.", "any.")


def cilium_key(key: str) -> str:
    """A label key without where the label comes from, if Cilium means the pod's own by that."""
    return key[4:] if key.startswith(_OF_PODS) else key


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """``matchLabels`` and ``matchExpressions``, all as requirements.

    :ivar understood: False where an operator is none that Kubernetes has.
    """

    requirements: tuple[Requirement, ...] = ()
    understood: bool = True

    @classmethod
    def read(cls, value: Any, key_of: Callable[[str], str] = str) -> LabelSelector:
        """Read a LabelSelector; other keys are dropped, as the API server drops them.

        :param key_of: how a key of the selector is called among the labels.
        """
        requirements = tuple(_requirements(mapping(value), key_of))
        understood = all(one.operator in OPERATORS for one in requirements)
        return cls(requirements, understood)

    def __str__(self) -> str:
        texts = [
            f"{key}={values[0]}"
            if operator == "In" and len(values) == 1
            else f"{key} {operator}" + (f" ({', '.join(values)})" if values else "")
            for key, operator, values in self.requirements
        ]
        return ", ".join(texts) or "{}"

    def matches(self, labels: Labels) -> Truth:
        """Whether all requirements hold for these labels."""
        if not self.understood:
            return UNKNOWN
        return of(all(holds(requirement, labels) for requirement in self.requirements))

    def satisfiable(self) -> Truth:
        """Whether there can be labels that it takes: unknown labels may be those."""
        if not self.understood:
            return UNKNOWN
        return YES if not self.requirements else every(map(_possible, self.requirements))

    def asked(self) -> frozenset[str]:
        """The labels that it asks about."""
        return frozenset(one.key for one in self.requirements)

    def labels(self) -> dict[str, str]:
        """The labels without which it takes nobody."""
        return {
            key: values[0]
            for key, operator, values in self.requirements
            if operator == "In" and len(values) == 1
        }


def _requirements(data: Mapping[str, Any], key_of: Callable[[str], str]) -> Iterator[Requirement]:
    for key, value in mapping(data.get("matchLabels")).items():
        yield Requirement(key_of(str(key)), "In", (text_of(value),))
    for one in expressions(data.get("matchExpressions")):
        yield one._replace(key=key_of(one.key))


def expressions(value: Any) -> Iterator[Requirement]:
    """The entries of ``matchExpressions``, whether Kubernetes takes them or not."""
    for data in mappings(value):
        values = tuple(map(text_of, sequence(data.get("values"))))
        yield Requirement(text_of(data.get("key")), text_of(data.get("operator")), values)


def _possible(requirement: Requirement) -> Truth:
    return NO if requirement.operator == "In" and not requirement.values else YES
