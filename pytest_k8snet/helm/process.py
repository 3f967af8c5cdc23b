"""One process of Helm's, started by exec, and the records that go to and fro.

The process is the leader of a group of its own: Ctrl-C is for its parent, and
killing it takes a helm that it may have started along. It ends by itself when
its parent is gone (see :mod:`.worker`).
"""

from __future__ import annotations

import contextlib
import fcntl
import marshal
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

from .worker import LENGTH, write_record

PIPE_BYTES = 1 << 20


class Process:
    """A running worker.

    :ivar results: the file descriptor that its records come from.
    :ivar ready: whether it has said that Helm is loaded.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        # Not a pipe: a chart that writes megabytes must not fill one up.
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - kill() closes it
        jobs, self._jobs = os.pipe()
        self.results, results = os.pipe()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=jobs,
                stdout=results,
                stderr=self._errors,
                env=environment,
                start_new_session=True,
            )
        finally:
            os.close(jobs)
            os.close(results)
        _widen(self.results)
        self._buffer = bytearray()
        self.ready = False

    @property
    def pid(self) -> int:
        """The process id, and that of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def send(self, record: Mapping[str, Any]) -> None:
        """Give it a job; that it has died meanwhile is found when it is heard."""
        with contextlib.suppress(BrokenPipeError):
            write_record(self._jobs, record)

    def hear(self) -> bool:
        """Read what is there, or wait for it; False when the process has ended."""
        chunk = os.read(self.results, PIPE_BYTES)
        self._buffer += chunk
        return bool(chunk)

    def answer(self) -> dict[str, Any] | None:
        """The next complete answer, if there is one."""
        while len(self._buffer) >= LENGTH:
            end = LENGTH + int.from_bytes(self._buffer[:LENGTH], "big")
            if len(self._buffer) < end:
                break
            body = bytes(self._buffer[LENGTH:end])
            del self._buffer[:end]
            record: dict[str, Any] = marshal.loads(body)  # noqa: S302 - from our own process
            if self.ready:
                return record
            self.ready = True  # the first one only says that Helm is loaded
        return None

    def written(self) -> str:
        """What is in its standard error."""
        size = os.fstat(self._errors.fileno()).st_size
        return os.pread(self._errors.fileno(), size, 0).decode(errors="replace")

    def exit_code(self) -> int:
        """How it ended; it has closed its pipe before."""
        try:
            return self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return 0

    def kill(self) -> None:
        """End the process and what it has started, and wait for it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._jobs)
        os.close(self.results)
        self._errors.close()


def _widen(pipe: int) -> None:
    """Let a whole chart into the pipe, where the system has a call for that."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
