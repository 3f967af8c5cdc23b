"""When pods are looked at: new ones at once, the others at intervals and no more often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest

from pytest_k8snet.model import Socket, Workload
from pytest_k8snet.runtime import watch as module
from pytest_k8snet.runtime.history import Patience
from pytest_k8snet.runtime.look import Look, Running
from pytest_k8snet.runtime.pods import Pod
from pytest_k8snet.runtime.watch import Watch

from .live import container, pod

WEB = Workload("Deployment", "web", "default", "web.yaml")
JOB = Workload("Job", "once", "default", "once.yaml")
STEP = 0.05
FIRST = Patience(watch=2.5)


class World:
    """A clock and pods that listen on port 80 from their first second on."""

    leaves_no_trace = True

    def __init__(self) -> None:
        self.now = 1000.0
        self.port, self.id = 80, ""
        self.began: dict[str, float] = {}
        self.looked: dict[str, list[float]] = {}

    def start(self, name: str) -> Pod:
        self.began[name] = self.now
        return replace(pod(container("web")), name=name, uid=name)

    def look(self, pods: Iterable[Pod]) -> dict[str, list[Look]]:
        found = {}
        for one in pods:
            self.looked.setdefault(one.uid, []).append(round(self.now - 1000, 2))
            running = Running(self.id or one.uid, self.now - self.began[one.uid])
            sockets = frozenset({Socket(self.port, container="web")})
            found[one.uid] = [Look(self.now, sockets, {"web": running})]
        return found

    def close(self) -> None:
        pass


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(module, "monotonic", lambda: world.now)
    return world


def follow(world: World, watch: Watch, pods: list[tuple[Pod, Workload]], seconds: float) -> None:
    end = world.now + seconds
    while world.now < end:
        watch.look(pods)
        assert 0 <= watch.pause <= 0.5
        world.now += max(min(watch.pause, 0.1), STEP)


def test_a_pod_is_looked_at_in_intervals_and_as_soon_as_it_is_old_enough(world: World) -> None:
    watch = Watch(world, {}, FIRST)
    web = (world.start("a"), WEB)
    follow(world, watch, [web], FIRST.watch + 0.4)
    looked = world.looked["a"]
    assert looked[0] == 0
    assert len(looked) <= 5
    assert FIRST.watch <= looked[-1] <= FIRST.watch + 0.3
    assert watch.at(*web).settled


def test_a_new_pod_is_looked_at_at_once(world: World) -> None:
    watch = Watch(world, {}, FIRST)
    pods: list[tuple[Pod, Workload]] = [(world.start("a"), WEB)]
    follow(world, watch, pods, 0.2)
    pods.append((world.start("b"), WEB))
    follow(world, watch, pods, 0.1)
    assert world.looked == {"a": [0], "b": [round(world.began["b"] - 1000, 2)]}


def test_what_may_be_gone_soon_is_never_left_alone_for_longer(world: World) -> None:
    watch = Watch(world, {}, FIRST)
    follow(world, watch, [(world.start("a"), JOB)], 2.4)
    looked = world.looked["a"]
    assert len(looked) >= 4
    assert all(after - before < 0.8 for before, after in pairwise(looked))


@pytest.mark.parametrize("leaves_no_trace", [True, False])
def test_what_does_something_to_pods_begins_when_they_are_ready(
    world: World, *, leaves_no_trace: bool
) -> None:
    world.leaves_no_trace = leaves_no_trace
    Watch(world, {}, FIRST).look_early([(world.start("a"), WEB), (world.start("b"), JOB)])
    assert set(world.looked) == ({"a", "b"} if leaves_no_trace else {"b"})


def test_a_container_that_ended_took_its_ports_along(world: World) -> None:
    watch = Watch(world, {}, FIRST)
    web = (world.start("a"), WEB)
    follow(world, watch, [web], 2)
    world.began["a"], world.port, world.id = world.now, 9, "another"
    follow(world, watch, [web], 1)
    world.port = 80
    follow(world, watch, [web], 4)
    history = watch.at(*web)
    assert history.settled
    (socket,) = history.sockets
    assert socket.port == 80
    assert history.stands_open(socket)  # it has not been closed: there was none


def test_all_looks_that_come_in_one_turn_count(world: World) -> None:
    class Batches(World):
        def look(self, pods: Iterable[Pod]) -> dict[str, list[Look]]:
            now = super().look(pods)
            return {uid: [replace(one, at=one.at - 0.5), one] for uid, (one,) in now.items()}

    world.__class__ = Batches
    watch = Watch(world, {}, FIRST)
    web = (world.start("a"), WEB)
    follow(world, watch, [web], 0.2)
    assert [look.at - world.began["a"] for look in watch.at(*web).every] == [-0.5, 0]


def test_a_pod_that_has_ended_is_asked_for_once_more(world: World) -> None:
    watch = Watch(world, {}, FIRST)
    runs = world.start("a")
    follow(world, watch, [(runs, JOB)], 0.2)
    ended = replace(runs, phase="Succeeded"), JOB
    never = replace(world.start("b"), phase="Succeeded"), JOB
    follow(world, watch, [ended, never], 2)
    assert world.looked == {"a": [0, 0.2]}
