"""Nothing is left behind: no cluster, no namespace, no file and no process, however a run ends.

Each test starts a real pytest run that pauses in the middle, does to it what happens to runs, and
looks at what there is afterwards. Processes are found by a variable of their environment.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.cluster import clusters, find_engine, sweep
from pytest_k8snet.runtime.command import run as run_program
from pytest_k8snet.runtime.owner import read_owner
from pytest_k8snet.runtime.release import our_namespaces, owner_of

from .conftest import BUSYBOX, write_chart

pytestmark = pytest.mark.kind

REPOSITORY = Path(__file__).resolve().parents[2]
MARK = "K8SNET_CLEANUP_TEST"
LONG = 120.0  # seconds; nothing here depends on how long anything takes

CHART = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {{name: web, image: "{BUSYBOX}", command: [httpd, -f, -p, "8080"],
         ports: [{{containerPort: 8080}}],
         readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}}}
"""

# A user's own test that stops in the middle of the run until it is told to go on.
PAUSE = """
import os, signal, time
from pathlib import Path

def pause():
    Path("paused").touch()
    while not Path("go").exists():
        time.sleep(0.05)

if os.environ["PAUSE"] == "collection":
    pause()

def test_with_release(k8snet_release):
    if os.environ["PAUSE"] == "release":
        pause()
    if os.environ["PAUSE"] == "crash" and not Path("crashed").exists():
        Path("crashed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)


def processes(mark: str) -> list[int]:
    """The living processes that were started with this mark, or by one that was."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            environment = (folder / "environ").read_bytes() if folder.name.isdecimal() else b""
            status = (folder / "stat").read_text() if environment else ") ?"
            state = status.rpartition(")")[2].split()[0]
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in environment.split(b"\0") and state != "Z":
            found.append(int(folder.name))
    return found


class Run:
    """A pytest run in a process of its own."""

    def __init__(self, folder: Path, cluster: str, *args: str, pause: str, tmp: Path | None = None):
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self.tmp = tmp or folder / "tmp"
        self.tmp.mkdir(exist_ok=True)
        tests = folder / "mine"
        tests.mkdir()
        (tests / "test_mine.py").write_text(PAUSE, encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        chart = write_chart(folder / "web", CHART)
        self._out = (folder / "output").open("w", encoding="utf-8")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", str(tests), f"--helm-chart={chart}"),
                *(f"--k8snet-cluster={cluster}", "--k8snet-timeout=60", "--k8snet-watch=2"),
                *("-p", "no:cacheprovider", *args),
            ],
            cwd=folder,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "TMPDIR": str(self.tmp),
                "PAUSE": pause,
                MARK: self.mark,
            },
        )

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text(encoding="utf-8", errors="replace")

    def wait_until_paused(self) -> None:
        wait_for(lambda: (self.folder / "paused").exists() or self.ended, f"pause:\n{self.output}")
        assert not self.ended, self.output

    def wait_until_said(self, text: str) -> None:
        wait_for(lambda: text in self.output or self.ended, f"{text!r}:\n{self.output}")

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def go_on(self) -> None:
        (self.folder / "go").touch()

    def end(self) -> int:
        """Wait for the process and all that it started; its exit code."""
        code = self.process.wait(LONG)
        wait_for(lambda: not processes(self.mark), f"the end of {processes(self.mark)}")
        self._out.close()
        return code

    def interrupt(self) -> None:
        """What Ctrl-C does: every process of the terminal gets the signal."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill_everything(self) -> None:
        for pid in processes(self.mark):
            os.kill(pid, signal.SIGKILL)
        self.end()

    @property
    def own_cluster(self) -> str:
        return next((name for name in clusters() if f"k8snet-{self.process.pid}-" in name), "")

    def assert_clean(self) -> None:
        assert not self.own_cluster
        assert [path.name for path in self.tmp.iterdir() if "k8snet" in path.name] == []
        assert not processes(self.mark)

    def namespaces(self, api: Api) -> list[str]:
        owners = {
            item["metadata"]["name"]: read_owner(owner_of(item)) for item in our_namespaces(api)
        }
        return [name for name, owner in owners.items() if owner and owner.pid == self.process.pid]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Start a run; whatever is left of it after the test is killed."""
    runs: list[Run] = []

    def begin(cluster: str, *args: str, pause: str = "release", tmp: Path | None = None) -> Run:
        folder = tmp_path / str(len(runs))
        folder.mkdir()
        runs.append(Run(folder, cluster, *args, pause=pause, tmp=tmp))
        return runs[-1]

    yield begin
    for run in runs:
        for pid in processes(run.mark):
            os.kill(pid, signal.SIGKILL)
        run.process.wait()
    sweep(print)


class TestInAClusterThatStays:
    def test_ctrl_c(self, begin: Callable[..., Run], cluster_name: str, api: Api) -> None:
        run = begin(f"kind:{cluster_name}", "-n2")
        run.wait_until_paused()
        assert run.namespaces(api)
        run.interrupt()
        assert run.end() == pytest.ExitCode.INTERRUPTED, run.output
        assert run.namespaces(api) == []
        run.assert_clean()

    @pytest.mark.parametrize("workers", ["-n0", "-n2"])
    def test_ctrl_c_while_a_release_is_installed(
        self, begin: Callable[..., Run], cluster_name: str, api: Api, workers: str
    ) -> None:
        run = begin(f"kind:{cluster_name}", workers)
        wait_for(lambda: run.ended or "-web-" in str(run.namespaces(api)), "the release")
        run.interrupt()
        assert run.end() == pytest.ExitCode.INTERRUPTED, run.output
        assert not (run.folder / "paused").exists()
        assert run.namespaces(api) == []
        run.assert_clean()

    def test_ctrl_c_twice(self, begin: Callable[..., Run], cluster_name: str, api: Api) -> None:
        run = begin(f"kind:{cluster_name}")
        run.wait_until_paused()
        run.interrupt()
        time.sleep(0.3)
        run.interrupt()
        run.end()
        wait_for(lambda: not run.namespaces(api), "the end of the namespaces")
        run.assert_clean()

    def test_sigterm(self, begin: Callable[..., Run], cluster_name: str, api: Api) -> None:
        run = begin(f"kind:{cluster_name}")
        run.wait_until_paused()
        run.process.terminate()
        run.end()
        assert run.namespaces(api) == []
        run.assert_clean()

    def test_sigkill_of_the_main_process(
        self, begin: Callable[..., Run], cluster_name: str, api: Api
    ) -> None:
        run = begin(f"kind:{cluster_name}", "-n2")
        run.wait_until_paused()
        run.go_on()
        run.process.kill()
        run.end()
        wait_for(lambda: not run.namespaces(api), "the end of the namespaces")
        run.assert_clean()

    def test_a_worker_that_crashes(
        self, begin: Callable[..., Run], cluster_name: str, api: Api
    ) -> None:
        run = begin(f"kind:{cluster_name}", "-n2", pause="crash")
        assert run.end() == pytest.ExitCode.TESTS_FAILED
        assert "crashed while running" in run.output
        assert "::installs" not in run.output.partition("short test summary")[2]
        assert run.namespaces(api) == []
        run.assert_clean()

    def test_a_full_disk(
        self, begin: Callable[..., Run], cluster_name: str, api: Api, tmp_path: Path
    ) -> None:
        small = tmp_path / "small"
        small.mkdir()
        mounted = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(small)]
        if os.geteuid() != 0 or subprocess.run(mounted, check=False).returncode:
            pytest.skip("needs root to have a disk that is full")
        try:
            run = begin(f"kind:{cluster_name}", pause="collection", tmp=small)
            run.wait_until_paused()
            free = shutil.disk_usage(small).free
            (small / "everything").write_bytes(b"x" * free)
            run.go_on()
            run.end()
            assert "Traceback" not in run.output
            assert run.namespaces(api) == []
            run.assert_clean()
        finally:
            subprocess.run(["umount", str(small)], check=True)

    def test_the_next_run_takes_away_what_a_killed_one_left(
        self, begin: Callable[..., Run], cluster_name: str, api: Api, tmp_path: Path
    ) -> None:
        tmp = tmp_path / "tmp"
        first = begin(f"kind:{cluster_name}", tmp=tmp)
        first.wait_until_paused()
        first.kill_everything()
        left = [name for name in first.namespaces(api) if "-web-" in name]
        assert left
        second = begin(f"kind:{cluster_name}", "-k", "renders", pause="", tmp=tmp)
        assert second.end() == 0, second.output
        assert f"deleting namespace {left[0]}: process {first.process.pid}" in second.output
        wait_for(lambda: not first.namespaces(api), "the end of the namespaces")
        first.assert_clean()
        second.assert_clean()


def test_an_interrupt_while_the_cluster_is_made(begin: Callable[..., Run], kind: None) -> None:
    run = begin("kind")
    run.wait_until_said("creating the kind cluster")
    wait_for(lambda: run.own_cluster or run.ended, f"a node:\n{run.output}")
    run.interrupt()
    time.sleep(0.2)
    run.interrupt()
    run.end()
    run.assert_clean()


def test_sigkill_while_the_cluster_is_made(begin: Callable[..., Run], kind: None) -> None:
    run = begin("kind")
    run.wait_until_said("creating the kind cluster")
    wait_for(lambda: run.own_cluster or run.ended, f"a node:\n{run.output}")
    run.process.kill()
    run.end()
    run.assert_clean()


@pytest.mark.alone
def test_two_runs_at_once_an_orphan_and_a_cluster_that_dies(
    begin: Callable[..., Run], kind: None
) -> None:
    """Two own clusters: one is orphaned and taken away without the other; that one dies."""
    first, second = begin("kind"), begin("kind")
    first.wait_until_paused()
    second.wait_until_paused()
    assert first.own_cluster != second.own_cluster
    second.kill_everything()
    orphan = second.own_cluster
    assert orphan

    said: list[str] = []
    sweep(said.append)
    assert said == [
        f"deleting the kind cluster {orphan}: process {second.process.pid} that made it is gone"
    ]
    assert first.own_cluster

    run_program([find_engine(), "rm", "-f", f"{first.own_cluster}-control-plane"], timeout=60)
    first.go_on()
    assert first.end() != 0
    assert "Traceback" not in first.output.partition("short test summary")[0], first.output
    first.assert_clean()
