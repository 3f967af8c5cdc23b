"""N2: policies that are for no pod, or for more than they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..finding import FAULT, NOTE, Finding
from ..model import Application, NetworkPolicy
from ..reach import Reach, ReadPolicy, reach_of
from ..reach.families import CALICO, CILIUM
from ._check import check
from ._policies import match_labels, policy_selector
from ._untaken import Untaken
from ._words import listing

_KNOWN = frozenset(("matchLabels", "matchExpressions"))
# Where the APIs have label selectors; those of Calico are texts.
_SELECTORS = frozenset(
    (
        *("podSelector", "namespaceSelector", "endpointSelector", "fromEndpoints", "toEndpoints"),
        *("namespaces", "nodes"),  # of AdminNetworkPolicy and its kin
    )
)
# Under ``namespaces`` these stood in older versions, the first one with a selector of its own.
_OLDER = frozenset(("namespaceSelector", "sameLabels", "notSameLabels"))
_FIELDS = {CILIUM: "endpointSelector:", **dict.fromkeys(CALICO, "selector:")}


@check(
    "N2",
    "policy-without-target",
    on=NetworkPolicy,
    readings={
        "no-target": FAULT,
        "near-miss": FAULT,
        "unknown-field": FAULT,
        "operator": NOTE,
        "runtime-label": NOTE,
        "elsewhere": NOTE,
        "values-incomplete": NOTE,
    },
)
def policy_without_target(policy: NetworkPolicy, application: Application) -> Iterator[Finding]:
    """A policy selects no pod, or all of them by a slip.

    ## What it finds
    A policy whose selector takes the pods of no unit of the application: a
    NetworkPolicy, one of Cilium's, of Calico's or of those who run the cluster
    (AdminNetworkPolicy and its kin). One that is for every pod of its
    namespace, such as `podSelector: {}`, is none of these. `near-miss`: a unit
    has all labels but one, or one label whose value is written almost alike;
    the message gives the label and both values. It is looked for first; pods of
    Jobs and hooks do not count, since they end, nor do units that other policies
    ask for by that very label, where this one has it for itself with another
    value. `runtime-label`: the one label
    that is missing is on no pod template, and its key or value ends in a word
    that programs set themselves (leader, role, active, master, primary,
    replica, standby); or nothing comes near, and all labels are on no template
    and have the prefix of a program (`acme.cert-manager.io/`). `elsewhere`: the
    policy is for the whole cluster, or lives in another namespace than the
    release's, in which the application has no unit, or in kube-system.
    `operator`: the application has custom resources of a kind that can make
    pods, CRDs of its own, or a role that lets its programs make pods.
    `values-incomplete`: a workload template of the chart that has the
    selector's labels in it rendered to nothing with these values. `no-target`:
    none of this. `unknown-field`: a selector has other keys than `matchLabels`
    and `matchExpressions`. Kubernetes has no such fields and drops them, so that
    the selector takes everything.

    ## Why it matters
    A policy that selects nothing looks like protection in every review and
    protects nothing. One whose selector lost its labels is for every pod of the
    namespace, and as a peer it lets every pod in.

    ## Example
    ```yaml
    kind: NetworkPolicy
    metadata: {name: db}
    spec:
      podSelector:
        matchLabels: {app: shop, component: database}
    ---
    kind: StatefulSet
    spec:
      template:
        metadata:
          labels: {app: shop, component: db}
    ```

    ## Instead
    ```yaml
    kind: NetworkPolicy
    metadata: {name: db}
    spec:
      podSelector:
        matchLabels: {app: shop, component: db}
    ```

    ## References
    - https://kubernetes.io/docs/concepts/services-networking/network-policies/
    - https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements
    """
    reach = reach_of(application)
    read = reach.read(policy)
    yield from _unknown_fields(policy, application)
    for one in read:
        if not reach.taken(one) and not reach.takes_any(one):
            yield _untaken(one, reach).finding(application)


def _untaken(one: ReadPolicy, reach: Reach) -> Untaken:
    policy = one.source
    return Untaken(
        policy,
        _FIELDS.get(policy.group, "podSelector:"),
        one.subject.text,
        one.subject.labels,
        one.subject.keys,
        lambda workload: (pod.labels for pod in reach.pods(workload)),
        lambda workload, labels: reach.would_take(one, workload, labels),
        lambda labels: policy_selector(policy, labels),
    )


def _unknown_fields(policy: NetworkPolicy, application: Application) -> Iterator[Finding]:
    if policy.group in CALICO:
        return
    for field, selector in dict(_written(list(policy.specs))).items():
        keys = [key for key in selector if key not in _KNOWN]
        no_field = "is no field" if len(keys) == 1 else "are no fields"
        what = "takes everything" if len(keys) == len(selector) else "takes more than it says"
        yield Finding(
            "unknown-field",
            f"{application.subject(policy.reference)}: {field} has {listing(keys)}, which"
            f" {no_field} of a selector: Kubernetes drops {'it' if len(keys) == 1 else 'them'},"
            f" and the selector {what}",
            at=policy.position(f"{keys[0]}:"),
            instead=match_labels(field, _labels(selector)),
        )


def _written(data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The selectors in a manifest that have other keys, with the fields that they stand in."""
    if isinstance(data, list):
        for entry in data:
            yield from _written(entry)
    if not isinstance(data, dict):
        return
    for field, value in data.items():
        if field not in _SELECTORS:
            yield from _written(value)
            continue
        for selector in value if isinstance(value, list) else [value]:
            if isinstance(selector, dict) and not _OLDER.isdisjoint(selector):
                yield from _written(selector)
            elif isinstance(selector, dict) and not _KNOWN.issuperset(selector):
                yield field, selector


def _labels(selector: Mapping[str, Any]) -> dict[str, str]:
    """The labels that are most likely meant."""
    found: dict[str, str] = {}
    for key, value in selector.items():
        if isinstance(value, dict):
            found |= {str(label): str(text) for label, text in value.items()}
        elif key not in _KNOWN:
            found[str(key)] = str(value)
    return found
