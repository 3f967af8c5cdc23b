"""Programs that never outlive this process, their time or their memory."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_LOOK = 0.2  # seconds between two looks whether to break off

# Standard input is a pipe that only this process holds the other end of: when it is gone, however
# that happened, the shell reads to the end and the program is ended, too.
_LEASH = """
[ "$1" = 0 ] || ulimit -d "$1"
shift
exec 3<&0 </dev/null
"$@" 3<&- & program=$!
{ read -r _ <&3; kill -9 $program; } >/dev/null 2>&1 & leash=$!
exec 3<&-
wait $program
code=$?
kill $leash
exit $code
"""


class BrokenOff(Exception):
    """The caller does not want the answer any more."""


class Done(NamedTuple):
    """How a program ended, and what it wrote. A signal's exit code is its negative number."""

    code: int
    output: str
    errors: str


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    timeout: float,
    over: threading.Event | None = None,
    memory: int = 0,
) -> Done:
    """Run a program to its end, or end it with all that it started.

    :param timeout: seconds.
    :param memory: bytes of data that it may take; 0: as many as there are.
    :raises TimeoutError: it is not done in time.
    :raises BrokenOff: ``over`` was set.
    """
    leash, held = os.pipe()
    try:
        with subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "sh", str(memory // 1024), *command],
            stdin=leash,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        ) as process:
            os.close(leash)
            try:
                output, errors = _communicate(process, timeout, over)
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
    finally:
        os.close(held)
    code = process.returncode
    # As the shell says it.
    code = 128 - code if code > 128 else code
    return Done(code, output.decode(errors="replace"), errors.decode(errors="replace"))


def _communicate(
    process: subprocess.Popen[bytes], timeout: float, over: threading.Event | None
) -> tuple[bytes, bytes]:
    deadline = time.monotonic() + timeout
    while True:
        try:
            return process.communicate(timeout=_LOOK)
        except subprocess.TimeoutExpired:
            if over is not None and over.is_set():
                raise BrokenOff from None
            if time.monotonic() >= deadline:
                raise TimeoutError from None
