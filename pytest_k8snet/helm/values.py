"""Which values a chart is rendered with.

Without options: the chart's own values.yaml (``defaults``) and each
``ci/*-values.yaml``, the convention of chart-testing. Where the user passes
values, these are the values the user asks about, all of them together are one
set, and it is the only one. Lines of the configuration give single charts sets
of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .charts import Chart
from .request import RenderRequest

DEFAULTS = "defaults"
CI_SUFFIX = "-values.yaml"
# pytest splits node ids at "::" and "[", xdist groups at "@".
UNSAFE = re.compile(r"[^\w.+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ValuesSet:
    """Values files and expressions that go together, under one name.

    ``sets``, ``set_strings`` and ``set_files`` are as for helm's ``--set``,
    ``--set-string`` and ``--set-file``.
    """

    name: str
    files: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()
    set_strings: tuple[str, ...] = ()
    set_files: tuple[str, ...] = ()

    def request(
        self, path: Path, *, release: str, namespace: str, label: str = ""
    ) -> RenderRequest:
        """Render a chart with them."""
        return RenderRequest(
            path,
            self.files,
            self.sets,
            self.set_strings,
            self.set_files,
            release,
            namespace,
            label=label,
        )


OWN = ValuesSet(DEFAULTS)


def values_sets(
    chart: Chart, asked: ValuesSet = OWN, groups: Sequence[tuple[Path, ...]] = ()
) -> tuple[ValuesSet, ...]:
    """The values sets of one chart; names are unique and safe in a node id.

    A set of the user's is named after its files (``prod``, ``base+prod``), or
    ``set`` where there are only expressions.

    :param asked: what the user asks for of every chart.
    :param groups: files of sets for this chart alone, where none are asked for of every chart;
        the expressions go with each of them.
    """
    if asked.files:
        groups = [asked.files]
    elif not groups and (asked.sets or asked.set_strings or asked.set_files):
        groups = [()]
    if not groups:
        return (OWN, *_of_ci(chart))
    taken: set[str] = set()
    names = ("+".join(_safe(file.stem) for file in files) or "set" for files in groups)
    return tuple(
        replace(asked, name=_unused(name, taken), files=files)
        for name, files in zip(names, groups, strict=True)
    )


def _of_ci(chart: Chart) -> Iterator[ValuesSet]:
    taken = {DEFAULTS}
    for file in sorted((chart.path / "ci").glob(f"*{CI_SUFFIX}")):
        if not file.is_dir():
            yield ValuesSet(_unused(_safe(file.name.removesuffix(CI_SUFFIX)), taken), (file,))


def _safe(name: str) -> str:
    return UNSAFE.sub("-", name).strip("-") or "values"


def _unused(name: str, taken: set[str]) -> str:
    """The name, numbered where it is taken; from now on it is."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    taken.add(candidate)
    return candidate
