"""Warm worker processes that render charts, and how to talk to them.

One thread and no lock: the parent waits for whichever worker has something to
say, hands it the next job and gives results on in the order of the jobs, so it
can parse one chart while the workers render the next ones. Each worker has two
jobs at most, so that it never waits for the parent between them.
"""

from __future__ import annotations

import os
import selectors
import time
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import HelmMissing
from .charts import Chart
from .dependencies import Workspace
from .engine import Engine
from .fetch import Fetch
from .job import Definition, Job, Rendered
from .process import Process

DEFAULT_TIMEOUT = 60.0
MOST_WORKERS = 4
DEPTH = 2
# Results that wait for their turn are held in memory.
LOOKAHEAD = 24

_Numbered = tuple[int, Job]


class Pool:
    """Renders jobs in worker processes of one engine.

    Use it as a context manager: leaving it, however that happens, kills the
    workers at once.
    """

    def __init__(
        self, engine: Engine, *, workers: int | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        self._engine = engine
        self._most = workers or min(MOST_WORKERS, os.cpu_count() or 1)
        self._timeout = timeout
        self._workers: list[_Worker] = []
        self._workspace = Workspace()
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Pool:  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start_early(self) -> None:
        """Start the first worker without waiting for it.

        It loads Helm while the caller is still busy with something else.
        """
        if not self._workers:
            self._start()

    def render(self, jobs: Iterable[Job]) -> Generator[Rendered, None, None]:
        """Render all jobs; results come in the order of the jobs, as they are ready.

        What goes wrong with one job is that result's ``error``.

        :raises HelmMissing: the engine cannot be started.
        """
        waiting: deque[_Numbered] = deque(enumerate(jobs))
        done: dict[int, Rendered] = {}
        turn, total = 0, len(waiting)
        try:
            while turn < total:
                self._hand_out(waiting, before=turn + LOOKAHEAD)
                self._collect(waiting, done, wait=turn not in done)
                if turn in done:
                    yield done.pop(turn)
                    turn += 1
        finally:
            for worker in [worker for worker in self._workers if worker.jobs]:
                self._end(worker)  # the caller lost interest, or something went wrong

    def close(self) -> None:
        """Kill the workers. Safe to call more than once."""
        for worker in list(self._workers):
            self._end(worker)
        self._selector.close()
        self._workspace.close()

    def know(self, charts: Iterable[Chart], fetch: Fetch | None) -> None:
        """Say which charts may depend on each other, and how what is missing may be fetched."""
        self._workspace.close()
        self._workspace = Workspace(known=charts, fetch=fetch)

    @property
    def notes(self) -> tuple[str, ...]:
        """Which dependency was taken from where."""
        return tuple(self._workspace.notes)

    def prepare(self, chart: Chart) -> Path:
        """Where to render a chart from (:meth:`.dependencies.Workspace.prepare`).

        Copies live as long as the pool.

        :raises ChartError: the chart cannot be read, or a dependency is absent.
        """
        return self._workspace.prepare(chart)

    @property
    def processes(self) -> tuple[int, ...]:
        """The process ids of the workers."""
        return tuple(worker.process.pid for worker in self._workers)

    def _hand_out(self, waiting: deque[_Numbered], before: int) -> None:
        for worker in [worker for worker in self._workers if worker.lost]:
            self._end(worker)  # no chart is to blame: it had nothing to do
        while waiting and waiting[0][0] < before:
            if self._worth_another(len(waiting)):
                self._start()
            worker = min(self._workers, key=lambda worker: len(worker.jobs))
            if len(worker.jobs) >= DEPTH:
                return
            worker.take(waiting.popleft(), self._timeout)

    def _worth_another(self, waiting: int) -> bool:
        running = len(self._workers)
        return running < self._most and waiting > self._engine.jobs_per_worker * running

    def _collect(self, waiting: deque[_Numbered], done: dict[int, Rendered], *, wait: bool) -> None:
        """Take in what workers have written; with ``wait``, until there is something."""
        pause = self._pause() if wait else 0
        heard = [key.data for key, _ in self._selector.select(pause)]
        for worker in heard:
            if not worker.process.hear():
                self._bury(worker, waiting, done)
                continue
            worker.extend(self._timeout)
            while (answer := worker.process.answer()) is not None:
                number, job = worker.finish(self._timeout)
                done[number] = _rendered(job, answer)
        now = time.monotonic()
        for worker in list(self._workers):
            if worker not in heard and worker.jobs and worker.deadline <= now:
                number, job = self._drop(worker, waiting)
                from . import messages

                error = messages.timed_out(job, self._timeout)
                done[number] = Rendered(error=error, seconds=self._timeout)

    def _pause(self) -> float:
        deadlines = [worker.deadline for worker in self._workers if worker.jobs]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else 0.0

    def _bury(self, worker: _Worker, waiting: deque[_Numbered], done: dict[int, Rendered]) -> None:
        """Deal with a worker that ended by itself: its first job is to blame."""
        from . import messages

        code, written = worker.process.exit_code(), worker.process.written()
        if not worker.process.ready:
            self._end(worker)
            raise HelmMissing(messages.cannot_start(self._engine.name, code, written))
        if not worker.jobs:
            self._end(worker)
            return
        number, job = self._drop(worker, waiting)
        done[number] = Rendered(error=messages.crashed(job, code, written))

    def _drop(self, worker: _Worker, waiting: deque[_Numbered]) -> _Numbered:
        """End a worker; its first job is returned, the others wait again."""
        first, *others = worker.jobs
        waiting.extendleft(reversed(others))
        self._end(worker)
        return first

    def _start(self) -> None:
        engine = self._engine
        worker = _Worker(Process(engine.command("render"), engine.environment("render")))
        self._workers.append(worker)
        self._selector.register(worker.process.results, selectors.EVENT_READ, worker)

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.process.results)
        worker.process.kill()


def open_pool(
    engine: Engine, *, workers: int | None = None, timeout: float = DEFAULT_TIMEOUT
) -> Pool:
    """A :class:`Pool`.

    :param workers: at most so many processes; the machine's processors, and
        no more than four, by default.
    :param timeout: seconds that one chart may take.
    """
    return Pool(engine, workers=workers, timeout=timeout)


@dataclass(eq=False, slots=True)
class _Worker:
    """A process, the jobs it has, and when the first of them has taken too long."""

    process: Process
    jobs: deque[_Numbered] = field(default_factory=deque)
    deadline: float = 0.0

    @property
    def lost(self) -> bool:
        """Whether it has ended while it had nothing to do."""
        return not self.jobs and not self.process.alive

    def take(self, numbered: _Numbered, timeout: float) -> None:
        """Give it a job; the time that Helm needs to load is not the chart's."""
        if not self.jobs:
            self.extend(timeout if self.process.ready else max(timeout, DEFAULT_TIMEOUT))
        self.jobs.append(numbered)
        self.process.send(plain(numbered[1]))

    def finish(self, timeout: float) -> _Numbered:
        """The job that is done; the next one's time begins."""
        self.extend(timeout)
        return self.jobs.popleft()

    def extend(self, timeout: float) -> None:
        """Its time begins again, also while a result of megabytes is on its way."""
        self.deadline = time.monotonic() + timeout


def plain(job: Job) -> dict[str, Any]:
    """A job as a worker reads it."""
    return {
        "path": str(job.path.absolute()),
        "values": [str(file.absolute()) for file in job.values],
        "sets": list(job.sets),
        "release": job.release,
        "namespace": job.namespace,
        "crds": job.crds,
    }


def _rendered(job: Job, answer: dict[str, Any]) -> Rendered:
    error, warnings = answer.get("error"), answer.get("warnings", "")
    if error is not None or warnings:
        # Its patterns take longer to compile than a small chart to render.
        from . import messages

        error = None if error is None else messages.clean(job, error)
        warnings = messages.warnings(warnings)
    return Rendered(
        tuple(answer.get("templates", ())),
        tuple(answer.get("blank", ())),
        tuple(Definition(*entry) for entry in answer.get("definitions", ())),
        warnings,
        answer["seconds"],
        error,
    )
