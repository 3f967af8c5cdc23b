"""Ask again and again: what a cluster does takes its time, and nobody says when it is done."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

T = TypeVar("T")

_PAUSE = 0.2


def wait_for(asked: Callable[[], T], seconds: float) -> T:
    """The first answer that says yes; the last one where none does in time."""
    deadline = monotonic() + seconds
    while not (answer := asked()) and monotonic() < deadline:
        sleep(_PAUSE)
    return answer
