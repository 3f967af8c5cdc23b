"""A real cluster for the tests that are marked ``kind``.

Under pytest-xdist ``--dist=loadfile`` keeps the tests of a file together: what they share is
observed once. (``loadgroup`` does not group with pytest 9.2 and pytest-xdist 3.8.)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_k8snet.errors import ClusterError
from pytest_k8snet.gather import Gathering
from pytest_k8snet.helm.engine import choose_engine
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.model import Application
from pytest_k8snet.runtime import Need, Outcome, Session, start
from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.cluster import clusters, delete, find_engine, obtain, sweep
from pytest_k8snet.runtime.owner import new_run
from pytest_k8snet.runtime.share import Lock, locked
from pytest_k8snet.runtime.stage import Stage, key_of
from pytest_k8snet.settings import Settings
from pytest_k8snet.target import Gathered

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
BUSYBOX = "busybox:1.36"
# To be followed by entries of the list.
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
"""
# Most programs of the tests open their ports at once.
QUICK = {"watch": 3.0, "patience": 12.0}


@pytest.fixture(scope="session")
def kind() -> None:
    """Skip where no cluster can be made."""
    try:
        find_engine()
    except ClusterError as error:
        pytest.skip(str(error).partition("\n")[0])


@pytest.fixture(autouse=True)
def machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every run takes away the clusters of killed ones: a test of that has to be alone."""
    if request.node.get_closest_marker("kind") is None:
        yield
        return
    alone = request.node.get_closest_marker("alone") is not None
    with locked(Path(tempfile.gettempdir()) / "pytest-k8snet-tests.lock", shared=not alone):
        yield


@pytest.fixture(scope="session")
def cluster_name(
    kind: None, testrun_uid: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """One kind cluster for the tests of all workers; the last one to need it deletes it.

    ``K8SNET_TEST_CLUSTER`` names one that is there already.
    """
    if given := os.environ.get("K8SNET_TEST_CLUSTER"):
        yield given
        return
    name = f"k8snet-tests-{testrun_uid[:8]}"
    folder = tmp_path_factory.mktemp("cluster")
    needed = Path(tempfile.gettempdir()) / f"pytest-{name}.lock"
    with locked(needed, shared=True):
        # Made once: obtaining it is locked, too.
        obtain(settings(f"kind:{name}", keep_cluster=True), new_run(), folder, print)
        yield name
    last = Lock(needed)
    if last.take(wait=False):
        delete(name)
        last.release()
        assert name not in clusters()


def settings(cluster: str, *charts: Path, **given: object) -> Settings:
    """Settings as the command line would give them."""
    image = os.environ.get("K8SNET_KIND_IMAGE", "")
    values = {"timeout": 60.0, "kind_image": image, "probe_image": AGNHOST, **QUICK, **given}
    return Settings(
        Path("/"),
        charts=tuple(map(str, charts)),
        cluster=cluster,
        **values,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="session")
def runtime(cluster_name: str) -> Iterator[Session]:
    """The tests' cluster as a run has it."""
    runtime = start(settings(f"kind:{cluster_name}"), (), report=print)
    yield runtime
    runtime.close()


@pytest.fixture(scope="session")
def api(runtime: Session) -> Api:
    return runtime.api


@pytest.fixture(scope="session")
def gather() -> Callable[..., list[Gathered]]:
    """Render charts; each with each of its values sets."""

    def gather(*charts: Path) -> list[Gathered]:
        engine = choose_engine()
        with Renderer(engine, timeout=60) as renderer:
            return list(Gathering(settings("none", *charts), renderer).run())

    return gather


@pytest.fixture(scope="session")
def one(
    gather: Callable[..., list[Gathered]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Gathered]:
    """A chart of one template."""

    def one(text: str, *, name: str = "web", **files: str) -> Gathered:
        (found,) = gather(write_chart(tmp_path_factory.mktemp("charts") / name, text, **files))
        assert found.application is not None, found.error
        return found

    return one


@pytest.fixture
def staged(runtime: Session) -> Iterator[Callable[..., Stage]]:
    """A stage for some charts; what a test leaves on it goes away."""
    stages: list[Stage] = []

    def staged(*gathered: Gathered, **settings: Any) -> Stage:
        stages.append(runtime.new_stage(gathered, **settings))
        return stages[-1]

    yield staged
    for stage in stages:
        stage.close()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start a run; whatever is left of it after the test is killed."""
    from .runs import Run

    runs: list[Run] = []

    def begin(cluster: str, *args: str, pause: str = "release", tmp: Path | None = None) -> Run:
        folder = tmp_path / str(len(runs))
        folder.mkdir()
        runs.append(Run(folder, cluster, *args, pause=pause, tmp=tmp))
        return runs[-1]

    yield begin
    for run in runs:
        run.kill()
    sweep(print)


def observe(stage: Stage, *gathered: Gathered, observe: bool = True) -> list[Outcome]:
    """What becomes of releases that a run needs observed, or only installed."""
    stage.plan({key_of(one): Need(observe) for one in gathered})
    stage.run(print)
    return [stage.outcome(key_of(one)) for one in gathered]


def write_chart(folder: Path, text: str, **files: str) -> Path:
    """A chart with one template."""
    texts = {
        "Chart.yaml": f"apiVersion: v2\nname: {folder.name}\nversion: 1.0.0\n",
        "templates/all.yaml": text,
        **{name.replace("__", "/"): content for name, content in files.items()},
    }
    for name, content in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def deployment(
    command: str = "httpd -f -p 8080", *, image: str = BUSYBOX, namespace: str = ""
) -> str:
    """A Deployment called ``web``."""
    where = f", namespace: {namespace}" if namespace else ""
    container = (
        f'name: web, image: "{image}", imagePullPolicy: Never, command: [sh, -c, "{command}"]'
    )
    return WEB.replace("name: web", f"name: web{where}") + f"      - {{{container}}}\n"


def ports(application: Application | None) -> list[int]:
    """What the one workload of :func:`deployment` has open in the first run."""
    assert application is not None
    (web,) = application.workloads
    assert web.sockets is not None, web.unobserved
    assert web.sockets_again is not None, web.unobserved
    return [socket.port for socket in web.sockets]
