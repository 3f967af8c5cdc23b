"""The cluster of one pytest run, and what the processes of the run have to do with it.

The process that collects the charts owns the cluster (:func:`start`): it
installs and observes the releases (:mod:`.stage`) and takes the cluster down. A
worker of pytest-xdist (:func:`join`) asks it at its desk (:mod:`.desk`).
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from ..errors import ClusterError, K8sNetError
from ..helm.dependencies import Workspace
from ..helm.engine import choose_engine
from ..helm.fetch import fetch_with
from ..settings import Settings
from ..target import Gathered
from .api import Api, Refused
from .cleanup import Termination, Watchdog, shielded
from .cluster import Cluster, NoEngine, Report, delete, delete_for_good, obtain, own_name
from .desk import Desk, Visitor
from .dial import dial
from .elsewhere import PodDialler
from .enforcement import ENFORCED, NOT_ENFORCED, Enforcement, ask_enforcement
from .ephemeral import PodReader
from .footholds import pause_image
from .helm import Helm
from .history import Patience
from .images import load_images
from .namespaces import our_namespaces, owner_of, remove, remove_all, wait_until_gone
from .owner import is_gone, new_run, read_owner
from .proof import Dialling
from .reader import NodeReader, Reader
from .share import (
    leave_machine_folder,
    machine_folder,
    run_folder,
    short,
    sweep_folders,
)
from .site import Site
from .sockets import ByteOrder
from .stage import Live, Outcome, Plan, Stage, key_of

_END = 120.0  # seconds for namespaces to end
_BIG_ENDIAN = frozenset({"s390x", "ppc64", "mips", "mips64"})
_ENFORCED: dict[str, bool | str] = {ENFORCED: True, NOT_ENFORCED: False}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the cluster."""

    version: str
    enforcement: Enforcement
    byteorder: ByteOrder
    idle_image: str


class Runtime(Protocol):
    """What a process of a run has to do with the cluster and the releases in it."""

    @property
    def cluster(self) -> Cluster:
        """Which one it is."""
        ...

    @property
    def api(self) -> Api:
        """Its API."""
        ...

    def plan(self, plan: Plan) -> None:
        """Say what the collected tests need."""
        ...

    def outcome(self, gathered: Gathered) -> Outcome:
        """What became of a release.

        :raises ClusterError: nothing needed it when the tests were collected.
        """
        ...

    def live(self, gathered: Gathered) -> AbstractContextManager[Live]:
        """A release as it is in the cluster; it stays while this is entered.

        :raises InstallError: it cannot be installed.
        """
        ...

    def close(self) -> None:
        """Give everything back that this process has; again does nothing."""
        ...


def start(settings: Settings, gathered: Iterable[Gathered], *, report: Report) -> Session:
    """Make or find the cluster and get it ready.

    :param gathered: the releases that may be needed.
    :param report: prints a line of progress.
    :raises ClusterError: there is no usable cluster; says why and what to do.
    """
    began = monotonic()
    run = new_run()
    try:
        folder = run_folder(run)
    except OSError as error:
        raise ClusterError(f"no folder for this run's files: {error}") from None
    termination = Termination()
    own = settings.cluster == "kind" and not settings.keep_cluster
    watchdog = Watchdog(folder, own_name(run) if own else "", run, settings.helm)
    cluster: Cluster | None = None
    try:
        sweep_folders(report)
        cluster = obtain(settings, run, folder, report)
        api = Api(cluster.kubeconfig)
        helm = Helm(choose_engine(settings.helm), cluster.kubeconfig)
        _sweep_namespaces(api, helm, report)
        load_images(cluster, settings.images, settings.root, report)
        facts = _facts(api, cluster, run, settings.probe_image, report)
    except BaseException as error:
        with shielded(report):
            with _leaving_nothing(folder, watchdog, report):
                if own and not isinstance(error, NoEngine):
                    delete_for_good(own_name(run))
            termination.restore()
        if isinstance(error, Refused):
            raise ClusterError(f"{error}\nThe cluster does not let this user do that.") from None
        raise
    session = Session(settings, (folder, run), cluster, facts, gathered=gathered, report=report)
    session.own(watchdog, termination, monotonic() - began)
    return session


@contextlib.contextmanager
def _leaving_nothing(folder: Path, watchdog: Watchdog, report: Report) -> Iterator[None]:
    """Take away what a run made, and its files with it; or leave it to the watchdog."""
    try:
        yield
    except (K8sNetError, Refused) as error:
        report(f"tried again in the background: {error}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
        leave_machine_folder()
        watchdog.dismiss()


def join(handle: Mapping[str, Any]) -> Guest:
    """Make use of the cluster that another process of this run owns.

    :param handle: what :meth:`Session.handle` of that process says.
    """
    return Guest(handle)


class Session:
    """The process that owns the cluster of a run, or has the use of one.

    :param place: the run's folder, and the owner text that its namespaces carry.
    :ivar cluster: which one it is.
    :ivar api: the cluster's API.
    :ivar known: what it is.
    :ivar stage: the releases.
    """

    def __init__(
        self,
        settings: Settings,
        place: tuple[Path, str],
        cluster: Cluster,
        facts: Facts,
        *,
        gathered: Iterable[Gathered],
        report: Report,
    ) -> None:
        self.cluster = cluster
        self.api = Api(cluster.kubeconfig)
        self._settings = settings
        self.known = facts
        self._folder, self._owner = place
        self._report = report
        charts = {one.target.chart.path: one.target.chart for one in gathered}
        fetch = fetch_with(choose_engine(settings.helm)) if settings.downloads else None
        self._workspace = Workspace(self._folder, known=charts.values(), fetch=fetch)
        self._owned: tuple[Watchdog, Termination] | None = None
        self._seconds = 0.0
        self._closed = False
        self.stage = self.new_stage(gathered)

    def new_stage(self, gathered: Iterable[Gathered], **changed: Any) -> Stage:
        """A stage for other releases in the same cluster.

        :param changed: settings that are not the session's.
        """
        settings = replace(self._settings, **changed)
        api = Api(self.cluster.kubeconfig)
        site = Site(
            api,
            Helm(choose_engine(settings.helm, online=settings.downloads), self.cluster.kubeconfig),
            self._reader(api),
            self._workspace,
            self._owner,
            settings.timeout,
            Patience(settings.watch, settings.patience),
            self._dialling(api),
        )
        return Stage(site, gathered, lock_path=self._lock_path, parallel=settings.parallel)

    def own(self, watchdog: Watchdog, termination: Termination, seconds: float) -> None:
        """Become the process that takes the cluster down.

        :param seconds: what it took to get it ready.
        """
        self._owned = watchdog, termination
        self._seconds = seconds
        atexit.register(self.close)

    def _dialling(self, api: Api) -> Dialling:
        """From the nodes of kind, which let us into pods, and elsewhere from our own pods."""
        stranger = self.known.enforcement.stranger
        if self.cluster.kind == "kind":
            return Dialling(partial(dial, self.cluster.engine), stranger, self.known.idle_image)
        image = self._settings.probe_image
        command = ("sleep", "1000000")
        return Dialling(PodDialler(api, image), stranger, image, command, enters=False)

    def _reader(self, api: Api) -> Reader:
        if self.cluster.kind == "kind":
            return NodeReader(self.cluster.engine, self.known.byteorder)
        return PodReader(api, self._settings.probe_image, self.known.byteorder)

    @cached_property
    def _desk(self) -> Desk:
        return Desk(self.stage)

    def handle(self) -> dict[str, Any]:
        """What a worker needs to :func:`join`, as plain data."""
        cluster = {**asdict(self.cluster), "kubeconfig": str(self.cluster.kubeconfig)}
        return {"cluster": cluster, "desk": self._desk.handle()}

    def header(self) -> list[str]:
        """What the terminal says of the cluster."""
        facts = self.known
        policies = f"NetworkPolicies {facts.enforcement.verdict}"
        return [f"k8snet: {self.cluster}, Kubernetes {facts.version}, {policies}"]

    def facts(self) -> dict[str, Any]:
        """What the JSON says of the cluster; the same in every run on such a cluster."""
        enforcement = _ENFORCED.get(self.known.enforcement.verdict, "not tested")
        return {
            "kind": self.cluster.kind,
            "context": self.cluster.name if self.cluster.kind == "context" else "",
            "version": self.known.version,
            "enforcement": enforcement,
        }

    def costs(self) -> dict[str, float]:
        """Seconds for the cluster, and for all releases."""
        return {"cluster": self._seconds, "releases": self.stage.seconds}

    def plan(self, plan: Plan) -> None:
        """See :class:`Runtime`."""
        self.stage.plan(plan)

    def outcome(self, gathered: Gathered) -> Outcome:
        """See :class:`Runtime`."""
        return self.stage.outcome(key_of(gathered))

    def live(self, gathered: Gathered) -> AbstractContextManager[Live]:
        """See :class:`Runtime`."""
        return self.stage.live(key_of(gathered))

    def close(self) -> None:
        """Give everything back that this process owns; again does nothing."""
        if self._closed:
            return
        self._closed = True
        with shielded(self._report):
            if "_desk" in self.__dict__:
                self._desk.close()
            self.stage.close(at_once=self.cluster.ours)
            for line in self.stage.news():
                self._report(line)
            self._workspace.close()
            if self._owned is not None:
                self._take_down(*self._owned)
            self.api.close()

    def _take_down(self, watchdog: Watchdog, termination: Termination) -> None:
        """Delete the cluster, or what this run has in it, and all files."""
        try:
            with _leaving_nothing(self._folder, watchdog, self._report):
                if self.cluster.ours:
                    self._report(f"deleting the kind cluster {self.cluster.name}")
                    delete(self.cluster.name, self.cluster.kubeconfig)
                else:
                    self._clear()
        finally:
            termination.restore()
            atexit.unregister(self.close)
        if self.cluster.farewell:
            self._report(self.cluster.farewell)

    def _clear(self) -> None:
        """Take away what this run has in a cluster that stays."""
        helm = Helm(choose_engine(self._settings.helm), self.cluster.kubeconfig)
        left = wait_until_gone(self.api, remove_all(self.api, helm, self._owner), _END)
        if left:
            self._report(
                f"these namespaces have not ended after {_END:.0f} s: {', '.join(left)};"
                f" see why: kubectl get namespace {left[0]} -o yaml"
            )

    def _lock_path(self, name: str) -> Path:
        """In a cluster that stays, other runs may be at work, too."""
        if self.cluster.ours:
            return self._folder / "locks" / short(name)
        return machine_folder() / f"{short(f'{self.api.server} {name}')}.lock"


class Guest:
    """A worker: it asks the owner of the cluster, and reads what the tests of users want to see.

    :ivar cluster: see :class:`Runtime`.
    """

    def __init__(self, handle: Mapping[str, Any]) -> None:
        cluster = handle["cluster"]
        self.cluster = Cluster(**{**cluster, "kubeconfig": Path(cluster["kubeconfig"])})
        self._visitor = Visitor(handle["desk"])
        self._outcomes: dict[str, Outcome] = {}

    @cached_property
    def api(self) -> Api:
        """See :class:`Runtime`."""
        return Api(self.cluster.kubeconfig)

    def plan(self, plan: Plan) -> None:
        """See :class:`Runtime`."""
        self._visitor.plan(plan)

    def outcome(self, gathered: Gathered) -> Outcome:
        """See :class:`Runtime`."""
        key = key_of(gathered)
        if key not in self._outcomes:
            self._outcomes[key] = self._visitor.outcome(key)
        return self._outcomes[key]

    def live(self, gathered: Gathered) -> AbstractContextManager[Live]:
        """See :class:`Runtime`."""
        return self._visitor.live(key_of(gathered))

    def close(self) -> None:
        """See :class:`Runtime`."""
        if "api" in self.__dict__:
            self.api.close()


def _facts(api: Api, cluster: Cluster, owner: str, image: str, report: Report) -> Facts:
    """Ask the cluster what it is, and whether it enforces policies."""
    architectures = {item["status"]["nodeInfo"]["architecture"] for item in api.list_of("Node")}
    version = api.version()
    began = monotonic()
    enforcement = ask_enforcement(api, cluster, owner, image)
    took = f"({monotonic() - began:.1f} s)"
    report(f"NetworkPolicies are {enforcement.verdict} {took}")
    byteorder: ByteOrder = "big" if architectures <= _BIG_ENDIAN else "little"
    return Facts(version, enforcement, byteorder, pause_image(api))


def _sweep_namespaces(api: Api, helm: Helm, report: Report) -> None:
    """Take away what killed runs left in a cluster that stays."""
    for item in our_namespaces(api):
        owner = read_owner(owner_of(item))
        if owner and is_gone(owner):
            name = item["metadata"]["name"]
            report(f"deleting namespace {name}: process {owner.pid} that made it is gone")
            remove(api, helm, item)
