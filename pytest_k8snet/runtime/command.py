"""Start kind, docker and their like: never through a shell, never without an end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import ClusterError

_LAST_LINES = 15


class Failed(Exception):
    """A program could not be started, ended with an error, or did not end in time.

    :ivar output: the last lines that it wrote, for a message to the user.
    """

    def __init__(self, argv: Sequence[str], what: str, output: str = "") -> None:
        self.output = "\n".join(output.strip().splitlines()[-_LAST_LINES:])
        command = " ".join(argv[:3])
        super().__init__(f"{command}: {what}" + (f"\n{self.output}" if self.output else ""))


def run(argv: Sequence[str], *, timeout: float) -> str:
    """Run a program to its end; what it wrote to standard output.

    In a session of its own: a Ctrl-C at the terminal is for us, and must not
    end what cleans up after it.

    :param timeout: seconds; the program is killed after them.
    :raises Failed: it does not exist, exits with another code than 0, or is too slow.
    """
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=timeout,
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise Failed(argv, error.strerror or str(error)) from None
    except subprocess.TimeoutExpired:
        raise Failed(argv, f"no end after {timeout:.0f} s") from None
    if done.returncode:
        raise Failed(argv, f"exit code {done.returncode}", done.stderr or done.stdout)
    return done.stdout


def must_run(argv: Sequence[str], advice: str, *, timeout: float) -> str:
    """Run a program as :func:`run` does.

    :param advice: the next step where it fails.
    :raises ClusterError: it does.
    """
    try:
        return run(argv, timeout=timeout)
    except Failed as error:
        raise as_cluster_error(error, advice) from None


def follow(argv: Sequence[str], line: Callable[[str], None], log: Path) -> None:
    """Run a program in a session of its own and hand on what it writes as it comes.

    A Ctrl-C at the terminal does not reach the program; whoever called is told
    by :class:`KeyboardInterrupt` and the program is ended with it.

    :param log: where the program writes to, so that it never waits for a reader.
        Its process group stands beside it, for whoever cleans up after this process.
    :raises Failed: as for :func:`run`.
    """
    with log.open("w+", encoding="utf-8", errors="replace") as file:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Failed(argv, error.strerror or str(error)) from None
        log.with_suffix(".pid").write_text(str(process.pid), encoding="ascii")
        with log.open(encoding="utf-8", errors="replace") as reader:
            try:
                while _running(process):
                    _pass_on(reader.readlines(), line)
            except BaseException:
                end_group(process)
                raise
            _pass_on(reader.readlines(), line)
    log.with_suffix(".pid").unlink()
    if process.returncode:
        text = log.read_text(encoding="utf-8", errors="replace")
        raise Failed(argv, f"exit code {process.returncode}", text)


def _running(process: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.2)
    return process.returncode is None


def _pass_on(lines: list[str], line: Callable[[str], None]) -> None:
    for text in lines:
        if text.strip():
            line(text.strip())


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a program that leads a session, and all that it started; wait for it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return


def as_cluster_error(error: Failed, advice: str) -> ClusterError:
    """The failure as the user is told it, with the next step."""
    return ClusterError(f"{error}\n{advice}")
