"""Locks between processes, and what killed runs left in /tmp."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_k8snet.runtime import share
from pytest_k8snet.runtime.owner import new_run, this_process
from pytest_k8snet.runtime.share import Lock, locked

HOLD = """
import sys, os
from pathlib import Path
from pytest_k8snet.runtime.share import Lock
lock = Lock(Path(sys.argv[1]))
lock.take()
lock.note = "namespace-1"
print("taken", flush=True)
sys.stdin.read()
if sys.argv[2] == "die":
    os._exit(9)
lock.release()
"""


@contextmanager
def holder(path: Path, how: str = "release") -> Iterator[subprocess.Popen[str]]:
    """Another process that has the lock until its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    try:
        yield process
    finally:
        process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "web.lock"


@pytest.fixture
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_only_one_process_has_a_lock(path: Path) -> None:
    with holder(path):
        assert not Lock(path).take(wait=False)
    lock = Lock(path)
    assert lock.take(wait=False)
    lock.release()


def test_whoever_waits_gets_it_when_the_other_lets_go(path: Path) -> None:
    with holder(path) as other:
        assert other.stdin is not None
        other.stdin.close()
        lock = Lock(path)
        assert lock.take()
        assert lock.note == ""
        lock.release()
        other.wait()
        other.stdin = None
    assert not path.exists()


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="no /proc/locks to see who waits")
def test_a_file_that_its_holder_took_away_is_no_lock(path: Path) -> None:
    lock = Lock(path)
    with holder(path) as other:
        waiter = threading.Thread(target=lock.take)
        waiter.start()
        waiting = re.compile(rf"-> FLOCK .*:{path.stat().st_ino} ")
        while not waiting.search(Path("/proc/locks").read_text(encoding="ascii")):
            time.sleep(0.01)
        other.communicate()
    waiter.join()
    assert not Lock(path).take(wait=False)
    lock.release()


def test_what_a_dead_holder_wrote_is_there_for_the_next(path: Path) -> None:
    with holder(path, "die"):
        pass
    lock = Lock(path)
    assert lock.take(wait=False)
    assert lock.note == "namespace-1"
    lock.note = "2"
    assert lock.note == "2"
    lock.release()


def test_several_may_share_a_lock(path: Path) -> None:
    with locked(path, shared=True):
        assert Lock(path).take(wait=False, shared=True)
        assert not Lock(path).take(wait=False)


def test_the_runs_folder_is_this_users_alone(own_tmp: Path) -> None:
    folder = share.run_folder(new_run())
    assert folder.parent == own_tmp
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_somebody_else_laid_out_is_refused(own_tmp: Path) -> None:
    share.machine_folder().chmod(0o755)
    with pytest.raises(PermissionError, match="remove it"):
        share.machine_folder()


def test_the_folders_of_killed_runs_are_removed(own_tmp: Path) -> None:
    mine = share.run_folder(new_run())
    orphan = own_tmp / f"k8snet-{this_process()._replace(started='0' * 8)}"
    other = own_tmp / "k8snet-something-else"
    for folder in (orphan, other):
        folder.mkdir()
    (orphan / "kubeconfig").write_text("secret", encoding="ascii")
    said: list[str] = []
    share.sweep_folders(said.append)
    assert sorted(own_tmp.iterdir()) == sorted([mine, other])
    assert str(orphan) in said[0]


def test_the_folder_for_locks_stays_while_there_is_one(own_tmp: Path) -> None:
    with locked(share.machine_folder() / "x.lock"):
        share.leave_machine_folder()
        assert share.machine_folder().exists()
    share.leave_machine_folder()
    assert list(own_tmp.iterdir()) == []
