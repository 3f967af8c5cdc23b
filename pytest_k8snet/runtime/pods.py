"""What the API server says about pods, and which workload of the chart each belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from ..kinds import Kind, kind_of
from ..model import Application, Container, Labels, Port, Reference, Workload
from .api import Api, Object, Refused
from .readiness import holds

COPY_OF = "k8snet.io/copy-of"
"""Annotation of a Job that was made here: the workload whose template it runs."""

FOOTHOLD = "k8snet.io/foothold"
"""Annotation of a pod that is no part of any release: somebody stands there who dials."""

_RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"


class Owner(NamedTuple):
    """What made an object, as that one says it."""

    kind: Kind
    namespace: str
    name: str

    @property
    def reference(self) -> Reference:
        """Its identity."""
        return Reference(self.kind.name, self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class PodContainer:
    """A container of a live pod that runs for as long as the pod does.

    :ivar id: the runtime's id without its scheme, "" before it was made.
    :ivar probed: it has a readiness or startup probe, so "ready" says something.
    :ivar waiting: the reason why it does not run, "" if it does or has ended.
    """

    name: str
    id: str = ""
    running: bool = False
    ready: bool = False
    probed: bool = False
    waiting: str = ""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Pod:
    """A live pod."""

    name: str
    namespace: str
    uid: str
    node: str = ""
    phase: str = ""
    ready: bool = False
    deleting: bool = False
    host_network: bool = False
    owner: Owner | None = None
    containers: tuple[PodContainer, ...] = ()
    raw: Object = field(default_factory=dict, compare=False, repr=False)

    @property
    def observable(self) -> bool:
        """Whether its containers can be looked at: all of them run."""
        return (
            self.phase == "Running"
            and not self.deleting
            and any(container.running for container in self.containers)
        )

    @property
    def labels(self) -> Labels:
        """Its labels just now."""
        return self.raw["metadata"].get("labels") or {}

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its IP addresses, one of each family."""
        status = self.raw.get("status") or {}
        several = [one["ip"] for one in status.get("podIPs") or []]
        return tuple(several or filter(None, [status.get("podIP")]))

    @property
    def running(self) -> tuple[PodContainer, ...]:
        """The containers that run just now."""
        return tuple(one for one in self.containers if one.running and one.id)

    @property
    def finished(self) -> bool:
        """Whether it has ended for good."""
        return self.phase in ("Succeeded", "Failed")


Owned: TypeAlias = tuple[Pod, Workload | None]
"""A pod with the workload of the chart that it belongs to, None where that is none."""


def read_pod(item: Object) -> Pod:
    """A pod from the API's JSON; its owner is the one that it names itself."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
    statuses = {
        one["name"]: one
        for key in ("initContainerStatuses", "containerStatuses")
        for one in status.get(key) or []
    }
    sidecars = [
        one for one in spec.get("initContainers") or [] if one.get("restartPolicy") == "Always"
    ]
    return Pod(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        node=spec.get("nodeName") or "",
        phase=status.get("phase") or "",
        ready=holds(status, "Ready"),
        deleting="deletionTimestamp" in metadata,
        host_network=bool(spec.get("hostNetwork")),
        owner=controller(item),
        containers=tuple(
            _container(one, statuses.get(one["name"]) or {})
            for one in sidecars + spec["containers"]
        ),
        raw=item,
    )


def _container(spec: Object, status: Object) -> PodContainer:
    state = status.get("state") or {}
    return PodContainer(
        name=spec["name"],
        id=(status.get("containerID") or "").rpartition("//")[2],
        running="running" in state,
        ready=bool(status.get("ready")),
        probed=bool(spec.get("readinessProbe") or spec.get("startupProbe")),
        waiting=(state.get("waiting") or {}).get("reason") or "",
        restarts=status.get("restartCount") or 0,
    )


def controller(item: Object) -> Owner | None:
    """The object that controls this one."""
    metadata = item["metadata"]
    for owner in metadata.get("ownerReferences") or []:
        if owner.get("controller"):
            group = owner["apiVersion"].rpartition("/")[0]
            kind = kind_of(owner["kind"], group)
            return Owner(kind, metadata.get("namespace") or "", owner["name"])
    return None


class Owners:
    """Which workload of the chart made a pod, following the chain of controllers.

    :ivar application: whose workloads they are.
    :ivar namespace: where the release is installed; objects of the application
        that stand in the namespace it was rendered for are there.
    """

    def __init__(self, api: Api, application: Application, namespace: str) -> None:
        self._api = api
        self.application = application
        self.namespace = namespace
        self._elsewhere: dict[Reference, Reference] = {}
        self._seen: dict[Owner, Owner | None] = {}
        self._workloads = self._by_reference()

    def locate(self) -> None:
        """Find the workloads that are not where they look to be, once they are made.

        The application was rendered for another namespace than the release's.
        It cannot tell ``namespace: default`` from that one, and a name may have
        been made of it.
        """
        missing = [one for one in self.application.workloads if not self._is_there(one)]
        for workload in missing:
            found = self._written_out(workload) or self._renamed(workload)
            if found is not None:
                self._elsewhere[workload.reference] = found
        self._workloads = self._by_reference()

    def _is_there(self, workload: Workload) -> bool:
        """Whether it is where it looks to be; a hook may be gone again."""
        return bool(workload.hook) or self.get(workload) is not None

    def _written_out(self, workload: Workload) -> Reference | None:
        """Where the template says; Helm's annotation tells whose the object is."""
        item = self._api.get(workload.makes, workload.namespace, workload.name)
        return workload.reference if item and self._is_ours(item) else None

    def _renamed(self, workload: Workload) -> Reference | None:
        """The one object of the kind that makes such pods and that nothing else accounts for."""
        kind, namespace, _ = self.live(workload.reference)
        known = {self.live(one.reference) for one in self.application.workloads}
        found = [
            reference
            for item in self._api.list_of(workload.makes, namespace)
            if (reference := Reference(kind, namespace, item["metadata"]["name"])) not in known
            and self._is_ours(item)
            and _template_labels(workload.makes, item).items() >= dict(workload.pod_labels).items()
        ]
        return found[0] if len(found) == 1 else None

    def _is_ours(self, item: Object) -> bool:
        annotations = item["metadata"].get("annotations") or {}
        return bool(annotations.get(_RELEASE_NAMESPACE) == self.namespace)

    def _by_reference(self) -> dict[Reference, Workload]:
        return {self.live(one.reference): one for one in self.application.workloads}

    @property
    def namespaces(self) -> list[str]:
        """Every namespace in which the application has workloads, the release's first."""
        others = {reference.namespace for reference in self._workloads}
        return [self.namespace, *sorted(others - {self.namespace})]

    def live(self, reference: Reference) -> Reference:
        """Where an object of the application is in the cluster."""
        if reference in self._elsewhere:
            return self._elsewhere[reference]
        inside = reference.namespace in ("", self.application.namespace)
        return reference._replace(namespace=self.namespace) if inside else reference

    def get(self, workload: Workload) -> Object | None:
        """A workload of the chart as it is in the cluster, None where it is not."""
        _, namespace, name = self.live(workload.reference)
        return self._api.get(workload.makes, namespace, name)

    def workload(self, pod: Pod) -> Workload | None:
        """The workload that the pod belongs to, None if the chart has none such."""
        reference = Reference("Pod", pod.namespace, pod.name)
        owner = pod.owner
        while owner is not None and reference not in self._workloads:
            reference = owner.reference
            owner = self._above(owner)
        return self._workloads.get(reference)

    def _above(self, owner: Owner) -> Owner | None:
        """What controls a controller, or the original of a Job made here."""
        if owner.reference in self._workloads:
            return None
        if owner not in self._seen:
            try:
                item = self._api.get(*owner)
            except Refused:  # of a kind that this user may not see
                self._seen[owner] = None
                return None
            if item is None:
                return None  # not remembered: it may be on its way
            self._seen[owner] = _original(item) or controller(item)
        return self._seen[owner]

    def pods(self) -> list[Owned]:
        """The pods of the release just now, each with its workload.

        In the release's own namespace all of them, elsewhere only those that
        belong to a workload of the chart.
        """
        found: list[Owned] = []
        for namespace in self.namespaces:
            for item in self._api.list_of("Pod", namespace):
                if FOOTHOLD in (item["metadata"].get("annotations") or {}):
                    continue
                pod = read_pod(item)
                workload = self.workload(pod)
                if workload is not None or namespace == self.namespace:
                    found.append((pod, workload))
        return found


def _template_labels(kind: Kind, item: Object) -> dict[str, str]:
    """The labels of the pods that an object makes."""
    for key in kind.template:
        item = item.get(key) or {}
    return (item.get("metadata") or {}).get("labels") or {}


def _original(item: Object) -> Owner | None:
    text = (item["metadata"].get("annotations") or {}).get(COPY_OF, "")
    kind, _, name = text.partition("/")
    return Owner(kind_of(kind), item["metadata"]["namespace"], name) if name else None


def stray(pod: Pod, application: Application) -> Workload:
    """A pod that no workload of the chart made, as a workload of kind Pod."""
    return Workload(
        kind="Pod",
        name=pod.name,
        namespace=application.namespace,
        source="",
        labels=pod.labels,
        pod_labels=pod.labels,
        containers=tuple(_model_containers(pod.raw["spec"].get("containers") or [])),
        host_network=pod.host_network,
    )


def _model_containers(items: Iterable[Mapping[str, Any]]) -> Iterable[Container]:
    for item in items:
        ports = item.get("ports") or []
        yield Container(
            name=str(item["name"]),
            image=str(item.get("image") or ""),
            ports=tuple(
                Port(one["containerPort"], one.get("protocol", "TCP"), one.get("name", ""))
                for one in ports
            ),
        )
