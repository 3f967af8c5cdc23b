"""Real pytest runs that pause in the middle, and what is left of them afterwards.

Processes are found by a variable of their environment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.cluster import clusters
from pytest_k8snet.runtime.namespaces import our_namespaces, owner_of
from pytest_k8snet.runtime.owner import read_owner

from .conftest import BUSYBOX, WEB, write_chart

REPOSITORY = Path(__file__).resolve().parents[2]
MARK = "K8SNET_CLEANUP_TEST"
LONG = 120.0  # seconds; nothing here depends on how long anything takes

CHART = f"""{WEB}\
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

    def kill(self) -> None:
        """Whatever is left of it."""
        for pid in processes(self.mark):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

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
