"""Workers: warm, in order, replaced when they hang or die, and never left behind."""

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
from pytest_k8snet.helm import Engine, Job, Pool, Rendered, open_pool
from pytest_k8snet.helm.engine import BinaryEngine, EmbeddedEngine

PATIENCE = 30  # seconds that a test waits before it says that nothing will come


class Blocked:
    """A job that a worker cannot finish: its values come through a pipe that nobody fills."""

    def __init__(self, folder: Path) -> None:
        self.fifo = folder / "values.yaml"
        os.mkfifo(self.fifo)
        self.job = Job(write_chart(folder / "blocked"), values=(self.fifo,), label="blocked")
        self.writer = -1

    def wait_until_read(self) -> None:
        """Come back as soon as the worker is in the job."""
        self.writer = os.open(self.fifo, os.O_WRONLY)

    def wait_until_reader_is_gone(self) -> bool:
        """Whether whoever rendered the job ends."""
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
def web(tmp_path: Path) -> Job:
    return Job(write_chart(tmp_path / "web"), label="web")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def releases(rendered: Rendered) -> str:
    return rendered.templates[0][1].partition("name: ")[2].partition("-web")[0]


def test_results_come_in_the_order_of_the_jobs(engine: Engine, web: Job) -> None:
    jobs = [Job(web.path, release=f"r{number}") for number in range(40)]
    with open_pool(engine, workers=2) as pool:
        assert [releases(rendered) for rendered in pool.render(jobs)] == [
            f"r{number}" for number in range(40)
        ]
        assert len(pool.processes) == (2 if len(jobs) > engine.jobs_per_worker else 1)


def test_few_jobs_start_one_worker_only(engine: Engine, web: Job) -> None:
    with open_pool(engine, workers=4) as pool:
        assert len(list(pool.render([web] * 3))) == 3
        assert len(pool.processes) == 1


def test_the_first_worker_starts_early_and_serves(engine: Engine, web: Job) -> None:
    with open_pool(engine) as pool:
        pool.start_early()
        pool.start_early()
        (early,) = pool.processes
        assert is_running(early)
        assert next(pool.render([web])).error is None
        assert pool.processes == (early,)
    assert not is_running(early)


def test_jobs_can_follow_one_another_and_none_are_no_error(engine: Engine, web: Job) -> None:
    with open_pool(engine, workers=1) as pool:
        assert list(pool.render([])) == []
        assert pool.processes == ()
        for _ in range(2):
            assert [rendered.error for rendered in pool.render([web])] == [None]


def test_megabytes_come_through(engine: Engine, tmp_path: Path) -> None:
    text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata:\n  x: " + "é" * (1 << 21)
    chart = write_chart(tmp_path / "big", {"templates/web.yaml": text})
    with open_pool(engine, workers=1) as pool:
        for rendered in pool.render([Job(chart)] * 3):
            assert rendered.templates[0][1].strip() == text


def test_a_chart_that_takes_too_long_fails_and_the_others_do_not(
    engine: Engine, web: Job, tmp_path: Path
) -> None:
    endless = write_chart(tmp_path / "endless", {"templates/web.yaml": NEVER_ENDING})
    with open_pool(engine, workers=1, timeout=2.5) as pool:
        first, late, last = pool.render([web, Job(endless, label="charts/endless"), web])
    assert (first.error, last.error) == (None, None)
    assert late.error is not None
    assert late.error.startswith("charts/endless: not rendered within 2.5 s")
    assert "--k8snet-render-timeout" in late.error


def test_a_chart_on_which_the_worker_dies_fails_and_the_others_do_not(
    engine: Engine, web: Job, blocked: Blocked
) -> None:
    with open_pool(engine, workers=1) as pool:

        def kill() -> None:
            blocked.wait_until_read()
            os.kill(pool.processes[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        first, lost, last = pool.render([web, blocked.job, web])
        killer.join()
    assert (first.error, last.error) == (None, None)
    assert lost.error is not None
    assert lost.error.startswith("blocked: Helm ended (SIGKILL)")


def test_a_worker_that_dies_while_idle_costs_no_chart(engine: Engine, web: Job) -> None:
    with open_pool(engine, workers=1) as pool:
        assert next(pool.render([web])).error is None
        (idle,) = pool.processes
        os.kill(idle, signal.SIGKILL)
        os.waitid(os.P_PID, idle, os.WEXITED | os.WNOWAIT)
        assert [rendered.error for rendered in pool.render([web])] == [None]


def test_a_caller_that_stops_early_gets_no_old_results_later(engine: Engine, web: Job) -> None:
    with open_pool(engine, workers=1) as pool:
        running = pool.render([Job(web.path, release=f"old{number}") for number in range(9)])
        assert releases(next(running)) == "old0"
        running.close()
        fresh = pool.render([Job(web.path, release=f"new{number}") for number in range(4)])
        assert [releases(rendered) for rendered in fresh] == ["new0", "new1", "new2", "new3"]


def test_what_is_written_to_standard_error_belongs_to_its_chart(
    engine: Engine, web: Job, tmp_path: Path
) -> None:
    linked = write_chart(tmp_path / "linked")
    (linked / "templates" / "extra.yaml").symlink_to(linked / "templates" / "web.yaml")
    with open_pool(engine, workers=1) as pool:
        before, warned, again, after = pool.render([web, Job(linked), Job(linked), web])
    assert "symbolic link" in warned.warnings
    assert "extra.yaml" in warned.warnings
    assert not warned.warnings[0].isdigit()
    assert again.warnings == warned.warnings
    assert (before.warnings, after.warnings) == ("", "")


def test_leaving_the_pool_ends_a_worker_in_the_middle_of_a_chart(
    engine: Engine, blocked: Blocked
) -> None:
    pool = Pool(engine, workers=1)

    def interrupt() -> None:
        blocked.wait_until_read()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    with pool, pytest.raises(KeyboardInterrupt):
        running = pool.render([blocked.job])
        interrupter.start()
        next(running)
    interrupter.join()
    assert pool.processes == ()
    assert blocked.wait_until_reader_is_gone()


PARENT = """
import sys
from pathlib import Path
from pytest_k8snet.helm import Job, choose_engine, open_pool

with open_pool(choose_engine(sys.argv[1]), workers=1) as pool:
    for rendered in pool.render([Job(Path(sys.argv[2]), values=(Path(sys.argv[3]),))]):
        print(rendered)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("choice", ["embedded", "helm"], ids=["embedded", "binary"])
def test_workers_end_with_their_parent_however_it_ends(
    choice: str, end: signal.Signals, blocked: Blocked
) -> None:
    engine_or_skip(choice)
    command = [sys.executable, "-c", PARENT, choice, str(blocked.job.path), str(blocked.fifo)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as parent:
        blocked.wait_until_read()
        parent.send_signal(end)
        assert blocked.wait_until_reader_is_gone()
        assert parent.wait(PATIENCE) != 0


def test_a_program_that_is_no_helm_is_said_once_and_for_all(web: Job) -> None:
    with open_pool(BinaryEngine(Path("/bin/true"))) as pool, pytest.raises(HelmMissing) as caught:
        list(pool.render([web] * 5))
    assert "/bin/true is no Helm" in str(caught.value)
    assert "pytest-k8snet[helm]" in str(caught.value)


def test_an_sdk_that_cannot_be_loaded_is_said_once_and_for_all(web: Job, tmp_path: Path) -> None:
    (tmp_path / "helm_python.py").write_text("raise OSError('made for another machine')")
    with open_pool(EmbeddedEngine(tmp_path)) as pool, pytest.raises(HelmMissing) as caught:
        list(pool.render([web] * 5))
    assert "made for another machine" in str(caught.value)
    assert "--k8snet-helm=" in str(caught.value)
