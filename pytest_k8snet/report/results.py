"""What a run found, as all reports read it.

An item puts its part on the test report as plain data, since pytest-xdist
sends reports from worker to controller as such; the process that prints the
summary collects them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

from .. import __version__
from ..finding import Exposed, Finding, Level
from ..model import Application, Position, Reference

OBSERVED, NOT_OBSERVED, NOT_RUN = "observed", "not observed", "not run"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one item.

    ``check`` is a check's id, and "" for the items ``renders`` and
    ``installs``. ``outcome`` is passed, failed, skipped, xfailed or error.
    ``observed`` says whether the sockets of a cluster were looked at: OBSERVED,
    NOT_OBSERVED, or "" for a check that asks for none.
    """

    nodeid: str
    check: str
    name: str
    chart: str
    values: str
    object: Reference | None
    outcome: str
    reason: str
    findings: tuple[Finding, ...] = ()
    observed: str = ""

    @property
    def full_name(self) -> str:
        """``M7-host-network``, or ``renders``."""
        return f"{self.check}-{self.name}" if self.check else self.name

    @property
    def subject(self) -> str:
        """The object as the node id has it: its third part, "" for a whole chart."""
        parts = self.nodeid.split("::")
        return parts[2] if len(parts) > 3 else ""

    @property
    def broken(self) -> bool:
        """Whether something could not be checked: a chart does not render or install, an error."""
        return self.outcome in ("failed", "error") and not self.findings

    @property
    def urgency(self) -> int:
        """What to sort failures by: first what could not be checked, then what most pods reach."""
        faults = [finding for finding in self.findings if finding.fault] or self.findings
        return min((finding.urgency for finding in faults), default=-1)


@dataclass(frozen=True, slots=True)
class ChartResult:
    """One chart with one values set; ``error`` says why it did not render, or is "".

    ``outcome`` is that of its test ``renders``, NOT_RUN where that was left out.
    Of its ``tests`` so many ``ran``.
    """

    path: str
    name: str
    version: str
    values: str
    outcome: str
    error: str = ""
    tests: int = 0
    ran: int = 0


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a run, sorted by chart, values set and node id."""

    charts: tuple[ChartResult, ...]
    results: tuple[Result, ...]
    applications: Mapping[tuple[str, str], Application] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    cluster: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    version: str = __version__


def result_to_json(result: Result) -> dict[str, Any]:
    """A result as the JSON report has it, and as pytest-xdist sends it to the controller."""
    return {
        "id": result.nodeid,
        "check": result.check or None,
        "name": result.name,
        "chart": result.chart,
        "values": result.values,
        "object": result.object._asdict() if result.object else None,
        "outcome": result.outcome,
        "observed": result.observed,
        "reason": result.reason,
        "findings": [_finding_to_json(finding) for finding in result.findings],
    }


def _finding_to_json(finding: Finding) -> dict[str, Any]:
    return {
        "reading": finding.reading,
        "level": finding.level.value,
        "message": finding.message,
        "port": finding.port,
        "protocol": finding.protocol,
        "container": finding.container,
        "process": finding.process,
        "source": finding.source,
        "line": finding.line,
        "related": [reference._asdict() for reference in finding.related],
        "instead": finding.instead,
        "cure": finding.cure,
        "reach": finding.reach,
        "exposed": finding.exposed.value if finding.exposed else None,
    }


def result_from_json(data: Mapping[str, Any]) -> Result:
    """The inverse of :func:`result_to_json`; only the beginning of a finding's line is lost.

    What thousands of results say alike is kept once.
    """
    alike = {key: intern(text) for key, text in data.items() if isinstance(text, str)}
    made = data["object"]
    return Result(
        alike["id"],
        alike.get("check", ""),
        alike["name"],
        alike["chart"],
        alike["values"],
        Reference(**{key: intern(text) for key, text in made.items()}) if made else None,
        alike["outcome"],
        alike["reason"],
        tuple(map(_finding_from_json, data["findings"])),
        alike["observed"],
    )


def _finding_from_json(data: Mapping[str, Any]) -> Finding:
    given = {key: value for key, value in data.items() if key != "source"}
    given["level"] = Level(data["level"])
    given["exposed"] = Exposed(data["exposed"]) if data["exposed"] else None
    given["related"] = tuple(Reference(**reference) for reference in data["related"])
    return Finding(at=Position(data["source"]), **given)
