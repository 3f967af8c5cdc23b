"""The network view of one application, as immutable data.

An :class:`Application` is what one chart renders to with one values set, one
release name and one namespace. It holds only what decides who can talk to
whom: compute units, Services, policies, routes and monitors. Words are those of Kubernetes's
API; a *workload* is what the study behind the taxonomy calls a compute unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, TypeVar

from .errors import NotObserved
from .kinds import Kind, kind_of

Labels: TypeAlias = Mapping[str, str]
T = TypeVar("T")

DEFAULT_RELEASE = "release-name"  # what `helm template` calls it; nobody writes it into a chart
RELEASE = "{{ .Release.Name }}"  # what is written there
NEEDS_CLUSTER = "needs a cluster: --k8snet-cluster=kind"


class Reference(NamedTuple):
    """Which object: its kind, the namespace it lives in and its name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class Identity(NamedTuple):
    """An object's identity in the cluster: kinds of two API groups may have one name."""

    group: str
    reference: Reference


class Position(NamedTuple):
    """Where in the chart: a template, and how the line in it begins.

    ``source`` is the template's path inside the chart
    (``templates/deployment.yaml``, ``charts/redis/templates/svc.yaml``).
    ``key`` is the beginning of the line that is meant, as a person would
    search for it (``hostNetwork:``, ``targetPort: http``); empty for the
    object as a whole. ``kind`` and ``name`` are the object's: a template may
    make several.
    """

    source: str
    key: str = ""
    kind: str = ""
    name: str = ""


class Requirement(NamedTuple):
    """One entry of ``matchExpressions``: In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector; one without any condition matches every pod.

    ``labels`` are ``matchLabels`` (or a Service's plain map), ``expressions``
    are ``matchExpressions``; all of them have to hold.
    """

    labels: Labels = field(default_factory=dict)
    expressions: tuple[Requirement, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is no condition at all."""
        return not self.labels and not self.expressions

    def __str__(self) -> str:
        parts = [f"{key}={value}" for key, value in self.labels.items()]
        parts += [
            f"{key} {operator}" + (f" ({', '.join(values)})" if values else "")
            for key, operator, values in self.expressions
        ]
        return ", ".join(parts) or "{}"


class Port(NamedTuple):
    """A declared port: one entry of a container's ``ports``.

    ``host_ip`` is the address of the node that ``host_port`` is taken on, "" for all.
    """

    number: int
    protocol: str = "TCP"
    name: str = ""
    host_port: int | None = None
    host_ip: str = ""


class Probe(NamedTuple):
    """How the kubelet asks a container whether it is well.

    ``kind`` is ``readinessProbe``, ``livenessProbe`` or ``startupProbe``,
    ``handler`` is ``httpGet``, ``tcpSocket``, ``grpc`` or ``exec``. ``port`` is
    a number or a port's name, None for ``exec``; ``host`` is where it asks
    instead of the pod, "" for the pod itself.
    """

    kind: str
    handler: str
    port: int | str | None = None
    host: str = ""


class Socket(NamedTuple):
    """An open port as seen in a running pod.

    TCP sockets in LISTEN and UDP sockets that are bound and unconnected, on
    the address ``address`` (textual, IPv4 or IPv6, ``0.0.0.0`` and ``::`` for
    all). ``container`` owns the socket; ``process`` is its command name, ""
    where it cannot be known; ``pod`` is the pod's name. ``refused``: whoever
    dials it from outside of the pod is refused, whatever its address says.
    """

    port: int
    protocol: str = "TCP"
    address: str = "::"
    container: str = ""
    process: str = ""
    pod: str = ""
    refused: bool = False

    @property
    def loopback(self) -> bool:
        """Whether only processes of the same pod can reach it."""
        return (
            self.refused
            or self.address.startswith(("127.", "::ffff:127."))
            or self.address == "::1"
        )


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod template.

    ``init`` containers end before the others start, unless they are
    ``sidecar`` ones (``restartPolicy: Always``), which run beside them.
    """

    name: str
    image: str = ""
    ports: tuple[Port, ...] = ()
    init: bool = False
    sidecar: bool = False
    probes: tuple[Probe, ...] = ()

    @property
    def probed(self) -> bool:
        """Whether ready says something of it: it has a readiness or startup probe."""
        return any(probe.kind != "livenessProbe" for probe in self.probes)

    @property
    def runs(self) -> bool:
        """Whether it runs for as long as the pod does."""
        return self.sidecar or not self.init


@dataclass(frozen=True, slots=True)
class _Object:
    """What all objects of the model have in common.

    ``group`` is the API group, "" also where the kind alone says it.
    """

    kind: str
    name: str
    namespace: str
    source: str
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)
    group: str = ""

    @property
    def reference(self) -> Reference:
        """What messages and node ids call it by."""
        return Reference(self.kind, self.namespace, self.name)

    @property
    def identity(self) -> Identity:
        """The object's identity in the cluster."""
        return Identity(self.group, self.reference)

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    def position(self, key: str = "") -> Position:
        """Where the template says ``key``; the object itself without one."""
        return Position(self.source, key, self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Workload(_Object):
    """A compute unit: what makes pods, or a Pod itself.

    :ivar labels: those of the object; ``pod_labels`` are those of its pod template.
    :ivar selector: None where the kind has none of its own (Pod, Job, CronJob).
    :ivar replicas: the number of pods asked for where the manifest says so, else 1.
    :ivar hook: the value of ``helm.sh/hook`` or "".
    :ivar sockets: those of the first run of its pods. None means that nobody looked, and
        ``unobserved`` says why; ``()`` that somebody looked and nothing listens.
    :ivar sockets_again: those of the pods that replaced them.
    :ivar pods: the number of live pods that were seen in the first run.
    :ivar watched: the age in seconds until which the youngest was watched at least.
    :ivar nodes: what a node must have, all of one of them; none where any will do.
    :ivar apart_from: pods of the namespace that share no node with these.
    :ivar service_account: the name of the one that its pods run as.
    :ivar service_name: the Service that a StatefulSet's pods have their DNS names from.
    """

    pod_labels: Labels = field(default_factory=dict)
    pod_annotations: Labels = field(default_factory=dict)
    selector: Selector | None = None
    containers: tuple[Container, ...] = ()
    host_network: bool = False
    replicas: int = 1
    first_ordinal: int = 0
    hook: str = ""
    sockets: tuple[Socket, ...] | None = None
    sockets_again: tuple[Socket, ...] | None = None
    unobserved: str = NEEDS_CLUSTER
    pods: int | None = None
    watched: int = 0
    nodes: tuple[tuple[Requirement, ...], ...] = ()
    apart_from: tuple[Selector, ...] = ()
    service_account: str = "default"
    service_name: str = ""
    restart_policy: str = "Always"

    @property
    def makes(self) -> Kind:
        """How objects of its kind make their pods."""
        return kind_of(self.kind, self.group)

    @property
    def completes(self) -> bool:
        """Whether its pods run to completion.

        Controllers of what keeps running take no restart policy other than Always.
        """
        return self.makes.ends or (
            self.makes.is_pod and self.restart_policy in ("Never", "OnFailure")
        )

    def declared(self) -> Iterator[tuple[Container, Port]]:
        """Every declared port of the pod with the container that declares it.

        The network namespace is the pod's, so ports are compared pod-wide.
        Init containers count when they keep running. They come last: of two ports of one name
        the endpoints controller takes the one of a container that is none.
        """
        for init in (False, True):
            for container in self.containers:
                if container.runs and container.init is init:
                    for port in container.ports:
                        yield container, port

    def observed(self) -> tuple[Socket, ...]:
        """The sockets of the first run.

        :raises NotObserved: when nobody looked.
        """
        if self.sockets is None:
            raise NotObserved(self.unobserved)
        return self.sockets

    def observed_again(self) -> tuple[Socket, ...]:
        """The sockets of the second run, after the pods were replaced.

        :raises NotObserved: when nobody looked.
        """
        if self.sockets_again is None:
            raise NotObserved(self.unobserved)
        return self.sockets_again


class ServicePort(NamedTuple):
    """One entry of a Service's ``ports``.

    ``target`` is a container port's number or name; a ``targetPort`` that is
    absent, 0 or "" is the Service's own ``port``.
    """

    port: int
    target: int | str
    protocol: str = "TCP"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Service(_Object):
    """A Service. ``selector`` is None where Kubernetes makes no endpoints.

    That is a Service without a selector, with an empty one, or ExternalName.
    """

    selector: Selector | None = None
    ports: tuple[ServicePort, ...] = ()
    headless: bool = False
    type: str = "ClusterIP"
    source_ranges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkPolicy(_Object):
    """A policy of any API, as it was written; what it means is read by ``reach``.

    ``specs`` are what it says: its ``spec``, and for Cilium each of ``specs``.
    ``selector`` is the one label selector of the pods that it is for, in its own
    namespace (everywhere where that is ""); None where its API says that otherwise.
    """

    specs: tuple[Mapping[str, Any], ...] = ()
    selector: Selector | None = None


class Backend(NamedTuple):
    """Where a route sends what it is asked for: a Service.

    ``port`` is the Service port's number or name, 0 where the route names none; with ``of_pods``
    it is the number that the pods have it under. ``namespace`` is the Service's.
    """

    service: str
    port: int | str
    namespace: str
    host: str = ""
    path: str = ""
    of_pods: bool = False


@dataclass(frozen=True, slots=True)
class Route(_Object):
    """An Ingress, or a route of another API: which names and paths lead to which Services.

    ``outside`` says whether it leads in from outside the cluster.
    """

    backends: tuple[Backend, ...] = ()
    outside: bool = True


class Endpoint(NamedTuple):
    """What a monitor scrapes of each object that it selects.

    ``port`` is the name of a port of the Service, or of the pods where pods are selected;
    ``target`` is instead the name or number of a port of the pods. None is not said.
    """

    port: str | None = None
    target: int | str | None = None


@dataclass(frozen=True, slots=True)
class Monitor(_Object):
    """A ServiceMonitor or PodMonitor: what Prometheus scrapes.

    ``selector`` takes Services by the labels of the objects, or pods by theirs, in the
    ``namespaces``; None is all of them.
    """

    selector: Selector = field(default_factory=Selector)
    namespaces: tuple[str, ...] | None = ()
    endpoints: tuple[Endpoint, ...] = ()


Subject: TypeAlias = Workload | Service | NetworkPolicy | Route | Monitor
"""An object that checks are asked about."""


MOST_NEIGHBOURS = 20  # that are looked for, for one selector


class Neighbour(NamedTuple):
    """A workload of another chart of the run that lives in the same namespace."""

    chart: str
    workload: Workload


class Namespace(NamedTuple):
    """What a rendered Namespace says to those who look for labels and annotations."""

    labels: Labels
    annotations: Labels


class Blank(NamedTuple):
    """A template that rendered to nothing with these values.

    ``owners`` are the Services and policies that it could make the pods of with
    other values, since it has the labels of their selectors in it; and the
    routes that it could make a backend of, since it has the name of one.
    """

    source: str
    owners: tuple[Reference, ...] = ()


class Cure(NamedTuple):
    """A value of the chart that makes a check's finding on an object go away.

    ``value`` is as it is written in a values file: ``networkPolicy.enabled: true``.
    """

    check: str
    reference: Reference
    value: str


class ReviewedEdge(NamedTuple):
    """A line of the file of ``--k8snet-reach``, in the words that it has.

    ``ports`` are ``("TCP 80", "UDP 5000-6000")`` or ``("all",)``, ``how`` is ``static``,
    ``plugin`` or ``unknown``, ``line`` is the line's number, from 1.
    """

    source: str
    target: str
    ports: tuple[str, ...]
    how: str
    line: int
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}: {', '.join(self.ports)}"


class Reviewed(NamedTuple):
    """Who may reach whom in an application, as somebody has agreed; ``file`` says where."""

    file: str
    edges: tuple[ReviewedEdge, ...]


class Invalid(NamedTuple):
    """Something rendered that the Kubernetes API server will refuse."""

    reference: Reference
    message: str
    position: Position


class Dialled(NamedTuple):
    """A connection that was tried in the cluster, to a port that somebody listens on.

    ``source`` is ``namespace`` or ``cluster`` (a pod of the release's namespace
    that is not the application's, or of another one), or a workload. ``target``
    is a workload or a Service, ``port`` the pod's or the Service's.
    ``through``: a connection was made to some pod, or its datagrams arrived.
    """

    source: str | Reference
    target: Reference
    port: int
    protocol: str
    through: bool


class _Derived(dict[Callable[..., Any], Any]):
    """What was worked out from an application; another process works it out for itself."""

    def __reduce__(self) -> tuple[type[_Derived], tuple[()]]:
        return _Derived, ()


@dataclass(frozen=True, slots=True)
class Application:
    """All that one chart renders to with one values set.

    :ivar chart: its path as in node ids (``charts/web``).
    :ivar values: the values set's name.
    :ivar custom_kinds: kinds of the rendered objects that no built-in API group has (and CRDs): an
        operator may make pods from them.
    :ivar pod_makers: the roles that let a program of the application make pods.
    :ivar api_backends: the Services that the API server calls, for webhooks and for APIs of their
        own.
    :ivar blank: workload templates that rendered to nothing.
    :ivar cluster_scoped: the objects without a namespace: two releases cannot both own one of them.
    :ivar namespaces: the rendered ones, by name.
    :ivar second: the same chart under another release name, None where every selector and label
        set carries the release's name anyway.
    :ivar neighbours: workloads of other charts of the run that some selector here would take,
        :data:`MOST_NEIGHBOURS` for each selector.
    :ivar strays: pods that were seen in the cluster beside the release's own, such as an
        operator's, or with labels that only live pods have, as workloads of kind Pod.
    :ivar cures: values of the chart that were found to cure a finding.
    :ivar reviewed: what the file of ``--k8snet-reach`` has about it, None without one.
    :ivar dialled: what was tried in the cluster; where that is nothing, ``undialled`` says why.
    """

    chart: str
    values: str
    release: str
    namespace: str
    workloads: tuple[Workload, ...] = ()
    services: tuple[Service, ...] = ()
    policies: tuple[NetworkPolicy, ...] = ()
    custom_kinds: tuple[str, ...] = ()
    pod_makers: tuple[str, ...] = ()
    api_backends: tuple[Backend, ...] = ()
    blank: tuple[Blank, ...] = ()
    cluster_scoped: tuple[Reference, ...] = ()
    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    invalid: tuple[Invalid, ...] = ()
    second: Application | None = None
    neighbours: tuple[Neighbour, ...] = ()
    strays: tuple[Workload, ...] = ()
    cures: tuple[Cure, ...] = ()
    routes: tuple[Route, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    reviewed: Reviewed | None = None
    dialled: tuple[Dialled, ...] = ()
    undialled: str = NEEDS_CLUSTER
    _derived: _Derived = field(default_factory=_Derived, init=False, repr=False, compare=False)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Every object that checks are asked about, in the order of node ids."""
        return (*self.workloads, *self.services, *self.policies, *self.routes, *self.monitors)

    def find(self, subject: Subject) -> Subject | None:
        """The subject with the identity of this one, None where the application has none such."""
        return self.once(_by_identity).get(subject.identity)

    def once(self, make: Callable[[Application], T]) -> T:
        """What a function makes of this application; it is called the first time only.

        For what many checks look up, such as an index of labels.
        """
        if make not in self._derived:
            self._derived[make] = make(self)
        made: T = self._derived[make]
        return made

    def subject(self, reference: Reference) -> str:
        """How an object is called in node ids and messages.

        ``Kind/name``, or ``Kind/namespace.name`` outside the release's
        namespace.
        """
        kind, namespace, name = reference
        inside = not namespace or namespace == self.namespace
        return f"{kind}/{name}" if inside else f"{kind}/{namespace}.{name}"


def _by_identity(application: Application) -> dict[Identity, Subject]:
    return {one.identity: one for one in reversed(application.subjects)}
