"""A table of what a run found, as the study behind the taxonomy has it."""

from __future__ import annotations

import json
import os.path
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from .table import print_table

TOTAL = "all"


@dataclass(slots=True)
class Repository:
    """The applications of one repository; a chart counts once for all its values sets.

    ``faults`` are the charts that have a fault, by the check's id.
    """

    charts: set[str] = field(default_factory=set)
    faults: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def affected(self, leaving_out: str = "") -> set[str]:
        """The charts with a fault of any check, or of any but one."""
        return set().union(*(found for check, found in self.faults.items() if check != leaving_out))


def print_survey(path: Path) -> None:
    """Print applications with faults by repository and check, then findings by reading.

    :param path: what ``--k8snet-json`` wrote.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    results = document["results"]
    checks = _checks(results)
    repositories = _repositories(document["charts"], results)
    _print_repositories(repositories, checks)
    _print_shares(repositories[TOTAL])
    _print_broken(document["charts"])
    print()
    _print_readings(results, checks)


def _checks(results: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({result["check"] for result in results if result["check"]})


def _repositories(
    charts: Sequence[Mapping[str, Any]], results: Iterable[Mapping[str, Any]]
) -> dict[str, Repository]:
    """Every repository by name, in order; the last holds all charts."""
    paths = {chart["path"] for chart in charts}
    home = _homes(paths)
    repositories = {name: Repository() for name in (*sorted(set(home.values())), TOTAL)}
    for path in paths:
        for name in (home[path], TOTAL):
            repositories[name].charts.add(path)
    for result in results:
        if _failed(result):
            for name in (home[result["chart"]], TOTAL):
                repositories[name].faults[result["check"]].add(result["chart"])
    return repositories


def _homes(paths: Iterable[str]) -> dict[str, str]:
    """The repository of each chart: the first folder below what all charts have in common."""
    parents = {path: PurePosixPath(path).parent for path in paths}
    root = os.path.commonpath(parents.values()) if parents else ""
    return {
        path: parent.relative_to(root or ".").parts[0] if str(parent) != (root or ".") else root
        for path, parent in parents.items()
    }


def _failed(result: Mapping[str, Any]) -> bool:
    """Whether it has a fault that nobody expected."""
    return result["outcome"] == "failed" and any(
        finding["level"] == "fault" for finding in result["findings"]
    )


def _print_repositories(repositories: Mapping[str, Repository], checks: Sequence[str]) -> None:
    """Applications with a fault of each check; ``total`` is the sum of these."""
    rows = []
    for name, repository in repositories.items():
        counts = [len(repository.faults.get(check, ())) for check in checks]
        rows.append(
            (name, len(repository.charts), len(repository.affected()), *counts, sum(counts))
        )
    print_table(("repository", "applications", "affected", *checks, "total"), rows)


def _print_shares(everything: Repository) -> None:
    count = len(everything.charts)
    if count:
        affected, others = len(everything.affected()), len(everything.affected("M6"))
        print(f"with a fault: {affected / count:.1%}; without M6: {others / count:.1%}")


def _print_broken(charts: Iterable[Mapping[str, Any]]) -> None:
    broken = sorted({chart["path"] for chart in charts if chart["outcome"] == "error"})
    if broken:
        print(f"did not render, and count as applications: {', '.join(broken)}")


def _print_readings(results: Iterable[Mapping[str, Any]], checks: Sequence[str]) -> None:
    """Findings, and the applications that have them, by check, level and reading."""
    findings: Counter[tuple[str, str, str]] = Counter()
    applications: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for result in results:
        expected = result["outcome"] == "xfailed"
        for finding in result["findings"]:
            level = "expected" if expected else finding["level"]
            key = (result["check"], level, finding["reading"])
            findings[key] += 1
            applications[key].add(result["chart"])
    order = sorted(findings, key=lambda key: (checks.index(key[0]), *key[1:]))
    rows = [(f"{key[0]} {key[2]}", key[1], findings[key], len(applications[key])) for key in order]
    print_table(("finding", "level", "findings", "applications"), rows)
