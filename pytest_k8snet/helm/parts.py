"""What the paths inside a chart stand for. Imported by the child, too.

Helm writes a path with the chart's name in front (``web/templates/a.yaml``,
``web/charts/redis/crds/b.yaml``); everywhere else here it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_DOCUMENT = re.compile(r"^---", re.MULTILINE)
_CRD = re.compile(r"^kind: *[\"']?CustomResourceDefinition\b", re.MULTILINE)
_CRD_NAME = re.compile(r"^metadata:(?:\n[ #].*)*?\n  name: *[\"']?([\w.-]+)", re.MULTILINE)
_CRD_KIND = re.compile(r"^  names:(?:\n   .*)*?\n    kind: *[\"']?(\w+)", re.MULTILINE)
_NOTES = "/NOTES.txt"  # what ``helm install`` prints for people
_UNIT = re.compile(r"((?:charts/[^/]+/)*)")


def inner(path: str) -> str:
    """A path without the chart's own name in front."""
    return path.partition("/")[2]


def unit(path: str) -> str:
    """Which chart an inner path belongs to: ``charts/redis/``, "" for the chart itself."""
    found = _UNIT.match(path)
    return found[1] if found else ""


def is_crd(path: str) -> bool:
    """Whether an inner path lies in a ``crds`` folder."""
    return path[len(unit(path)) :].startswith("crds/")


def non_blank(texts: dict[str, str]) -> list[tuple[str, str]]:
    """The templates that rendered to something, sorted; without notes for people.

    :param texts: rendered text by inner path.
    """
    return sorted(
        (path, text)
        for path, text in texts.items()
        if text and not text.isspace() and not path.endswith(_NOTES)
    )


def blanks(chart: Path, rendered: Iterable[str], candidates: Iterable[str]) -> list[str]:
    """The templates that rendered to nothing, of charts that rendered to something.

    One that rendered to nothing as a whole may be disabled, and a packed or
    renamed one has no files under its path: not every Helm tells these apart.

    :param candidates: inner paths of all files in ``templates`` folders.
    """
    rendered = frozenset(rendered)
    alive = {inside for inside in set(map(unit, rendered)) if (chart / inside).is_dir()}
    return sorted(
        path
        for path in candidates
        if path not in rendered
        and unit(path) in alive
        and not path.endswith(_NOTES)
        and not path.rpartition("/")[2].startswith("_")
    )


def definitions(text: str) -> Iterator[tuple[str, str]]:
    """Name and kind of each CustomResourceDefinition in a text.

    By their fixed indentation, not as YAML: the texts hold megabytes.
    """
    for document in _DOCUMENT.split(text):
        if _CRD.search(document):
            name, kind = _CRD_NAME.search(document), _CRD_KIND.search(document)
            yield (name[1] if name else "", kind[1] if kind else "")
