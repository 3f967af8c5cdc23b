"""Install one release in a namespace of its own, wait until it is ready, take it away again."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from ..errors import ClusterError, InstallError
from ..helm import release as helm
from ..helm.dependencies import Workspace
from ..helm.engine import Engine
from ..helm.request import RenderRequest
from ..kinds import KINDS, Kind, Ready
from ..model import Application, Reference, Workload
from ..target import Target
from .api import Api, Object, Refused, names
from .diagnostics import describe
from .dryrun import refusals
from .hints import hints_of_all
from .history import Patience
from .observe import GoOn, Observer, Over
from .pods import Owners, Pod
from .proof import Dialling
from .reader import Reader
from .readiness import HOPELESS, failure, waits_for
from .watch import Watch

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "pytest-k8snet"
OWNER = "k8snet.io/owner"
RELEASE = "k8snet.io/release"
DEFINITIONS = "k8snet.io/definitions"
HOOKED = "k8snet.io/hooked"
"""Annotation of a release's namespace: hooks want to find it as it is when it is uninstalled."""

# Those that control others stand before them, the other way round than in the table.
_CONTROLLERS = tuple(kind for kind in reversed(KINDS) if kind.built_in and not kind.is_pod)
_POLL = 0.25
_NO_NAMESPACE = re.compile(r'namespaces \\?"([a-z0-9-]+)\\?" not found')
# A Job that serves for ever never completes. When everything else has been ready for so long, it is
# observed as it runs.
_JOBS = 60.0
_CLEAR_AWAY = 120.0
# A program that fails again and again is ready for a moment each time, unless a probe asks it; the
# API server hears of its end with some delay.
_STEADY = 10.0
_FIRST = 2.0  # of the first time


@dataclass(frozen=True, slots=True)
class Helm:
    """What installs and uninstalls: Helm itself, in a process that ends with this one.

    :ivar over: once it is set, Helm is ended wherever it is.
    """

    engine: Engine
    kubeconfig: Path
    over: threading.Event = field(default_factory=threading.Event)

    def install(self, request: RenderRequest, timeout: float) -> None:
        """Install, hooks included, and leave it to the caller to wait.

        Without ``--wait``, as ``helm install`` does it: a chart whose pods wait
        for what a post-install hook makes would never become ready otherwise.

        :raises InstallError: with Helm's own message.
        """
        helm.install(
            self.engine, request, self.kubeconfig, timeout=timeout, wait=False, over=self.over
        )

    def uninstall(self, release: str, namespace: str) -> None:
        """Uninstall what there is of the release.

        :raises InstallError: with Helm's own message.
        """
        helm.uninstall(
            self.engine,
            release,
            namespace,
            self.kubeconfig,
            timeout=_CLEAR_AWAY,
            wait=False,
            over=self.over,
        )


@dataclass(frozen=True, slots=True)
class Site:
    """What all releases of a run have in common.

    :ivar owner: who is to answer for their namespaces.
    :ivar timeout: seconds that each may take to become ready.
    :ivar patience: how long their pods are looked at.
    :ivar dialling: how ports are dialled.
    """

    api: Api
    helm: Helm
    reader: Reader
    workspace: Workspace
    owner: str
    timeout: float
    patience: Patience
    dialling: Dialling

    def stop(self) -> None:
        """Break off all that goes on with releases, in whatever thread; it raises there."""
        self.helm.over.set()
        self.api.close()
        self.reader.close()


class Release:
    """One chart with one values set in the cluster, in a namespace of its own."""

    def __init__(self, site: Site, target: Target, application: Application) -> None:
        self._site = site
        self._api = site.api
        self._target = target
        self.application = application
        self.namespace = new_namespace(target.id, target.values.name)
        self._owners = Owners(site.api, application, self.namespace)
        self._found_missing: set[str] = set()
        self._watch = Watch(site.reader, hints_of_all(application), site.patience)

    def install(self) -> None:
        """Install and wait until everything is ready.

        :raises InstallError: Helm could not, or it is not ready in time; with what
            the cluster says about each pod.
        """
        target, timeout = self._target, self._site.timeout
        request = target.values.request(
            self._site.workspace.prepare(target.chart),
            release=self.application.release,
            namespace=self.namespace,
            label=target.id,
        )
        deadline = time.monotonic() + timeout
        self._make_namespaces()
        try:
            with self._looking():
                self._run_helm(request)
            self._owners.locate()
            self._wait(deadline, timeout)
        except InstallError as error:
            told = describe(self._api, self._owners.namespaces)
            raise InstallError(f"{error}\n{told}".rstrip()) from None

    def observe(self, go_on: GoOn, over: Over) -> Application:
        """The application with the sockets of two runs of each of its pods.

        :param go_on: whether what it is told may begin now.
        :param over: whether nothing else keeps the cluster any more.
        :raises ClusterError: the cluster does not answer any more.
        """
        observer = Observer(
            self._api,
            self._site.reader,
            self._owners,
            self.application,
            patience=self._site.patience,
            timeout=self._site.timeout,
            watch=self._watch,
            dialling=self._site.dialling,
        )
        return observer.observe(go_on, over)

    def remove(self) -> None:
        """Uninstall the release and delete what was made for it, whatever state it is in.

        The namespace may go on ending for a while; :func:`wait_until_gone` waits.
        """
        remove(self._api, self._site.helm, self._api.namespace(self.namespace))
        for namespace in self._others():
            item = self._api.namespace(namespace)
            if item is not None and _made_for(item) == self.namespace:
                self._api.delete_namespace(namespace)

    def wait_until_clear(self, seconds: float) -> None:
        """Wait until another release can have what this one had to itself."""
        kinds = self.application.cluster_scoped
        namespaces = {name for kind, _, name in kinds if kind == "Namespace"}
        definitions = {name for kind, _, name in kinds if kind == "CustomResourceDefinition"}
        wait_until_gone(self._api, {self.namespace, *self._others(), *namespaces}, seconds)
        deadline = time.monotonic() + seconds
        while definitions & self._api.definition_names() and time.monotonic() < deadline:
            time.sleep(_POLL)

    def _others(self) -> list[str]:
        """Namespaces beside the release's own that objects of the chart are meant for."""
        return sorted(other_namespaces(self.application) | self._found_missing)

    def _make_namespaces(self) -> None:
        """The release's namespace, and those of others that the chart expects to be there."""
        wanted = [
            self.namespace,
            *(name for name in self._others() if name not in self.application.namespaces),
        ]
        definitions = self._new_definitions()
        for name in wanted:
            if self._api.namespace(name) is not None:
                continue
            annotations = {RELEASE: f"{self.namespace}/{self.application.release}"}
            if name == self.namespace and definitions:
                annotations[DEFINITIONS] = " ".join(definitions)
            if any("delete" in workload.hook for workload in self.application.workloads):
                annotations[HOOKED] = ""
            labels = {MANAGED_BY: MANAGER, OWNER: self._site.owner}
            metadata = {"name": name, "labels": labels, "annotations": annotations}
            self._api.create_namespace({"metadata": metadata})

    def _new_definitions(self) -> list[str]:
        """The CRDs that the chart brings and the cluster lacks: Helm would leave them behind."""
        kinds = self.application.cluster_scoped
        mine = {name for kind, _, name in kinds if kind == "CustomResourceDefinition"}
        return sorted(mine - self._api.definition_names()) if mine else []

    def _run_helm(self, request: RenderRequest) -> None:
        """Install, and again where an object is meant for a namespace that is not there."""
        while True:
            try:
                return self._site.helm.install(request, self._site.timeout)
            except InstallError as error:
                missing = set(_NO_NAMESPACE.findall(str(error)))
                if not missing or missing <= self._found_missing:
                    raise InstallError(f"{error}{self._also_refused(request, error)}") from None
                self._found_missing |= missing
            self._site.helm.uninstall(request.release, self.namespace)
            self._make_namespaces()

    def _also_refused(self, request: RenderRequest, error: InstallError) -> str:
        """What the API server refuses beside the object at which Helm stopped, as further lines."""
        also: list[str] = []
        if not self._site.helm.over.is_set():
            with contextlib.suppress(ClusterError):  # what Helm said stands
                also = refusals(self._api, self._site.helm.engine, request, str(error))
        return "".join(f"\n  refused as well: {one}" for one in also)

    @contextlib.contextmanager
    def _looking(self) -> Iterator[None]:
        """Look meanwhile at the pods of hooks, which Helm runs one after the other."""
        if not any(workload.hook for workload in self.application.workloads):
            yield
            return
        over = threading.Event()

        def look() -> None:
            with contextlib.suppress(ClusterError, Refused):  # Helm meets the same, and says so
                while not over.wait(_POLL):
                    self._watch.look_early(self._owners.pods())

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _wait(self, deadline: float, timeout: float) -> None:
        ready_since: float | None = None
        steady_since: float | None = None
        while True:
            pods = self._owners.pods()
            self._watch.look_early(pods)
            waiting = list(self._waiting())
            self._see_hopeless(pods)
            jobs = {one.reference for one, _ in waiting if one.makes.ready is Ready.COMPLETE}
            now = time.monotonic()
            steady_since = None if waiting else steady_since or now
            if steady_since is not None and now - steady_since >= _steady_after(pods):
                return
            if waiting and len(jobs) == len(waiting):
                ready_since = ready_since or now
                if now - ready_since > _JOBS and _run(pods, jobs):
                    return
            else:
                ready_since = None
            if now > deadline:
                what = _listed(waiting) or "a container fails again and again"
                raise InstallError(f"not ready after {timeout:.0f} s: {what}")
            time.sleep(_POLL)

    def _waiting(self) -> Iterator[tuple[Workload, str]]:
        """What is not ready, with the reason.

        :raises InstallError: one of them can never be.
        """
        by_kind: dict[tuple[Kind, str], dict[str, Workload]] = defaultdict(dict)
        for workload in self.application.workloads:
            if not workload.hook and workload.makes.ready is not Ready.NEVER_WAITED_FOR:
                _, namespace, name = self._owners.live(workload.reference)
                by_kind[workload.makes, namespace][name] = workload
        for (kind, namespace), wanted in by_kind.items():
            for item in self._api.list_of(kind, namespace):
                found = wanted.get(item["metadata"]["name"])
                if found is None:
                    continue
                if why := failure(kind, item):
                    raise InstallError(f"{found} cannot become ready: {why}")
                if why := waits_for(kind, item):
                    yield found, why

    def _see_hopeless(self, pods: Iterable[tuple[Pod, object]]) -> None:
        for pod, workload in pods:
            for container in pod.containers if workload is not None else ():
                if container.waiting in HOPELESS:
                    raise InstallError(
                        f"container {container.name} of Pod/{pod.name} cannot start:"
                        f" {container.waiting}"
                    )


def exclusive(application: Application) -> Iterator[str]:
    """Names of what only one release at a time can have in a cluster."""
    for kind, _, name in application.cluster_scoped:
        yield f"{kind}/{name}"
    for name in other_namespaces(application):
        yield f"Namespace/{name}"
    for workload in application.workloads:
        if workload.host_network or any(port.host_port for _, port in workload.declared()):
            yield "ports of the nodes"
    if any(service.type == "NodePort" for service in application.services):
        yield "node ports of Services"


def other_namespaces(application: Application) -> set[str]:
    """The namespaces, beside the release's own, in which the chart has objects that we know."""
    objects = (
        *application.workloads,
        *application.services,
        *application.policies,
        *application.routes,
    )
    return {one.namespace for one in objects} - {"", application.namespace}


def new_namespace(chart: str, values: str) -> str:
    """A name that no other release has, and that a person recognises."""
    plain = re.sub(r"[^a-z0-9]+", "-", f"{Path(chart).name}-{values}".lower()).strip("-")
    return f"k8snet-{plain[:40].strip('-')}-{uuid4().hex[:6]}"


def remove(api: Api, client: Helm, namespace: Object | None) -> None:
    """Take away a release by what its namespace says of it; None if it is gone already."""
    if namespace is None:
        return
    annotations = namespace["metadata"].get("annotations") or {}
    name = namespace["metadata"]["name"]
    where, _, release = annotations.get(RELEASE, "").partition("/")
    if where == name:
        if HOOKED not in annotations:
            _end_pods(api, name)
        with contextlib.suppress(InstallError):  # the namespace takes the rest along
            client.uninstall(release, name)
        for definition in annotations.get(DEFINITIONS, "").split():
            api.delete_definition(definition)
    api.delete_namespace(name)


def remove_all(api: Api, helm: Helm, owner: str) -> list[str]:
    """Take away everything that one owner has in the cluster; the namespaces' names."""
    mine = [item for item in our_namespaces(api) if owner_of(item) == owner]
    for item in mine:
        remove(api, helm, item)
    return names(mine)


def owner_of(namespace: Object) -> str:
    """Who is to answer for a namespace, "" if it does not say."""
    return str((namespace["metadata"].get("labels") or {}).get(OWNER, ""))


def _end_pods(api: Api, namespace: str) -> None:
    """End the pods of a namespace that goes away: nobody needs what they would still do.

    Their controllers go first, or they would make others. It is the first
    deletion of a pod that says how long the pod may take, so this comes before
    Helm's.
    """
    for kind in _CONTROLLERS:
        api.delete_all(kind, namespace)
    api.delete_all("Pod", namespace, grace=1)


def our_namespaces(api: Api) -> list[Object]:
    """The namespaces that any run made, of releases first."""
    found = api.namespaces(f"{MANAGED_BY}={MANAGER}")
    return sorted(found, key=lambda item: _made_for(item) != item["metadata"]["name"])


def _made_for(namespace: Object) -> str:
    """The namespace of the release that this one was made for."""
    annotations = namespace["metadata"].get("annotations") or {}
    return str(annotations.get(RELEASE, "")).partition("/")[0]


def wait_until_gone(api: Api, names: Iterable[str], seconds: float) -> list[str]:
    """Wait for namespaces to end; those that have not."""
    left = list(names)
    deadline = time.monotonic() + seconds
    while True:
        left = [name for name in left if api.namespace(name) is not None]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(_POLL)


def _steady_after(pods: Iterable[tuple[Pod, object]]) -> float:
    """For how many seconds pods have to be ready, where nothing but their running says they are.

    Longest where a container has failed before.
    """
    unprobed = [
        container for pod, _ in pods for container in pod.containers if not container.probed
    ]
    if any(container.restarts for container in unprobed):
        return _STEADY
    return _FIRST if unprobed else 0.0


def _run(pods: Iterable[tuple[Pod, object]], jobs: set[Reference]) -> bool:
    """Whether each of the Jobs has a pod that runs."""
    running = {getattr(workload, "reference", None) for pod, workload in pods if pod.ready}
    return jobs <= running


def _listed(waiting: Iterable[tuple[Workload, str]]) -> str:
    return "; ".join(sorted(f"{workload}: {why}" for workload, why in waiting))
