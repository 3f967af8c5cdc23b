"""Install one release in a namespace of its own, wait until it is ready, take it away again."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator

from ..errors import ClusterError, InstallError
from ..helm.request import RenderRequest
from ..kinds import Kind, Ready
from ..model import Application, Reference, Workload
from ..target import Target
from .api import Refused, names
from .diagnostics import describe
from .dryrun import refusals
from .hints import hints_of_all
from .namespaces import (
    DEFINITIONS,
    HOOKED,
    RELEASE,
    made_for,
    make_namespace,
    new_namespace,
    remove,
    wait_until_gone,
)
from .observe import GoOn, Observer, Over
from .pods import Owned, Owners
from .readiness import HOPELESS, failure, waits_for
from .site import Site
from .waiting import wait_for
from .watch import Watch

_POLL = 0.25
_NO_NAMESPACE = re.compile(r'namespaces \\?"([a-z0-9-]+)\\?" not found')
# A Job that serves for ever never completes. When everything else has been ready for so long, it is
# observed as it runs.
_JOBS = 60.0
# A program that fails again and again is ready for a moment each time, unless a probe asks it; the
# API server hears of its end with some delay.
_STEADY = 10.0
_FIRST = 2.0  # of the first time


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
        return Observer(self._site, self._owners, self._watch).observe(go_on, over)

    def remove(self) -> None:
        """Uninstall the release and delete what was made for it, whatever state it is in.

        The namespace may go on ending for a while; :func:`wait_until_gone` waits.
        """
        remove(self._api, self._site.helm, self._api.get("Namespace", "", self.namespace))
        for namespace in self._others():
            item = self._api.get("Namespace", "", namespace)
            if item is not None and made_for(item) == self.namespace:
                self._api.delete("Namespace", "", namespace)

    def wait_until_clear(self, seconds: float) -> None:
        """Wait until another release can have what this one had to itself."""
        kinds = self.application.cluster_scoped
        namespaces = {name for kind, _, name in kinds if kind == "Namespace"}
        definitions = {name for kind, _, name in kinds if kind == "CustomResourceDefinition"}
        wait_until_gone(self._api, {self.namespace, *self._others(), *namespaces}, seconds)
        if definitions:
            wait_for(lambda: definitions.isdisjoint(self._definitions()), seconds)

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
            if self._api.get("Namespace", "", name) is not None:
                continue
            annotations = {RELEASE: f"{self.namespace}/{self.application.release}"}
            if name == self.namespace and definitions:
                annotations[DEFINITIONS] = " ".join(definitions)
            if any("delete" in workload.hook for workload in self.application.workloads):
                annotations[HOOKED] = ""
            make_namespace(self._api, name, self._site.owner, annotations)

    def _new_definitions(self) -> list[str]:
        """The CRDs that the chart brings and the cluster lacks: Helm would leave them behind."""
        kinds = self.application.cluster_scoped
        mine = {name for kind, _, name in kinds if kind == "CustomResourceDefinition"}
        return sorted(mine.difference(self._definitions())) if mine else []

    def _definitions(self) -> list[str]:
        return names(self._api.list_of("CustomResourceDefinition"))

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

    def _see_hopeless(self, pods: Iterable[Owned]) -> None:
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


def _steady_after(pods: Iterable[Owned]) -> float:
    """For how many seconds pods have to be ready, where nothing but their running says they are.

    Longest where a container has failed before.
    """
    unprobed = [
        container for pod, _ in pods for container in pod.containers if not container.probed
    ]
    if any(container.restarts for container in unprobed):
        return _STEADY
    return _FIRST if unprobed else 0.0


def _run(pods: Iterable[Owned], jobs: set[Reference]) -> bool:
    """Whether each of the Jobs has a pod that runs."""
    return jobs <= {owner.reference for pod, owner in pods if owner is not None and pod.ready}


def _listed(waiting: Iterable[tuple[Workload, str]]) -> str:
    return "; ".join(sorted(f"{workload}: {why}" for workload, why in waiting))
