"""Make, find and delete the cluster of a run: one of kind's, or a kubeconfig's context."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from ..errors import ClusterError
from ..settings import Settings
from .command import Failed, as_cluster_error, follow, must_run
from .command import run as run_program
from .kubeconfig import write_private
from .owner import is_gone, read_owner
from .share import locked, machine_folder

# A cluster of this name's beginning is one that a run made and wants to delete; what follows is
# its owner. A kept cluster has a name that says nothing about any process.
_PREFIX = "k8snet-"
KEPT = "k8snet"
_ENGINES = ("docker", "nerdctl", "podman")  # in the order in which kind looks for them
_CREATE_WAIT = "300s"
_ENOUGH_MEMORY = 1 << 30
_LATE_NODE, _LOOK_AGAIN = 5.0, 0.5  # seconds

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster of this run. Plain data: workers get a copy.

    :ivar kind: ``kind`` or ``context``.
    :ivar name: kind's name of the cluster, or the context's.
    :ivar kubeconfig: readable by this user only.
    :ivar engine: the program that runs kind's nodes (``docker``), "" for a context.
    :ivar ours: this run made it and deletes it.
    :ivar kept: it stays because the user asked for that.
    """

    kind: str
    name: str
    kubeconfig: Path
    engine: str = ""
    ours: bool = False
    kept: bool = False

    def __str__(self) -> str:
        return f"{self.kind} cluster {self.name}" if self.kind == "kind" else f"context {self.name}"

    @property
    def farewell(self) -> str:
        """What the user is told of a cluster that stays, "" where none does."""
        if not self.kept:
            return ""
        return (
            f"kind cluster {self.name} is kept; use it again: --k8snet-cluster=kind:{self.name};"
            f" delete it: kind delete cluster --name {self.name}"
        )


def own_name(run: str) -> str:
    """The name of a cluster that a run makes and deletes."""
    return f"{_PREFIX}{run}"


def obtain(settings: Settings, run: str, folder: Path, report: Report) -> Cluster:
    """Make or find the cluster that the settings ask for.

    :param run: the run's owner text.
    :param folder: private to this run; the kubeconfig is written there.
    :raises ClusterError: there is none to be had; says why and what to do.
    """
    kind, _, name = settings.cluster.partition(":")
    if kind == "context":
        return _context(name, folder)
    engine = find_engine()
    sweep(report)
    if not name and not settings.keep_cluster:
        return _create(own_name(run), engine, settings, folder, report)
    name = name or KEPT
    with locked(machine_folder() / f"{name}.lock"):
        if name in clusters():
            report(f"using the kind cluster {name}")
            return _connected(name, engine, folder, kept=settings.keep_cluster)
        if not settings.keep_cluster:
            known = ", ".join(sorted(clusters())) or "none"
            raise ClusterError(
                f"--k8snet-cluster=kind:{name}: kind has no such cluster (it has: {known}).\n"
                "Make it by adding --k8snet-keep-cluster, or let the run make one of its own:"
                " --k8snet-cluster=kind"
            )
        return _create(name, engine, settings, folder, report)


class NoEngine(ClusterError):
    """No cluster can be made here, so there is none to be taken away."""


def find_engine() -> str:
    """The container engine that kind will use.

    :raises NoEngine: there is no kind, or no engine that answers.
    """
    if shutil.which("kind") is None:
        raise NoEngine(
            "--k8snet-cluster=kind needs the program kind, and it is not on PATH.\n"
            "Install it (https://kind.sigs.k8s.io/docs/user/quick-start/#installation), or use a"
            " cluster that runs: --k8snet-cluster=context:NAME"
        )
    chosen = os.environ.get("KIND_EXPERIMENTAL_PROVIDER", "")
    installed = [name for name in ([chosen] if chosen else _ENGINES) if shutil.which(name)]
    problem = f"there is no {chosen or 'docker, podman or nerdctl'} on PATH"
    for engine in installed:
        try:
            run_program([engine, "info"], timeout=30)
        except Failed as error:
            problem = str(error)
        else:
            return engine
    raise NoEngine(
        f"--k8snet-cluster=kind needs docker or podman, and none answers: {problem}\n"
        "Start it (systemctl start docker), see that this user may use it (docker info), or use a"
        " cluster that runs: --k8snet-cluster=context:NAME"
    )


def clusters() -> list[str]:
    """The names of all kind clusters of this machine's engine."""
    argv = ["kind", "get", "clusters", "--quiet"]
    return must_run(argv, "Run it by hand to see what is wrong.", timeout=60).split()


def nodes(cluster: Cluster) -> list[str]:
    """The names of the cluster's nodes, which are those of the engine's containers."""
    argv = ["kind", "get", "nodes", "--quiet", "--name", cluster.name]
    return run_program(argv, timeout=60).split()


def delete(name: str, kubeconfig: Path | None = None) -> None:
    """Delete a kind cluster, whether it is complete or not.

    :raises ClusterError: kind cannot; says how to do it by hand.
    """
    # kind would take its entries out of the user's own kubeconfig where none is named.
    argv = ["kind", "delete", "cluster", "--name", name]
    argv += ["--kubeconfig", str(kubeconfig or os.devnull)]
    advice = f"Delete it by hand: kind delete cluster --name {name}"
    must_run(argv, advice, timeout=120)


def delete_for_good(name: str) -> None:
    """Delete a kind cluster whose making was broken off.

    The engine may still be at work on a node that it was asked for, and show it
    only later.

    :raises ClusterError: kind cannot.
    """
    deadline = monotonic() + _LATE_NODE
    delete(name)
    while monotonic() < deadline:
        if name in clusters():
            delete(name)
        time.sleep(_LOOK_AGAIN)


def sweep(report: Report) -> None:
    """Delete the clusters of runs that were killed before they could do it themselves."""
    for name in clusters():
        owner = read_owner(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None
        if owner and is_gone(owner):
            report(f"deleting the kind cluster {name}: process {owner.pid} that made it is gone")
            try:
                delete(name)
            except ClusterError as error:  # somebody else may be at it: no concern of this run's
                report(str(error))


def _context(name: str, folder: Path) -> Cluster:
    """Use a context of the user's kubeconfig.

    :raises ClusterError: it does not exist, or the user did not name it in CI.
    """
    source = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    if not name and os.environ.get("CI", "").lower() in ("true", "1"):
        raise ClusterError(
            "--k8snet-cluster=context takes whatever context is the current one; in CI it has to be"
            " named: --k8snet-cluster=context:NAME"
        )
    if not any(Path(path).expanduser().is_file() for path in source.split(os.pathsep) if path):
        raise ClusterError(
            f"--k8snet-cluster=context: there is no kubeconfig {source}.\n"
            "Set KUBECONFIG, or let a run make a cluster: --k8snet-cluster=kind"
        )
    chosen, kubeconfig = write_private(folder, Path(source), name)
    return Cluster("context", chosen, kubeconfig)


def _create(name: str, engine: str, settings: Settings, folder: Path, report: Report) -> Cluster:
    argv = ["kind", "create", "cluster", "--name", name, "--wait", _CREATE_WAIT]
    argv += ["--kubeconfig", str(folder / "kind-kubeconfig")]
    if settings.kind_image:
        argv += ["--image", settings.kind_image]
    if settings.kind_config:
        argv += ["--config", str(_existing(settings.kind_config))]
    report(f"creating the kind cluster {name}")
    began = monotonic()

    def line(text: str) -> None:
        image = text.partition("Ensuring node image (")[2].partition(")")[0]
        if image and not has_image(engine, image):
            report(f"kind pulls the node image {image}: {engine} does not have it yet")

    try:
        follow(argv, line, folder / "kind.log")
    except Failed as error:
        raise as_cluster_error(error, _advice(error.output, settings)) from None
    report(f"created the kind cluster {name} ({monotonic() - began:.1f} s)")
    return _connected(
        name, engine, folder, ours=not settings.keep_cluster, kept=settings.keep_cluster
    )


def _connected(
    name: str, engine: str, folder: Path, *, ours: bool = False, kept: bool = False
) -> Cluster:
    advice = f"Look at it with: kind get nodes --name {name}"
    text = must_run(["kind", "get", "kubeconfig", "--name", name], advice, timeout=60)
    (folder / "kind-kubeconfig").unlink(missing_ok=True)
    _, kubeconfig = write_private(folder, text)
    return Cluster("kind", name, kubeconfig, engine, ours=ours, kept=kept)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ClusterError(f"--k8snet-kind-config={path}: there is no such file")
    return path


def has_image(engine: str, image: str) -> bool:
    """Whether the engine has an image, so that nothing is pulled."""
    try:
        run_program([engine, "image", "inspect", image], timeout=30)
    except Failed:
        return False
    return True


def _advice(output: str, settings: Settings) -> str:
    """The next step, guessed from what kind said."""
    text = output.lower()
    memory = _available_memory()
    if "pull" in text and "image" in text:
        return (
            "kind has no node image. Name one that the engine has (--k8snet-kind-image=IMAGE or"
            " K8SNET_KIND_IMAGE), or see that it can be pulled."
        )
    if "no space left" in text:
        return "The disk is full: free some space (docker system df shows what the engine takes)."
    if "too many open files" in text:
        return (
            "The limits of inotify are too low:"
            " https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files"
        )
    if memory is not None and memory < _ENOUGH_MEMORY:
        return (
            f"Only {memory >> 20} MiB of memory are free; a cluster needs about 1 GiB. End other"
            " programs or clusters (kind get clusters)."
        )
    if settings.kind_config:
        return f"See whether kind likes its configuration {settings.kind_config}."
    return "Known reasons: https://kind.sigs.k8s.io/docs/user/known-issues/"


def _available_memory() -> int | None:
    """Bytes that programs can still have; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return None
