"""M4C: units whose pod labels are part of another unit's."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, NOTE, Finding
from ..index import pod_index
from ..model import Application, Reference, Selector, Workload
from ._check import check
from ._instead import COMPONENT, component, unit_labels
from ._pairs import Taker, also_take, others, takers_of
from ._words import references, subjects, verb


@check("M4C", "unit-subset-collision", on=Workload, readings={"selected": FAULT, "subset": NOTE})
def unit_subset_collision(workload: Workload, application: Application) -> Iterator[Finding]:
    """All labels of a unit's pods are also labels of another unit's pods.

    ## What it finds
    `selected`: the unit's pod labels are not empty and a strict subset of those
    of another unit of the namespace, and a Service or a policy selects the pods
    of both. A policy with an empty `podSelector` does not count: it takes all
    pods of the namespace whatever their labels are. `subset`: the same, but
    nothing selects both today.

    ## Why it matters
    No selector can take the pods of this unit without those of the other one.
    Traffic for the one reaches the other, and every permission that a
    NetworkPolicy gives to the one is the other's too.

    ## Example
    ```yaml
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata:
          labels: {app: shop}
    ---
    kind: Deployment
    metadata: {name: worker}
    spec:
      template:
        metadata:
          labels: {app: shop, component: worker}
    ---
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: shop}
    ```

    ## Instead
    ```yaml
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata:
          labels: {app: shop, component: web}
    ---
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: shop, component: web}
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
    """
    if not workload.pod_labels:
        return
    mine = workload.pod_labels.items()
    selected: list[Workload] = []
    unselected: list[Workload] = []
    takers: dict[Reference, Taker] = {}
    having = application.once(pod_index).candidates(
        Selector(workload.pod_labels), workload.namespace
    )
    more = [other for other in others(workload, having) if mine < other.pod_labels.items()]
    if not more:
        return
    all_takers = list(takers_of(workload, application))
    for other in more:
        both = also_take(all_takers, workload, other, application)
        (selected if both else unselected).append(other)
        takers.update({taker.reference: taker for taker in both})
    name = application.subject(workload.reference)
    instead = unit_labels(workload, {COMPONENT: component(workload, application)})
    if selected:
        yield Finding(
            "selected",
            f"the pods of {subjects(selected, application)} have all labels of those of {name}"
            f" and more, and {subjects(takers.values(), application)}"
            f" {verb(takers, 'selects')} both",
            at=workload.position("labels:"),
            instead=instead,
            related=references((*selected, *takers.values())),
        )
    if unselected:
        yield Finding(
            "subset",
            f"the pods of {subjects(unselected, application)} have all labels of those of {name}"
            " and more: what selects the one would select the other",
            at=workload.position("labels:"),
            instead=instead,
            related=references(unselected),
        )
