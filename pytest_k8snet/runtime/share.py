"""The private folder of a run, and locks between the runs of a machine.

A lock is ``flock`` on a file: the kernel lets go of it when its holder dies,
however it dies. What a holder wrote into the file stays then, so that the next
one can see that something was left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from .owner import is_gone, read_owner

_PREFIX = "k8snet-"


class Lock:
    """A lock between processes, and between the holders of one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1
        self._shared = False

    def take(self, *, wait: bool = True, shared: bool = False) -> bool:
        """Take the lock; False where somebody else has it and we shall not wait."""
        mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        while True:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            except FileNotFoundError:
                continue  # the last one to leave removed the folder
            try:
                fcntl.flock(descriptor, mode)
            except BlockingIOError:
                os.close(descriptor)
                return False
            except BaseException:
                os.close(descriptor)
                raise
            if _same_file(descriptor, self.path):
                self._descriptor, self._shared = descriptor, shared
                return True
            os.close(descriptor)  # its last holder took the file away meanwhile

    @property
    def note(self) -> str:
        """What the present or last holder left in the file."""
        return os.pread(self._descriptor, 1 << 16, 0).decode()

    @note.setter
    def note(self, text: str) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def release(self) -> None:
        """Let go, and take the file away, unless others may hold it, too."""
        if self._descriptor < 0:
            return
        if not self._shared:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = -1


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[Lock]:
    """Hold a lock for a while."""
    lock = Lock(path)
    lock.take(shared=shared)
    try:
        yield lock
    finally:
        lock.release()


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def run_folder(run: str) -> Path:
    """Make the folder of a run; only this user can enter it."""
    folder = Path(tempfile.gettempdir()) / f"{_PREFIX}{run}"
    folder.mkdir(mode=0o700)
    return folder


def machine_folder() -> Path:
    """Make the folder for locks between the runs of this user on this machine."""
    folder = Path(tempfile.gettempdir()) / f"{_PREFIX}locks-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    _see_private(folder)
    return folder


def leave_machine_folder() -> None:
    """Remove the folder for locks, and those that nobody has, unless another run has one in it."""
    with contextlib.suppress(OSError):
        for path in machine_folder().iterdir():
            lock = Lock(path)
            if lock.take(wait=False):
                lock.release()
        machine_folder().rmdir()


def _see_private(folder: Path) -> None:
    """Refuse a folder that somebody else laid out for us."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not this user's own private folder; remove it")


def sweep_folders(report: Callable[[str], None]) -> None:
    """Remove the folders of runs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = read_owner(folder.name.removeprefix(_PREFIX))
        if owner and is_gone(owner) and folder.lstat().st_uid == os.getuid():
            report(f"removing {folder}: process {owner.pid} that made it is gone")
            shutil.rmtree(folder, ignore_errors=True)


def short(text: str) -> str:
    """A file name for any text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
