"""Looks through a chart's folder before anybody reads in it.

Helm follows every link, and a template can print what it finds there
(``.Files.Get``): a chart is what lies in its folder, and no more. Pipes and
devices would hang whoever opens them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import ChartError
from ..reading import holds
from .charts import shown

# Of Git, which Helm never reads as a part of a chart.
_LEFT_OUT = frozenset({".git"})


def refuse_foreign(chart: Path) -> None:
    """Make sure that everything in a chart's folder is a file of its own.

    :raises ChartError: something is not; it is named.
    """
    folder = os.path.realpath(chart)
    for entry in _entries(str(chart)):
        name = os.path.relpath(entry.path, chart)
        if entry.is_symlink():
            _refuse_link(chart, name, os.path.realpath(entry.path), folder)
        elif not entry.is_file() and not entry.is_dir():
            raise ChartError(f"{shown(chart)}: {name} is {_kind(entry)}, and no file; take it out")


def _refuse_link(chart: Path, name: str, real: str, folder: str) -> None:
    if not holds(folder, real):
        raise ChartError(
            f"{shown(chart)}: {name} is a link that leads out of the chart, to {real};"
            " copy into the chart what belongs to it"
        )
    if not os.path.lexists(real) or os.path.islink(real):  # noqa: PTH114
        raise ChartError(f"{shown(chart)}: {name} is a link that leads nowhere; take it out")
    above = os.path.realpath(chart / os.path.dirname(name))  # noqa: PTH120
    if os.path.isdir(real) and holds(real, above):  # noqa: PTH112
        raise ChartError(
            f"{shown(chart)}: {name} is a link to a folder that it is in, without an end"
        )


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    """All below a folder, links not followed."""
    waiting = [folder]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:  # Helm says what is wrong with it
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _LEFT_OUT:
                    waiting.append(entry.path)
            elif not entry.is_file(follow_symlinks=False):
                yield entry


def _kind(entry: os.DirEntry[str]) -> str:
    mode = entry.stat(follow_symlinks=False).st_mode
    kinds = {stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    return next((said for is_kind, said in kinds.items() if is_kind(mode)), "a device")
