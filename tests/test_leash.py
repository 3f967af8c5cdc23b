"""A program that runs on a leash: whole output up to a limit, and no longer than it is wanted."""

from __future__ import annotations

import os
import threading

import pytest

from pytest_k8snet.leash import MOST_BYTES, BrokenOff, TooMuch, run


def sh(script: str, **options: object) -> tuple[int, str, str]:
    return run(["/bin/sh", "-c", script], os.environ, 60.0, **options)  # type: ignore[arg-type]


def test_both_outputs_come_whole() -> None:
    code, output, errors = sh("head -c 9000000 /dev/zero; head -c 8000000 /dev/zero >&2; exit 3")
    assert (code, len(output), len(errors)) == (3, 9_000_000, 8_000_000)


@pytest.mark.parametrize("where", ["", ">&2"])
def test_what_prints_without_end_is_ended(where: str) -> None:
    with pytest.raises(TooMuch, match=f"prints more than {MOST_BYTES >> 20} MiB"):
        sh(f"yes {where}")


def test_what_is_not_wanted_any_more_is_ended() -> None:
    over = threading.Event()
    over.set()
    with pytest.raises(BrokenOff):
        sh("sleep 60", over=over)
    with pytest.raises(TimeoutError):
        run(["sleep", "60"], os.environ, 0.1)
