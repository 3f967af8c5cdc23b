"""Files with an entry a line, which a run writes and people review: baselines, who reaches whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .errors import SettingsError
from .reading import not_utf8, read_bytes


def entry_lines(path: Path, flag: str, writer: str) -> Iterator[tuple[int, str]]:
    """The lines that are entries, with their numbers; comments and empty ones are left out.

    :param flag: the option that names the file, for messages.
    :param writer: the option that makes such a file.
    :raises SettingsError: there is no such file, or it cannot be read.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")  # a mark of the byte order is no text
    except FileNotFoundError:
        raise SettingsError(
            f"{flag}={path}: there is no such file; make it with {writer}={path}"
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{flag}={path}: cannot be read: {not_utf8(error)}") from None
    except OSError as error:
        raise SettingsError(f"{flag}={path}: cannot be read: {error.strerror}") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line
