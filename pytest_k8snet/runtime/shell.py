"""A script on a kind node that stays and answers questions: ``docker exec`` is dear to start."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import IO, TypeVar

from ..errors import ClusterError
from .command import Failed, end_group

Q = TypeVar("Q")
A = TypeVar("A")

_SECONDS = 30.0


class NodeShell:
    """A program on a node that reads questions and writes answers.

    :param argv: the program and its arguments.
    :raises Failed: it cannot be started.
    """

    def __init__(self, engine: str, node: str, argv: Sequence[str]) -> None:
        self._argv = [engine, "exec", "--interactive", node, *argv]
        try:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise Failed(self._argv, error.strerror or str(error)) from None
        self._stdin, self._stdout = _pipes(self._process)

    def ask(self, question: str, end: str) -> str:
        """The answer to one question, up to and with its last line.

        :param end: the line that ends the answer.
        :raises Failed: the program has ended, or does not answer.
        """
        try:
            self._stdin.write(question.encode())
        except BrokenPipeError:
            raise Failed(self._argv[:4], "it has ended", self._rest()) from None
        return self._answer(f"{end}\n".encode())

    def close(self) -> None:
        """End the program and what runs it."""
        self._stdin.close()  # which ends the program on the node
        end_group(self._process)
        self._stdout.close()

    def _answer(self, end: bytes) -> str:
        heard = bytearray()
        deadline = monotonic() + _SECONDS
        while not (heard == end or heard.endswith(b"\n" + end)):
            left = deadline - monotonic()
            if left < 0 or not select.select([self._stdout], [], [], left)[0]:
                raise Failed(self._argv[:4], f"no answer for {_SECONDS:.0f} s")
            chunk = os.read(self._stdout.fileno(), 1 << 16)
            if not chunk:
                text = heard.decode("utf-8", errors="replace")
                raise Failed(self._argv[:4], "it has ended", text)
            heard += chunk
        return heard.decode("utf-8", errors="replace")

    def _rest(self) -> str:
        """What it said before it ended."""
        return self._stdout.read().decode("utf-8", errors="replace")


def ask_all(questions: Mapping[str, Q], ask: Callable[[str, Q], A]) -> dict[str, A]:
    """Ask several nodes at once; by their names.

    :param ask: asks one of them.
    :raises ClusterError: a node does not answer.
    """

    def answer(node: str) -> A:
        try:
            return ask(node, questions[node])
        except Failed as error:
            raise ClusterError(
                f"the node {node} does not answer any more: {error.output or error}"
            ) from None

    if len(questions) < 2:
        return {node: answer(node) for node in questions}
    with ThreadPoolExecutor(len(questions)) as pool:
        return dict(zip(questions, pool.map(answer, questions), strict=True))


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise ValueError("started without pipes")
    return process.stdin, process.stdout
