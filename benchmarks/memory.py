"""The memory of a process and all its descendants, while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

EVERY = 0.02
PAGE = os.sysconf("SC_PAGE_SIZE")


class Peak:
    """The largest sum of resident memory, in bytes, of a process and its descendants.

    Sampled every 20 ms from /proc. Pages that processes share count for each
    of them, so the sum is an upper bound. Stays 0 where there is no /proc.
    """

    def __init__(self) -> None:
        self.bytes = 0

    def watch(self, pid: int) -> None:
        """Sample until the process has ended."""
        pause = Event()
        while not _ended(pid):
            self.bytes = max(self.bytes, sum(map(_resident, _tree(pid))))
            pause.wait(EVERY)

    @property
    def megabytes(self) -> float:
        """In units of 1,000,000 bytes."""
        return self.bytes / 1e6


def _ended(pid: int) -> bool:
    """Whether it is gone, or waits for nothing but to be asked for its status."""
    state = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return not state or state[0] == "Z"


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(children).split():
            yield from _tree(int(child))


def _resident(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * PAGE if fields else 0


def _read(path: Path) -> str:
    """A file of /proc; "" when its process has just ended."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
