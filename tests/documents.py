"""What the tests of the documentation read: its files, their links, tables and snippets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = ROOT / "docs" / "checks"  # made from the code, so held to it as a whole
WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

_LINK = re.compile(r"\[[^\[\]]+\]\(([^()\s]+)\)")
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(path: Path) -> str:
    """The file's text."""
    return path.read_text(encoding="utf-8")


def run_as_shown(*args: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in the repository as the README shows it: no CI, no colours, 80 columns."""
    talkative = ("CI", "GITHUB_ACTIONS", "PYTEST_ADDOPTS", "FORCE_COLOR", "PY_COLORS")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *args, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if k not in talkative}, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )


def links(path: Path) -> Iterator[str]:
    """The targets of all links to files and headings of this repository."""
    text = _FENCE.sub("", read(path))
    return (target for target in _LINK.findall(text) if "://" not in target)


def anchors(path: Path) -> set[str]:
    """The names that a heading can be linked by, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", read(path)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def snippets(path: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [text for name, text in _FENCE.findall(read(path)) if name == language]


def table(path: Path, name: str) -> list[list[str]]:
    """The cells of a table between two ``<!-- begin/end name -->``, without its heading."""
    _, _, rest = read(path).partition(f"<!-- begin {name} -->\n")
    lines = rest.partition(f"<!-- end {name} -->")[0].splitlines()[2:]
    return [_cells(line) for line in lines]


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))
    return [cell.strip().replace("\\|", "|") for cell in cells]


def codes(cell: str) -> list[str]:
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)
