"""The program of a worker process: reads jobs, renders, writes results.

Both pipes carry marshal records behind their length in eight bytes: marshal
moves megabytes of text as fast as memory, and both ends are the same Python.
Standard error is a file of the parent's that is emptied before each job, so
what a chart makes Helm write there is known to be that chart's.

Imported as little as possible, since a user waits for it: only the standard
library and, for the embedded engine, the SDK.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from queue import SimpleQueue
from typing import Any

JOBS, RESULTS, ERRORS = 0, 1, 2
LENGTH = 8


def main() -> None:
    """Serve until the parent closes its end."""
    results = os.dup(RESULTS)
    os.dup2(ERRORS, RESULTS)  # a stray print is a warning, not a broken record
    module, *arguments = sys.argv[3:]
    perform = import_module(f".{module}", __package__).performer(*arguments)
    write_record(results, {})  # Helm is loaded
    for job in _Jobs():
        write_record(results, _answer(perform, job))


def read_record(pipe: int) -> Any:
    """The next record; None at the end of the stream."""
    length = _read(pipe, LENGTH)
    body = _read(pipe, int.from_bytes(length, "big")) if length else None
    return marshal.loads(body) if body else None  # noqa: S302 - from the parent, not from a user


def write_record(pipe: int, record: Any) -> None:
    """Write one record as a whole."""
    body = marshal.dumps(record)
    view = memoryview(len(body).to_bytes(LENGTH, "big") + body)
    while view:
        view = view[os.write(pipe, view) :]


def _read(pipe: int, size: int) -> bytes | None:
    body = bytearray()
    while len(body) < size:
        chunk = os.read(pipe, size - len(body))
        if not chunk:
            return None
        body += chunk
    return bytes(body)


class _Jobs:
    """The jobs as they come in, read by a thread of their own.

    So the end of the parent is noticed while Helm renders, which a signal or a
    check between two jobs would not see.
    """

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while (job := read_record(JOBS)) is not None:
            self._waiting.put(job)
        _end_group()

    def __iter__(self) -> _Jobs:
        return self

    def __next__(self) -> Any:
        return self._waiting.get()


def _end_group() -> None:
    """End this process and a helm that it may have started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _answer(
    perform: Callable[[dict[str, Any]], dict[str, Any]], job: dict[str, Any]
) -> dict[str, Any]:
    os.lseek(ERRORS, 0, os.SEEK_SET)
    os.ftruncate(ERRORS, 0)
    began = time.perf_counter()
    answer = perform(job)
    answer["seconds"] = time.perf_counter() - began
    written = os.lseek(ERRORS, 0, os.SEEK_CUR)
    if written:
        answer["warnings"] = os.pread(ERRORS, written, 0).decode(errors="replace")
    return answer
