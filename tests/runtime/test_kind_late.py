"""Programs that take their time, and UDP sockets of every sort, in a real cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.errors import NotApplicable, NotObserved
from pytest_k8snet.model import Application
from pytest_k8snet.runtime import Session
from pytest_k8snet.target import Gathered

from .conftest import observe, write_chart

pytestmark = pytest.mark.kind

CHART = Path(__file__).with_name("charts") / "late.yaml"
BUSY = "end=$(($(date +%s)+10)); while [ $(date +%s) -lt $end ]; do :; done"
CHOSEN = "$((40000 + RANDOM % 15000))"


TOGETHER = 3  # programs in a pod


class Program(NamedTuple):
    """What a container runs and declares, and which runtime checks find a fault."""

    run: str
    declares: tuple[int, str] | None = None
    probe: int | None = None
    faults: tuple[str, ...] = ()


PROGRAMS = {
    # declared, and there in time
    "at-once": Program("exec httpd -f -p 8001", (8001, "TCP"), probe=8001),
    "after-15": Program("sleep 15; exec httpd -f -p 8002", (8002, "TCP")),
    "after-22": Program("sleep 22; exec httpd -f -p 8003", (8003, "TCP")),
    "busy-first": Program(f"{BUSY}; exec httpd -f -p 8004", (8004, "TCP")),
    "never": Program("sleep 1000", (8005, "TCP"), faults=("M3", "M5A")),
    "exec-later": Program("sleep 5; httpd -p 8006; exec sleep 1000", (8006, "TCP")),
    "reopens": Program("while :; do timeout 5 httpd -f -p 8007; done", (8007, "TCP")),
    "moves-on": Program(
        "timeout 5 httpd -f -p 8008; exec httpd -f -p 8009",
        (8008, "TCP"),
        None,
        ("M1", "M3", "M5A"),
    ),
    "dual-stack": Program("exec httpd -f -p [::]:8010", (8010, "TCP")),
    "on-loopback": Program("exec httpd -f -p 127.0.0.1:8040", (8040, "TCP"), None, ("M3", "M5A")),
    # declared by nobody
    "undeclared-3": Program("sleep 3; exec httpd -f -p 8011", faults=("M1",)),
    "undeclared-6": Program("sleep 6; exec httpd -f -p 8012", faults=("M1",)),
    "undeclared-10": Program("sleep 10; exec httpd -f -p 8013", faults=("M1",)),
    "after-a-request": Program(
        "nc -l -p 8018 >/dev/null; httpd -p 8018; sleep 4; exec httpd -f -p 8019",
        (8018, "TCP"),
        faults=("M1",),
    ),
    "after-the-probe": Program(
        "httpd -p 8014; sleep 6; exec httpd -f -p 8015", (8014, "TCP"), 8014, ("M1",)
    ),
    "one-second-in-three": Program(
        "while :; do timeout 1 httpd -f -p 8016; sleep 2; done", faults=("M1",)
    ),
    "only-at-the-start": Program("timeout 4 httpd -f -p 8017; sleep 1000"),
    "undeclared-12": Program("sleep 12; exec httpd -f -p 8041", faults=("M1",)),
    "later-than-the-watch": Program("sleep 100; exec httpd -f -p 8042"),
    "undeclared-high": Program("exec httpd -f -p 45000", faults=("M1",)),
    "undeclared-on-loopback": Program("exec httpd -f -p 127.0.0.1:8043"),
    "one-of-two": Program("httpd -p 8044; exec httpd -f -p 8045", (8044, "TCP"), 8044, ("M1",)),
    "grandchild": Program("(httpd -f -p 8046 &) ; exec sleep 1000", faults=("M1",)),
    "dynamic": Program("exec httpd -f -p $((20000 + RANDOM % 9000))", faults=("M2",)),
    "dynamic-beside-fixed": Program(
        "httpd -p $((20000 + RANDOM % 9000)); exec httpd -f -p 8047", faults=("M1", "M2")
    ),
    "moves-every-5": Program(
        "while :; do timeout 5 httpd -f -p $((20000 + RANDOM % 9000)); done", faults=("M2",)
    ),
    # names and processes
    "odd-name": Program("printf 'a) b (c' >/proc/$$/comm; exec httpd -f -p 8048", faults=("M1",)),
    "many-children": Program(
        "for i in $(seq 30); do sleep 1000 & done; exec httpd -f -p 8049", (8049, "TCP")
    ),
    "zombies": Program(
        "for i in $(seq 9); do sleep 1 & done; exec httpd -f -p 8050", (8050, "TCP")
    ),
    # UDP
    "connects-to-its-client": Program(
        "nc -u -l -p 8021 >/dev/null & sleep 2; echo x | nc -u $(hostname -i) 8021; sleep 1000",
        (8021, "UDP"),
    ),
    "udp-server": Program("while :; do nc -u -l -p 8022; done", (8022, "UDP")),
    "undeclared-udp": Program("while :; do nc -u -l -p 8023; done", faults=("M1",)),
    "client-every-10": Program(f"while :; do timeout 10 nc -u -l -p {CHOSEN}; done"),
    "slow-resolver": Program(f"while :; do timeout 5 nc -u -l -p {CHOSEN}; done"),
    "udp-8": Program("sleep 8; while :; do nc -u -l -p 8024; done", faults=("M1",)),
    "udp-on-loopback": Program(
        "while :; do nc -u -l -s 127.0.0.1 -p 8025; done", (8025, "UDP"), None, ("M3", "M5A")
    ),
    "udp-beside-tcp": Program(
        "(while :; do nc -u -l -p 8026; done) & exec httpd -f -p 8026", (8026, "TCP"), 8026, ("M1",)
    ),
    "udp-never": Program("sleep 1000", (8027, "UDP"), None, ("M3", "M5A")),
    "udp-high": Program("while :; do nc -u -l -p 40123; done", faults=("M1",)),
    "asks-now-and-then": Program(f"while :; do timeout 1 nc -u -l -p {CHOSEN}; sleep 3; done"),
    "dynamic-udp": Program(f"exec nc -u -l -p {CHOSEN}", faults=("M2",)),
    # in a chart of its own
    "beside": Program("sleep 32; exec httpd -f -p 8051", faults=("M1",)),
    # a Service whose unit keeps no pod
    "none": Program("exec httpd -f -p 8031", (8031, "TCP"), faults=("M5D",)),
}


def values(programs: Iterable[str]) -> list[dict[str, Any]]:
    """The containers that run these programs."""
    return [
        {
            "name": name,
            "run": one.run,
            "probe": one.probe,
            **({"declares": dict(zip(("port", "protocol"), one.declares, strict=True))}
               if one.declares else {}),
        }
        for name in programs
        for one in [PROGRAMS[name]]
    ]  # fmt: skip


def pods() -> Iterator[tuple[str, list[str]]]:
    """The programs of each pod: they share its network, and none has a port of another."""
    kept = [name for name in PROGRAMS if name not in ("none", "beside")]
    for first in range(0, len(kept), TOGETHER):
        yield f"pod-{first // TOGETHER}", kept[first : first + TOGETHER]
    yield "none", ["none"]


@pytest.fixture(scope="module")
def observed(
    runtime: Session,
    gather: Callable[..., list[Gathered]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, list[str]]]:
    """What is found on each program, observed once with the waits that a run has.

    One of them is a chart of its own, which has been observed long before the other.
    """
    folder, text = tmp_path_factory.mktemp("charts"), CHART.read_text(encoding="utf-8")
    charts = {"late": dict(pods()), "beside": {"beside": ["beside"]}}
    gathered = gather(
        *(
            write_chart(
                folder / chart,
                text,
                **{"values.yaml": json.dumps({"pods": {n: values(p) for n, p in some.items()}})},
            )
            for chart, some in charts.items()
        )
    )
    found: dict[str, dict[str, list[str]]] = {name: {} for name in PROGRAMS}
    with closing(runtime.new_stage(gathered, watch=15.0, patience=30.0)) as stage:
        for outcome in observe(stage, *gathered):
            assert outcome.observed is not None, outcome
            for name, check, message in faults(outcome.observed):
                found[name].setdefault(check, []).append(message)
    return found


def faults(application: Application) -> Iterator[tuple[str, str, str]]:
    """Program, check and message of all that is found in the sockets, or why nothing."""
    programs = {one.name: [c.name for c in one.containers] for one in application.workloads}
    for check in CHECKS:
        if check.id not in ("M1", "M2", "M3", "M5A", "M5D"):
            continue
        for subject in application.subjects:
            if not isinstance(subject, check.on):
                continue
            try:
                for one in check.findings(subject, application):
                    yield one.container or subject.name, check.id, one.message
            except NotApplicable:
                continue
            except NotObserved as error:
                for name in programs.get(subject.name, [subject.name]):
                    yield name, f"({check.id})", str(error)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_verdict(observed: Mapping[str, Mapping[str, list[str]]], name: str) -> None:
    found, expected = observed[name], set(PROGRAMS[name].faults)
    if PROGRAMS[name].declares is None:
        expected |= {"M5A"} & set(found)  # its Service leads to a port that nobody declares
    skipped = {"(M1)", "(M2)", "(M3)", "(M5A)"} if name == "none" else set()
    assert set(found) - skipped == expected, found


def test_a_verdict_says_how_old_the_pod_was(
    observed: Mapping[str, Mapping[str, list[str]]],
) -> None:
    (message,) = observed["never"]["M3"]
    assert message.endswith("nothing in the pod listens there when it is 30 s old")
    (message,) = observed["none"]["M5D"]
    assert re.search(r"no pod of it was alive within \d+ s$", message)


def test_a_pod_is_watched_on_while_others_are_observed(
    observed: Mapping[str, Mapping[str, list[str]]],
) -> None:
    (message,) = observed["beside"]["M1"]
    age = re.search(r"\(seen in a pod (\d+) s old\)$", message)
    assert age
    assert int(age[1]) >= 30
