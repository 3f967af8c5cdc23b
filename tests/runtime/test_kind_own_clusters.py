"""A run that makes its cluster leaves none behind, however it ends."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pytest_k8snet.runtime.cluster import find_engine, sweep
from pytest_k8snet.runtime.command import run as run_program

from .runs import Run, wait_for

pytestmark = pytest.mark.kind


def test_an_interrupt_while_the_cluster_is_made(begin: Callable[..., Run], kind: None) -> None:
    run = begin("kind")
    run.wait_until_said("creating the kind cluster")
    wait_for(lambda: run.own_cluster or run.ended, f"a node:\n{run.output}")
    run.interrupt()
    time.sleep(0.2)
    run.interrupt()
    run.end()
    run.assert_clean()


def test_sigkill_while_the_cluster_is_made(begin: Callable[..., Run], kind: None) -> None:
    run = begin("kind")
    run.wait_until_said("creating the kind cluster")
    wait_for(lambda: run.own_cluster or run.ended, f"a node:\n{run.output}")
    run.process.kill()
    run.end()
    run.assert_clean()


@pytest.mark.alone
def test_two_runs_at_once_an_orphan_and_a_cluster_that_dies(
    begin: Callable[..., Run], kind: None
) -> None:
    """Two own clusters: one is orphaned and taken away without the other; that one dies."""
    first, second = begin("kind"), begin("kind")
    first.wait_until_paused()
    second.wait_until_paused()
    assert first.own_cluster != second.own_cluster
    second.kill_everything()
    orphan = second.own_cluster
    assert orphan

    said: list[str] = []
    sweep(said.append)
    assert said == [
        f"deleting the kind cluster {orphan}: process {second.process.pid} that made it is gone"
    ]
    assert first.own_cluster

    run_program([find_engine(), "rm", "-f", f"{first.own_cluster}-control-plane"], timeout=60)
    first.go_on()
    assert first.end() != 0
    assert "Traceback" not in first.output.partition("short test summary")[0], first.output
    first.assert_clean()
