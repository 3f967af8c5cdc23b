"""As many empty test items as a run over charts has: what pytest itself costs.

The items are the leanest that pytest has, ``pytest.Item``, below a collector
for each chart; they do nothing and all pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_CONFTEST = """\
import pytest


class Empty(pytest.Item):
    def runtest(self):
        pass

    def reportinfo(self):
        return self.path, 0, self.name


class EmptyFile(pytest.File):
    def collect(self):
        for number in range(int(self.path.read_text())):
            yield Empty.from_parent(self, name=f"item-{number}")


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".empty":
        return EmptyFile.from_parent(parent, path=file_path)
"""


def write_empty_items(folder: Path, counts: Iterable[int]) -> None:
    """Make a folder of tests: a file for each count, with so many items."""
    folder.mkdir()
    (folder / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
    for number, count in enumerate(counts):
        (folder / f"chart-{number}.empty").write_text(str(count), encoding="utf-8")
