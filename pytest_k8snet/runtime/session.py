"""The cluster of one pytest run, and the releases in it, shared by all processes of the run.

The process that collects the charts owns the cluster (:func:`start`); a worker
of pytest-xdist joins it (:func:`attach`). What becomes of a release is written
down in the run's folder under a lock of its own. So whichever worker is the
first to need a release installs it, whichever is the first to need its sockets
observes it, and the others read the result.
"""

from __future__ import annotations

import atexit
import contextlib
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any, Protocol

from ..errors import ClusterError, InstallError, K8sNetError
from ..helm.charts import Chart
from ..helm.dependencies import Workspace
from ..helm.engine import choose_engine
from ..helm.job import Job
from ..helm.values import ValuesSet
from ..model import Application, Reference
from ..settings import Settings
from .api import Api, Refused
from .cleanup import Termination, Watchdog, shielded
from .cluster import Cluster, delete, delete_for_good, obtain, own_name
from .enforcement import ENFORCED, NOT_ENFORCED, ask_enforcement
from .ephemeral import PodReader
from .images import load_images
from .observe import ByPod, Observer
from .owner import is_gone, new_run, read_owner
from .reader import NodeReader, Reader
from .release import (
    Helm,
    Release,
    new_namespace,
    other_namespaces,
    our_namespaces,
    owner_of,
    remove,
    remove_all,
    wait_until_gone,
)
from .settle import FIRST
from .share import (
    Lock,
    leave_machine_folder,
    load,
    locked,
    machine_folder,
    run_folder,
    short,
    store,
    sweep_folders,
)
from .sockets import ByteOrder
from .watch import Watch

Report = Callable[[str], None]

INSTALLING, OBSERVING = "installing", "observing"

_END = 120.0  # seconds for namespaces to end
_BIG_ENDIAN = frozenset({"s390x", "ppc64", "mips", "mips64"})


class Target(Protocol):
    """One chart with one values set."""

    @property
    def chart(self) -> Chart:
        """The chart."""
        ...

    @property
    def values(self) -> ValuesSet:
        """The values."""
        ...

    @property
    def id(self) -> str:
        """What the user calls the chart."""
        ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the cluster. Plain data: workers get a copy.

    :ivar enforcement: ``enforced``, ``not enforced``, or ``not tested`` and why.
    """

    version: str
    enforcement: str
    byteorder: ByteOrder


@dataclass(frozen=True, slots=True)
class State:
    """What has become of a release; kept in a file that all processes of the run read.

    :ivar namespace: where it is, "" where it is not installed.
    :ivar error: why it could not be installed.
    :ivar short: the sockets of pods that ended during the installation.
    :ivar observed: the application with its sockets.
    """

    namespace: str = ""
    error: str = ""
    short: Mapping[Reference, ByPod] = field(default_factory=dict)
    observed: Application | None = None
    install_seconds: float = 0.0
    observe_seconds: float = 0.0


@dataclass(slots=True)
class Held:
    """A release that this process installed, with the locks on what it has to itself."""

    release: Release
    locks: list[Lock]

    def let_go(self) -> None:
        """Let others have it."""
        _release(self.locks)


def start(settings: Settings, *, report: Report) -> Runtime:
    """Make or find the cluster and get it ready; before any item runs.

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
        (folder / "releases").mkdir()
        sweep_folders(report)
        cluster = obtain(settings, run, folder, report)
        api = Api(cluster.kubeconfig)
        helm = Helm(choose_engine(settings.helm), cluster.kubeconfig)
        _sweep_namespaces(api, helm, report)
        load_images(cluster, settings.images, settings.root, report)
        facts = _facts(api, cluster, run, settings.probe_image, report)
    except BaseException as error:
        with shielded(report):
            _break_off(folder, watchdog, cluster=own_name(run) if own else "", report=report)
            termination.restore()
        if isinstance(error, Refused):
            raise ClusterError(f"{error}\nThe cluster does not let this user do that.") from None
        raise
    runtime = Runtime(settings, (folder, run), cluster, facts, report)
    runtime.own(watchdog, termination, monotonic() - began)
    return runtime


def _break_off(folder: Path, watchdog: Watchdog, *, cluster: str, report: Report) -> None:
    """Take away what there is of a run that cannot begin; or leave it to the watchdog."""
    try:
        if cluster:
            delete_for_good(cluster)
    except ClusterError as error:
        report(f"tried again in the background: {error}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
        leave_machine_folder()
        watchdog.dismiss()


def attach(handle: Mapping[str, Any], settings: Settings, report: Report) -> Runtime:
    """Join the cluster that another process of this run owns.

    :param handle: what :meth:`Runtime.handle` of that process says.
    """
    cluster = Cluster(**{**handle["cluster"], "kubeconfig": Path(handle["cluster"]["kubeconfig"])})
    facts = Facts(**handle["facts"])
    return Runtime(settings, (Path(handle["folder"]), handle["owner"]), cluster, facts, report)


class Runtime:
    """What one process of a run has to do with the cluster.

    :param place: the run's folder, and the owner text that its namespaces carry.
    :ivar cluster: which one it is.
    :ivar folder: private to this run, for whatever its processes share; it is
        removed however the run ends.
    """

    def __init__(
        self,
        settings: Settings,
        place: tuple[Path, str],
        cluster: Cluster,
        facts: Facts,
        report: Report,
    ) -> None:
        self.cluster = cluster
        self.settings = settings
        self._facts = facts
        self.folder, self._owner = place
        self._workspace = Workspace(self.folder)
        self._report = report
        self._held: dict[str, Held] = {}
        self._states: dict[str, State] = {}
        self._announced: set[str] = set()
        self._leaving: list[Thread] = []
        self._owned: tuple[Watchdog, Termination] | None = None
        self._seconds = 0.0
        self._closed = False

    def own(self, watchdog: Watchdog, termination: Termination, seconds: float) -> None:
        """Become the process that takes the cluster down.

        :param seconds: what it took to get it ready.
        """
        self._owned = watchdog, termination
        self._seconds = seconds
        atexit.register(self.close)

    @cached_property
    def api(self) -> Api:
        """The cluster's API."""
        return Api(self.cluster.kubeconfig)

    @cached_property
    def _helm(self) -> Helm:
        return Helm(choose_engine(self.settings.helm), self.cluster.kubeconfig)

    @cached_property
    def _reader(self) -> Reader:
        if self.cluster.kind == "kind":
            return NodeReader(self.cluster.engine, self._facts.byteorder)
        return PodReader(self.api, self.settings.probe_image, self._facts.byteorder)

    def handle(self) -> dict[str, Any]:
        """What another process needs to :func:`attach`, as plain data."""
        cluster = {**asdict(self.cluster), "kubeconfig": str(self.cluster.kubeconfig)}
        return {
            "cluster": cluster,
            "facts": asdict(self._facts),
            "folder": str(self.folder),
            "owner": self._owner,
        }

    def header(self) -> list[str]:
        """What the terminal says of the cluster."""
        facts = self._facts
        policies = f"NetworkPolicies {facts.enforcement}"
        return [f"k8snet: {self.cluster}, Kubernetes {facts.version}, {policies}"]

    def facts(self) -> dict[str, Any]:
        """What the JSON says of the cluster; the same in every run on such a cluster."""
        enforcement = _ENFORCED.get(self._facts.enforcement, "not tested")
        return {
            "kind": self.cluster.kind,
            "context": self.cluster.name if self.cluster.kind == "context" else "",
            "version": self._facts.version,
            "enforcement": enforcement,
        }

    def costs(self) -> dict[str, float]:
        """Seconds for the cluster, for installing and for observing, of all processes."""
        states = [load(file) for file in (self.folder / "releases").glob("*.state")]
        return {
            "cluster": self._seconds,
            "install": sum(state.install_seconds for state in states),
            "observe": sum(state.observe_seconds for state in states),
        }

    def announce(self, application: Application, *, observation: bool) -> None:
        """Say what the next call is about to take its time for.

        A worker's lines travel with the reports of pytest's phases: what is said
        before the call is read while it goes on.
        """
        key = _key(application)
        state = self._states.get(key) or load(self._path(key, "state")) or _NOTHING
        if state.observed is None and not state.error:
            if not state.namespace:
                self._announce(INSTALLING, application)
            elif observation:
                self._announce(OBSERVING, application)

    def _announce(self, step: str, application: Application) -> None:
        """Say it once, until the step is over."""
        line = f"{step} {_name(application)}"
        if line not in self._announced:
            self._announced.add(line)
            self._report(line)

    def install(self, target: Target, application: Application) -> None:
        """Install the release, unless a process of this run has done so.

        :raises InstallError: it cannot be, now or when it was tried before.
        """
        key = _key(application)
        if self._states.get(key, _NOTHING).observed is None:
            with self._state_of(key) as state:
                if not state.namespace and not state.error and state.observed is None:
                    self._install(key, state, target, application)
        if self._states[key].error:
            raise InstallError(self._states[key].error)

    def observe(self, target: Target, application: Application) -> Application:
        """The application with the sockets of two runs of each of its pods.

        :raises InstallError: the release cannot be installed.
        :raises ClusterError: the cluster has died.
        """
        key = _key(application)
        if self._states.get(key, _NOTHING).observed is None:
            with self._state_of(key) as state:
                if state.observed is None and not state.error:
                    self._observe(key, state, target, application)
        state = self._states[key]
        if state.observed is None:
            raise InstallError(state.error)
        return state.observed

    def finish(self, _target: Target, application: Application) -> None:
        """Uninstall a release that this process needs no more, and delete its namespace."""
        key = _key(application)
        if key in self._held:
            with self._state_of(key) as state:
                self._give_up(key, state)

    @contextlib.contextmanager
    def live(self, target: Target, application: Application) -> Iterator[tuple[str, Application]]:
        """The release's namespace, and what was observed there; it stays while this is entered.

        :raises InstallError: the release cannot be installed.
        """
        key = _key(application)
        while True:
            observed = self.observe(target, application)
            with locked(self._path(key, "use"), shared=True):
                state = load(self._path(key, "state"))
                if state.namespace and self.api.namespace(state.namespace) is not None:
                    yield state.namespace, observed
                    return
            with self._state_of(key) as state:
                if not state.namespace:
                    self._install(key, state, target, application)

    def close(self) -> None:
        """Give everything back that this process owns; again does nothing."""
        if self._closed:
            return
        self._closed = True
        with shielded(self._report):
            for leaving in self._leaving:
                leaving.join(_END)
            for held in self._held.values():
                for lock in held.locks:
                    lock.let_go() if self._owned is None else lock.release()
            self._workspace.close()
            if "_reader" in self.__dict__:
                self._reader.close()
            if self._owned is not None:
                self._take_down(*self._owned)
            if "api" in self.__dict__:
                self.api.close()

    def _take_down(self, watchdog: Watchdog, termination: Termination) -> None:
        """Delete the cluster, or what this run has in it, and all files."""
        try:
            if self.cluster.ours:
                self._report(f"deleting the kind cluster {self.cluster.name}")
                delete(self.cluster.name, self.cluster.kubeconfig)
            else:
                self._clear()
        except (K8sNetError, Refused) as error:
            self._report(f"tried again in the background: {error}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
            leave_machine_folder()
            watchdog.dismiss()
        finally:
            termination.restore()
            atexit.unregister(self.close)
        if self.cluster.farewell:
            self._report(self.cluster.farewell)

    def _clear(self) -> None:
        """Take away what this run has in a cluster that stays."""
        remove_all(self.api, self._helm, self._owner)
        mine = [item for item in our_namespaces(self.api) if owner_of(item) == self._owner]
        left = wait_until_gone(self.api, [item["metadata"]["name"] for item in mine], _END)
        if left:
            self._report(
                f"these namespaces have not ended after {_END:.0f} s: {', '.join(left)};"
                f" see why: kubectl get namespace {left[0]} -o yaml"
            )

    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / "releases" / f"{short(key)}.{suffix}"

    @contextlib.contextmanager
    def _state_of(self, key: str) -> Iterator[State]:
        """Hold the release's lock; what became of it so far."""
        try:
            with locked(self._path(key, "lock")):
                state = load(self._path(key, "state")) or self._states.get(key, _NOTHING)
                self._states[key] = state
                yield state
        except OSError as error:
            raise ClusterError(f"{self.folder} cannot be used any more: {error}") from None

    def _remember(self, key: str, state: State) -> State:
        self._states[key] = state
        try:
            store(self._path(key, "state"), state)
        except OSError as error:  # a full disk: the other processes have to do without
            self._report(f"{self.folder}: {error.strerror}")
        return state

    def _install(self, key: str, state: State, target: Target, application: Application) -> State:
        """Install the release here; the caller holds its lock."""
        began = monotonic()
        name = _name(application)
        self._announce(INSTALLING, application)
        try:
            state = self._try_to_install(key, state, target, application)
        except (K8sNetError, Refused, OSError) as error:
            self._report(f"{name} is not installed")
            state = replace(state, error=str(error))
        self._announced.discard(f"{INSTALLING} {name}")
        seconds = monotonic() - began
        if not state.error:
            self._report(f"installed {name} ({seconds:.1f} s)")
        return self._remember(key, replace(state, install_seconds=state.install_seconds + seconds))

    def _try_to_install(
        self, key: str, state: State, target: Target, application: Application
    ) -> State:
        """Install, and once more with the cluster to itself if another release is in the way."""
        path = self._workspace.prepare(target.chart)
        values = target.values
        for alone in (False, True):
            namespace = new_namespace(target.id, values.name)
            release = Release(self.api, self._helm, application, namespace)
            self._held[key] = Held(release, self._take_locks(application, namespace, alone=alone))
            job = Job(
                path, values.files, values.sets, application.release, namespace, label=target.id
            )
            watch = Watch(self._reader, {}, FIRST)
            try:
                seen = release.install(job, watch, self._owner, self.settings.timeout)
            except (K8sNetError, Refused, OSError) as error:
                self._give_up(key, state)
                if alone or not _IN_THE_WAY.search(str(error)):
                    raise
                self._report(f"{target.id} needs something that another release has: waiting")
            else:
                return replace(state, namespace=namespace, short=state.short or seen)
        raise AssertionError

    def _observe(self, key: str, state: State, target: Target, application: Application) -> None:
        """Observe the release, once it is installed; the caller holds its lock."""
        if not state.namespace:
            state = self._install(key, state, target, application)
            if state.error:
                return
        began = monotonic()
        release = Release(self.api, self._helm, application, state.namespace)
        release.owners.locate()
        observer = Observer(
            self.api,
            self._reader,
            release.owners,
            application,
            timeout=self.settings.timeout,
            short=state.short,
        )
        name = _name(application)
        self._announce(OBSERVING, application)
        try:
            observed = observer.observe(lambda text: self._report(f"{name}: {text}"))
        except Refused as refused:
            raise ClusterError(f"{name} cannot be observed: {refused}") from None
        seconds = monotonic() - began
        self._report(f"observed {name} ({seconds:.1f} s)")
        self._remember(key, replace(state, observed=observed, observe_seconds=seconds))

    def _give_up(self, key: str, state: State) -> None:
        """Take a release of this process out of the cluster; the caller holds its lock."""
        held = self._held.pop(key)
        with locked(self._path(key, "use")):  # until no test looks at it any more
            try:
                held.release.remove()
            except (K8sNetError, Refused) as error:
                self._report(f"{held.release.namespace} is not taken away yet: {error}")
            self._remember(key, replace(state, namespace=""))
        if len(held.locks) > 1:  # somebody may wait for more than room
            self._leaving.append(Thread(target=_let_go_when_clear, args=(held,), daemon=True))
            self._leaving[-1].start()
        else:
            held.let_go()

    def _take_locks(self, application: Application, namespace: str, *, alone: bool) -> list[Lock]:
        """Have to ourselves what two releases cannot both have.

        Nobody waits here while holding a release: so nobody waits for ever.

        :param alone: no other release of this run may be there at the same time.
        """
        room = Lock(self.folder / "releases" / "room")
        others = [Lock(self._lock_path(name)) for name in sorted(set(_exclusive(application)))]
        locks = [room, *others]
        try:
            if not all(lock.take(wait=False, shared=lock is room and not alone) for lock in locks):
                _release(locks)
                for key in list(self._held):
                    with self._state_of(key) as state:
                        self._give_up(key, state)
                for lock in locks:
                    lock.take(shared=lock is room and not alone)
            for lock in others:
                self._clear_after_crash(lock.note)
                lock.note = namespace
        except BaseException:
            _release(locks)
            raise
        return locks

    def _lock_path(self, name: str) -> Path:
        """In a cluster that stays, other runs may be at work, too."""
        if self.cluster.ours:
            return self.folder / "releases" / f"{short(name)}.name"
        return machine_folder() / f"{short(f'{self.api.server} {name}')}.lock"

    def _clear_after_crash(self, namespace: str) -> None:
        """Take away what the last holder of a lock left, if it died with it."""
        item = self.api.namespace(namespace) if namespace else None
        if item is not None:
            self._report(f"taking away {namespace}: the process that installed it is gone")
            remove(self.api, self._helm, item)
            wait_until_gone(self.api, [namespace], _END)


_NOTHING = State()
# What Helm and the API server say of a name or a port that another release has. Names of objects
# without a namespace are held apart beforehand; these are the ones that nobody could know of.
_IN_THE_WAY = re.compile(
    r"cannot be imported into the current release|provided port is already allocated"
    r"|provided IP is already allocated|already exists"
)
_ENFORCED: dict[str, bool | str] = {ENFORCED: True, NOT_ENFORCED: False}


def _let_go_when_clear(held: Held) -> None:
    """Wait until another release can have what this one had; its process goes on meanwhile."""
    with contextlib.suppress(K8sNetError, Refused):  # then nobody can have it
        held.release.wait_until_clear(_END)
    held.let_go()


def _release(locks: Iterable[Lock]) -> None:
    for lock in locks:
        lock.release()


def _key(application: Application) -> str:
    return f"{application.chart}::{application.values}"


def _name(application: Application) -> str:
    """What lines of progress call the release."""
    return f"{application.chart} ({application.values})"


def _exclusive(application: Application) -> Iterator[str]:
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


def _facts(api: Api, cluster: Cluster, owner: str, image: str, report: Report) -> Facts:
    """Ask the cluster what it is, and whether it enforces policies."""
    architectures = {item["status"]["nodeInfo"]["architecture"] for item in api.nodes()}
    version = api.version()
    began = monotonic()
    enforcement = ask_enforcement(api, cluster, owner, image)
    took = f"({monotonic() - began:.1f} s)"
    report(f"NetworkPolicies are {enforcement} {took}")
    return Facts(version, enforcement, "big" if architectures <= _BIG_ENDIAN else "little")


def _sweep_namespaces(api: Api, helm: Helm, report: Report) -> None:
    """Take away what killed runs left in a cluster that stays."""
    for item in our_namespaces(api):
        owner = read_owner(owner_of(item))
        if owner and is_gone(owner):
            name = item["metadata"]["name"]
            report(f"deleting namespace {name}: process {owner.pid} that made it is gone")
            remove(api, helm, item)
