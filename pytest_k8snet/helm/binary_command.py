"""Run a helm program. Imported in worker processes only."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

ERROR = re.compile(r"^Error: ", re.MULTILINE)
OLDEST = 3


def refuse_old(helm: str) -> None:
    """End this process where the program is not Helm, or a Helm of old."""
    done = subprocess.run(
        [helm, "version", "--template", "{{.Version}}"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    version = re.match(r"v(\d+)\.", done.stdout)
    if version is None or int(version[1]) < OLDEST:
        sys.exit(f"{helm} is no Helm of version {OLDEST} or later")


def run(command: list[str]) -> tuple[str, str]:
    """What helm prints, and its error or ""; its warnings go on to our standard error."""
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    said = done.stderr.decode(errors="replace")
    error = ""
    if done.returncode:
        said, error = _parted(said)
        error = error or f"helm ended with exit code {done.returncode}"
    if said:
        sys.stderr.write(said)
        sys.stderr.flush()
    return done.stdout.decode(errors="replace"), error


def values_options(job: dict[str, Any]) -> list[str]:
    """A job's values as options of the command line."""
    options = [word for file in job["values"] for word in ("--values", file)]
    return options + [word for expression in job["sets"] for word in ("--set", expression)]


def _parted(said: str) -> tuple[str, str]:
    """Warnings before the error, and the error."""
    found = ERROR.search(said)
    return (said[: found.start()], said[found.start() :]) if found else ("", said)
