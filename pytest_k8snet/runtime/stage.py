"""The stage between collection and the tests: releases are installed, observed and taken away.

Several at once, each in a thread of the process that owns the cluster, since
nearly all of it is waiting. What comes of a release is an :class:`Outcome`,
which the tests only read. A release that users' own tests want alive stays
until the last of them is done; where another one needs what it has to itself,
it makes way while no test is at it, and is installed again for the next.
"""

from __future__ import annotations

import contextlib
import re
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from threading import Condition
from time import monotonic
from typing import NamedTuple, TypeAlias

from ..errors import ClusterError, InstallError, K8sNetError
from ..model import Application
from ..target import Gathered
from .api import Refused
from .namespaces import remove, wait_until_gone
from .release import Release, exclusive
from .share import Lock
from .site import Site

_TICK = 0.2  # seconds after which locks of other runs are tried again
_TELL = 10.0  # seconds without a line of progress, at most
_END = 120.0  # seconds for namespaces to end
_NAMED = 3  # releases whose names fit into a line of progress
_BREAK_OFF = 10.0  # seconds for threads to notice that all is over


@dataclass(frozen=True, slots=True)
class Need:
    """What the tests of a run need a release for.

    :ivar observe: its sockets, and not only to know whether it becomes ready.
    :ivar users: node ids of users' own tests that want it alive.
    """

    observe: bool = False
    users: frozenset[str] = frozenset()

    def __or__(self, other: Need) -> Need:
        return Need(self.observe or other.observe, self.users | other.users)


Plan: TypeAlias = Mapping[str, Need]
"""Needs by :func:`key_of` the release."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a release.

    :ivar error: why it could not be installed, "" where it could.
    :ivar broken: why it could not be observed: the cluster failed.
    :ivar observed: the application with the sockets of two runs of its pods.
    """

    error: str = ""
    broken: str = ""
    observed: Application | None = None


class Live(NamedTuple):
    """A release that is in the cluster just now."""

    namespace: str
    application: Application


class _Step(Enum):
    ABSENT = "waiting"
    INSTALLING = "installing"
    OBSERVING = "first run"
    PRESENT = "present"
    LEAVING = "leaving"


# What Helm and the API server say of a name or a port that another release has. Names of objects
# without a namespace are held apart beforehand; these are the ones that nobody could know of.
_IN_THE_WAY = re.compile(
    r"cannot be imported into the current release|provided port is already allocated"
    r"|provided IP is already allocated|already exists"
)
# To be watched costs next to nothing, so others may begin meanwhile.
_WATCHED, _WAITING, _WATCHED_ON = _Step.OBSERVING.value, "waiting", "watched on"
_WATCHED_TOO = 3
_AT_WORK = (_Step.INSTALLING, _Step.OBSERVING)


@dataclass(eq=False, slots=True)
class _Entry:
    """A release on its way.

    :ivar alone: no other may be there at the same time.
    :ivar tests: how many are at it just now.
    :ivar in_the_way: another one waits for what it has.
    """

    gathered: Gathered
    application: Application
    need: Need | None = None
    step: _Step = _Step.ABSENT
    since: float = 0.0
    doing: str = ""
    alone: bool = False
    tests: int = 0
    in_the_way: bool = False
    outcome: Outcome | None = None
    release: Release | None = None
    locks: list[Lock] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether it is there and no test is at it."""
        return self.step is _Step.PRESENT and not self.tests

    @property
    def wanted(self) -> bool:
        """Whether a test is at it, or will be."""
        return bool(self.tests or (self.need and self.need.users))

    @property
    def unobserved(self) -> bool:
        """Whether it still is to be observed."""
        seen = self.outcome is not None and self.outcome.observed is not None
        return bool(self.need and self.need.observe and not seen)

    def __str__(self) -> str:
        return f"{self.gathered.target.id} ({self.gathered.target.values.name})"


def key_of(gathered: Gathered) -> str:
    """What tells a release from the others of a run, in every process of it."""
    return f"{gathered.target.id}::{gathered.target.values.name}"


class Stage:
    """All releases of a run.

    :param lock_path: the file of the lock on a name that only one release can have.
    :param parallel: how many are installed and observed at once.
    """

    def __init__(
        self,
        site: Site,
        gathered: Iterable[Gathered],
        *,
        lock_path: Callable[[str], Path],
        parallel: int,
    ) -> None:
        self._site = site
        self._entries = {
            key_of(one): _Entry(one, one.application)
            for one in gathered
            if one.application is not None
        }
        self._lock_path = lock_path
        self._parallel = parallel
        self._turn = Condition()
        self._queue: list[_Entry] = []
        self._threads = ThreadPoolExecutor(2 * len(self._entries) + 1, "k8snet-release")
        self._work: set[Future[None]] = set()
        self._news: deque[str] = deque()
        self._closed = False
        self.seconds = 0.0

    def plan(self, plan: Plan) -> None:
        """Say what is needed; more than once adds up."""
        with self._turn:
            for key, need in plan.items():
                entry = self._entries[key]
                entry.need = entry.need | need if entry.need else need

    def run(self, report: Callable[[str], None]) -> None:
        """Install and observe what is planned and was not yet, and report on it."""
        began = told = monotonic()
        with self._turn:
            todo = [one for one in self._entries.values() if one.need and not one.outcome]
            if not todo:
                return
            self._news.append(_beginning(todo, self._parallel))
            # Those that stay come last, and nobody has to make way.
            self._queue += sorted(todo, key=lambda one: one.wanted)
            while any(one.outcome is None for one in todo):
                self._advance()
                if self._tell(report):
                    told = monotonic()
                elif monotonic() - told > _TELL:
                    report(_standing(todo, monotonic() - began))
                    told = monotonic()
                self._turn.wait(_TICK)
            self.seconds += monotonic() - began
            if len(todo) > 1:
                self._news.append(f"{len(todo)} releases done ({monotonic() - began:.1f} s)")
            self._tell(report)

    def outcome(self, key: str) -> Outcome:
        """What became of a release.

        :raises ClusterError: it was not planned.
        """
        with self._turn:
            outcome = self._entries[key].outcome
        if outcome is None:
            raise ClusterError(
                f"{key} was not observed: when the tests were collected nothing needed it"
            )
        return outcome

    def observed(self) -> dict[tuple[str, str], Application]:
        """The applications that were observed, by chart and values set."""
        with self._turn:
            return {
                (one.gathered.target.id, one.gathered.target.values.name): one.outcome.observed
                for one in self._entries.values()
                if one.outcome is not None and one.outcome.observed is not None
            }

    @contextlib.contextmanager
    def live(self, key: str) -> Iterator[Live]:
        """A release as it is in the cluster; it stays while this is entered.

        :raises InstallError: it cannot be installed.
        """
        entry = self._entries[key]
        with self._turn:
            entry.need = replace(entry.need or Need(), observe=True)
            entry.tests += 1
        try:
            yield self._brought_back(entry)
        finally:
            with self._turn:
                entry.tests -= 1
                self._dismiss(entry)

    def finish(self, nodeid: str) -> None:
        """Take away what only this test wanted to stay."""
        with self._turn:
            for entry in self._entries.values():
                if entry.need and nodeid in entry.need.users:
                    entry.need = replace(entry.need, users=entry.need.users - {nodeid})
                    self._dismiss(entry)

    def news(self) -> list[str]:
        """Lines of progress that nobody has reported yet."""
        with self._turn:
            news = list(self._news)
            self._news.clear()
            return news

    def close(self, *, at_once: bool = False) -> None:
        """End all that goes on; what is in the cluster then is left to the caller.

        :param at_once: do not wait for releases that are leaving.
        """
        with self._turn:
            self._closed = True
            self._queue.clear()
            self._turn.notify_all()
            working = self._at_work
        if not (at_once or working):
            wait(self._work, _END)
        self._site.stop()
        wait(self._work, _BREAK_OFF)
        self._threads.shutdown(wait=False)
        for entry in self._entries.values():
            for lock in entry.locks:
                lock.release()

    def _brought_back(self, entry: _Entry) -> Live:
        """Wait until the release is there."""
        with self._turn:
            while entry.step is not _Step.PRESENT:
                if self._closed:
                    raise ClusterError("the run is over")
                if entry.outcome is not None and (entry.outcome.error or entry.outcome.broken):
                    break
                if entry.step is _Step.ABSENT and entry not in self._queue:
                    self._queue.append(entry)
                self._advance()
                self._turn.wait(_TICK)
            outcome, release = entry.outcome or Outcome(), entry.release
            if outcome.broken:
                raise ClusterError(outcome.broken)
            if outcome.error or release is None:
                raise InstallError(outcome.error)
            return Live(release.namespace, outcome.observed or entry.application)

    def _advance(self) -> None:
        """Start what can start."""
        for done in [one for one in self._work if one.done()]:
            self._work.remove(done)
            done.result()  # raises what nobody has foreseen
        for entry in list(self._queue):
            at_work = self._at_work
            full = self._busy(waiting=True) or len(at_work) >= _WATCHED_TOO * self._parallel
            if full or any(one.alone for one in at_work):
                return
            if entry.step is _Step.ABSENT and self._may_enter(entry):
                self._queue.remove(entry)
                self._enter(entry, _Step.INSTALLING)
                self._submit(self._bring, entry)

    @property
    def _at_work(self) -> list[_Entry]:
        return [one for one in self._entries.values() if one.step in _AT_WORK]

    def _busy(self, *, waiting: bool) -> bool:
        """Whether as many are at work as may be, with those that wait for it or without."""
        idle = (_WATCHED, _WATCHED_ON) if waiting else (_WATCHED, _WATCHED_ON, _WAITING)
        return sum(one.doing not in idle for one in self._at_work) >= self._parallel

    def _may_go_on(self, entry: _Entry, what: str) -> bool:
        """Whether there is room for the next run of a release's pods. In a thread.

        While others are installed the pods are watched on: what opens late is seen then, and
        it costs nothing.
        """
        with self._turn:
            others = any(one.step is _Step.INSTALLING for one in self._entries.values())
            watched = monotonic() - entry.since
            if others and watched < self._site.patience.longest and not self._closed:
                return False
            if self._busy(waiting=False) and not self._closed:
                entry.doing = _WAITING
                return False
            entry.doing = what
            return True

    def _is_over(self, entry: _Entry) -> bool:
        """Whether an observed release has no reason to be watched on. In a thread.

        It is as long as others are at work or to come, and it takes nothing from them.
        """
        with self._turn:
            entry.doing = _WATCHED_ON
            there = self._at_work
            watched_on = [one for one in there if one.doing == _WATCHED_ON]
            alone = entry.alone or (not self._queue and len(watched_on) == len(there))
            full = bool(self._queue) and len(there) >= _WATCHED_TOO * self._parallel
            return self._closed or entry.in_the_way or alone or (full and entry is watched_on[0])

    def _may_enter(self, entry: _Entry) -> bool:
        """Take what the release has to itself; or see that those that have it make way."""
        there = [one for one in self._entries.values() if one.step is not _Step.ABSENT]
        if entry.alone:
            if there or any(not one.alone for one in self._queue):
                self._make_way(there)
                return False
            there = []
        names = set(exclusive(entry.application))
        locks = [Lock(self._lock_path(name)) for name in sorted(names)]
        if all(lock.take(wait=False) for lock in locks):
            entry.locks = locks
            return True
        for lock in locks:
            lock.release()
        # What another run has comes free only when no run waits while it keeps something.
        ours = [one for one in there if names & set(exclusive(one.application))]
        self._make_way(ours or there)
        return False

    def _make_way(self, entries: Iterable[_Entry]) -> None:
        for entry in entries:
            if entry.idle:
                self._leave(entry)
            entry.in_the_way = True

    def _dismiss(self, entry: _Entry) -> None:
        """Let the release leave if nobody wants it any more."""
        if entry.idle and not entry.wanted:
            self._leave(entry)
        self._turn.notify_all()

    def _leave(self, entry: _Entry) -> None:
        self._enter(entry, _Step.LEAVING)
        self._submit(self._remove, entry)

    def _enter(self, entry: _Entry, step: _Step) -> None:
        entry.step, entry.since, entry.doing = step, monotonic(), step.value
        entry.in_the_way = False
        self._turn.notify_all()

    def _submit(self, work: Callable[[_Entry], None], entry: _Entry) -> None:
        if not self._closed:
            self._work.add(self._threads.submit(work, entry))

    def _bring(self, entry: _Entry) -> None:
        """Install a release and take in what became of it. In a thread."""
        try:
            outcome, took = self._install(entry)
        except Exception:  # noqa: BLE001 - or its tests would wait for ever
            took = "not observed"
            fault = f"a fault of pytest-k8snet, please report it\n{traceback.format_exc()}"
            outcome = Outcome(broken=f"{entry} cannot be observed: {fault}")
        with self._turn:
            self._settle(entry, outcome, took)

    def _install(self, entry: _Entry) -> tuple[Outcome, str]:
        """Install the release, and observe it where that is needed; and how long it took."""
        entry.release = Release(self._site, entry.gathered.target, entry.application)
        outcome = Outcome()
        try:
            self._clear_after_crash(entry)
            entry.release.install()
            took = f"installed in {monotonic() - entry.since:.1f} s"
        except (K8sNetError, Refused, OSError) as error:
            took = f"not installed ({monotonic() - entry.since:.1f} s)"
            outcome = Outcome(error=str(error))
        if entry.unobserved and not outcome.error:
            with self._turn:
                self._enter(entry, _Step.OBSERVING)
            try:
                observed = entry.release.observe(
                    lambda what: self._may_go_on(entry, what), lambda: self._is_over(entry)
                )
                outcome = Outcome(observed=observed)
                took += f", observed in {monotonic() - entry.since:.1f} s"
            except (K8sNetError, Refused, OSError) as error:
                took += ", not observed"
                outcome = Outcome(broken=f"{entry} cannot be observed: {error}")
        return outcome, took

    def _settle(self, entry: _Entry, outcome: Outcome, took: str) -> None:
        """Take in what became of the release."""
        if outcome.error and not entry.alone and _IN_THE_WAY.search(outcome.error):
            self._news.append(f"{entry} needs something that another release has: waiting")
            entry.alone = True
            self._leave(entry)
            self._queue.append(entry)
            return
        if entry.outcome is None or outcome != Outcome():
            entry.outcome = outcome
        needed = [one for one in self._entries.values() if one.need]
        done = sum(one.outcome is not None for one in needed)
        self._news.append(f"{entry}: {took}; {done} of {len(needed)}")
        self._enter(entry, _Step.PRESENT)
        if outcome.error or outcome.broken or not entry.wanted:
            self._leave(entry)

    def _remove(self, entry: _Entry) -> None:
        """Take the release away, and let others have what it had. In a thread."""
        release = entry.release
        if release is not None:
            try:
                release.remove()
                if entry.locks:
                    release.wait_until_clear(_END)
            except (K8sNetError, Refused) as error:
                if not self._closed:
                    self._news.append(f"{release.namespace} is not taken away yet: {error}")
        for lock in entry.locks:
            lock.release()
        with self._turn:
            entry.locks, entry.release = [], None
            self._enter(entry, _Step.ABSENT)

    def _clear_after_crash(self, entry: _Entry) -> None:
        """Take away what the last holder of a lock left, if it died with it."""
        for lock in entry.locks:
            item = self._site.api.get("Namespace", "", lock.note) if lock.note else None
            if item is not None:
                self._news.append(f"taking away {lock.note}: its run is gone")
                remove(self._site.api, self._site.helm, item)
                wait_until_gone(self._site.api, [lock.note], _END)
            lock.note = entry.release.namespace if entry.release else ""

    def _tell(self, report: Callable[[str], None]) -> bool:
        news = self.news()
        for line in news:
            report(line)
        return bool(news)


def _beginning(todo: list[_Entry], parallel: int) -> str:
    observe = any(one.need.observe for one in todo if one.need)
    what = "install and observe" if observe else "install"
    if len(todo) == 1:
        return f"1 release to {what}: {todo[0]}"
    return f"{len(todo)} releases to {what}, {min(parallel, len(todo))} at a time"


def _standing(todo: list[_Entry], seconds: float) -> str:
    """What is done, what goes on, and what is left."""
    at_work = [one for one in todo if one.step in _AT_WORK]
    done = sum(one.outcome is not None for one in todo)
    if len(at_work) <= _NAMED:
        now = [f"{one}: {one.doing}" for one in at_work]
    else:
        now = [f"{number} {doing}" for doing, number in Counter(o.doing for o in at_work).items()]
    left = len(todo) - done - len(at_work)
    return ", ".join(
        [f"{done} of {len(todo)} done after {seconds:.0f} s", *now, f"{left} to begin"]
    )
