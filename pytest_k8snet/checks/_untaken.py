"""Why a selector takes no pod: what is said of Services (M5D) and of policies (N2) alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from ..finding import Finding
from ..index import pod_index
from ..kinds import POD_INDEX, POD_NAME
from ..matching import CONTROLLER_LABELS, UNKNOWN_VALUE
from ..model import Application, Labels, NetworkPolicy, Selector, Service, Workload
from ._instead import stable_labels
from ._words import listing, references, subjects

_WORD = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")
_RUNTIME_WORDS = frozenset(("leader", "role", "active", "master", "primary", "replica", "standby"))
# Custom resources that describe something else than programs.
_NO_PODS = re.compile(
    r"Monitor|Rule$|Certificate|Issuer|Secret|Route|Polic|Authorization|Authentication"
    r"|VirtualService|DestinationRule|Gateway(?:Class)?$|HTTPProxy$|Middleware|IngressRoute"
    r"|BackendConfig|ScaledObject"
    r"|Dashboard|Data[Ss]ource|AlertmanagerConfig|Challenge|Order$|TLSOption|ServersTransport"
    r"|Scrape|^Probe$|VerticalPodAutoscaler|VaultAuth|VaultConnection|TLSStore|TraefikService"
    r"|ServiceEntry|WorkloadEntry|EnvoyFilter|^Sidecar$|^Telemetry$|ServiceProfile|ReferenceGrant"
    r"|ServiceExport|ServiceImport|NetworkSet$|NetworkAttachmentDefinition|TargetGroupBinding"
    r"|DNSEndpoint|Plugin$|Kafka(?:Topic|User)$|FrontendConfig|IngressClassParams"
    r"|VolumeSnapshot|SecurityContextConstraints"
)
_ALIKE = 0.8
# Labels that describe an application; programs that label pods write a prefix of their own.
_SHARED = "app.kubernetes.io/"
_SYSTEM = "kube-system"  # DNS, the scheduler and others run there that no chart makes


@dataclass(frozen=True, slots=True)
class Untaken:
    """A Service or a policy whose selector takes no pod of the application.

    :ivar field: where its template has the selector: ``selector:``.
    :ivar selector: the selector, as messages show it.
    :ivar labels: the labels that it asks for, each with one value.
    :ivar keys: the keys of all labels that it asks about.
    :ivar pods: the labels of a workload's pods; several where the selector tells them apart.
    :ivar takes: whether it would take a pod of the workload that had these labels.
    :ivar instead: YAML of a selector with these labels.
    """

    owner: Service | NetworkPolicy
    field: str
    selector: str
    labels: Labels
    keys: Collection[str]
    pods: Callable[[Workload], Iterable[Labels]]
    takes: Callable[[Workload, Labels], bool]
    instead: Callable[[Labels], str]

    @property
    def noun(self) -> str:
        """What the owner is called."""
        return "Service" if isinstance(self.owner, Service) else "policy"

    def finding(self, application: Application) -> Finding:
        """The fault or note; what comes near goes before every excuse."""
        return (
            self._near_miss(application) or _excused(self, application) or self._missed(application)
        )

    def _near_miss(self, application: Application) -> Finding | None:
        """All labels but one are those of a unit: that one is wrong, or something sets it later."""
        near = list(self._near(application))
        apart = {key for _, key, value in near if self._tells_apart(key, value, application)}
        near = [
            (workload, key, value)
            for workload, key, value in near
            if key not in apart
            or value == self.owner.labels.get(key)
            or _alike(self.labels[key], value or "")
        ]
        if not near:
            return None
        owner, name = self.owner, application.subject(self.owner.reference)
        known = application.once(_template_keys)
        late = [
            (workload, key)
            for workload, key, value in near
            if value is None and key not in known and _set_by_programs(key, self.labels[key])
        ]
        if late:
            key = late[0][1]
            workloads = [workload for workload, missing in late if missing == key]
            return Finding(
                "runtime-label",
                f"{name} ({self.selector}) selects no unit before something sets the label {key}"
                f" on pods of {subjects(workloads, application)}: no template has it",
                at=owner.position(self.field),
                related=references(workloads),
            )
        workload, key, value = max(near, key=lambda entry: _likeness(owner, entry[0]))
        wrong = self.labels[key]
        if key == POD_NAME and (index := wrong.rpartition("-")[2]).isdecimal():
            value = f"{workload.name}-{index}"
        related = references(entry[0] for entry in near)
        if value == wrong or (key == POD_INDEX and wrong.isdecimal()):
            return Finding(
                "near-miss",
                f'{name} selects {key}="{wrong}", and {application.subject(workload.reference)} has'
                f" no such pod with {workload.replicas} replicas: raise them, or leave the"
                f" {self.noun} out",
                at=owner.position(f"{key}:"),
                related=related,
            )
        has = "have no such label" if value is None else f'have {key}="{value}"'
        if value == UNKNOWN_VALUE:
            has, value = "get that label from their controller, with a value of its own", None
        fixed = {label: text for label, text in self.labels.items() if label != key}
        return Finding(
            "near-miss",
            f'{name} selects {key}="{wrong}", and the pods of'
            f" {application.subject(workload.reference)}, which match otherwise, {has}",
            at=owner.position(f"{key}:"),
            instead=self.instead(fixed if value is None else {**fixed, key: value}),
            related=related,
        )

    def _near(self, application: Application) -> Iterator[tuple[Workload, str, str | None]]:
        """Units that match all labels but one: that label's key, and the value they have.

        Every unit matches all but one label of a selector with a single one: there
        only a value that is written almost alike is near. So is it of what is there
        to end, which is seldom meant.
        """
        for workload in _beside(self.owner, self.labels, application):
            strict = len(self.labels) == 1 or workload.makes.ends or workload.hook
            for labels in self.pods(workload):
                missing = [key for key, value in self.labels.items() if labels.get(key) != value]
                if len(missing) != 1:
                    continue
                (key,) = missing
                if strict and not _alike(self.labels[key], labels.get(key, "")):
                    continue
                if self.takes(workload, {**labels, key: self.labels[key]}):
                    yield workload, key, labels.get(key)
                    break

    def _tells_apart(self, key: str, value: str | None, application: Application) -> bool:
        """Whether the label holds units apart, and a policy is for one with another value.

        Where another policy asks for this value, it is no slip that this one asks for a different
        one; which unit it is for it says where it has the label itself. A policy may well be for
        pods that a program makes. A Service without pods answers nobody, whomever it is for.
        """
        owner = self.owner
        if isinstance(owner, Service) or value is None or owner.labels.get(key) in (None, value):
            return False
        return (owner.namespace, key, value) in application.once(_asked_for)

    def _missed(self, application: Application) -> Finding:
        """The fault where nothing comes near."""
        name = application.subject(self.owner.reference)
        message = (
            f"{name} selects {self.selector}, and no unit of its namespace has pods with these"
            " labels"
        )
        abroad, labels = list(self._abroad(application)), dict[str, str]()
        if abroad:
            message += f": those of {subjects(abroad, application)} have, in another namespace"
        else:
            near_by = list(application.once(pod_index).candidates(Selector(), self.owner.namespace))
            meant = [unit for unit in near_by if unit.name == self.owner.name] or near_by
            labels = {**_labels_of(meant[0], self.labels)} if len(meant) == 1 else {}
            if not labels:
                message += f": select the unit that is meant, or leave the {self.noun} out"
        return Finding(
            "no-target",
            message,
            at=self.owner.position(self.field),
            instead=self.instead(labels) if labels else "",
            related=references(abroad),
        )

    def _abroad(self, application: Application) -> Iterator[Workload]:
        """The units of other namespaces whose pods have the labels."""
        if len(self.labels) != len(self.keys):
            return  # it asks for more than labels
        index = application.once(pod_index)
        for namespace in sorted(set(index.namespaces) - {self.owner.namespace}):
            for unit in index.candidates(Selector(self.labels), namespace):
                if self.labels.items() <= unit.pod_labels.items():
                    yield unit


def _excused(untaken: Untaken, application: Application) -> Finding | None:
    """The first note that says why no unit has to match."""
    owner = untaken.owner
    start = f"{application.subject(owner.reference)} ({untaken.selector}) selects no unit"
    for reading, why in _excuses(untaken, application):
        return Finding(reading, f"{start}{why}", at=owner.position(untaken.field))
    return None


def _excuses(untaken: Untaken, application: Application) -> Iterator[tuple[str, str]]:
    owner = untaken.owner
    if where := _elsewhere(owner, application):
        yield "elsewhere", f": {where}"
    makers = pod_makers(application)
    if makers:
        listed = listing(makers)
        yield "operator", f"; an operator may make the pods: the application has {listed}"
    elif application.pod_makers and isinstance(owner, NetworkPolicy):
        listed = listing(application.pod_makers)
        lets = "lets" if len(application.pod_makers) == 1 else "let"
        yield "operator", f"; a program may make the pods: {listed} {lets} it"
    known = application.once(_template_keys)
    # Who makes pods that run for a while, such as the solvers of cert-manager, makes the Services
    # for them, too; policies are left to the chart.
    by_program = (
        isinstance(owner, NetworkPolicy)
        and untaken.keys
        and all(_of_a_program(key) and key not in known for key in untaken.keys)
    )
    if by_program:
        yield "runtime-label", f": {listing(untaken.keys)}, which no template has, is a program's"
    blank = [one.source for one in application.blank if owner.reference in one.owners]
    if blank:
        yield "values-incomplete", f"; with these values {listing(blank)} rendered to nothing"


def _elsewhere(owner: Service | NetworkPolicy, application: Application) -> str:
    """Why the pods that it is for are not the application's; "" where they should be."""
    if not owner.namespace:
        return "it is for the whole cluster, where others have pods"
    if owner.namespace == application.namespace:
        return ""
    if owner.namespace == _SYSTEM:
        return f"it lives in {owner.namespace}, where the cluster's own pods are"
    if owner.namespace not in application.once(_namespaces):
        return f"it lives in {owner.namespace}, where the application has none"
    return ""


def pod_makers(application: Application) -> list[str]:
    """The kinds of the application's custom resources that an operator may make pods of."""
    return [kind for kind in application.custom_kinds if not _NO_PODS.search(kind)]


def _of_a_program(key: str) -> bool:
    """Whether the key belongs to some program.

    "Automated system components […] which add labels to end-user objects must specify a prefix":
    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    """
    return "/" in key and not key.startswith(_SHARED) and key not in CONTROLLER_LABELS


def _set_by_programs(key: str, value: str) -> bool:
    """Whether it is called as what a program says of itself once it runs."""
    return any(_WORD.split(text)[-1].lower() in _RUNTIME_WORDS for text in (key, value) if text)


def _beside(
    owner: Service | NetworkPolicy, labels: Labels, application: Application
) -> Iterator[Workload]:
    """The units that may have all of these labels but one."""
    namespaces = [owner.namespace] if owner.namespace else sorted(application.once(_namespaces))
    for namespace in namespaces:
        yield from application.once(pod_index).nearly(labels, namespace)


def _labels_of(unit: Workload, wanted: Labels) -> Labels:
    """What the unit's pods are selected by; one of them, where one is asked for."""
    index = wanted.get(POD_NAME, "").rpartition("-")[2]
    if unit.makes.ordinals and index.isdecimal():
        return {POD_NAME: f"{unit.name}-{index}"}
    return stable_labels(unit)


def _alike(first: str, second: str) -> bool:
    """Whether one of two values is most likely the other one, misspelt."""
    return SequenceMatcher(None, first, second).ratio() >= _ALIKE


def _likeness(owner: Service | NetworkPolicy, workload: Workload) -> tuple[bool, int]:
    """How much the unit looks like the one that is meant."""
    common = owner.labels.items() & workload.labels.items()
    return workload.name == owner.name, len(common)


def _asked_for(application: Application) -> frozenset[tuple[str, str, str]]:
    """The labels that policies select pods by."""
    return frozenset(
        (one.namespace, *label)
        for one in application.policies
        if one.selector is not None
        for label in one.selector.labels.items()
    )


def _template_keys(application: Application) -> frozenset[str]:
    return frozenset(key for workload in application.workloads for key in workload.pod_labels)


def _namespaces(application: Application) -> frozenset[str]:
    return frozenset(workload.namespace for workload in application.workloads)
