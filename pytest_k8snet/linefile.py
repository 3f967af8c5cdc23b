"""Files with an entry a line, which a run writes and people review: baselines, who reaches whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .errors import SettingsError


def entry_lines(path: Path, flag: str, writer: str) -> Iterator[tuple[int, str]]:
    """The lines that are entries, with their numbers; comments and empty ones are left out.

    :param flag: the option that names the file, for messages.
    :param writer: the option that makes such a file.
    :raises SettingsError: there is no such file, or it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"{flag}={path}: there is no such file; make it with {writer}={path}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{flag}={path}: cannot be read: {error}") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line
