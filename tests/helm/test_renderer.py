"""Helm's processes: results in order, replaced when they hang or die, and never left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helm.conftest import engine_or_skip
from helm.writing import NEVER_ENDING, write_chart
from pytest_k8snet.errors import HelmMissing
from pytest_k8snet.helm import child
from pytest_k8snet.helm.engine import BinaryEngine, EmbeddedEngine, Engine
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.helm.request import Rendered, RenderRequest

PATIENCE = 30  # seconds that a test waits before it says that nothing will come


class Blocked:
    """A request that Helm cannot finish: a value comes through a pipe that nobody fills.

    ``--set-file``, since Helm itself reads that; a values file that is no file is refused.
    """

    def __init__(self, folder: Path) -> None:
        self.fifo = folder / "value"
        os.mkfifo(self.fifo)
        self.request = RenderRequest(
            write_chart(folder / "blocked"), set_files=(f"pipe={self.fifo}",), label="blocked"
        )
        self.writer = -1

    def wait_until_read(self) -> None:
        """Come back as soon as Helm is at it."""
        self.writer = os.open(self.fifo, os.O_WRONLY)

    def wait_until_reader_is_gone(self) -> bool:
        """Whether whoever rendered the request ends."""
        poll = select.poll()
        poll.register(self.writer, select.POLLERR)
        return bool(poll.poll(PATIENCE * 1000))


@pytest.fixture
def blocked(tmp_path: Path) -> Iterator[Blocked]:
    blocked = Blocked(tmp_path)
    yield blocked
    if blocked.writer >= 0:
        os.close(blocked.writer)


@pytest.fixture
def web(tmp_path: Path) -> RenderRequest:
    return RenderRequest(write_chart(tmp_path / "web"), label="web")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def releases(rendered: Rendered) -> str:
    return rendered.templates[0][1].partition("name: ")[2].partition("-web")[0]


def test_results_come_in_the_order_of_the_requests(engine: Engine, web: RenderRequest) -> None:
    requests = [RenderRequest(web.path, release=f"r{number}") for number in range(40)]
    with Renderer(engine, processes=2) as renderer:
        assert [releases(rendered) for rendered in renderer.render(requests)] == [
            f"r{number}" for number in range(40)
        ]


def test_the_sdk_starts_early_once_and_stays(web: RenderRequest) -> None:
    with Renderer(engine_or_skip("embedded"), processes=4) as renderer:
        renderer.start_early()
        renderer.start_early()
        (early,) = renderer.processes
        assert is_running(early)
        assert [rendered.error for rendered in renderer.render([web] * 3)] == [None] * 3
        assert renderer.processes == (early,)
    assert not is_running(early)


def test_another_process_helps_where_one_is_waited_for(web: RenderRequest, tmp_path: Path) -> None:
    slow = {"templates/web.yaml": "{{ range until 5000 }}{{ range until 5000 }}{{ end }}{{ end }}"}
    chart = RenderRequest(write_chart(tmp_path / "slow", slow))
    with Renderer(engine_or_skip("embedded"), processes=2) as renderer:
        assert len(list(renderer.render([chart] * 8))) == 8
        assert len(renderer.processes) == 2


def test_jobs_can_follow_one_another_and_none_are_no_error(
    engine: Engine, web: RenderRequest
) -> None:
    with Renderer(engine, processes=1) as renderer:
        assert list(renderer.render([])) == []
        for _ in range(2):
            assert [rendered.error for rendered in renderer.render([web])] == [None]


def test_megabytes_come_through(engine: Engine, tmp_path: Path) -> None:
    text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata:\n  x: " + "é" * (1 << 21)
    chart = write_chart(tmp_path / "big", {"templates/web.yaml": text})
    with Renderer(engine, processes=1) as renderer:
        for rendered in renderer.render([RenderRequest(chart)] * 3):
            assert rendered.templates[0][1].strip() == text


def test_a_chart_that_takes_too_long_fails_and_the_others_do_not(
    engine: Engine, web: RenderRequest, tmp_path: Path
) -> None:
    endless = write_chart(tmp_path / "endless", {"templates/web.yaml": NEVER_ENDING})
    with Renderer(engine, processes=1, timeout=2.5) as renderer:
        first, late, last = renderer.render(
            [web, RenderRequest(endless, label="charts/endless"), web]
        )
    assert (first.error, last.error) == (None, None)
    assert late.error is not None
    assert late.error.startswith("charts/endless: not rendered within 2.5 s")
    assert "--k8snet-render-timeout" in late.error


def test_a_chart_on_which_the_sdk_dies_fails_and_the_others_do_not(
    web: RenderRequest, blocked: Blocked
) -> None:
    with Renderer(engine_or_skip("embedded"), processes=1) as renderer:

        def kill() -> None:
            blocked.wait_until_read()
            os.kill(renderer.processes[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        first, lost, last = renderer.render([web, blocked.request, web])
        killer.join()
    assert (first.error, last.error) == (None, None)
    assert lost.error is not None
    assert lost.error.startswith("blocked: Helm ended (SIGKILL)")


def test_a_process_that_dies_while_idle_costs_no_chart(web: RenderRequest) -> None:
    with Renderer(engine_or_skip("embedded"), processes=1) as renderer:
        assert next(renderer.render([web])).error is None
        (idle,) = renderer.processes
        os.kill(idle, signal.SIGKILL)
        os.waitid(os.P_PID, idle, os.WEXITED | os.WNOWAIT)
        assert [rendered.error for rendered in renderer.render([web])] == [None]


def test_a_caller_that_stops_early_gets_no_old_results_later(
    engine: Engine, web: RenderRequest
) -> None:
    with Renderer(engine, processes=1) as renderer:
        running = renderer.render(
            [RenderRequest(web.path, release=f"old{number}") for number in range(9)]
        )
        assert releases(next(running)) == "old0"
        running.close()
        fresh = renderer.render(
            [RenderRequest(web.path, release=f"new{number}") for number in range(4)]
        )
        assert [releases(rendered) for rendered in fresh] == ["new0", "new1", "new2", "new3"]


def test_a_chart_that_takes_all_memory_fails_and_the_others_do_not(
    engine: Engine, web: RenderRequest, tmp_path: Path
) -> None:
    greedy = write_chart(tmp_path / "greedy", {"templates/web.yaml": "{{ until 100000000 }}"})
    with Renderer(engine, processes=1) as renderer:
        first, lost, last = renderer.render([web, RenderRequest(greedy, label="greedy"), web])
    assert (first.error, last.error) == (None, None)
    assert lost.error is not None
    assert lost.error.startswith("greedy: ")
    assert "memory" in lost.error


def test_an_answer_that_is_too_large_is_an_error_and_the_others_are_none(
    web: RenderRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "MOST_BYTES", 1000)
    large = write_chart(tmp_path / "large", {"templates/web.yaml": 'a: {{ repeat 2000 "x" }}'})
    with Renderer(engine_or_skip("embedded"), processes=1) as renderer:
        first, lost, last = renderer.render([web, RenderRequest(large, label="large"), web])
    assert (first.error, last.error) == (None, None)
    assert lost.error is not None
    assert lost.error.startswith("large: Helm prints more than ")


def test_what_is_written_to_standard_error_belongs_to_its_chart(
    engine: Engine, web: RenderRequest, tmp_path: Path
) -> None:
    linked = write_chart(tmp_path / "linked")
    (linked / "templates" / "extra.yaml").symlink_to(linked / "templates" / "web.yaml")
    with Renderer(engine, processes=1) as renderer:
        before, warned, again, after = renderer.render(
            [web, RenderRequest(linked), RenderRequest(linked), web]
        )
    assert "symbolic link" in warned.warnings
    assert "extra.yaml" in warned.warnings
    assert not warned.warnings[0].isdigit()
    assert again.warnings == warned.warnings
    assert (before.warnings, after.warnings) == ("", "")


def test_leaving_the_renderer_ends_helm_in_the_middle_of_a_chart(
    engine: Engine, blocked: Blocked
) -> None:
    renderer = Renderer(engine, processes=1)

    def interrupt() -> None:
        blocked.wait_until_read()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    with renderer, pytest.raises(KeyboardInterrupt):
        running = renderer.render([blocked.request])
        interrupter.start()
        next(running)
    interrupter.join()
    assert renderer.processes == ()
    assert blocked.wait_until_reader_is_gone()


PARENT = """
import sys
from pathlib import Path
from pytest_k8snet.helm.engine import choose_engine
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.helm.request import RenderRequest

with Renderer(choose_engine(sys.argv[1]), processes=1) as renderer:
    request = RenderRequest(Path(sys.argv[2]), set_files=(f"pipe={sys.argv[3]}",))
    print(*renderer.render([request]))
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("choice", ["embedded", "helm"], ids=["embedded", "binary"])
def test_helm_ends_with_its_parent_however_it_ends(
    choice: str, end: signal.Signals, blocked: Blocked
) -> None:
    engine_or_skip(choice)
    command = [sys.executable, "-c", PARENT, choice, str(blocked.request.path), str(blocked.fifo)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as parent:
        blocked.wait_until_read()
        parent.send_signal(end)
        assert blocked.wait_until_reader_is_gone()
        assert parent.wait(PATIENCE) != 0


def test_a_program_that_is_no_helm_is_said_once_and_for_all(web: RenderRequest) -> None:
    with (
        Renderer(BinaryEngine(Path("/bin/true"))) as renderer,
        pytest.raises(HelmMissing) as caught,
    ):
        list(renderer.render([web] * 5))
    assert "/bin/true is no Helm" in str(caught.value)
    assert "pytest-k8snet[helm]" in str(caught.value)


def test_an_sdk_that_cannot_be_loaded_is_said_once_and_for_all(
    web: RenderRequest, tmp_path: Path
) -> None:
    (tmp_path / "helm_python.py").write_text("raise OSError('made for another machine')")
    with Renderer(EmbeddedEngine(tmp_path)) as renderer, pytest.raises(HelmMissing) as caught:
        list(renderer.render([web] * 5))
    assert "made for another machine" in str(caught.value)
    assert "--k8snet-helm=" in str(caught.value)
