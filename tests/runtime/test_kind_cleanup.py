"""Nothing is left behind: no namespace, no file and no process, however a run ends.

Real runs that use a cluster which stays are begun at once and pause in the middle. Each test does
to one of them what happens to runs, and looks at what there is afterwards.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.cluster import sweep

from .runs import Run, wait_for

pytestmark = pytest.mark.kind

RUNS = {
    "ctrl-c": ("-n2",),
    "ctrl-c twice": (),
    "sigterm": (),
    "sigkill": ("-n2",),
    "a worker crashes": ("-n2",),
    "everything is killed": (),
}


@pytest.fixture(scope="module")
def runs(cluster_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """Runs that do not wait for each other."""
    runs = {
        name: Run(
            tmp_path_factory.mktemp("run"),
            f"kind:{cluster_name}",
            *args,
            pause="crash" if "crashes" in name else "release",
        )
        for name, args in RUNS.items()
    }
    yield runs
    for run in runs.values():
        run.kill()
    sweep(print)


@pytest.fixture
def paused(runs: dict[str, Run]) -> Callable[[str], Run]:
    """One of the runs that is in the middle of a test with its release."""

    def paused(name: str) -> Run:
        runs[name].wait_until_paused()
        return runs[name]

    return paused


def test_ctrl_c(paused: Callable[[str], Run], api: Api) -> None:
    run = paused("ctrl-c")
    assert run.namespaces(api)
    run.interrupt()
    assert run.end() == pytest.ExitCode.INTERRUPTED, run.output
    assert run.namespaces(api) == []
    run.assert_clean()


def test_ctrl_c_while_a_release_is_installed(
    begin: Callable[..., Run], cluster_name: str, api: Api
) -> None:
    runs = [begin(f"kind:{cluster_name}", workers) for workers in ("-n0", "-n2")]
    installing = list(runs)

    def interrupted() -> bool:
        for run in list(installing):
            if run.ended or "-web-" in str(run.namespaces(api)):
                run.interrupt()
                installing.remove(run)
        return not installing

    wait_for(interrupted, "the releases")
    for run in runs:
        assert run.end() == pytest.ExitCode.INTERRUPTED, run.output
        assert not (run.folder / "paused").exists()
        assert run.namespaces(api) == []
        run.assert_clean()


def test_ctrl_c_twice(paused: Callable[[str], Run], api: Api) -> None:
    run = paused("ctrl-c twice")
    run.interrupt()
    time.sleep(0.3)
    run.interrupt()
    run.end()
    wait_for(lambda: not run.namespaces(api), "the end of the namespaces")
    run.assert_clean()


def test_sigterm(paused: Callable[[str], Run], api: Api) -> None:
    run = paused("sigterm")
    run.process.terminate()
    run.end()
    assert run.namespaces(api) == []
    run.assert_clean()


def test_sigkill_of_the_main_process(paused: Callable[[str], Run], api: Api) -> None:
    run = paused("sigkill")
    run.go_on()
    run.process.kill()
    run.end()
    wait_for(lambda: not run.namespaces(api), "the end of the namespaces")
    run.assert_clean()


def test_a_worker_that_crashes(runs: dict[str, Run], api: Api) -> None:
    run = runs["a worker crashes"]
    assert run.end() == pytest.ExitCode.TESTS_FAILED
    assert "crashed while running" in run.output
    assert "::installs" not in run.output.partition("short test summary")[2]
    assert run.namespaces(api) == []
    run.assert_clean()


def test_a_full_disk(
    begin: Callable[..., Run], cluster_name: str, api: Api, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mounted, check=False).returncode:
        pytest.skip("needs root to have a disk that is full")
    try:
        run = begin(f"kind:{cluster_name}", pause="collection", tmp=small)
        run.wait_until_paused()
        free = shutil.disk_usage(small).free
        (small / "everything").write_bytes(b"x" * free)
        run.go_on()
        run.end()
        assert "Traceback" not in run.output
        assert run.namespaces(api) == []
        run.assert_clean()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_the_next_run_takes_away_what_a_killed_one_left(
    begin: Callable[..., Run], paused: Callable[[str], Run], cluster_name: str, api: Api
) -> None:
    first = paused("everything is killed")
    first.kill_everything()
    left = [name for name in first.namespaces(api) if "-web-" in name]
    assert left
    second = begin(f"kind:{cluster_name}", "-k", "renders", pause="", tmp=first.tmp)
    assert second.end() == 0, second.output
    assert f"deleting namespace {left[0]}: process {first.process.pid}" in second.output
    wait_for(lambda: not first.namespaces(api), "the end of the namespaces")
    first.assert_clean()
    second.assert_clean()
