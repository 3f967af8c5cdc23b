"""Who made a cluster or a namespace, and whether that process is still alive.

What a run makes carries its owner in a short text, so that a later run can tell
an orphan from what another run on the same machine is using just now.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import subprocess
from pathlib import Path
from typing import NamedTuple

_TEXT = re.compile(r"(\d+)-([0-9a-f]{8})-([0-9a-f]{8})(?:-[0-9a-f]{4})?")


class Owner(NamedTuple):
    """A process, by its id, when it started, and the machine (or container) it runs in."""

    pid: int
    started: str
    host: str

    def __str__(self) -> str:
        """Only digits, letters and dashes: fit for cluster names and label values."""
        return f"{self.pid}-{self.started}-{self.host}"


def this_process() -> Owner:
    """The process that asks."""
    pid = os.getpid()
    return Owner(pid, _digest(_start_of(pid)), _digest(_host()))


def new_run() -> str:
    """A text that is this process's and this run's: a process may begin several."""
    return f"{this_process()}-{secrets.token_hex(2)}"


def read_owner(text: str) -> Owner | None:
    """The owner that a text was made from, with a run's or without; None where it is none."""
    match = _TEXT.fullmatch(text)
    return Owner(int(match[1]), match[2], match[3]) if match else None


def is_gone(owner: Owner) -> bool:
    """Whether the process has certainly ended.

    A process of another machine, or of another container with process ids of
    its own, cannot be judged from here and counts as alive.
    """
    if owner.host != _digest(_host()):
        return False
    start = _start_of(owner.pid)
    return not start or _digest(start) != owner.started


def _start_of(pid: int) -> str:
    """When the process started, in words that are equal only for the same process; "" if none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "" if Path("/proc/self/stat").exists() else _start_by_ps(pid)
    except ProcessLookupError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else f"{pid} {fields[19]}"  # a zombie does no more


def _start_by_ps(pid: int) -> str:
    """As above, for systems without /proc."""
    argv = ["ps", "-o", "lstart=", "-p", str(pid)]
    text = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
    return f"{pid} {text}" if text else ""


def _host() -> str:
    """The machine since its last start, and the process ids' namespace."""
    return f"{platform.node()}\n{_boot()}\n{_pid_namespace()}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
