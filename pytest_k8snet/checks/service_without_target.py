"""M5D: Services that select no pod."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from ..finding import FAULT, NOTE, Finding
from ..index import pod_index, selected
from ..kinds import POD_INDEX, POD_NAME
from ..matching import pod_labels, selects
from ..model import Application, Labels, Selector, Service, Workload
from ._check import check
from ._instead import service_selector, stable_labels
from ._words import listing, references, subjects

_WORD = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")
_RUNTIME_WORDS = frozenset(("leader", "role", "active", "master", "primary", "replica", "standby"))
# Custom resources that describe something else than programs.
_NO_PODS = re.compile(
    r"Monitor|Rule$|Certificate|Issuer|Secret|Route|Polic|Authorization|Authentication"
    r"|VirtualService|DestinationRule|Gateway$|Middleware|IngressRoute|BackendConfig|ScaledObject"
    r"|Dashboard|DataSource|AlertmanagerConfig|Challenge|Order$|TLSOption|ServersTransport"
)
_ALIKE = 0.8
_SYSTEM = "kube-system"  # DNS, the scheduler and others run there that no chart makes


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
    the cluster was observed, of no live pod either. `near-miss`: a unit has
    all labels but one, or one label whose value is written almost alike; the
    message gives the label and both values. It is looked for first; pods of
    Jobs and hooks do not count, since they end. Then the first of these holds.
    `runtime-label`: the one label that is missing is on no pod template, and
    its key or value ends in a word that programs set themselves (leader, role,
    active, master, primary, replica, standby). `elsewhere`: the Service lives
    in another namespace than the release's, in which the application has no
    unit, or in kube-system, where the cluster's own pods are. `operator`: the
    application has custom resources of a kind that can make pods, or CRDs of
    its own. `values-incomplete`: a workload template of the chart that has the
    selector's labels in it rendered to nothing with these values. `no-target`:
    none of this; also a Service that selects units of which not one pod was
    alive when they were observed.

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
    if selector is None or any(selects(service, pod) for pod in application.strays):
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
    yield (
        _near_miss(service, selector, application)
        or _excused(service, selector, application)
        or _missed(service, selector, application)
    )


def _near_miss(service: Service, selector: Selector, application: Application) -> Finding | None:
    """All labels but one are those of a unit: that one is wrong, or something sets it later."""
    near = list(_near(service, selector, application))
    if not near:
        return None
    known = application.once(_template_keys)
    late = [
        (workload, key)
        for workload, key, value in near
        if value is None and key not in known and _set_by_programs(key, selector.labels[key])
    ]
    if late:
        key = late[0][1]
        workloads = [workload for workload, missing in late if missing == key]
        return Finding(
            "runtime-label",
            f"{application.subject(service.reference)} ({selector}) selects no unit before"
            f" something sets the label {key} on pods of {subjects(workloads, application)}:"
            " no template has it",
            at=service.position("selector:"),
            related=references(workloads),
        )
    workload, key, value = max(near, key=lambda entry: _likeness(service, entry[0]))
    wrong = selector.labels[key]
    if key == POD_NAME and (index := wrong.rpartition("-")[2]).isdecimal():
        value = f"{workload.name}-{index}"
    if value == wrong or (key == POD_INDEX and wrong.isdecimal()):
        return Finding(
            "near-miss",
            f'{application.subject(service.reference)} selects {key}="{wrong}", and'
            f" {application.subject(workload.reference)} has no such pod with"
            f" {workload.replicas} replicas: raise them, or leave the Service out",
            at=service.position(f"{key}:"),
            related=references(entry[0] for entry in near),
        )
    has = "have no such label" if value is None else f'have {key}="{value}"'
    fixed = {label: text for label, text in selector.labels.items() if label != key}
    return Finding(
        "near-miss",
        f'{application.subject(service.reference)} selects {key}="{wrong}", and the pods of'
        f" {application.subject(workload.reference)}, which match otherwise, {has}",
        at=service.position(f"{key}:"),
        instead=service_selector(fixed if value is None else {**fixed, key: value}),
        related=references(entry[0] for entry in near),
    )


def _set_by_programs(key: str, value: str) -> bool:
    """Whether it is called as what a program says of itself once it runs."""
    return any(_WORD.split(text)[-1].lower() in _RUNTIME_WORDS for text in (key, value) if text)


def _excused(service: Service, selector: Selector, application: Application) -> Finding | None:
    """The notes: why no unit has to match."""
    start = f"{application.subject(service.reference)} ({selector}) selects no unit"
    at = service.position("selector:")
    namespaces = application.once(_namespaces)
    if service.namespace != application.namespace:
        text = f"{start}: it lives in {service.namespace}, where"
        if service.namespace == _SYSTEM:
            return Finding("elsewhere", f"{text} the cluster's own pods are", at=at)
        if service.namespace not in namespaces:
            return Finding("elsewhere", f"{text} the application has none", at=at)
    makers = [kind for kind in application.custom_kinds if not _NO_PODS.search(kind)]
    if makers:
        text = f"{start}; an operator may make the pods: the application has {listing(makers)}"
        return Finding("operator", text, at=at)
    blank = [one.source for one in application.blank if service.reference in one.services]
    if blank:
        text = f"{start}; with these values {listing(blank)} rendered to nothing"
        return Finding("values-incomplete", text, at=at)
    return None


def _missed(service: Service, selector: Selector, application: Application) -> Finding:
    """The fault where nothing comes near."""
    name = application.subject(service.reference)
    message = f"{name} selects {selector}, and no unit of its namespace has pods with these labels"
    near_by = list(application.once(pod_index).candidates(Selector(), service.namespace))
    meant = [unit for unit in near_by if unit.name == service.name] or near_by
    labels = _labels_of(meant[0], selector) if len(meant) == 1 else {}
    if not labels:
        message += ": select the unit that is meant, or leave the Service out"
    at = service.position("selector:")
    return Finding("no-target", message, at=at, instead=service_selector(labels) if labels else "")


def _labels_of(unit: Workload, selector: Selector) -> Labels:
    """What a Service selects the unit's pods by; one of them, where it asks for one."""
    index = selector.labels.get(POD_NAME, "").rpartition("-")[2]
    if unit.makes.ordinals and index.isdecimal():
        return {POD_NAME: f"{unit.name}-{index}"}
    return stable_labels(unit)


def _near(
    service: Service, selector: Selector, application: Application
) -> Iterator[tuple[Workload, str, str | None]]:
    """Units that match all labels but one: that label's key, and the value they have.

    Every unit matches all but one label of a selector with a single one: there
    only a value that is written almost alike is near. Nobody means a Service
    for pods that are there to end.
    """
    single = len(selector.labels) == 1
    for workload in application.once(pod_index).nearly(selector.labels, service.namespace):
        if workload.makes.ends or workload.hook:
            continue
        for labels in pod_labels(workload, selector):
            missing = [key for key, value in selector.labels.items() if labels.get(key) != value]
            if len(missing) == 1:
                (key,) = missing
                if single and not _alike(selector.labels[key], labels.get(key, "")):
                    continue
                yield workload, key, labels.get(key)
                break


def _alike(first: str, second: str) -> bool:
    """Whether one of two values is most likely the other one, misspelt."""
    return SequenceMatcher(None, first, second).ratio() >= _ALIKE


def _likeness(service: Service, workload: Workload) -> tuple[bool, int]:
    """How much the unit looks like the one that is meant."""
    common = service.labels.items() & workload.labels.items()
    return workload.name == service.name, len(common)


def _template_keys(application: Application) -> frozenset[str]:
    return frozenset(key for workload in application.workloads for key in workload.pod_labels)


def _namespaces(application: Application) -> frozenset[str]:
    return frozenset(workload.namespace for workload in application.workloads)
