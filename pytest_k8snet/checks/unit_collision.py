"""M4A: units whose pods cannot be told apart by their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..finding import FAULT, NOTE, Finding
from ..index import selected, units_of, with_labels, with_pod_labels
from ..kinds import Selects
from ..model import Application, Reference, Workload
from ._check import check
from ._instead import COMPONENT, component, distinguishing, out_of, unit_labels
from ._pairs import Taker, also_take, others, takers_of
from ._words import references, subjects, verb


@check(
    "M4A",
    "unit-collision",
    on=Workload,
    readings={"selector": FAULT, "labels": FAULT, "twins": NOTE, "object-labels": NOTE},
)
def unit_collision(workload: Workload, application: Application) -> Iterator[Finding]:
    """Two compute units have pods that their labels do not tell apart.

    ## What it finds
    `selector`: the unit's own selector also takes pods of other units of the
    namespace; it is reported on the unit whose selector is too wide, once, with
    the others as related objects. Jobs and CronJobs have no selector of their
    own. `labels`: the pod labels are not empty, equal to those of another unit,
    and a Service, a policy or the selector of a unit takes the pods of both; a
    pair that `selector` reports on this unit is not reported again. A policy
    with an empty `podSelector` does not count: it takes all pods of the
    namespace whatever their labels are. `twins`: equal pod labels (or none at
    all) that nothing selects today. `object-labels`: the objects themselves,
    not their pods, have equal `metadata.labels`.

    ## Why it matters
    Services and NetworkPolicies know pods by their labels only, so what is
    allowed for one of these units is allowed for the other. An attacker who
    owns the less important one inherits the other's traffic and permissions.
    Controllers with overlapping selectors fight over pods.

    ## Example
    ```yaml
    kind: Deployment
    metadata: {name: web}
    spec:
      selector:
        matchLabels: {app: shop}
      template:
        metadata:
          labels: {app: shop}
    ---
    kind: Deployment
    metadata: {name: worker}
    spec:
      selector:
        matchLabels: {app: shop}
      template:
        metadata:
          labels: {app: shop}
    ```

    ## Instead
    A label that says which part of the application it is, in the pod template
    and in the selectors. The selector of a Deployment, StatefulSet or DaemonSet
    cannot be changed later: the object has to be deleted and made again. Where
    it takes the pods of Jobs only, these are better given other labels.
    ```yaml
    kind: Deployment
    metadata: {name: web}
    spec:
      selector:
        matchLabels: {app: shop, app.kubernetes.io/component: web}
      template:
        metadata:
          labels: {app: shop, app.kubernetes.io/component: web}
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector
    - https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    """
    name = application.subject(workload.reference)
    taken = list(others(workload, selected(workload, application)))
    if taken:
        yield Finding(
            "selector",
            f"the selector of {name} ({workload.selector}) also takes the pods of"
            f" {subjects(taken, application)}",
            at=workload.position("selector:"),
            instead=_left_out(workload, taken, application) or _apart(workload, taken, application),
            related=references(taken),
        )
    yield from _equal_pod_labels(workload, taken, application)
    same = list(others(workload, with_labels(workload, application)))
    if same and workload.labels:
        yield Finding(
            "object-labels",
            f"{name} has the same metadata.labels as {subjects(same, application)}",
            at=workload.position("labels:"),
            instead=f'metadata:\n  labels:\n    {COMPONENT}: "{component(workload, application)}"',
            related=references(same),
        )


def _equal_pod_labels(
    workload: Workload, reported: Sequence[Workload], application: Application
) -> Iterator[Finding]:
    """Readings `labels` and `twins`: pairs that `selector` has not named."""
    known = {other.reference for other in reported}
    equal = [
        other
        for other in others(workload, with_pod_labels(workload, application))
        if other.reference not in known
    ]
    if not equal:
        return
    name = application.subject(workload.reference)
    together: list[Workload] = []
    twins: list[Workload] = []
    takers: dict[Reference, Taker] = {}
    mine = [*takers_of(workload, application), *units_of(workload, application)]
    for other in equal:
        both = also_take(mine, workload, other, application)
        if both and workload.pod_labels:
            together.append(other)
            takers.update({taker.reference: taker for taker in both})
        elif not both:
            twins.append(other)
    if together:
        yield Finding(
            "labels",
            f"the pods of {name} have the same labels as those of"
            f" {subjects(together, application)}, and"
            f" {subjects(takers.values(), application)} {verb(takers, 'takes')} them all",
            at=workload.position("labels:"),
            instead=_apart(workload, together, application),
            related=references((*together, *takers.values())),
        )
    if twins:
        what = "the same labels as" if workload.pod_labels else "no labels, and so have"
        yield Finding(
            "twins",
            f"the pods of {name} have {what} those of {subjects(twins, application)}:"
            " no Service or policy could take the one without the other",
            at=workload.position("labels:" if workload.pod_labels else "template:"),
            instead=_apart(workload, twins, application),
            related=references(twins),
        )


def _left_out(workload: Workload, taken: Sequence[Workload], application: Application) -> str:
    """Other labels for the pods that are taken, where no selector of their own asks for these.

    A label more in the selector of a Deployment would have to wait until that is deleted.
    """
    selector = workload.selector
    if selector is None or any(other.makes.selects is not Selects.NOTHING for other in taken):
        return ""
    return "\n---\n".join(filter(None, (out_of(selector, one, application) for one in taken)))


def _apart(workload: Workload, rest: Sequence[Workload], application: Application) -> str:
    """Labels and selector with one more label, which the others do not have.

    A label that the pods have and no selector asks for may be one that the values brought, which
    is not there with others.
    """
    added = distinguishing(workload, rest)
    if not added.keys() <= application.once(_asked_for):
        added = {}
    return unit_labels(workload, added or {COMPONENT: component(workload, application)})


def _asked_for(application: Application) -> frozenset[str]:
    """The keys of labels that some selector asks for."""
    owners: tuple[Taker, ...]
    owners = (*application.workloads, *application.services, *application.policies)
    asked = (key for one in owners if one.selector is not None for key in one.selector.labels)
    return frozenset((*asked, COMPONENT))
