"""What a run found, as all reports read it.

An item puts its part on the test report as plain data, since pytest-xdist
sends reports from worker to controller as such; the process that prints the
summary collects them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import __version__
from ..model import Application, Reference


@dataclass(frozen=True, slots=True)
class ResultFinding:
    """A finding with its level, and its line where that could be found out.

    ``switch`` names a value of the chart that makes it go away, or is "".
    """

    reading: str
    level: str
    message: str
    instead: str
    source: str
    line: int | None
    port: int | None
    protocol: str | None
    container: str | None
    process: str | None
    related: tuple[Reference, ...]
    switch: str = ""

    @property
    def fault(self) -> bool:
        """Whether it fails its test (a note does so only under --k8snet-strict)."""
        return self.level == "fault"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one item.

    ``check`` is a check's id, and "" for the items ``renders`` and
    ``installs``. ``outcome`` is passed, failed, skipped, xfailed or error.
    """

    nodeid: str
    check: str
    name: str
    chart: str
    values: str
    object: Reference | None
    outcome: str
    reason: str
    findings: tuple[ResultFinding, ...] = ()

    @property
    def full_name(self) -> str:
        """``M7-host-network``, or ``renders``."""
        return f"{self.check}-{self.name}" if self.check else self.name


@dataclass(frozen=True, slots=True)
class ChartResult:
    """One chart with one values set; ``error`` says why it did not render, or is ""."""

    path: str
    name: str
    version: str
    values: str
    outcome: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a run, sorted by chart, values set and node id."""

    charts: tuple[ChartResult, ...]
    results: tuple[Result, ...]
    applications: Mapping[tuple[str, str], Application] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    cluster: Mapping[str, Any] = field(default_factory=dict)
    version: str = __version__


def to_plain(result: Result) -> dict[str, Any]:
    """A result as builtin types, for a report's way from worker to controller."""
    return {
        "nodeid": result.nodeid,
        "check": result.check,
        "name": result.name,
        "chart": result.chart,
        "values": result.values,
        "object": list(result.object) if result.object else None,
        "outcome": result.outcome,
        "reason": result.reason,
        "findings": [_finding_to_plain(finding) for finding in result.findings],
    }


def _finding_to_plain(finding: ResultFinding) -> dict[str, Any]:
    plain = {name: getattr(finding, name) for name in ResultFinding.__slots__}
    plain["related"] = [list(reference) for reference in finding.related]
    return plain


def from_plain(plain: Mapping[str, Any]) -> Result:
    """The inverse of :func:`to_plain`."""
    given = plain["object"]
    return Result(
        **{
            **plain,
            "object": Reference(*given) if given else None,
            "findings": tuple(map(_finding_from_plain, plain["findings"])),
        }
    )


def _finding_from_plain(plain: Mapping[str, Any]) -> ResultFinding:
    related = tuple(Reference(*reference) for reference in plain["related"])
    return ResultFinding(**{**plain, "related": related})
