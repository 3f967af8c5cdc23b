"""What a row puts on the disk: texts, bytes, and what is no regular file."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    to: str


@dataclass(frozen=True)
class Hole:
    """A file of so many bytes that takes no room."""

    size: int


@dataclass(frozen=True)
class Packed:
    """A packed chart of these files; None for a file stands for a link to /etc/passwd."""

    files: Mapping[str, bytes | None]
    cut: int = 0
    """So many bytes are missing at its end."""


@dataclass(frozen=True)
class Program:
    """A program of the shell."""

    text: str


class Pipe:
    """A named pipe that nobody writes to."""


class Folder:
    """An empty folder."""


Content: TypeAlias = str | bytes | Link | Hole | Packed | Program | Pipe | Folder
Files: TypeAlias = Mapping[str, Content]


def put(folder: Path, files: Files) -> None:
    """Write them all."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)


def _write(path: Path, content: Content) -> None:
    match content:
        case str():
            path.write_bytes(content.encode())
        case bytes():
            path.write_bytes(content)
        case Link():
            path.symlink_to(content.to)
        case Hole():
            path.touch()
            os.truncate(path, content.size)
        case Packed():
            path.write_bytes(_packed(content))
        case Program():
            path.write_text(f"#!/bin/sh\n{content.text}\n", encoding="utf-8")
            path.chmod(0o755)
        case Pipe():
            os.mkfifo(path)
        case Folder():
            path.mkdir()


def _packed(content: Packed) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in content.files.items():
            entry = tarfile.TarInfo(name)
            if text is None:
                entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            entry.size = len(text or b"")
            archive.addfile(entry, io.BytesIO(text or b""))
    whole = buffer.getvalue()
    return whole[: len(whole) - content.cut]


def _bomb() -> str:
    """Aliases of aliases: a few hundred bytes that stand for a thousand million words."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for number in range(1, 9):
        below = ", ".join([f"*a{number - 1}"] * 10)
        lines.append(f"a{number}: &a{number} [{below}]")
    return "\n".join(lines) + "\n"


BOMB = _bomb()
