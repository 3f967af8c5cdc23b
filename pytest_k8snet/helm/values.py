"""Which values a chart is rendered with.

Without options: the chart's own values.yaml (``defaults``) and each
``ci/*-values.yaml``, the convention of chart-testing. Where the user passes
values, these are the values the user asks about, all of them together are one
set, and it is the only one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import SettingsError
from .charts import Chart

DEFAULTS = "defaults"
CI_SUFFIX = "-values.yaml"
# pytest splits node ids at "::" and "[", xdist groups at "@".
UNSAFE = re.compile(r"[^\w.+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ValuesSet:
    """Values files and ``--set`` expressions that go together, under one name."""

    name: str
    files: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()


def values_sets(
    chart: Chart, values_files: Sequence[Path], set_strings: Sequence[str]
) -> tuple[ValuesSet, ...]:
    """The values sets of one chart; names are unique and safe in a node id.

    The user's own set is named after its files (``prod``, ``base+prod``), or
    ``set`` where there are only expressions.

    :raises SettingsError: a values file does not exist or an expression has no
        ``=``.
    """
    if values_files or set_strings:
        _check(values_files, set_strings)
        name = "+".join(_safe(file.stem) for file in values_files) or "set"
        return (ValuesSet(name, tuple(values_files), tuple(set_strings)),)
    return (ValuesSet(DEFAULTS), *_of_ci(chart))


def _check(values_files: Iterable[Path], set_strings: Iterable[str]) -> None:
    for file in values_files:
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "no such file"
            raise SettingsError(f"--helm-values={file}: {what}; expected a YAML file of values")
    for expression in set_strings:
        if "=" not in expression:
            raise SettingsError(f"--helm-set={expression}: expected KEY=VALUE, as for helm --set")


def _of_ci(chart: Chart) -> Iterator[ValuesSet]:
    taken = {DEFAULTS}
    for file in sorted((chart.path / "ci").glob(f"*{CI_SUFFIX}")):
        if file.is_file():
            name = _unused(_safe(file.name[: -len(CI_SUFFIX)]), taken)
            taken.add(name)
            yield ValuesSet(name, (file,))


def _safe(name: str) -> str:
    return UNSAFE.sub("-", name).strip("-") or "values"


def _unused(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
