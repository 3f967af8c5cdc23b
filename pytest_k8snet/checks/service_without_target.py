"""M5D: Services that select no pod."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, NOTE, Finding
from ..matching import pod_labels, selected, service_takes
from ..model import Application, Selector, Service, Workload
from ._check import check
from ._instead import service_selector, stable_labels
from ._words import listing, references, subjects


@check(
    "M5D",
    "service-without-target",
    on=Service,
    readings={
        "no-target": FAULT,
        "near-miss": FAULT,
        "operator": NOTE,
        "runtime-label": NOTE,
        "elsewhere": NOTE,
        "values-incomplete": NOTE,
    },
    uses_sockets=True,
)
def service_without_target(service: Service, application: Application) -> Iterator[Finding]:
    """A Service selects no pod.

    ## What it finds
    A Service whose selector takes the pods of no unit of its namespace; where
    the cluster was observed, of no live pod either. The first of these readings
    that holds is reported. `runtime-label`: the selector takes a unit but for
    one label that no pod template has, so something sets it at run time (leader,
    role). `elsewhere`: the Service lives in another namespace than the
    release's, in which the application has no unit (kube-system). `operator`:
    the application has custom resources or CRDs, so an operator may make the
    pods. `values-incomplete`: a workload template of the chart rendered to
    nothing with these values. `near-miss`: a unit has all labels but one; the
    message gives the label and both values. `no-target`: none of this; also a
    Service that selects units of which not one pod was alive when they were
    observed.

    ## Why it matters
    Whoever can make a pod with these labels receives the traffic that clients
    send to the Service's name. No pod of the application stands in the way, and
    nobody notices, since the name resolves.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: shop, component: website}
    ---
    kind: Deployment
    spec:
      template:
        metadata:
          labels: {app: shop, component: web}
    ```

    ## Instead
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: shop, component: web}
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/
    """
    selector = service.selector
    if selector is None or any(service_takes(service, pod) for pod in application.strays):
        return
    workloads = selected(service, application)
    if workloads:
        if all(workload.pods == 0 for workload in workloads):
            yield Finding(
                "no-target",
                f"{application.subject(service.reference)} selects"
                f" {subjects(workloads, application)}, and no pod of it was alive",
                at=service.position("selector:"),
                instead="spec:\n  replicas: 1",
                related=references(workloads),
            )
        return
    yield _excused(service, selector, application) or _missed(service, selector, application)


def _excused(service: Service, selector: Selector, application: Application) -> Finding | None:
    """The notes: why no unit has to match."""
    start = f"{application.subject(service.reference)} ({selector}) selects no unit"
    at = service.position("selector:")
    near = _near(service, selector, application)
    known = {key for workload in application.workloads for key in workload.pod_labels}
    late = [(workload, key) for workload, key, value in near if value is None and key not in known]
    if late:
        key = late[0][1]
        workloads = [workload for workload, missing in late if missing == key]
        return Finding(
            "runtime-label",
            f"{start} before something sets the label {key} on pods of"
            f" {subjects(workloads, application)}: no template has it",
            at=at,
            related=references(workloads),
        )
    namespaces = {workload.namespace for workload in application.workloads}
    if service.namespace != application.namespace and service.namespace not in namespaces:
        text = f"{start}: it lives in {service.namespace}, where the application has none"
        return Finding("elsewhere", text, at=at)
    if application.custom_kinds:
        kinds = listing(application.custom_kinds)
        text = f"{start}; an operator may make the pods: the application has {kinds}"
        return Finding("operator", text, at=at)
    if application.blank:
        blank = listing(application.blank)
        text = f"{start}; with these values {blank} rendered to nothing"
        return Finding("values-incomplete", text, at=at)
    return None


def _missed(service: Service, selector: Selector, application: Application) -> Finding:
    """The faults: something had to match."""
    name = application.subject(service.reference)
    at = service.position("selector:")
    near = list(_near(service, selector, application))
    if near:
        best = max(near, key=lambda entry: _likeness(service, entry[0]))
        workload, key, value = best
        wrong = selector.labels[key]
        has = "have no such label" if value is None else f'have {key}="{value}"'
        fixed = {label: text for label, text in selector.labels.items() if label != key}
        return Finding(
            "near-miss",
            f'{name} selects {key}="{wrong}", and the pods of'
            f" {application.subject(workload.reference)}, which match otherwise, {has}",
            at=service.position(f"{key}:"),
            instead=service_selector(fixed if value is None else {**fixed, key: value}),
            related=references(entry[0] for entry in near),
        )
    message = f"{name} selects {selector}, and no unit of its namespace has pods with these labels"
    near_by = [unit for unit in application.workloads if unit.namespace == service.namespace]
    meant = [unit for unit in near_by if unit.name == service.name] or near_by
    labels = stable_labels(meant[0]) if len(meant) == 1 else {}
    if not labels:
        message += ": select the unit that is meant, or leave the Service out"
    return Finding("no-target", message, at=at, instead=service_selector(labels) if labels else "")


def _near(
    service: Service, selector: Selector, application: Application
) -> Iterator[tuple[Workload, str, str | None]]:
    """Units that match all labels but one: that label's key, and the value they have.

    A selector of a single label is near to nothing.
    """
    if len(selector.labels) < 2:
        return
    for workload in application.workloads:
        if workload.namespace != service.namespace:
            continue
        for labels in pod_labels(workload, selector):
            missing = [key for key, value in selector.labels.items() if labels.get(key) != value]
            if len(missing) == 1:
                yield workload, missing[0], labels.get(missing[0])
                break


def _likeness(service: Service, workload: Workload) -> tuple[bool, int]:
    """How much the unit looks like the one that is meant."""
    common = service.labels.items() & workload.labels.items()
    return workload.name == service.name, len(common)
