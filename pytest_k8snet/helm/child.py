"""A process with the Helm SDK in it, started by exec, and how it is asked.

It leads a session of its own, so Ctrl-C is for its parent, and it ends by
itself when its parent is gone (see :mod:`.embedded`).
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import tempfile
import threading
import time
from multiprocessing.connection import Pipe
from typing import IO, Any

from ..errors import HelmMissing
from ..leash import MOST_BYTES, BrokenOff, TooMuch
from . import messages
from .engine import EmbeddedEngine, Purpose

LOAD_SECONDS = 60.0  # that the SDK may take to load on a busy machine
_LOOK = 0.2  # seconds between two looks whether to break off


class Ended(Exception):
    """The process ended while it was asked; the text says how."""


class Child:
    """A running process of the embedded SDK. It answers in the order in which it is asked."""

    def __init__(self, engine: EmbeddedEngine, purpose: Purpose) -> None:
        self._engine = engine
        # Not a pipe: a chart that writes megabytes must not fill one up.
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - kill() closes it
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                engine.command(purpose, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                env=engine.environment(purpose),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._ready = False

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def ask(self, request: Any) -> None:
        """Send a request; that it has died meanwhile is found when the answer is waited for."""
        with contextlib.suppress(OSError):
            self._connection.send(request)

    def answer(self, timeout: float, over: threading.Event | None = None) -> Any:
        """The answer to the first request that has none.

        :param timeout: seconds; what the SDK needs to load comes on top.
        :raises TimeoutError: there is none in time.
        :raises BrokenOff: ``over`` was set.
        :raises Ended: it has crashed.
        :raises TooMuch: the answer is larger than is read.
        :raises HelmMissing: the SDK cannot be loaded.
        """
        try:
            if not self._ready:
                self._receive(LOAD_SECONDS, over)  # only says that the SDK is loaded
                self._ready = True
            return self._receive(timeout, over)
        except (EOFError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            code, written = self._end()
            if self._ready:
                raise Ended(messages.ended(code, written)) from None
            raise HelmMissing(messages.cannot_start(self._engine.name, code, written)) from None

    def _receive(self, timeout: float, over: threading.Event | None) -> Any:
        deadline = time.monotonic() + timeout
        while not self._connection.poll(max(0.0, min(_LOOK, deadline - time.monotonic()))):
            if over is not None and over.is_set():
                raise BrokenOff
            if time.monotonic() >= deadline:
                raise TimeoutError
        try:
            answer = self._connection.recv_bytes(MOST_BYTES)
        except OSError as error:
            if error.errno is None:  # "bad message length"
                raise TooMuch from None
            raise
        return pickle.loads(answer)  # noqa: S301 - our own

    def _end(self) -> tuple[int, str]:
        """How it ended, and what it wrote."""
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = 0
        size = os.fstat(self._errors.fileno()).st_size
        return code, os.pread(self._errors.fileno(), size, 0).decode(errors="replace")

    def kill(self) -> None:
        """End the process and wait for it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()
        self._errors.close()
