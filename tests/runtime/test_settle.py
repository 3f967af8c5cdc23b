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
from pytest_k8snet.runtime.look import Look, Running
from pytest_k8snet.runtime.settle import (
    AGAIN,
    FIRST,
    Hints,
    believed,
    hints_again,
    hints_of,
    lasting,
    settled,
)

from .live import container, look, pod

NONE = Hints()
PROBED = pod(container("web", probed=True))
UNPROBED = pod(container("web"))


def test_two_looks_that_agree() -> None:
    assert settled(UNPROBED, [look(0, 80), look(1, 80)], NONE, FIRST)


@pytest.mark.parametrize(
    "looks",
    [
        [],
        [look(0, 80)],
        [look(0, 80), look(1, 80, 81)],
        [look(0, 80, 81), look(1, 80)],
        [look(0, 80), look(1, Socket(80, address="127.0.0.1", container="web"))],
        [look(0, 80), replace(look(1, 80), flaw="half of it")],
    ],
)
def test_what_does_not_agree(looks: list[Look]) -> None:
    assert not settled(
        UNPROBED, [replace(one, containers=young(one)) for one in looks], NONE, FIRST
    )


def young(one: Look) -> dict[str, Running]:
    return {name: running._replace(age=10) for name, running in one.containers.items()}


def test_a_container_that_was_restarted_in_between() -> None:
    before = replace(look(0, 80), containers={"web": Running("other", 100, 0)})
    assert not settled(UNPROBED, [before, look(1, 80)], NONE, FIRST)


def test_a_probe_says_that_the_program_is_ready() -> None:
    looks = [look(0, 80, age=1.0), look(1, 80, age=2.0)]
    assert settled(PROBED, looks, NONE, FIRST)
    assert not settled(UNPROBED, looks, NONE, FIRST)


def test_a_program_that_listens_on_nothing_is_given_more_time() -> None:
    assert not settled(UNPROBED, [look(0, age=4), look(1, age=5)], NONE, FIRST)
    assert settled(UNPROBED, [look(0, age=6), look(1, age=7)], NONE, FIRST)


def test_a_program_that_is_busy_may_still_be_starting() -> None:
    looks = [look(0, 80, age=4, cpu=1.0), look(1, 80, age=5, cpu=1.9)]
    assert not settled(UNPROBED, looks, NONE, FIRST)
    assert settled(PROBED, looks, NONE, FIRST)
    assert settled(UNPROBED, [look(0, 80, cpu=1.0), look(1, 80, cpu=1.9)], NONE, FIRST)


def test_an_expected_port_is_waited_for() -> None:
    hints = Hints(expected=frozenset({("TCP", 80), ("TCP", 81)}))
    assert not settled(PROBED, [look(0, 80, age=8), look(1, 80, age=9)], hints, FIRST)
    assert settled(PROBED, [look(0, 80, age=12), look(1, 80, age=13)], hints, FIRST)
    busy = [look(0, 80, age=30, cpu=1.0), look(1, 80, age=31, cpu=1.9)]
    assert not settled(PROBED, busy, hints, FIRST)


def test_an_expected_port_on_loopback_is_there() -> None:
    hints = Hints(expected=frozenset({("TCP", 80)}))
    local = Socket(80, address="127.0.0.1", container="web")
    assert settled(PROBED, [look(0, local, age=2), look(1, local, age=3)], hints, FIRST)


def test_a_name_servers_client_is_no_server() -> None:
    """It waits for its answer on a UDP port of the kernel's choice, and is gone after it."""
    client = Socket(41234, "UDP", container="web")
    looks = [look(at, 80, client) for at in range(3)]
    assert not settled(UNPROBED, looks, NONE, FIRST)
    assert settled(UNPROBED, [look(at, 80, client) for at in range(8)], NONE, FIRST)
    declared = Hints(declared=frozenset({("UDP", 41234)}))
    assert settled(UNPROBED, looks, declared, FIRST)


def test_looks_that_never_agree_are_believed_in_what_they_share() -> None:
    looks = [look(0, 80, 1), look(1, 80, 2), look(2, 80, 3)]
    assert settled(UNPROBED, looks, NONE, FIRST)
    assert {socket.port for socket in believed(looks)} == {80}


def test_believed_is_what_both_of_the_last_looks_have() -> None:
    looks = [look(0, 80, 99), look(1, 80), look(2, 80)]
    assert {socket.port for socket in believed(looks)} == {80}


def test_the_second_run_waits_for_what_the_first_one_had() -> None:
    first = Hints(declared=frozenset({("TCP", 81)}))
    hints = hints_again(first, [frozenset({Socket(80), Socket(40000)})])
    assert hints.expected == {("TCP", 80)}
    assert not settled(PROBED, [look(0, 80, age=4), look(1, 80, age=5)], hints, AGAIN)
    assert settled(PROBED, [look(0, 80, 50000, age=4), look(1, 80, 50000, age=5)], hints, AGAIN)


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
    found = lasting([look(0, 1), look(1, 1, 2), look(2, 2, 3), replace(look(3, 3), flaw="ended")])
    assert found is not None
    assert {socket.port for socket in found} == {1, 2}


@pytest.mark.parametrize("looks", [[], [look(0, 80)], [look(0, 80), replace(look(1), flaw="x")]])
def test_a_pod_that_ended_too_soon_was_not_observed(looks: list[Look]) -> None:
    assert lasting(looks) is None
