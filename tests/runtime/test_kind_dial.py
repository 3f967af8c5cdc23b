"""Ports dialled from where pods stand, in a real cluster with a real policy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from pytest_k8snet.runtime import Session
from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.dial import Answer, Dial, Place, dial, place_of
from pytest_k8snet.runtime.pods import read_pod

from .conftest import BUSYBOX

pytestmark = pytest.mark.kind

PROGRAMS = {
    "server": "httpd -p 8080; httpd -p 127.0.0.1:8081; while :; do nc -u -l -p 5353; done",
    "friend": "sleep 600",
    "stranger": "sleep 600",
}
POLICY = {
    "metadata": {"name": "friends"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "server"}},
        "ingress": [
            {
                "from": [{"podSelector": {"matchLabels": {"app": "friend"}}}],
                "ports": [{"port": 8080}, {"port": 8081}, {"port": 5353, "protocol": "UDP"}],
            }
        ],
    },
}


class World:
    """Three pods and a policy."""

    def __init__(self, engine: str, places: dict[str, Place], address: str) -> None:
        self.engine, self.places, self.address = engine, places, address

    def through(self, *ports: tuple[str, int]) -> set[tuple[str, str, int]]:
        """Who reaches which of the server's ports."""
        dials = {
            (name, protocol, port): Dial(
                place, self.address, port, protocol, (self.places["server"],)
            )
            for name, place in self.places.items()
            for protocol, port in ports
        }
        found = dial(self.engine, dials.values())
        return {key for key, one in dials.items() if found[one] is Answer.OPEN}


@pytest.fixture(scope="module")
def world(runtime: Session, api: Api) -> Iterator[World]:
    namespace = "k8snet-test-dial"
    api.create("Namespace", "", {"metadata": {"name": namespace}})
    try:
        eventually(lambda: api.get("ServiceAccount", namespace, "default") is not None)
        for name, program in PROGRAMS.items():
            api.create("Pod", namespace, _pod(name, program))

        def pods() -> dict[str, dict[str, object]]:
            items = api.list_of("Pod", namespace)
            return {item["metadata"]["name"]: item for item in items if read_pod(item).ready}

        eventually(lambda: len(pods()) == len(PROGRAMS))
        places = {}
        for name, item in pods().items():
            places[name] = place_of(read_pod(item))
        status = pods()["server"]["status"]
        assert isinstance(status, dict)
        found = World(runtime.cluster.engine, places, status["podIP"])
        eventually(lambda: ("stranger", "TCP", 8080) in found.through(("TCP", 8080)))
        api.create("NetworkPolicy", namespace, POLICY)
        eventually(lambda: ("stranger", "TCP", 8080) not in found.through(("TCP", 8080)))
        yield found
    finally:
        api.delete("Namespace", "", namespace)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what the cluster does in its own time."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline


def _pod(name: str, program: str) -> dict[str, object]:
    container = {
        "name": "main",
        "image": BUSYBOX,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", program],
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def test_a_connection_goes_through_where_policy_and_program_let_it(world: World) -> None:
    assert world.through(("TCP", 8080)) == {("friend", "TCP", 8080), ("server", "TCP", 8080)}


def test_a_port_on_loopback_and_a_closed_one_are_open_to_nobody(world: World) -> None:
    assert world.through(("TCP", 8081), ("TCP", 9)) == set()
    server = world.places["server"]
    ports = {port: Dial(Place(server.node), world.address, port) for port in (8080, 8081, 9)}
    found = dial(world.engine, ports.values())
    assert [found[one] for one in ports.values()] == [Answer.OPEN, Answer.REFUSED, Answer.REFUSED]


def test_datagrams_arrive_without_an_answer(world: World) -> None:
    ports = (("UDP", 5353), ("UDP", 5354))
    arrived = world.through(*ports)
    assert {key for key in arrived if key[0] == "friend"} == {("friend", "UDP", 5353)}
    assert {key for key in arrived if key[0] == "stranger"} == set()


def test_a_pod_that_is_gone_reaches_nothing(world: World) -> None:
    gone = Place(world.places["server"].node, str(uuid4()))
    one = Dial(gone, world.address, 8080)
    assert dial(world.engine, [one]) == {one: Answer.SILENT}


def test_datagrams_for_which_nobody_listens(world: World) -> None:
    server = world.places["server"]
    one = Dial(Place(server.node), world.address, 5354, "UDP", (server,))
    assert dial(world.engine, [one]) == {one: Answer.TURNED_AWAY}


def test_connections_that_the_pod_itself_turns_away(world: World) -> None:
    """By what it counts; where a policy keeps them from it, there is nothing to count."""
    server = world.places["server"]
    turned_away, forbidden = (
        Dial(source, world.address, port, targets=(server,))
        for source, port in ((Place(server.node), 9), (world.places["stranger"], 8080))
    )
    assert dial(world.engine, [turned_away]) == {turned_away: Answer.TURNED_AWAY}
    assert dial(world.engine, [forbidden]) == {forbidden: Answer.SILENT}
