"""Fixtures for users' own tests beside the generated ones.

    pytest --helm-chart=charts/web --k8snet-cluster=kind tests/

Where there is one chart with one values set, they mean that one. Where there
are several, a test that uses them runs once for each; one that is about a
certain chart names it::

    @pytest.mark.parametrize("k8snet_target", ["web", "web:prod"], indirect=True)
    def test_answers(k8snet_release): ...
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from .errors import InstallError
from .model import NEEDS_CLUSTER, Application, Labels, Socket
from .plainmanifests import NOT_INSTALLED
from .plaintext import plain
from .reach import Reach, reach_of
from .run import run_of
from .target import Gathered

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from .runtime import Runtime

_TARGET, RELEASE = "k8snet_target", "k8snet_release"


class LivePod(NamedTuple):
    """A pod of the release as it is just now; ``ip`` is "" before it has one."""

    name: str
    ip: str
    labels: Labels
    ready: bool


@dataclass(frozen=True, slots=True)
class ClusterHandle:
    """The cluster of this run.

    :ivar kubeconfig: a private file; it is gone when the run is over.
    :ivar client: the official client, connected to this cluster and no other:
        ``kubernetes.client.CoreV1Api(k8snet_cluster.client)``.
    """

    kubeconfig: Path
    client: ApiClient


class ReleaseHandle:
    """A chart, installed with one values set and ready.

    :ivar namespace: the release's own; it is deleted afterwards.
    :ivar application: what the chart renders to, with the sockets that were seen.
    """

    def __init__(self, runtime: Runtime, namespace: str, application: Application) -> None:
        self._runtime = runtime
        self.namespace = namespace
        self.application = application

    @property
    def pods(self) -> tuple[LivePod, ...]:
        """The pods in the release's namespace just now, by name."""
        from .runtime.pods import read_pod

        pods = map(read_pod, self._runtime.api.list_of("Pod", self.namespace))
        found = [
            LivePod(pod.name, next(iter(pod.addresses), ""), pod.labels, pod.ready)
            for pod in pods
            if not pod.deleting
        ]
        return tuple(sorted(found))

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """The open ports that were seen in the first run of all its pods."""
        workloads = self.application.workloads
        return tuple(one for workload in workloads for one in workload.sockets or ())

    def port_forward(self, name: str, port: int) -> AbstractContextManager[int]:
        """A port of 127.0.0.1 that leads to a pod, for as long as it is entered.

            with k8snet_release.port_forward("web", 80) as local:
                urlopen(f"http://127.0.0.1:{local}/")

        :param name: a pod's or a Service's name; ``Pod/web`` or ``Service/web``
            where both exist.
        :param port: the pod's, or the Service's.
        :raises K8sNetError: there is no such object or port, or no pod is ready.
        """
        from .runtime.forward import forward

        return forward(self._runtime.api, self.namespace, name, port)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each chart and values set, unless it names its own."""
    if _TARGET not in metafunc.fixturenames or _names_its_own(metafunc):
        return
    gathered = run_of(metafunc.config).gathered
    if len(gathered) > 1:
        metafunc.parametrize(_TARGET, gathered, ids=_ids(gathered), indirect=True)


@pytest.fixture
def k8snet_target(request: pytest.FixtureRequest) -> Gathered:
    """Which chart and values set the test is about; parametrise it with names."""
    gathered = run_of(request.config).gathered
    wanted = getattr(request, "param", None)
    if isinstance(wanted, Gathered):
        return wanted
    found = _meant(wanted, gathered)
    if len(found) != 1:
        known = ", ".join(_ids(gathered)) or "none"
        pytest.fail(
            f"k8snet_target: {wanted!r} means {len(found)} of this run's charts: {known}.\n"
            'Name one as "chart:values set", and pass it with --helm-chart',
            pytrace=False,
        )
    return found[0]


@pytest.fixture
def k8snet_application(k8snet_target: Gathered) -> Application:
    """What the chart renders to: workloads, Services and policies; needs no cluster."""
    return _rendered(k8snet_target)


@pytest.fixture
def k8snet_reach(k8snet_application: Application) -> Reach:
    """Who reaches whom, as far as policies decide; needs no cluster.

    assert not k8snet_reach.admits("cluster", "StatefulSet/db", 5432)
    """
    return reach_of(k8snet_application)


@pytest.fixture(scope="session")
def k8snet_cluster(pytestconfig: pytest.Config) -> ClusterHandle:
    """The cluster of this run; without one the test is skipped."""
    runtime = _runtime(pytestconfig)
    return ClusterHandle(runtime.cluster.kubeconfig, runtime.api.client)


@pytest.fixture
def k8snet_release(pytestconfig: pytest.Config, k8snet_target: Gathered) -> Iterator[ReleaseHandle]:
    """The chart, installed in the cluster and ready; without a cluster the test is skipped."""
    _rendered(k8snet_target)
    if k8snet_target.target.manifests is not None:
        pytest.skip(NOT_INSTALLED)
    runtime = _runtime(pytestconfig)
    with contextlib.ExitStack() as stack:
        try:
            namespace, observed = stack.enter_context(runtime.live(k8snet_target))
        except InstallError as error:
            pytest.fail(plain(str(error)), pytrace=False)
        yield ReleaseHandle(runtime, namespace, observed)


def _rendered(target: Gathered) -> Application:
    if target.application is None:
        pytest.fail(plain(target.error), pytrace=False)
    return target.application


def _runtime(config: pytest.Config) -> Runtime:
    runtime = run_of(config).runtime
    if runtime is None:
        pytest.skip(NEEDS_CLUSTER)
    return runtime


def target_of(item: pytest.Item, gathered: Sequence[Gathered]) -> Gathered | None:
    """Which chart and values set a test is about, as far as that is known before it runs."""
    wanted = getattr(item, "callspec", None) and item.callspec.params.get(_TARGET)  # type: ignore[attr-defined]
    if isinstance(wanted, Gathered):
        return wanted
    found = _meant(wanted, gathered)
    return found[0] if len(found) == 1 else None


def _meant(wanted: object, gathered: Sequence[Gathered]) -> list[Gathered]:
    """The charts that a name may stand for; None for any."""
    return [one for one in gathered if wanted is None or wanted in _names(one)]


def _names_its_own(metafunc: pytest.Metafunc) -> bool:
    marks = metafunc.definition.iter_markers("parametrize")
    return any(_TARGET in str(mark.args[0] if mark.args else "") for mark in marks)


def _names(gathered: Gathered) -> set[str]:
    """What a test may call it: by the chart's name or path, with the values set or without."""
    target = gathered.target
    plain = {target.chart.name, target.id}
    return plain | {f"{name}:{target.values.name}" for name in plain}


def _ids(gathered: Sequence[Gathered]) -> list[str]:
    """Short names where they are unique, else the charts' paths."""
    short = [f"{one.target.chart.name}:{one.target.values.name}" for one in gathered]
    if len(set(short)) == len(short):
        return short
    return [f"{one.target.id}:{one.target.values.name}" for one in gathered]
