"""Files that somebody else wrote, read so that they can neither hang the run nor fill its memory.

A name in a chart's folder may be a pipe that nobody writes to, a device without
an end, or a link to a file that is no part of the chart and none of its
readers' business.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

# Helm's own limit for a file of a chart: https://helm.sh/docs/topics/charts/ calls it 5 MiB.
MOST_BYTES = 5 << 20


class Refused(OSError):
    """A file that is there and is not read; ``strerror`` says why."""

    def __init__(self, why: str, path: Path) -> None:
        super().__init__(0, why, str(path))


def read_bytes(path: Path, *, inside: Path | None = None, most: int = MOST_BYTES) -> bytes:
    """What a regular file says.

    :param inside: the folder that it has to lie in, links followed.
    :raises OSError: it cannot be read, or (:class:`Refused`) is none to be read.
    """
    if inside is not None and (outside := leads_out(path, inside)):
        raise Refused(outside, path)
    with opened(path) as file:
        # What is larger than it says, as files in /proc are, ends here, too.
        content = file.read(most + 1)
    if len(content) > most:
        raise Refused(f"larger than {most >> 20} MiB", path)
    return content


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A regular file, open for reading.

    :raises OSError: as :func:`read_bytes`.
    """
    # Opening a pipe for reading waits for a writer unless it is told not to.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise Refused(f"this is {what}", path)
    with os.fdopen(descriptor, "rb") as file:
        yield file


def read_text(path: Path) -> str:
    """The same as text; bytes that are no UTF-8 are replaced."""
    return read_bytes(path).decode(errors="replace")


def not_utf8(error: UnicodeDecodeError) -> str:
    """Why bytes are no text, and where."""
    return f"not UTF-8: {error.reason} at byte {error.start}"


def leads_out(path: Path, inside: Path) -> str:
    """Where a path leads to, if links take it out of a folder; else ""."""
    real = os.path.realpath(path)
    if holds(os.path.realpath(inside), real):
        return ""
    return f"a link that leads out of {inside}, to {real}"


def holds(folder: str, path: str) -> bool:
    """Whether a path is a folder or lies in it; both without links."""
    return os.path.commonpath([path, folder]) == folder
