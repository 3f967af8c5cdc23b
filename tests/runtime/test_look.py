"""From a node's /proc to the open ports of each pod."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_k8snet.model import Socket
from pytest_k8snet.runtime.look import look_at
from pytest_k8snet.runtime.pods import Pod
from pytest_k8snet.runtime.reader import question
from pytest_k8snet.runtime.sample import Sample, Torn, new_mark, read_sample

from .live import container, pod

SIDE = "eadf991556f5170ebde783f3892503bbec129a2ce995fb052069cb318389de8d"
WEB = "5114bc9f0b7bf60700ff4175ba78ce101ed3ebb6487ee735d318b5dcc9918d40"
UDP = "baa4ceae40577653836a43796297b5430cdbee41792ecfa4341071910ca5ccbc"
AGENT = "56f9d8eacc2ffc252282618ac410cc143ea623a06b43e07fb51dfd69d5d94c02"

# A kind node with two pods, recorded: Pod/multi with a sidecar, a server that two processes of one
# container share the work of, and a UDP server; Pod/agent in the node's network namespace.
SAMPLES = Path(__file__).with_name("samples")


@pytest.fixture(params=["cgroup1", "cgroup2"])
def text(request: pytest.FixtureRequest) -> str:
    return (SAMPLES / f"{request.param}.txt").read_text(encoding="utf-8")


@pytest.fixture
def sample(text: str) -> Sample:
    return read_sample(text, {SIDE, WEB, UDP, AGENT})


def multi() -> Pod:
    return pod(
        container("side", id=SIDE),
        container("web", id=WEB),
        container("udp", id=UDP),
        name="multi",
    )


def agent(*, host_network: bool = True) -> Pod:
    return pod(container("agent", id=AGENT), name="agent", host_network=host_network)


def test_each_socket_with_its_container_and_process(sample: Sample) -> None:
    assert sorted(look_at(multi(), sample).sockets) == [
        Socket(5353, "UDP", "::", "udp", "nc", "multi"),
        Socket(8080, "TCP", "::", "web", "httpd", "multi"),
        Socket(8888, "TCP", "127.0.0.1", "web", "httpd", "multi"),
        Socket(9000, "TCP", "::", "side", "nc", "multi"),
    ]


def test_a_pod_in_the_nodes_network_shows_only_its_own(sample: Sample) -> None:
    look = look_at(agent(), sample)
    assert look.sockets == {Socket(19100, "TCP", "::", "agent", "httpd", "agent")}
    assert not look.flaw


def test_a_process_in_a_network_of_its_own_is_not_in_the_pods(text: str) -> None:
    """As a container engine in a container starts them: its ports are not the pod's."""
    inner = text.replace("69846/ns/net -> net:[4026534261]", "69846/ns/net -> net:[4026530000]")
    table = "\n".join(
        line.replace("69785/net", "69846/net") for line in text.splitlines() if "69785/net" in line
    )
    sample = read_sample(inner.replace("== end", f"{table}\n== end"), {SIDE, WEB, UDP, AGENT})
    assert {socket.port for socket in look_at(multi(), sample).sockets} == {
        5353,
        8080,
        8888,
        9000,
    }


def test_the_pods_network_is_where_its_namespaces_are_kept(text: str) -> None:
    """A program may move to another one; what a process of none of its containers is in stays."""
    moved = text.replace("69787/ns/net -> net:[4026534261]", "69787/ns/net -> net:[4026530000]")
    moved = moved.replace("\n69787/net/", "\n69868/net/")
    moved = moved.replace("== end", "69787/net/tcp:  sl  local_address rem_address\n== end")
    uid = "0c9093e7-cfe6-4482-8323-b919c3526011"
    two = replace(pod(container("side", id=SIDE), container("web", id=WEB), name="two"), uid=uid)
    asked = question("==", [SIDE, WEB, uid])
    assert uid in asked
    assert uid.replace("-", "_") in asked  # as the cgroups of the sample have it
    kept = read_sample(moved, {SIDE, WEB, uid})
    assert {socket.port for socket in look_at(two, kept).sockets} == {5353, 8080, 8888, 9000}


def test_descriptors_that_cannot_be_read(text: str) -> None:
    """In the node's network no socket has an owner then; in the pod's own all are its."""
    unreadable = "\n".join(line for line in text.splitlines() if not line.startswith("69785/fd"))
    sample = read_sample(unreadable, {AGENT})
    look = look_at(agent(), sample)
    assert not look.sockets
    assert "file descriptors of container agent of Pod/agent cannot be read" in look.flaw
    look = look_at(agent(host_network=False), sample)
    assert Socket(19100, "TCP", "::", "agent", "", "agent") in look.sockets


def test_a_socket_without_a_holder_is_the_pods(text: str) -> None:
    """As another program's that was handed over, or a process that could not be read."""
    held = "-> socket:[606513]"
    sample = read_sample(text.replace(held, "-> /dev/null"), {SIDE, WEB, UDP})
    assert Socket(9000, "TCP", "::", "", "", "multi") in look_at(multi(), sample).sockets


def test_a_zombie_is_no_process(sample: Sample) -> None:
    names = [(process.pid, process.name) for process in sample.processes[WEB]]
    assert (69847, "sleep") in names
    assert 69848 not in [pid for pid, _ in names]


def test_a_main_thread_that_ended_before_the_others(text: str) -> None:
    """Its files and its namespace are found at a thread that goes on."""
    lines = text.splitlines()
    dead = [
        line.replace("69785/ns", "69785/task/69790/ns").replace("69785/fd:", "69785/task/69790/fd:")
        if "/net -> net:" in line or line.endswith("/fd:")
        else line.replace("69785/net", "69785/task/69790/net")
        for line in lines
    ]
    sample = read_sample("\n".join(dead), {AGENT})
    assert look_at(agent(), sample).sockets == {
        Socket(19100, "TCP", "::", "agent", "httpd", "agent")
    }


def test_the_age_of_a_container_is_that_of_its_first_process(sample: Sample) -> None:
    running = look_at(multi(), sample).containers
    assert running["web"].age == pytest.approx(5500.71 - 5494.19)
    assert running["side"].age > running["web"].age


def test_a_container_without_a_process_is_a_flaw(sample: Sample) -> None:
    gone = pod(container("web", id="0" * 64), name="gone")
    assert "no process of Pod/gone can be seen" in look_at(gone, sample).flaw
    half = pod(container("web", id=WEB), container("x", id="0" * 64), name="half")
    assert "no process of container x" in look_at(half, sample).flaw


@pytest.mark.parametrize("cut", ["== end", "69787/net/"])
def test_a_sample_that_is_not_whole_is_thrown_away(text: str, cut: str) -> None:
    torn = "\n".join(line for line in text.splitlines() if not line.startswith(cut))
    with pytest.raises(Torn):
        read_sample(torn, {SIDE, WEB, UDP})


def test_a_process_may_have_any_name(text: str) -> None:
    """Whoever writes it to /proc/self/comm chooses it, brackets and line breaks included."""
    odd = text.replace("69785 (httpd) S", "69785 (a) S\n\x1b(b) S")
    sample = read_sample(odd, {AGENT})
    assert [process.name for process in sample.processes[AGENT]] == ["a) S??(b"]


@pytest.mark.parametrize("name", ["x\n== end\n", "x\n== fd\n== end", "x\n==: 69785\n1 (y"])
def test_no_name_of_a_process_is_taken_for_the_scripts_own_words(text: str, name: str) -> None:
    mark = new_mark()
    assert len(mark) > 15  # TASK_COMM_LEN: no name is as long
    odd = text.replace("==", mark).replace("69785 (httpd) S", f"69785 ({name}) S")
    sample = read_sample(odd, {AGENT}, mark=mark)
    assert sample.processes[AGENT][0].name == name.replace("\n", "?")
    assert {one.port for one in look_at(agent(), sample).sockets} == {19100}


def test_no_name_of_a_file_is_taken_for_a_socket(text: str) -> None:
    held = next(line for line in text.splitlines() if line.endswith("-> socket:[606513]"))
    forged = text.replace(held, held.replace("socket:", "/tmp/ -> socket:"))
    sample = read_sample(forged, {SIDE, WEB, UDP})
    assert not any(606513 in (one.sockets or ()) for one in sample.processes[SIDE])


def test_no_process_at_all() -> None:
    text = "== cgroup\n\n== stat\n== uptime\n1.0 1.0\n== net\n== fd\n== sockets\n== end\n"
    assert read_sample(text, {WEB}) == Sample(uptime=1.0)
