"""What a program costs: processor time and wall time of a process and all it waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds: ``processor`` is user and system time of a process and its children."""

    processor: float = 0.0
    wall: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.processor + other.processor, self.wall + other.wall)

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.processor - other.processor, self.wall - other.wall)


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that has ended: its cost, exit status and what it wrote."""

    cost: Cost
    status: int
    output: str
    errors: str


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    watch: Callable[[int], None] | None = None,
) -> Ended:
    """Run a program to its end.

    Its output goes to files, so that nobody has to keep up with it.

    :param environment: variables beside those of this process.
    :param watch: called with the process id; returns when the process has ended.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**_environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        if watch is not None:
            watch(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cost = Cost(used.ru_utime + used.ru_stime, time.perf_counter() - began)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        return Ended(cost, process.returncode, *texts)


def run_python(arguments: Sequence[str], folder: Path, statuses: Sequence[int] = (0,)) -> Ended:
    """Run this Python, with this folder's programs in reach.

    :raises SystemExit: it ended with a status that means no measurement.
    """
    ended = run([sys.executable, *arguments], folder, {"PYTHONPATH": str(REPOSITORY)})
    require(ended, arguments, statuses)
    return ended


def require(ended: Ended, command: Sequence[str], statuses: Sequence[int]) -> None:
    """Stop with the program's own words where its time would say nothing.

    :raises SystemExit: its exit status is none of these.
    """
    if ended.status not in statuses:
        written = (ended.output + ended.errors).strip()[-2000:]
        raise SystemExit(f"{' '.join(command)[:200]}: exit status {ended.status}\n{written}")


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each."""
    return Cost(
        median(cost.processor for cost in costs),
        median(cost.wall for cost in costs),
    )


def _environment() -> dict[str, str]:
    """Those of this process, without what would change pytest's options."""
    left_out = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    return {key: value for key, value in os.environ.items() if key not in left_out}
