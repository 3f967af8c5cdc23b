"""Where a finding is, as a path that GitHub and editors can open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from .results import Results


class Place(NamedTuple):
    """A path relative to the repository, and whether it is the template itself.

    Where the template is no file of its own (a packed chart or subchart), it
    is the archive or Chart.yaml, and a line number means nothing in it.
    """

    path: str
    exact: bool

    @property
    def uri(self) -> str:
        """The path as a relative reference, RFC 3986; absolute outside the repository."""
        if Path(self.path).is_absolute():
            return Path(self.path).as_uri()
        return quote(self.path, safe="/@+=,;!$&'()*~")


@dataclass(frozen=True, slots=True)
class Places:
    """Finds files of the charts of one run.

    ``folders`` are the charts by their path in node ids; a chart without one
    is looked for below ``root``.
    """

    root: Path
    repository: Path
    folders: Mapping[str, Path]

    @classmethod
    def of_run(cls, results: Results, root: Path) -> Places:
        """Places of a run whose root directory is ``root``, inside a Git repository or not."""
        root = root.resolve()
        above = (root, *root.parents)
        repository = next((folder for folder in above if (folder / ".git").exists()), root)
        return cls(root, repository, results.folders)

    def of(self, chart: str, source: str) -> Place:
        """The template ``source`` of the chart, or the nearest file that there is."""
        folder = self.root / self.folders.get(chart, chart)
        if not folder.is_dir():  # a packed chart, or manifests of a file alone
            return Place(self._relative(folder), exact=not source)
        if source and (folder / source).is_file():
            return Place(self._relative(folder / source), exact=True)
        head = folder / "Chart.yaml"
        return Place(self._relative(head if head.is_file() else folder), exact=False)

    def _relative(self, path: Path) -> str:
        path = Path(os.path.normpath(path))
        if path.is_relative_to(self.repository):
            return path.relative_to(self.repository).as_posix()
        return str(path)
