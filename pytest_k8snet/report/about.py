"""What a report says of the run itself: its command and versions."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone

import pytest

SECRETS = ("--helm-set", "--helm-set-string")  # the options whose values may be secrets


def about_run(command: Sequence[str], helm: str) -> Mapping[str, str]:
    """The command and what ran it, by the words that a report shows.

    The date is there only where SOURCE_DATE_EPOCH (seconds since 1970, see
    https://reproducible-builds.org/specs/source-date-epoch/) asks for it: the
    same run gives the same bytes otherwise.
    """
    said = {"Command": shlex.join(_without_values(command)), "pytest": pytest.__version__}
    said |= {"Helm": helm} if helm else {}
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if seconds.isascii() and seconds.isdigit():
        said["Date"] = f"{datetime.fromtimestamp(int(seconds), timezone.utc):%Y-%m-%d %H:%M} UTC"
    return said


def _without_values(command: Sequence[str]) -> Iterator[str]:
    """The command with the keys that it sets, and none of their values."""
    follows = False
    for word in command:
        head, equals, value = word.partition("=")
        if follows or (head in SECRETS and equals):
            key, _, hidden = (word if follows else value).partition("=")
            yield f"{'' if follows else f'{head}='}{key}{'=...' if hidden else ''}"
        else:
            yield word
        follows = word in SECRETS
