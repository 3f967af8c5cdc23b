"""See that nothing is left behind, however a run ends.

Three nets, one below the other: the run cleans up itself, also when it is
interrupted or told to end; a watchdog does it when the run is killed; and the
next run does it when the watchdog was killed, too (see :mod:`.owner`).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

_BOOT = (
    "import sys; sys.path[:0] = [sys.argv[1]];"
    " from pytest_k8snet.runtime.watchdog import main; main()"
)


class Watchdog:
    """The process that cleans up after this one.

    :param cluster: kind's name of the cluster to delete, "" for one that stays.
    """

    def __init__(self, folder: Path, cluster: str, owner: str, helm: str) -> None:
        orders = {
            "parent": os.getpid(),
            "folder": str(folder),
            "cluster": cluster,
            "owner": owner,
            "helm": helm,
        }
        package = Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, str(package), json.dumps(orders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Tell it that there is nothing left to do, and wait for its end."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(b"done\n")


class Termination:
    """Turns SIGTERM into the KeyboardInterrupt that pytest knows how to end with.

    Without it the process would end at once, and clean up nothing.
    """

    def __init__(self) -> None:
        self._before: Any = None
        if threading.current_thread() is threading.main_thread() and (
            signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        ):
            self._before = signal.signal(signal.SIGTERM, _interrupt)

    def restore(self) -> None:
        """Give the signal back."""
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
            self._before = None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt("SIGTERM")


@contextlib.contextmanager
def shielded(report: Callable[[str], None]) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait, since what goes on just now is what they are for."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        report("still cleaning up, a moment please")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
