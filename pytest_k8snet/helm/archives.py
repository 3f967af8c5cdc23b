"""Packed charts, unpacked in memory and not one byte further than a budget. Imported by the child.

A file of a few kilobytes can stand for a terabyte. Helm has a limit for what it
unpacks; whoever looks into an archive before Helm does needs one, too.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from ..reading import MOST_BYTES, Refused, opened

ARCHIVES = (".tgz", ".tar.gz")
# Helm's own limit for a whole chart, unpacked.
BUDGET = 100 << 20


class Member(NamedTuple):
    """A regular file in an archive: its path and what it says."""

    path: str
    content: bytes


class Unpacking:
    """What may still be unpacked, of an archive and of those in it."""

    def __init__(self, label: Path) -> None:
        self._label = label
        self._left = BUDGET

    def members(self, file: IO[bytes], name: str) -> Iterator[Member]:
        """The files of this name in an archive, and the archives in it, one after the other.

        :raises OSError: it is no packed chart, or one that is too large.
        """
        import tarfile
        import zlib

        try:
            yield from self._members(file, name)
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise Refused(f"no packed chart: {error}", self._label) from error

    def _members(self, file: IO[bytes], name: str) -> Iterator[Member]:
        import gzip
        import tarfile

        with gzip.GzipFile(fileobj=file) as unpacked:
            limited = _Limited(self, unpacked)
            with tarfile.open(fileobj=limited, mode="r|") as archive:
                remembered: list[tarfile.TarInfo] = archive.members  # type: ignore[attr-defined]
                while (member := archive.next()) is not None:
                    remembered.clear()
                    if not (member.isfile() and member.name.endswith((f"/{name}", *ARCHIVES))):
                        continue
                    if member.size > MOST_BYTES:
                        what = f"{member.name} in it is larger than {MOST_BYTES >> 20} MiB"
                        raise Refused(what, self._label)
                    content = archive.extractfile(member)
                    if content is not None:
                        yield Member(member.name, content.read())

    def take(self, size: int) -> None:
        """Count what was unpacked."""
        self._left -= size
        if self._left < 0:
            raise Refused(f"unpacks to more than {BUDGET >> 20} MiB", self._label)


class _Limited(io.RawIOBase):
    """A file whose bytes are counted."""

    def __init__(self, unpacking: Unpacking, file: io.BufferedIOBase) -> None:
        super().__init__()
        self._unpacking, self._file = unpacking, file

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._unpacking.take(len(content))
        return content


def members(path: Path, name: str) -> Iterator[Member]:
    """The files of an archive on disk, as :meth:`Unpacking.members`."""
    with opened(path) as file:
        yield from Unpacking(path).members(file, name)
