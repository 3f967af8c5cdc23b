"""Renders charts one after the other, and gives each result on while the next one is made.

The caller can read one chart while Helm renders the next ones: in a process
with the SDK, which stays (:mod:`.child`), or in helm programs (:mod:`.binary`).
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ..leash import TooMuch
from .engine import EmbeddedEngine, Engine
from .request import Rendered, RenderRequest

if TYPE_CHECKING:
    from .child import Child

DEFAULT_TIMEOUT = 60.0
MOST_PROCESSES = 4
# Requests that a child has at a time, so that it never waits for its parent between them.
DEPTH = 3
# Seconds of waiting for each of the present children, before a further one is worth its loading.
WORTH_ANOTHER = 2.0


class Renderer(AbstractContextManager["Renderer"]):
    """Renders requests with one kind of Helm.

    Use it as a context manager: leaving it, however that happens, ends every
    process of Helm's at once.

    :param engine: which one.
    :param processes: at most so many; the machine's processors, and no more
        than four, by default.
    :param timeout: seconds that one chart may take.
    """

    def __init__(
        self, engine: Engine, *, processes: int | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        self.engine = engine
        most = processes or min(MOST_PROCESSES, os.cpu_count() or 1)
        self._way: _Embedded | _Binary
        if isinstance(engine, EmbeddedEngine):
            self._way = _Embedded(engine, most, timeout)
        else:
            self._way = _Binary(engine, most, timeout)

    def __exit__(self, *_: object) -> None:
        self.close()

    def start_early(self) -> None:
        """Let the SDK load while the caller is still busy with something else."""
        self._way.start_early()

    def render(self, requests: Iterable[RenderRequest]) -> Generator[Rendered, None, None]:
        """Render them all; results come in the order of the requests, as they are ready.

        What goes wrong with one chart is that result's ``error``.

        :raises HelmMissing: the engine cannot be started.
        """
        return self._way.render(deque(requests))

    def close(self) -> None:
        """End the processes. Safe to call more than once."""
        self._way.close()

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the processes that stay between two charts."""
        return self._way.processes


class _Embedded:
    """Children with the SDK: one, and further ones where that one is what the caller waits for."""

    def __init__(self, engine: EmbeddedEngine, most: int, timeout: float) -> None:
        self._engine = engine
        self._most = most
        self._timeout = timeout
        self._lanes: list[_Lane] = []
        self._waited = 0.0

    @property
    def processes(self) -> tuple[int, ...]:
        return tuple(lane.child.pid for lane in self._lanes)

    def start_early(self) -> None:
        if not self._lanes:
            self._start()

    def render(self, waiting: deque[RenderRequest]) -> Generator[Rendered, None, None]:
        flying: deque[_Lane] = deque()  # who has the next results, in their order
        try:
            while waiting or flying:
                self._hand_out(waiting, flying)
                began = time.monotonic()
                rendered = flying[0].finish(self._timeout)
                self._waited += time.monotonic() - began
                del flying[0]
                yield rendered
        finally:
            for lane in [lane for lane in self._lanes if lane.requests]:
                self._lanes.remove(lane)  # the caller lost interest, or something went wrong
                lane.child.kill()

    def close(self) -> None:
        while self._lanes:
            self._lanes.pop().child.kill()

    def _hand_out(self, waiting: deque[RenderRequest], flying: deque[_Lane]) -> None:
        while waiting:
            running = len(self._lanes)
            if not running or (running < self._most and self._waited > running * WORTH_ANOTHER):
                self._start()
            lane = min(self._lanes, key=lambda lane: len(lane.requests))
            if len(lane.requests) >= DEPTH:
                return
            lane.take(waiting.popleft())
            flying.append(lane)

    def _start(self) -> None:
        self._lanes.append(_Lane(self._engine))


class _Lane:
    """A child and what it has still to render; when it is lost another takes its place."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine
        self.requests: deque[RenderRequest] = deque()
        self.child = self._start()

    def _start(self) -> Child:
        from .child import Child

        return Child(self._engine, "render")

    def take(self, request: RenderRequest) -> None:
        if not self.requests and not self.child.alive:
            self._replace()  # no chart is to blame: it had nothing to do
        self.requests.append(request)
        self.child.ask(request)

    def finish(self, timeout: float) -> Rendered:
        """The result of its first request."""
        from . import messages
        from .child import Ended

        request = self.requests[0]
        try:
            rendered: Rendered = self.child.answer(timeout)
        except TimeoutError:
            rendered = _timed_out(request, timeout)
        except TooMuch as error:
            rendered = Rendered(error=f"{request.title}: {messages.too_much(error)}")
        except Ended as ended:
            rendered = Rendered(error=messages.crashed(request, str(ended)))
        else:
            self.requests.popleft()
            return _cleaned(request, rendered)
        self.requests.popleft()
        self._replace()
        return rendered

    def _replace(self) -> None:
        self.child.kill()
        self.child = self._start()
        for request in self.requests:
            self.child.ask(request)


class _Binary:
    """A helm program for each chart, several at once."""

    def __init__(self, engine: Engine, most: int, timeout: float) -> None:
        self._engine = engine
        self._most = most
        self._timeout = timeout
        self._over = threading.Event()

    processes: tuple[int, ...] = ()

    def start_early(self) -> None:
        """There is nothing to load."""

    def close(self) -> None:
        self._over.set()

    def render(self, waiting: deque[RenderRequest]) -> Generator[Rendered, None, None]:
        from . import binary

        if waiting:
            binary.refuse_old(self._engine)
        over = self._over
        flying: deque[tuple[RenderRequest, Future[Rendered]]] = deque()
        threads = ThreadPoolExecutor(self._most)
        try:
            while waiting or flying:
                while waiting and len(flying) < self._most * DEPTH:
                    request = waiting.popleft()
                    job = threads.submit(binary.render, self._engine, request, self._timeout, over)
                    flying.append((request, job))
                rendered = self._result(*flying[0])
                del flying[0]
                yield rendered
        finally:
            if flying:
                over.set()
                self._over = threading.Event()
            threads.shutdown(cancel_futures=True)

    def _result(self, request: RenderRequest, job: Future[Rendered]) -> Rendered:
        try:
            return _cleaned(request, job.result())
        except TimeoutError:
            return _timed_out(request, self._timeout)


def _timed_out(request: RenderRequest, timeout: float) -> Rendered:
    from . import messages

    return Rendered(error=messages.timed_out(request, timeout), seconds=timeout)


def _cleaned(request: RenderRequest, rendered: Rendered) -> Rendered:
    """The same in words for people."""
    error, warnings = rendered.error, rendered.warnings
    if error is None and not warnings:
        return rendered
    # Its patterns take longer to compile than a small chart to render.
    from . import messages

    return rendered._replace(
        error=None if error is None else messages.clean(request, error),
        warnings=messages.warnings(warnings),
    )
