"""Text that comes from a chart, made harmless for terminals and for runners of CI.

Names, labels, messages of ``fail`` and file names are the chart's. Printed as
they are, they could move the cursor, change the window's title, or be taken for
a command by the runner that reads the log:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

# Control characters but line feed and tab, line separators, and what turns the order of text round.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# GitHub reads "::command" at the beginning of a line, after blanks; "##[command]" anywhere, as
# Azure does "##vso[command]" and TeamCity "##teamcity[command]".
_COMMAND = re.compile(r"^([^\S\n]*)(?=::)|(?<=#)(?=#(?:vso|teamcity)?\[)", re.MULTILINE)

_KEPT = "/:;@!$&'()*+=[]<>|~^{}?\"\\`"  # what needs no quoting in a word of a line


def plain(text: str) -> str:
    r"""The same text with control characters written out, as ``\x1b``, and no line a command.

    A backslash takes the meaning from a command, and leaves it to be read. What
    is harmless already stays as it is, so that it does no harm to do it twice.
    """
    if text.isascii() and text.isprintable() and "::" not in text and "##" not in text:
        return text
    text = _CONTROL.sub(_written_out, text.replace("\r\n", "\n"))
    return _COMMAND.sub(lambda match: f"{match[1] or ''}\\", text)


def one_word(text: str) -> str:
    """A name as one word of a line of a file that is split at blanks.

    Blanks, commas, percent signs, ``#`` and control characters are written as in a URL.
    """
    return quote(text, safe=_KEPT)


def one_line(text: str) -> str:
    r"""The same, and a line feed written out as ``\n``: for names and paths."""
    return plain(text).replace("\n", r"\n").replace("\t", r"\t")


def plain_data(value: Any) -> Any:
    """Data with all its texts made plain: whoever reads a report prints fields as they are."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain_data(key): plain_data(entry) for key, entry in value.items()}
    return [*map(plain_data, value)] if isinstance(value, (list, tuple)) else value


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
