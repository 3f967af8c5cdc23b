"""Whose a cluster is, and whether that process is still there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pytest_k8snet.runtime.owner import Owner, is_gone, new_run, read_owner, this_process

TELL = "from pytest_k8snet.runtime.owner import this_process; print(this_process())"


def ended_process() -> Owner:
    out = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)
    owner = read_owner(out.stdout.strip())
    assert owner is not None
    return owner


def test_this_process_is_alive() -> None:
    assert not is_gone(this_process())
    assert this_process().pid == os.getpid()


def test_a_process_that_ended_is_gone() -> None:
    assert is_gone(ended_process())


def test_a_process_that_has_the_same_number_is_another_one() -> None:
    assert is_gone(this_process()._replace(started="0" * 8))


def test_a_zombie_is_gone() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", f"{TELL}; import sys; sys.stdout.flush()"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout:
        text = process.stdout.read().decode().strip()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and nobody has asked how
    owner = read_owner(text)
    assert owner is not None
    assert is_gone(owner)
    process.wait()


def test_a_process_elsewhere_cannot_be_judged() -> None:
    assert not is_gone(ended_process()._replace(host="0" * 8))


def test_the_text_holds_everything_and_fits_a_cluster_name() -> None:
    text = new_run()
    assert text != new_run()
    assert read_owner(text) == read_owner(str(this_process())) == this_process()
    assert len(f"k8snet-{text}-control-plane") <= 63


@pytest.mark.parametrize("text", ["", "k8snet", "1-2-3", "kept", "12-abcdefgh-00000000"])
def test_another_text_names_no_process(text: str) -> None:
    assert read_owner(text) is None
