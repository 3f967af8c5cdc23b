"""When looks at a pod are believed, and what they add up to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_k8snet.model import (
    Application,
    Container,
    Port,
    Selector,
    Service,
    ServicePort,
    Socket,
    Workload,
)
from pytest_k8snet.runtime.hints import Hints, hints_of
from pytest_k8snet.runtime.history import History, Patience
from pytest_k8snet.runtime.look import Look, Running

from .live import look

NONE = Hints()
FIRST = Patience()
AGAIN = FIRST.again


def settled(looks: list[Look], hints: Hints, patience: Patience) -> bool:
    return History(hints, patience, looks).settled


def sockets(looks: list[Look], hints: Hints = NONE) -> frozenset[Socket]:
    return History(hints, FIRST, looks).sockets


def numbers(looks: list[Look], hints: Hints = NONE) -> set[int]:
    return {socket.port for socket in sockets(looks, hints)}


def lateness(looks: list[Look], found: frozenset[Socket]) -> float:
    return History(NONE, FIRST, looks).lateness(found)


def client(port: int) -> Socket:
    return Socket(port, "UDP", container="web")


def test_two_looks_that_agree() -> None:
    assert settled([look(0, 80), look(1, 80)], NONE, FIRST)


@pytest.mark.parametrize(
    "looks",
    [
        [],
        [look(0, 80)],
        [look(0, 80, age=15), look(1, 80, 81, age=16)],
        [look(0, 80, 81, age=15), look(1, 80, age=16)],
        [look(0, 80, age=15), look(1, Socket(80, address="127.0.0.1", container="web"), age=16)],
        [look(0, 80), replace(look(1, 80), flaw="half of it")],
    ],
)
def test_what_does_not_agree(looks: list[Look]) -> None:
    assert not settled(looks, NONE, FIRST)


def test_a_container_that_was_restarted_in_between() -> None:
    before = replace(look(0, 80), containers={"web": Running("other", 100)})
    assert not settled([before, look(1, 80)], NONE, FIRST)


def test_a_pod_is_watched_until_it_has_the_age() -> None:
    assert not settled([look(0, 80, age=13), look(1, 80, age=14)], NONE, FIRST)
    assert settled([look(0, 80, age=14), look(1, 80, age=15)], NONE, FIRST)
    assert settled([look(0, 80, age=3), look(1, 80, age=4)], NONE, Patience(watch=4))


def test_what_somebody_says_is_open_is_waited_for() -> None:
    hints = Hints(expected=frozenset({("TCP", 80), ("TCP", 81)}))
    assert not settled([look(0, 80, age=58), look(1, 80, age=59)], hints, FIRST)
    assert settled([look(0, 80, age=60), look(1, 80, age=61)], hints, FIRST)
    assert settled([look(0, 80, 81, age=16), look(1, 80, 81, age=17)], hints, FIRST)


def test_an_expected_port_on_loopback_is_there() -> None:
    hints = Hints(expected=frozenset({("TCP", 80)}))
    local = Socket(80, address="127.0.0.1", container="web")
    assert settled([look(0, local, age=15), look(1, local, age=16)], hints, FIRST)


def test_a_port_that_comes_and_goes_is_open() -> None:
    looks = [look(at, *([80, 9] if at % 3 == 0 else [80]), age=at + 1) for at in range(16)]
    assert numbers(looks) == numbers(looks[:-1]) == {80, 9}
    assert settled(looks[:-1], NONE, Patience(watch=14))


def test_one_that_was_open_for_a_while_at_the_start_is_not() -> None:
    assert numbers([look(0, 1, age=1), look(1, 1, age=2), look(2, 80), look(3, 80)]) == {80}


def test_a_port_that_is_another_one_each_time_is_none() -> None:
    looks = [look(at, 80, 2000 + at, age=at) for at in range(22)]
    assert settled(looks, NONE, FIRST)
    assert numbers(looks) == {80}


def test_a_clients_udp_socket_is_no_open_port() -> None:
    """It has a port of the kernel's choice, and the next one has another."""
    once_in_ten_seconds = [look(at, 80, client(41000 + at // 10), age=at) for at in range(17)]
    assert settled(once_in_ten_seconds, NONE, FIRST)
    assert numbers(once_in_ten_seconds) == {80}
    slow_resolver = [look(at, 80, client(41000 + at // 5), age=at) for at in range(17)]
    assert settled(slow_resolver, NONE, FIRST)
    assert numbers(slow_resolver) == {80}
    again = NONE.again([sockets(slow_resolver)], clients=frozenset({"web"}))
    assert settled([look(0, 80, client(5), age=2), look(1, 80, client(5), age=3)], again, AGAIN)
    assert numbers([look(0, 80, client(45000)), look(1, 80, client(45000))], again) == {80}


def test_a_udp_server_on_a_port_of_the_kernels_choice_keeps_it() -> None:
    looks = [look(at, 80, client(41000), age=at) for at in range(17)]
    assert settled(looks, NONE, FIRST)
    assert numbers(looks) == {80, 41000}
    young = [look(at, 80, client(41000), age=at + 1) for at in range(3)]
    assert not settled(young, NONE, AGAIN)


def test_a_udp_server_that_connects_to_its_first_client_is_one() -> None:
    peer = frozenset({Socket(5353, "UDP", container="web")})
    looks = [replace(look(at, 80), connected=peer) for at in range(2)]
    assert numbers(looks) == {80}
    assert numbers(looks, Hints(declared=frozenset({("UDP", 5353)}))) == {80, 5353}
    assert numbers([look(0, 80, client(5353)), *looks]) == {80, 5353}


def test_the_second_run_waits_for_what_the_first_one_had() -> None:
    first = Hints(declared=frozenset({("TCP", 81)}))
    hints = first.again([frozenset({Socket(80), Socket(40000)})])
    assert hints.expected == {("TCP", 80)}
    assert not settled([look(0, 80, age=4), look(1, 80, age=5)], hints, AGAIN)
    assert settled([look(0, 80, 50000, age=4), look(1, 80, 50000, age=5)], hints, AGAIN)


def test_the_second_run_is_given_as_long_as_the_first_one_needed() -> None:
    looks = [look(0, 80, age=1), look(1, 80, age=29), look(2, 80, 81, age=30), look(3, 80, 81)]
    late = lateness(looks, sockets(looks))
    assert late == 30
    hints = NONE.again([sockets(looks)], late=late)
    assert not settled([look(0, 80, age=58), look(1, 80, age=59)], hints, AGAIN)
    assert settled([look(0, 80, age=60), look(1, 80, age=61)], hints, AGAIN)


def test_the_second_run_is_given_as_long_as_the_first_one_was_watched() -> None:
    hints = NONE.again([frozenset({Socket(80)})], watch=FIRST.watch)
    assert not settled([look(0, age=13), look(1, age=14)], hints, AGAIN)
    assert settled([look(0, age=14), look(1, age=15)], hints, AGAIN)


def test_hints_are_declared_ports_and_what_services_lead_to() -> None:
    web = Workload(
        "Deployment",
        "web",
        "ns",
        "",
        pod_labels={"app": "web"},
        containers=(
            Container("web", ports=(Port(80, name="http"), Port(9, "SCTP"))),
            Container("init", ports=(Port(7),), init=True),
        ),
    )
    service = Service(
        "Service",
        "web",
        "ns",
        "",
        selector=Selector({"app": "web"}),
        ports=(ServicePort(80, "http"), ServicePort(81, 8081), ServicePort(82, "absent")),
    )
    application = Application("web", "defaults", "r", "ns", workloads=(web,), services=(service,))
    hints = hints_of(web, application)
    assert hints.expected == {("TCP", 80), ("TCP", 8081)}
    assert hints.declared == {("TCP", 80), ("SCTP", 9)}


def test_a_pod_that_ended_had_open_what_two_looks_show() -> None:
    found = History(
        every=[look(0, 1), look(1, 1, 2), look(2, 2, 3), replace(look(3, 3), flaw="ended")]
    ).lasting
    assert found is not None
    assert {socket.port for socket in found} == {1, 2}


def test_a_clients_udp_socket_in_a_pod_that_ended_is_no_open_port() -> None:
    asks = [look(at, 80, client(41000 + at // 4)) for at in range(9)]
    found = History(every=asks).lasting
    assert found is not None
    assert {socket.port for socket in found} == {80}
    # One that is there until the end is a server's, also where it ends a moment earlier.
    serves = [*(look(at, 80, client(41000)) for at in range(9)), look(9, 80)]
    found = History(every=serves).lasting
    assert found is not None
    assert {socket.port for socket in found} == {80, 41000}


@pytest.mark.parametrize("looks", [[], [look(0, 80)], [look(0, 80), replace(look(1), flaw="x")]])
def test_a_pod_that_ended_too_soon_was_not_observed(looks: list[Look]) -> None:
    assert History(every=looks).lasting is None


def test_a_port_that_comes_and_goes_was_opened_late() -> None:
    steady = [look(at, 80, age=at) for at in range(2, 16)]
    assert lateness(steady, steady[-1].sockets) == 2
    blinking = [look(at, *([80] if at % 3 == 0 else []), age=at) for at in range(2, 16)]
    assert lateness(blinking, blinking[-1].sockets) == 15


def test_what_a_pod_opens_later_counts_unless_it_may_be_gone_as_soon() -> None:
    before = look(0, 80).sockets

    def later(*ports: int | Socket, hints: Hints = NONE) -> set[int]:
        return {one.port for one in hints.opened_since(before, look(60, *ports).sockets)}

    assert later(80) == set()
    assert later(80, 9090) == {9090}
    assert later(9090) == set()  # it has moved there
    assert later(80, client(41000)) == set()
    declared = Hints(declared=frozenset({("UDP", 41000)}))
    assert later(80, client(41000), hints=declared) == {41000}


def test_a_port_that_moves_is_where_it_was_seen_last() -> None:
    """Though the last two looks fall on either side of a move."""
    looks = [look(at, 2000 + at // 3, age=at) for at in range(22)]
    assert numbers(looks) == {2007}
    assert numbers([*looks, look(22, 2007, age=22)]) == {2007}
    assert lateness(looks, sockets(looks)) == 0  # it will be elsewhere in the next run
    assert lateness(looks[:5], sockets(looks[:5])) == 3  # it may stay there


def test_what_other_pods_had_is_seen_once_and_sockets() -> None:
    looks = [look(0, 80, 81), look(1, 80), look(2, 80)]
    assert numbers(looks) == {80}
    before = [frozenset({Socket(81, container="web"), Socket(80, container="web")})]
    assert numbers(looks, NONE.again(before)) == {80, 81}
