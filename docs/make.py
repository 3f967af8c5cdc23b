"""Write what the documentation repeats of the code: ``python docs/make.py``.

The pages of the checks in ``docs/checks/``, and the tables of checks and
options in README.md. Everything else in the documentation is written by hand;
tests/test_docs.py and tests/test_readme.py hold both to the code.
"""
# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_k8snet.checks import CHECKS, Check
from pytest_k8snet.explain import page
from pytest_k8snet.finding import Level
from pytest_k8snet.options import Option
from pytest_k8snet.settings import OPTIONS

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python docs/make.py"
NONE = "-"


def write(root: Path) -> None:
    """Write everything below the repository's root; remove pages of checks that are gone."""
    folder = root / "docs" / "checks"
    folder.mkdir(parents=True, exist_ok=True)
    texts = pages()
    for path in folder.glob("*.md"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    readme = root / "README.md"
    text = with_tables(readme.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """The page of each check by the name of its file; exactly what --k8snet-explain prints."""
    return {f"{check.full_name}.md": f"{page(check)}\n" for check in CHECKS}


def with_tables(readme: str) -> str:
    """The README with its two tables made anew."""
    for name, table in (("checks", _check_table()), ("options", _option_table())):
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->\n"
        head, found, rest = readme.partition(begin)
        _, ended, tail = rest.partition(end)
        if not (found and ended):
            raise SystemExit(f"README.md: no {begin.strip()} and {end.strip()} around the table")
        readme = head + begin + "".join(f"{line}\n" for line in table) + end + tail
    return readme


def _check_table() -> Iterator[str]:
    yield "| id | name | what it finds | fault | note | cluster |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for check in CHECKS:
        link = f"[{check.name}](docs/checks/{check.full_name}.md)"
        faults, notes = (
            _codes(reading for reading, at in check.readings.items() if at is level)
            for level in (Level.FAULT, Level.NOTE)
        )
        yield _row(check.id, link, check.summary, faults, notes, cluster(check))


def cluster(check: Check) -> str:
    """What a check wants of a cluster, in a word."""
    if check.needs_sockets:
        return "needed"
    return "used" if check.uses_sockets else "no"


def _option_table() -> Iterator[str]:
    yield "| option | in pyproject.toml | default | what it does |"
    yield "| --- | --- | --- | --- |"
    for option in OPTIONS:
        yield _row(_flag(option), _ini(option), default(option), option.help)


def _flag(option: Option) -> str:
    if option.ini_only:
        return NONE
    return _codes([f"{option.flag}={option.metavar}" if option.metavar else option.flag])


def _ini(option: Option) -> str:
    return NONE if option.flag_only else _codes([option.ini])


def default(option: Option) -> str:
    """An option's default, as the table says it."""
    return f"`{option.default}`" if option.default else NONE


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or NONE


def _row(*cells: str) -> str:
    """A line of a table; a bar inside a cell would end it, even in code."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
