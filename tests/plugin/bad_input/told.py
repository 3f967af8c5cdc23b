"""What may be said of bad input: the right words, once, and nothing of this program's insides."""

from __future__ import annotations

import re

ELLIPSIS = re.compile(r"\s*…\s*")
# Of Python and Go, in which nobody wrote their chart.
NOISE = ("Traceback", "INTERNALERROR", "Error:", "error calling", "unmarshal", "strconv", "--debug")
LONGEST = 1200


def slug(name: str) -> str:
    """The name of a row as the name of a file."""
    return re.sub(r"[^\w.]+", "-", name).strip("-").lower()


def refuse_noise(text: str) -> None:
    """Fail where words are in it that help nobody."""
    found = [word for word in NOISE if word in text]
    assert not found, text


def has_words(says: str, text: str) -> None:
    """Fail where a text does not have these words, in this order."""
    at = 0
    for words in filter(None, ELLIPSIS.split(says)):
        found = text.find(words, at)
        assert found >= 0, f"{words!r} is not in what is said:\n{text[:LONGEST]}"
        at = found + len(words)
