"""Programs of every sort in a real cluster, and what is seen of them in two runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_k8snet.model import Application, Socket, Workload
from pytest_k8snet.runtime import Session
from pytest_k8snet.target import Gathered

from .conftest import observe, write_chart

pytestmark = pytest.mark.kind

PROGRAMS = Path(__file__).with_name("charts") / "programs.yaml"

Seen = set[tuple[str, int, str, str, str]]


@pytest.fixture(scope="module")
def observed(
    runtime: Session,
    gather: Callable[..., list[Gathered]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Application]:
    """The chart of many programs, observed once."""
    folder = tmp_path_factory.mktemp("charts") / "programs"
    chart = write_chart(folder, PROGRAMS.read_text(encoding="utf-8"))
    gathered = gather(chart)
    with closing(runtime.new_stage(gathered)) as stage:
        (outcome,) = observe(stage, *gathered)
        assert outcome.observed is not None, outcome
        yield outcome.observed


def workload(observed: Application, name: str) -> Workload:
    return next(one for one in observed.workloads if one.name == name)


def seen(sockets: tuple[Socket, ...] | None) -> Seen:
    """Protocol, port, container, process, and where: every address or loopback."""
    assert sockets is not None
    return {
        (one.protocol, one.port, one.container, one.process, "local" if one.loopback else "all")
        for one in sockets
    }


EXPECTED: dict[str, Seen] = {
    # a sidecar, two servers of one container, a UDP server; two replicas
    "multi": {
        ("TCP", 9000, "side", "httpd", "all"),
        ("TCP", 8080, "web", "httpd", "all"),
        ("TCP", 8888, "web", "httpd", "local"),
        ("UDP", 5353, "udp", "nc", "all"),
    },
    "db": {("TCP", 5432, "db", "httpd", "all")},
    "agent": {("TCP", 19100, "agent", "httpd", "all")},  # in the network of a node that has more
    "stubborn": {("TCP", 19102, "stubborn", "httpd", "all")},  # taken until the old one is gone
    "bare": {("TCP", 7777, "bare", "httpd", "all")},
    "default-named": {("TCP", 7300, "named", "httpd", "all")},  # of the namespace it is in
    "late": {("TCP", 9999, "late", "httpd", "all")},  # 4 s after it is "ready"
    "late-declared": {("TCP", 9998, "late", "httpd", "all")},  # 7 s, but the manifest says so
    "work": {("TCP", 7000, "work", "httpd", "all")},
    "leaderless": {("TCP", 7500, "leaderless", "serve", "all")},
    "forger": {
        ("TCP", 7601, "end", "busybox?== end", "all"),
        ("TCP", 7602, "stat", "httpd", "all"),
    },
    "nightly": {("TCP", 7200, "nightly", "httpd", "all")},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_both_runs_show_every_port_and_no_other(observed: Application, name: str) -> None:
    found = workload(observed, name)
    assert seen(found.sockets) == EXPECTED[name]
    assert seen(found.sockets_again) == EXPECTED[name]
    assert found.unobserved == ""


def test_all_replicas_are_looked_at(observed: Application) -> None:
    found = workload(observed, "multi")
    assert found.pods == 2
    assert found.sockets is not None
    assert len({one.pod for one in found.sockets}) == 2


@pytest.mark.parametrize("name", ["multi", "agent", "stubborn", "late"])
def test_the_second_run_is_one_of_other_pods(observed: Application, name: str) -> None:
    found = workload(observed, name)
    before, after = (
        {one.pod for one in some or ()} for some in (found.sockets, found.sockets_again)
    )
    assert before
    assert not before & after


def test_a_port_that_is_chosen_anew(observed: Application) -> None:
    found = workload(observed, "dynamic")
    assert len(seen(found.sockets)) == len(seen(found.sockets_again)) == 1
    assert seen(found.sockets) != seen(found.sockets_again)


def test_a_job_that_ends_at_once_is_not_observed(observed: Application) -> None:
    found = workload(observed, "quick")
    assert found.sockets is None
    assert found.unobserved == (
        "not observed: the pods of Job/quick ended before anyone could look"
    )


def test_a_pod_that_ends_is_observed_while_it_runs(observed: Application) -> None:
    found = workload(observed, "once")
    assert seen(found.sockets) == {("TCP", 7400, "once", "httpd", "all")}
    assert found.unobserved == (
        "not observed: Pod/once ended, so there is no second run to compare with"
    )


def test_a_hook_is_observed_once(observed: Application) -> None:
    found = workload(observed, "prepare")
    assert seen(found.sockets) == {("TCP", 7100, "prepare", "httpd", "all")}
    assert found.sockets_again is None
    assert "a hook and runs only once" in found.unobserved
