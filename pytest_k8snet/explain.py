"""``--k8snet-explain``: the page of a check, on the terminal."""

from __future__ import annotations

import sys

import pytest

from .checks import CHECKS, Check
from .errors import SettingsError
from .selection import chosen_checks


def explain(word: str) -> int:
    """Print the pages of the checks that an id, a prefix or a name means.

    ``all`` means every check. Returns pytest's exit code.

    :raises pytest.UsageError: no check is called so.
    """
    try:
        ids = chosen_checks([] if word == "all" else [word], [])
    except SettingsError as error:
        raise pytest.UsageError(f"--k8snet-explain: {error}") from None
    pages = [page(check) for check in CHECKS if check.id in ids]
    sys.stdout.write("\n\n".join(pages) + "\n")
    return int(pytest.ExitCode.OK)


def page(check: Check) -> str:
    """The page as Markdown: a title, the levels of the readings, the docstring."""
    levels = ", ".join(f"`{reading}` ({level.value})" for reading, level in check.readings.items())
    on = " and ".join(kind.__name__.lower() for kind in check.on).replace("service", "Service")
    head = f"- asked of each {on}\n- readings: {levels}{_cluster(check)}"
    return f"# {check.full_name}\n\n{head}\n\n{check.page}"


def _cluster(check: Check) -> str:
    if check.needs_sockets:
        return "\n- needs a cluster: its sockets decide"
    return "\n- with a cluster: what was seen there counts" if check.uses_sockets else ""
