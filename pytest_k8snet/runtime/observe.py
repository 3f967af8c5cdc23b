"""Observe a release that is ready: look until it settles, replace the pods, look again.

The first run decides what is open, and who gets there: as soon as a port is seen
open it is dialled, which is a first request to the program, too. The second run
decides what is open every time. Where it shows more than the first, either the
program chose the port anew or it was slow: a third run tells which. The last pods
are watched on for as long as other releases need the cluster anyway.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from ..kinds import Ready, kind_of
from ..matching import selects
from ..model import Application, Reference, Socket, Workload
from .api import Object
from .hints import Hints, hints_of_all
from .history import History
from .pods import Owned, Owners, Pod, stray
from .proof import PortOf, Proof, Seen
from .readiness import failure, waits_for, wanted_pods
from .restart import bare_pods, is_replaced, job_copy, recreate, replace_pods, replaceable
from .runs import Run, grown, stayed
from .site import Site
from .watch import Watch

_SETTLING = 30.0  # seconds for ready pods to settle, beyond all patience
_AFTER = 3.0  # seconds to look on after a port was dialled for the first time
_CALM = 2.0  # seconds between two looks at pods that are only watched on
_JOBS = 60.0  # seconds for the copy of a Job to end; one that serves for ever is seen as it runs

GoOn: TypeAlias = Callable[[str], bool]
"""Whether what it is told may begin now."""

Over: TypeAlias = Callable[[], bool]
"""Whether nothing but this release keeps the cluster any more."""


class Observer:
    """Observes one release.

    :param watch: the looks at its pods since it was installed.
    """

    def __init__(self, site: Site, owners: Owners, watch: Watch) -> None:
        self._site = site
        self._api = site.api
        self._patience = site.patience
        self._owners = owners
        self._application = owners.application
        self._watch = watch
        self._proof = self._new_proof(frozenset())

    def observe(self, go_on: GoOn, over: Over) -> Application:
        """The application with the sockets of all its workloads, and what was dialled.

        :param go_on: is asked before each run of the pods but the first.
        :param over: the last pods are watched on until it says so.
        :raises ClusterError: the cluster does not answer any more.
        """
        hints = hints_of_all(self._application)
        first = self._first(go_on)
        again = self._next(hints, first)
        late, last = grown(self._application.workloads, first, again), again
        if late:
            while not go_on("third run"):
                time.sleep(self._patience.interval)
            last = third = self._next(hints, again)
            for workload in late:
                if stayed(workload, first, again, third):
                    first.pods[workload.reference] = again.pods[workload.reference]
                    again.pods[workload.reference] = third.pods[workload.reference]
        for reference, sockets, age in self._watched_on(last, over):
            for run in (first, again):
                run.show(reference, sockets)
            first.watched_on[reference] = age
        return self._filled_in(first, again)

    def _watched_on(self, last: Run, over: Over) -> Iterator[tuple[Reference, list[Socket], float]]:
        """What the last pods open while other releases need the cluster anyway, and their age.

        Nobody has seen pods so old before, so nothing is known against it: it counts for all runs.
        """
        if over():
            return
        looked = time.monotonic()
        while not over():
            if time.monotonic() - looked >= _CALM:
                last.watch.look(self._owners.pods())
                looked = time.monotonic()
            time.sleep(self._patience.interval / 4)
        pods = self._owners.pods()
        last.watch.look(pods)
        self._dial_last(last, pods)
        end = Run(last.watch, last.proof)
        self._take_in(end, pods)
        for reference, by_pod in end.pods.items():
            found: list[Socket] = []
            for pod, sockets in by_pod.items():
                before = last.pods.get(reference, {}).get(pod)
                if before is not None:
                    found += last.watch.hints(reference).opened_since(before, sockets)
            if found:
                yield reference, found, end.ages[reference]

    def _first(self, go_on: GoOn) -> Run:
        # Those of which nothing ran so far.
        copies = self._copies(
            workload
            for workload in self._completing()
            if workload.makes.ready is Ready.NEVER_WAITED_FOR
        )
        self._proof.settle_in()
        try:
            run = Run(self._watch, self._proof)
            return self._settle(run, copies, [], self._limit, [], go_on=go_on)
        finally:
            self._proof.leave()

    def _new_proof(self, inside: frozenset[PortOf]) -> Proof:
        return Proof(self._api, self._site.dialling, self._owners, inside)

    def _next(self, hints: Mapping[Reference, Hints], last: Run) -> Run:
        """Replace the pods and observe those that come."""
        expected = {
            reference: hints[reference].again(
                pods.values(),
                watch=self._patience.watch,
                late=last.late[reference],
                clients=last.clients[reference],
            )
            for reference, pods in last.pods.items()
        }
        watch = Watch(self._site.reader, {**hints, **expected}, self._patience.again)
        run = Run(watch, self._new_proof(self._proof.inside))
        pods = self._owners.pods()
        bare = bare_pods(pods)
        old = replace_pods(self._api, pods)
        copies = self._copies(
            workload for workload in self._completing() if workload.reference in last.pods
        )
        return self._settle(run, copies, old, self._site.timeout + self._limit, bare)

    @property
    def _limit(self) -> float:
        return max(self._patience.watch, self._patience.missing) + _SETTLING

    def _completing(self) -> Iterable[Workload]:
        """The workloads whose pods end, hooks left out: they run only once."""
        return (
            workload
            for workload in self._application.workloads
            if workload.makes.ends and not workload.hook
        )

    def _copies(self, workloads: Iterable[Workload]) -> list[Reference]:
        """Run the templates of Jobs and CronJobs once, unless they are suspended."""
        made = []
        for workload in workloads:
            live = self._owners.get(workload)
            if live is None or live["spec"].get("suspend"):
                continue
            namespace = live["metadata"]["namespace"]
            copy = self._api.create("Job", namespace, job_copy(workload, namespace, live))
            made.append(Reference("Job", namespace, copy["metadata"]["name"]))
        return made

    def _settle(
        self,
        run: Run,
        copies: list[Reference],
        old: list[tuple[Pod, Workload]],
        limit: float,
        bare: list[Object],
        *,
        go_on: GoOn | None = None,
    ) -> Run:
        """Look until everything can be believed, or the time is over.

        :param copies: the Jobs made for this run.
        :param old: the pods in whose place others come: this run is not about them.
        :param bare: Pods to make as soon as their names are free.
        :param go_on: looking goes on until the next run may begin.
        """
        began = time.monotonic()
        gone = {pod.uid for pod, _ in old}
        replaced = Counter(workload.reference for _, workload in old)
        while True:
            bare = recreate(self._api, bare)
            pods = [(pod, owner) for pod, owner in self._owners.pods() if pod.uid not in gone]
            run.watch.look(pods)
            self._dial(run, pods)
            age = time.monotonic() - began
            jobs = age < _JOBS and not all(map(self._ended, copies))
            settled = not jobs and not bare and not self._unsettled(run, pods, replaced)
            if (settled or age > limit) and (go_on is None or go_on("second run")):
                break
            time.sleep(run.watch.pause)
        self._dial_last(run, pods)
        self._take_in(run, pods)
        run.seconds = time.monotonic() - began
        for _, namespace, name in copies:
            self._api.delete("Job", namespace, name)
        return run

    def _is_first(self, run: Run) -> bool:
        return run.proof is self._proof

    def _dial(self, run: Run, pods: list[Owned]) -> None:
        """Dial what is seen open, once all pods are there to dial and to be dialled.

        In a second run only where something is still missing: a program may open it when it is
        asked for something else.
        """
        if not self._is_first(run):
            waiting = [pair for pair in pods if run.watch.at(*pair).waits]
            run.proof.dial(_seen(run, waiting), everywhere=False)
            return
        lasting = [pair for pair in replaceable(pods) if not pair[0].deleting]
        there = all(pod.ready and run.watch.at(pod, owner).whole for pod, owner in lasting)
        if there and run.proof.has_settled_in():
            run.proof.dial(_seen(run, lasting))

    def _dial_last(self, run: Run, pods: list[Owned]) -> None:
        """Dial what is new, and once more what was not answered as it is to be.

        In a second run only what nobody has got to in the first one.
        """
        seen: Iterable[Seen] = _seen(run, pods)
        if not self._is_first(run):
            known = self._proof.answered()
            seen = [
                one._replace(
                    sockets=[
                        socket
                        for socket in one.sockets
                        if (one.workload.reference, socket.protocol, socket.port) not in known
                    ]
                )
                for one in seen
            ]
        run.proof.dial(seen, everywhere=self._is_first(run))
        run.proof.dial_again()

    def _ended(self, job: Reference) -> bool:
        item, kind = self._api.get(*job), kind_of("Job")
        return item is None or not waits_for(kind, item) or bool(failure(kind, item))

    def _unsettled(self, run: Run, pods: list[Owned], replaced: Mapping[Reference, int]) -> bool:
        found: dict[Reference, int] = defaultdict(int)
        for pod, workload in replaceable(pods):
            if pod.deleting:
                continue
            if not pod.ready or not run.watch.at(pod, workload).settled:
                return True
            found[workload.reference] += 1
        if not replaced and self._is_dialling():
            return True
        return bool(replaced) and any(
            found[workload.reference] < self._wanted(workload, replaced)
            for workload in self._application.workloads
            if is_replaced(workload)
        )

    def _is_dialling(self) -> bool:
        """Whether there is still to be dialled, or programs may still react to it."""
        proof = self._proof
        return not proof.has_settled_in() or time.monotonic() - proof.latest < _AFTER

    def _wanted(self, workload: Workload, replaced: Mapping[Reference, int]) -> int:
        item = self._owners.get(workload)
        if item is None:
            return 0
        wanted = wanted_pods(workload.makes, item)
        return replaced.get(workload.reference, 0) if wanted is None else wanted

    def _take_in(self, run: Run, pods: list[Owned]) -> None:
        """What the pods have shown in the end."""
        for pod, workload in pods:
            if pod.finished or pod.deleting:
                continue
            history = run.watch.at(pod, workload)
            if workload is None:
                run.strays.append(self._stray(pod, history))
            elif is_replaced(workload):
                run.strays += self._relabelled(pod, workload)
                if not pod.ready:
                    run.reasons[workload.reference] = f"Pod/{pod.name} is not ready any more"
                elif history.settled:
                    run.take_in(history, pod, workload.reference)
                else:
                    run.reasons[workload.reference] = _flaw(pod, history)
        for workload in self._application.workloads:
            ended = workload.makes.is_pod and workload.reference not in run.pods
            if ended or not is_replaced(workload):
                for name, sockets in run.watch.lasting(workload):
                    run.pods[workload.reference][name] = sockets

    def _relabelled(self, pod: Pod, workload: Workload) -> Iterator[Workload]:
        """The pod as it is in the cluster, where a Service takes it for labels that its template
        does not have: programs and operators mark the one that leads.
        """
        live = replace(stray(pod, self._application), namespace=workload.namespace)
        if any(
            selects(service, live) and not selects(service, workload)
            for service in self._application.services
        ):
            yield live

    def _stray(self, pod: Pod, history: History) -> Workload:
        found = stray(pod, self._application)
        if not history.settled:
            return replace(found, unobserved=f"not observed: {_flaw(pod, history)}")
        return replace(found, sockets=tuple(sorted(history.sockets)), unobserved="")

    def _filled_in(self, first: Run, again: Run) -> Application:
        return replace(
            self._proof.seen_in(self._application),
            workloads=tuple(
                self._with_sockets(workload, first, again)
                for workload in self._application.workloads
            ),
            strays=_by_labels(*first.strays, *again.strays),
        )

    def _with_sockets(self, workload: Workload, first: Run, again: Run) -> Workload:
        reference = workload.reference
        sockets, sockets_again = first.sockets(reference), again.sockets(reference)
        if sockets is None:
            why = first.reasons.get(reference) or self._why_not(workload)
        elif sockets_again is None:
            why = again.reasons.get(reference) or _why_not_again(workload)
        else:
            why = ""
        pods = len(first.pods.get(reference, ())) or self._none_alive(workload, first)
        return replace(
            workload,
            sockets=sockets,
            sockets_again=sockets_again if sockets is not None else None,
            unobserved=f"not observed: {why}" if why else "",
            pods=pods,
            watched=self._watched(first, reference, first.seconds if pods == 0 else 0.0),
        )

    def _watched(self, first: Run, reference: Reference, without_pods: float) -> int:
        """What is said of the age of pods: which of the waits it reached, the same in every run.

        Not where a verdict comes from pods that were watched on.
        """
        if reference in first.watched_on:
            return int(first.watched_on[reference])
        seconds = first.ages.get(reference, without_pods)
        waits = (self._patience.missing, self._patience.watch)
        return int(max((wait for wait in waits if seconds >= wait), default=0.0))

    def _none_alive(self, workload: Workload, first: Run) -> int | None:
        """0 where the workload keeps no pod, None where that is not known."""
        reference = workload.reference
        if not is_replaced(workload) or workload.makes.is_pod or reference in first.reasons:
            return None
        item = self._owners.get(workload)
        return 0 if item is not None and wanted_pods(workload.makes, item) == 0 else None

    def _why_not(self, workload: Workload) -> str:
        item = self._owners.get(workload)
        if item is None and not workload.hook:
            namespace = self._owners.live(workload.reference).namespace
            return f"{workload} is not in the cluster (looked for in namespace {namespace})"
        if item is not None and (item.get("spec") or {}).get("suspend"):
            return f"{workload} is suspended"
        if not is_replaced(workload) or (workload.makes.is_pod and item is not None):
            return f"the pods of {workload} ended before anyone could look"
        if item is not None and wanted_pods(workload.makes, item) == 0:
            return f"{workload} has no pods: none is wanted"
        return f"{workload} has no pods"


def _seen(run: Run, pods: Iterable[Owned]) -> Iterator[Seen]:
    """The pods that can be dialled, with their open ports."""
    for pod, owner in replaceable(pods):
        history = run.watch.at(pod, owner)
        if pod.ready and history.whole:
            yield Seen(pod, owner, history.dialable)


def _flaw(pod: Pod, history: History) -> str:
    """Why the looks at a pod cannot be believed."""
    return history.flaw or f"the sockets of Pod/{pod.name} keep changing"


def _why_not_again(workload: Workload) -> str:
    if workload.hook:
        return f"{workload} is a hook and runs only once, so there is no second run to compare with"
    if not is_replaced(workload):
        return f"the second run of {workload} ended before anyone could look"
    if workload.makes.is_pod:
        return f"{workload} ended, so there is no second run to compare with"
    return f"the pods of {workload} did not come back after they were replaced"


def _by_labels(*strays: Workload) -> tuple[Workload, ...]:
    """One pod for all that have the same labels: a pod that is made anew has another name."""
    found: dict[frozenset[tuple[str, str]], Workload] = {}
    for one in strays:
        found.setdefault(frozenset(one.pod_labels.items()), one)
    return tuple(found.values())
