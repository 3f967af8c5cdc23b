"""Where the workers of a run ask the process that owns the cluster.

A worker says what its tests need, asks what became of a release, and gets one
that is alive for as long as it stays at the desk. A question is a connection;
one that breaks, because the worker crashed, gives back what it had.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import (
    Client,
    Connection,
    Listener,
    answer_challenge,
    deliver_challenge,
)
from typing import Any

from ..errors import ClusterError, K8sNetError
from .stage import Live, Outcome, Plan, Stage

_HERE = "127.0.0.1"
_WAITING = 64  # workers that ask at the same moment, such as all of them after collection


class Desk:
    """Answers the workers, each question in a thread."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._secret = secrets.token_bytes(32)
        # It asks nobody for the secret: whoever came and said nothing would keep all others out.
        self._listener = Listener((_HERE, 0), backlog=_WAITING)
        self._closed = False
        threading.Thread(target=self._open, daemon=True).start()

    def handle(self) -> dict[str, Any]:
        """What a :class:`Visitor` needs, as plain data."""
        return {"port": self._listener.address[1], "secret": self._secret}

    def close(self) -> None:
        """Answer no more."""
        self._closed = True
        self._listener.close()

    def _open(self) -> None:
        while not self._closed:
            try:
                connection = self._listener.accept()
            except OSError:
                continue  # somebody who left at once, or the end
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        with connection, contextlib.suppress(OSError, EOFError, AuthenticationError):
            deliver_challenge(connection, self._secret)
            answer_challenge(connection, self._secret)
            question, argument = connection.recv()
            try:
                if question == "live":
                    with self._stage.live(argument) as live:
                        connection.send(live)
                        connection.poll(None)  # until the worker goes
                else:
                    connection.send(getattr(self._stage, question)(argument))
            except K8sNetError as error:
                connection.send(error)


class Visitor:
    """A worker at the desk."""

    def __init__(self, handle: dict[str, Any]) -> None:
        self._port, self._secret = handle["port"], handle["secret"]

    def plan(self, plan: Plan) -> None:
        """See :meth:`.Stage.plan`."""
        with self._asked("plan", plan):
            pass

    def outcome(self, key: str) -> Outcome:
        """See :meth:`.Stage.outcome`."""
        with self._asked("outcome", key) as answer:
            outcome: Outcome = answer
        return outcome

    @contextlib.contextmanager
    def live(self, key: str) -> Iterator[Live]:
        """See :meth:`.Stage.live`."""
        with self._asked("live", key) as live:
            yield live

    @contextlib.contextmanager
    def _asked(self, question: str, argument: Any) -> Iterator[Any]:
        """The answer; the connection stays while this is entered."""
        try:
            with Client((_HERE, self._port), authkey=self._secret) as connection:
                connection.send((question, argument))
                answer = connection.recv()
                if isinstance(answer, K8sNetError):
                    raise answer
                yield answer
        except (OSError, EOFError, AuthenticationError) as error:
            raise ClusterError(
                f"the process that owns the cluster does not answer: {error}"
            ) from None
