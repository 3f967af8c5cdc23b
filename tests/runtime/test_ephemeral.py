"""From the logs of ephemeral containers to looks at their pod."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from pytest_k8snet.runtime import ephemeral
from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.ephemeral import PodReader, moments, whole_samples
from pytest_k8snet.runtime.look import Look
from pytest_k8snet.runtime.pods import Pod
from pytest_k8snet.runtime.sample import Process, Sample, together
from pytest_k8snet.runtime.sockets import Entry

from .live import container, pod

MARK = "==7ef386e1a12559ec"
WEB = "95e9d1f42a04f853bc045631ae4b1b710f3a1cd018efc0042adbd8de1faa0012"
# What one ephemeral container said in a second and a half, recorded: a server that is there for a
# second of two, and a UDP server of another container.
LOG = (Path(__file__).with_name("samples") / "log.txt").read_text(encoding="utf-8")
UPTIMES = [26999.97, 27000.49, 27001.01]
PORTS = [{5353}, {5353}, {5353, 8080}]
ENDS = [at for at in range(len(LOG)) if LOG[at:].startswith(f" {MARK} end\n")]


class Kubelet:
    """Hands out a log, of which there is more each time; from a whole second on."""

    def __init__(self, *until: int) -> None:
        self.until = list(until)
        self.asked: list[str] = []

    def logs(self, *_: str, sinceTime: str, **options: object) -> str:  # noqa: N803 - the API's
        assert options == {"timestamps": "true"}
        self.asked.append(sinceTime)
        lines = LOG[: self.until.pop(0)].split("\n")
        second = sinceTime.partition(".")[0]
        return "\n".join(line for line in lines if not line or line >= second)

    def add_ephemeral(self, *_: object) -> None:
        pass

    def get(self, *_: str) -> dict[str, Any]:
        return {}


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ephemeral, "new_mark", lambda: MARK)


def web() -> Pod:
    return pod(container("web", id=WEB))


def looks(kubelet: Kubelet) -> list[Look]:
    """All looks at a pod until the kubelet has no more to say."""
    reader, found = PodReader(cast("Api", kubelet), "image"), []
    while kubelet.until:
        found += reader.look([web()]).get("uid-web-1", [])
    return found


def seen(looks: list[Look]) -> list[tuple[float, set[int]]]:
    return [(one.at, {socket.port for socket in one.sockets}) for one in looks if not one.flaw]


def test_every_sample_of_a_log_is_a_look() -> None:
    found = looks(Kubelet(len(LOG)))
    assert seen(found) == list(zip(UPTIMES, PORTS, strict=True))
    # A sample was taken when it says so, however many come at once.
    ages = [one.age for one in found]
    assert [age - ages[0] for age in ages] == pytest.approx([at - UPTIMES[0] for at in UPTIMES])


@pytest.mark.parametrize("cut", [*range(0, len(LOG), 601), *ENDS, *(at + 1 for at in ENDS)])
def test_no_sample_is_lost_or_read_twice_wherever_the_log_ends_for_now(cut: int) -> None:
    kubelet = Kubelet(cut, len(LOG), len(LOG))
    assert seen(looks(kubelet)) == list(zip(UPTIMES, PORTS, strict=True))
    # What was read is not asked for again.
    assert kubelet.asked[2] > kubelet.asked[0]


def test_what_a_pod_said_before_it_ended_is_read_afterwards() -> None:
    reader = PodReader(cast("Api", Kubelet(ENDS[0] + 40, len(LOG))), "image")
    ended = replace(pod(replace(container("web", id=WEB), running=False)), phase="Succeeded")
    found = [look for one in (web(), ended) for look in reader.look([one])["uid-web-1"]]
    assert seen(found) == list(zip(UPTIMES, PORTS, strict=True))


@pytest.mark.parametrize("cut", range(40, len(LOG), 601))
def test_a_sample_that_is_cut_off_is_none(cut: int) -> None:
    """As where a log was rotated, or where it begins at a second."""
    behind = [end for end in ENDS if end > cut]
    begins = [LOG.find(f"{MARK} cgroup", end) for end in ENDS[:-1]]
    left = sum(begin > cut for begin in begins)
    assert len(list(whole_samples(LOG[cut:], MARK))) == left < len(behind)


def test_what_a_program_calls_itself_ends_no_sample() -> None:
    """Only the script begins a line with the mark, which is longer than a name can be."""
    forged = f"{MARK[:15]}\n2026-12-01T01:22:24Z {MARK[:15]} end\n"
    odd = LOG.replace("(sleep)", f"({forged})").replace("(httpd)", "(x end)")
    assert [line for _, line in whole_samples(odd, MARK)] == [
        line for _, line in whole_samples(LOG, MARK)
    ]


def test_a_container_that_says_nothing_is_a_flaw() -> None:
    (look,) = looks(Kubelet(0))
    assert "has not said anything yet" in look.flaw


@pytest.mark.parametrize(
    ("state", "placed"),
    [
        ({"terminated": {}}, 10),
        ({"waiting": {"reason": "RunContainerError"}}, 4),
        ({"waiting": {"reason": "ImagePullBackOff"}}, 1),
    ],
)
def test_one_that_is_ended_by_others_is_put_there_again(state: Any, placed: int) -> None:
    """One that can never run is so a few times."""

    class Ending(Kubelet):
        names: ClassVar[list[str]] = []

        def add_ephemeral(self, *given: Any) -> None:
            self.names.append(given[2]["name"])

        def get(self, *_: str) -> dict[str, Any]:
            statuses = [{"name": name, "state": state} for name in self.names]
            return {"status": {"ephemeralContainerStatuses": statuses}}

    Ending.names.clear()
    looks(Ending(*[0] * 10))
    assert len(Ending.names) == len(set(Ending.names)) == placed


def sample(uptime: float, container: str, *held: int, shown: tuple[int, ...] = ()) -> Sample:
    """Of the processes of one container, with ports whose numbers are their inodes."""
    process = Process(1, container, container, uptime, "net", frozenset(held))
    entries = tuple(Entry("TCP", "::", inode, inode) for inode in (*held, *shown))
    return Sample({container: (process,)}, {"net": entries}, uptime)


def test_samples_of_one_moment_are_set_together() -> None:
    quick = deque(sample(at, "a") for at in (1.0, 1.5, 2.0, 2.5, 3.0))
    slow = deque(sample(at, "b") for at in (1.8, 2.9))
    found = [
        {name: one.age for name, (one,) in some.processes.items()}
        for some in moments([quick, slow])
    ]
    assert found == [{"a": 1.5, "b": 1.8}, {"a": 2.5, "b": 2.9}]
    # The rest waits for what the other one says next.
    assert [one.uptime for one in quick] == [3.0]
    assert list(moments([])) == []


def test_what_opens_or_closes_between_two_samples_is_its_containers() -> None:
    """Each of them shows the ports of the pod, and the processes of one container."""
    first = sample(1.0, "a", 80, shown=(81, 9, 7))  # a process of b holds 81, nobody holds 9
    then = sample(1.1, "b", 81, 82, shown=(9, 83))  # 7 is closed, a has opened 83
    (entries,) = together([first, then]).tables.values()
    assert sorted(entry.port for entry in entries) == [9, 80, 81, 82]


def test_a_network_that_only_one_container_sees_is_as_that_one_sees_it() -> None:
    other = replace(sample(1.0, "a"), tables={"own": (Entry("TCP", "::", 5, 5),)})
    assert together([other, sample(1.0, "b", 80)]).tables == {
        "own": (Entry("TCP", "::", 5, 5),),
        "net": (Entry("TCP", "::", 80, 80),),
    }
