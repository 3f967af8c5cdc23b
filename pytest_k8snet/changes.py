"""Which charts differ from another commit: ``k8snet --since=REF``."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from .errors import SettingsError
from .helm.charts import Chart, find_charts, read_chart


def changed_charts(ref: str, patterns: Sequence[str], base: Path) -> list[Chart]:
    """The charts that the patterns name and that have another content than at a commit.

    It is compared with where the present branch left ``ref``, or with ``ref``
    itself in a shallow clone that does not know. Files that are not committed
    count, too, and so does a change in a chart that another one takes in by a
    ``file://`` dependency.

    :raises SettingsError: a pattern finds no chart, or git does not know the commit.
    """
    charts = find_charts(patterns, base)
    files = changed_files(ref, base)
    return [chart for chart in charts if _touched(chart, files, set())]


def changed_files(ref: str, base: Path) -> list[Path]:
    """The paths of a working copy that differ from a commit, whether they exist or not."""
    top = Path(_git(base, "rev-parse", "--show-toplevel"))
    commit = _git(base, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", asked=ref)
    left = subprocess.run(
        ["git", "merge-base", commit, "HEAD"], cwd=base, capture_output=True, text=True, check=False
    )
    differing = _git(top, "diff", "--name-only", "-z", left.stdout.strip() or commit, "--")
    unknown = _git(top, "ls-files", "--others", "--exclude-standard", "-z")
    return [top / name for name in (differing + unknown).split("\0") if name]


def _touched(chart: Chart, files: Sequence[Path], seen: set[Path]) -> bool:
    path = chart.path.resolve()
    if path in seen:
        return False
    seen.add(path)
    if any(file == path or path in file.parents for file in files):
        return True
    local = filter(None, map(chart.local, chart.dependencies))
    return any(_touched(read_chart(where), files, seen) for where in local)


def _git(folder: Path, *arguments: str, asked: str = "") -> str:
    """What git prints.

    :raises SettingsError: there is no git or no repository, or no such commit.
    """
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise SettingsError("--since needs git, and there is none on PATH") from None
    if done.returncode == 0:
        return done.stdout.rstrip("\n")
    if asked:
        raise SettingsError(f"--since={asked}: git knows no such commit here; fetch it first")
    raise SettingsError(f"--since: {done.stderr.strip() or 'git failed'}")
