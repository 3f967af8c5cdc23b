"""Charts in the place of dependencies that are nowhere on this disk, and that may not be needed.

A dependency with a condition or tags is often off. Helm wants it in ``charts/`` all the same, and
drops it before anything is rendered: what stands in its place then changes nothing. Where the
values switch it on, the stand-in fails, so that nothing is rendered without it.
https://helm.sh/docs/topics/charts/#tags-and-condition-fields-in-dependencies
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from .charts import Dependency
from .versions import satisfies

_MARK = "[absent dependency]"
_SAID = re.compile(rf"{re.escape(_MARK)} (\d+)")
# The template may be one of the absent chart's.
_NO_TEMPLATE = 'no template "'
_DEPTH = 20  # folders, more than any chart has
_NUMBERS = re.compile(r"\d+(?:\.[\dxX*]+){0,2}(?:-[\w.-]+)?")


def can_be_off(dependency: Dependency) -> bool:
    """Whether values decide if the dependency is there, and a version of it can be made up."""
    return dependency.optional and bool(_version(dependency.version))


def put_stand_in(dependency: Dependency, folder: Path, mark: int) -> None:
    """Make a chart that fails with the mark as soon as it is rendered.

    Helm renders the templates that lie deepest first. So this one fails before another template
    fails for want of the values that the absent chart would have brought.
    """
    templates = folder.joinpath("templates", *("first" for _ in range(_DEPTH)))
    templates.mkdir(parents=True)
    about = {"apiVersion": "v2", "name": dependency.name, "version": _version(dependency.version)}
    (folder / "Chart.yaml").write_text(json.dumps(about), encoding="utf-8")
    text = f"{{{{ fail {json.dumps(f'{_MARK} {mark}')} }}}}\n"
    (templates / "absent.yaml").write_text(text, encoding="utf-8")


def marked_by_stand_in(error: str) -> int | None:
    """The mark of a stand-in that failed, None where none did."""
    found = _SAID.search(error)
    return int(found[1]) if found else None


def lacks_template(error: str) -> bool:
    """Whether a template is called that no chart here has: a stand-in has none."""
    return _NO_TEMPLATE in error


def _version(wanted: str) -> str:
    """A version in the range, "" where none is found."""
    candidates = ["0.1.0"]
    for text in _NUMBERS.findall(wanted):
        head, dash, pre = text.partition("-")
        numbers = [int(number) if number.isdigit() else 0 for number in head.split(".")]
        major, minor, patch = (*numbers, 0, 0)[:3]
        candidates += [
            f"{major}.{minor}.{patch}{dash}{pre}",
            f"{major}.{minor}.{patch + 1}",
            f"{major}.{minor + 1}.0",
            f"{major + 1}.0.0",
        ]
    return next((one for one in candidates if satisfies(one, wanted)), "")
