"""Programs that never outlive this process, their time or their memory, nor fill its own."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_LOOK = 0.2  # seconds between two looks whether to break off
# What is read of one program or file: an operator with all its CRDs has a tenth of it.
MOST_BYTES = 64 << 20
_PIECE = 1 << 20

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


class TooMuch(Exception):
    """It prints more than is read; the text says so, as what follows "it"."""

    def __init__(self) -> None:
        super().__init__(f"prints more than {MOST_BYTES >> 20} MiB")


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
    :raises TooMuch: it prints more than :data:`MOST_BYTES`.
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
) -> tuple[bytearray, bytearray]:
    """What it prints until its end: ``communicate`` of the process, with a limit."""
    deadline = time.monotonic() + timeout
    pipes = (pipe.fileno() for pipe in (process.stdout, process.stderr) if pipe is not None)
    printed = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as waiting:
        for pipe in printed:
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            for key, _ in waiting.select(_LOOK):
                if piece := os.read(key.fd, _PIECE):
                    printed[key.fd] += piece
                else:
                    waiting.unregister(key.fd)
            if sum(map(len, printed.values())) > MOST_BYTES:
                raise TooMuch
            if over is not None and over.is_set():
                raise BrokenOff
            if time.monotonic() >= deadline:
                raise TimeoutError
    process.wait()
    output, errors = printed.values()
    return output, errors
