"""What the controller of pytest-xdist hands to its workers: the gathered charts, once.

A worker never renders. It reads the applications from a file that only this
user can read and that the controller removes at the end.
"""

from __future__ import annotations

import pickle
from pathlib import Path

from .gather import Gathered

_NAME = "gathered.pickle"


def hand_over(gathered: tuple[Gathered, ...], folder: Path) -> None:
    """Write the applications into a private folder."""
    with (folder / _NAME).open("wb") as file:
        pickle.dump(gathered, file, protocol=pickle.HIGHEST_PROTOCOL)


def take_over(folder: Path) -> tuple[Gathered, ...]:
    """Read what the controller of this worker wrote."""
    with (folder / _NAME).open("rb") as file:
        gathered: tuple[Gathered, ...] = pickle.load(file)  # noqa: S301 - our own, in a 0700 folder
    return gathered
