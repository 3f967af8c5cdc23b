"""Where the scheduler may put pods: which nodes, and beside whom it does not.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
"""

from __future__ import annotations

from ..model import Requirement, Selector
from ..reach.selectors import expressions
from ..values import Manifest, mapping, mappings, text_of

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_HOSTNAME = "kubernetes.io/hostname"
_NAME = "metadata.name"  # the only field of a node that is asked for


def node_terms(pod: Manifest) -> tuple[tuple[Requirement, ...], ...]:
    """What a node must have: all of one of these; none where any node will do."""
    selector = mapping(pod.get("nodeSelector"))
    always = [Requirement(key, "In", (text_of(value),)) for key, value in selector.items()]
    if name := text_of(pod.get("nodeName")):
        always.append(Requirement(_NAME, "In", (name,)))
    affinity = mapping(mapping(pod.get("affinity")).get("nodeAffinity"))
    terms = mappings(mapping(affinity.get(_REQUIRED)).get("nodeSelectorTerms"))
    asked = [
        tuple(
            requirement
            for field in ("matchExpressions", "matchFields")
            for requirement in expressions(term.get(field))
        )
        for term in terms
    ]
    if not asked:
        return (tuple(always),) if always else ()
    return tuple((*always, *requirements) for requirements in asked)


def beside_none_of(pod: Manifest) -> tuple[Selector, ...]:
    """The pods of its own namespace that it never shares a node with."""
    affinity = mapping(mapping(pod.get("affinity")).get("podAntiAffinity"))
    return tuple(
        Selector(
            {key: text_of(value) for key, value in mapping(wanted.get("matchLabels")).items()},
            tuple(expressions(wanted.get("matchExpressions"))),
        )
        for term in mappings(affinity.get(_REQUIRED))
        if term.get("topologyKey") == _HOSTNAME
        and not (term.get("namespaces") or term.get("namespaceSelector"))
        and isinstance(wanted := term.get("labelSelector"), dict)
    )
