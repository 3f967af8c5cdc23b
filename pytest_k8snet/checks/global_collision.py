"""M4S: selectors and labels that do not end at the release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..finding import FAULT, NOTE, Finding
from ..index import selected, with_pod_labels
from ..matching import carries, needed_values, selects
from ..model import (
    DEFAULT_RELEASE,
    MOST_NEIGHBOURS,
    RELEASE,
    Application,
    Labels,
    Neighbour,
    NetworkPolicy,
    Position,
    Service,
    Workload,
)
from ..reach import reach_of
from ._check import check
from ._instead import INSTANCE, service_selector, unit_labels
from ._pairs import labelled_policies
from ._policies import policy_selector
from ._snippet import for_object
from ._words import listing, references, subjects, verb


@check(
    "M4S",
    "global-collision",
    on=(Workload, Service),
    readings={"release": FAULT, "application": FAULT, "fixed-name": NOTE},
)
def global_collision(subject: Workload | Service, application: Application) -> Iterator[Finding]:
    """A selector or pod labels do not hold two releases or two charts apart.

    ## What it finds
    `release`: the chart is rendered under a second release name and both
    releases are put into one namespace. A Service is reported if its selector
    takes pods of the second release. A unit is reported if its own selector
    does, if its pods have labels and they are those of a unit of the second
    release, or if a policy that takes it here takes it from the second release,
    too (an empty `podSelector` does not count: it means the whole namespace).
    `application`: the selector of a Service, or a unit's own, takes pods of
    another chart of the same run in the same namespace. A selector that asks
    for the release's name cannot: Helm allows a name once in a namespace. A
    chart and its own dependency are not two charts. `fixed-name`: as `release`,
    but the object has the same name in both releases, so Helm refuses to
    install the second one today.

    ## Why it matters
    Whoever can install a release into the namespace, or owns a pod of another
    one there, receives this release's traffic and permissions. It happens
    without any attacker when staging and production of one chart, or two charts
    with a label like `app: redis`, share a namespace.

    ## Example
    ```yaml
    kind: Service
    metadata:
      name: {{ .Release.Name }}-web
    spec:
      selector:
        app: web
    ```

    ## Instead
    ```yaml
    kind: Service
    metadata:
      name: {{ .Release.Name }}-web
    spec:
      selector:
        app: web
        app.kubernetes.io/instance: {{ .Release.Name }}
    ```
    with the same label in the pod template and in the unit's own selector.

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://helm.sh/docs/chart_best_practices/labels/
    """
    policies: list[NetworkPolicy] = []
    if isinstance(subject, Service):
        found = list(_service_reasons(subject, application))
    else:
        policies, theirs = _policies(subject, application)
        found = list(_workload_reasons(subject, theirs, application))
    if found:
        fixed = application.second is not None and application.second.find(subject)
        text = f"with a second release of this chart in the namespace, {'; '.join(found)}"
        if fixed:
            text += (
                f" (Helm refuses it while {application.subject(subject.reference)} has one name)"
            )
        yield Finding(
            "fixed-name" if fixed else "release",
            text,
            at=_position(subject),
            instead=_instead(subject, application, policies),
        )
    neighbours = list(_neighbours(subject, application))
    if neighbours:
        shown = listing(
            [
                f"{application.subject(workload.reference)} of the chart {chart}"
                for chart, workload in neighbours
            ],
            complete=len(neighbours) < MOST_NEIGHBOURS,
        )
        yield Finding(
            "application",
            f"the selector of {application.subject(subject.reference)} ({subject.selector})"
            f" also takes the pods of {shown}, which this run puts into the same namespace",
            at=_position(subject),
            instead=_instead(subject, application),
            related=references(workload for _, workload in neighbours),
        )


def _position(subject: Workload | Service) -> Position:
    return subject.position("labels:" if subject.selector is None else "selector:")


def _instead(
    subject: Workload | Service, application: Application, policies: Iterable[NetworkPolicy] = ()
) -> str:
    """The same labels and selectors with the release's name in them."""
    pods = selected(subject, application) if isinstance(subject, Service) else (subject,)
    added = _of_release(pods, application) or {INSTANCE: RELEASE}
    if isinstance(subject, Service):
        labels = subject.selector.labels if subject.selector is not None else {}
        return service_selector({**labels, **added})
    asked = (subject.pod_labels, subject.selector.labels if subject.selector else added)
    parts = []
    if not all(added.items() <= labels.items() for labels in asked):
        parts.append(unit_labels(subject, added))
    for policy in policies:
        if len(policy.specs) != 1:
            continue  # each of its rules selects by labels of its own
        snippet = policy_selector(policy, {**_asked_by(policy, application), **added})
        parts.append(for_object(application.subject(policy.reference), snippet))
    return "\n---\n".join(parts) or unit_labels(subject, added)


def _asked_by(policy: NetworkPolicy, application: Application) -> Labels:
    """The labels that the policy selects by."""
    if policy.selector is not None:
        return policy.selector.labels
    return reach_of(application).read(policy)[0].subject.labels


def _of_release(pods: Sequence[Workload], application: Application) -> Labels:
    """A label with the release's name that all of the pods have already; {} if there is none.

    A name that the user chose may stand in a label by chance.
    """
    release = application.release
    if not pods or release != DEFAULT_RELEASE:
        return {}
    for key, value in pods[0].pod_labels.items():
        if carries([value], release) and all(pod.pod_labels.get(key) == value for pod in pods):
            return {key: value}
    return {}


def _service_reasons(service: Service, application: Application) -> Iterator[str]:
    """What of the second release the Service takes, in words."""
    taken = selected(service, application.second) if application.second is not None else ()
    if taken:
        yield (
            f"the selector of {application.subject(service.reference)} ({service.selector})"
            f" also takes its {subjects(taken, application)}"
        )


def _workload_reasons(
    workload: Workload, policies: Sequence[NetworkPolicy], application: Application
) -> Iterator[str]:
    """What does not hold the unit and the second release apart, in words."""
    second = application.second
    if second is None:
        return
    name = application.subject(workload.reference)
    taken = selected(workload, second)
    if taken:
        yield (
            f"the selector of {name} ({workload.selector}) also takes its"
            f" {subjects(taken, application)}"
        )
    twins = with_pod_labels(workload, second)
    if twins and workload.pod_labels:
        yield f"the pods of {name} have the same labels as its {subjects(twins, application)}"
    if policies:
        taken_by = subjects(policies, application)
        yield f"its {taken_by} also {verb(policies, 'takes')} the pods of {name}"


def _policies(
    workload: Workload, application: Application
) -> tuple[list[NetworkPolicy], list[NetworkPolicy]]:
    """The policies that take the unit here, and their counterparts that take it from the second."""
    if application.second is None:
        return [], []
    here = list(labelled_policies(workload, application, application))
    there = list(labelled_policies(workload, application, application.second))
    common = {_place(one) for one in here} & {_place(one) for one in there}
    own, theirs = ([one for one in some if _place(one) in common] for some in (here, there))
    return own, theirs


def _place(policy: NetworkPolicy) -> tuple[str, str]:
    return policy.kind, policy.source


def _neighbours(subject: Workload | Service, application: Application) -> Iterator[Neighbour]:
    """Workloads of other charts that the selector takes.

    A selector that takes every pod of the namespace by definition, and one
    that asks for the release's name, are not about other charts' pods.
    """
    selector = subject.selector
    if selector is None or selector.empty:
        return
    if carries(needed_values(selector), application.release):
        return
    for neighbour in application.neighbours:
        if selects(subject, neighbour.workload):
            yield neighbour
