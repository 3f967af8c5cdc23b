"""Write the findings of a run as a baseline; its format is pytest_k8snet.baseline's."""

from __future__ import annotations

from pathlib import Path

from ..baseline import Baseline, Entry, read_baseline
from ..identity import WHOLE_CHART, Identity, identify_chart
from .grouping import each_once
from .results import Results

_HEADER = """\
# Findings that are known and expected, one a line; written by --k8snet-write-baseline.
# A line whose finding is gone fails its test until the line is removed.
# Write why a finding may stay after a '#'; reasons are kept when the file is written again.
"""


def write_baseline(results: Results, path: Path, *, strict: bool = False) -> None:
    """Write what fails now: faults, and with ``strict`` notes as well.

    Findings that are expected for another reason (an annotation, an ignore
    line) are left out, unless a line of the present file has them. Reasons of
    that file are kept, and so are its lines about what this run did not judge:
    other charts and values sets, checks that were left out or skipped.

    :raises SettingsError: the present file cannot be read.
    :raises OSError: the file cannot be written.
    """
    old = read_baseline(path, "--k8snet-write-baseline") if path.exists() else Baseline.of(path, ())
    known = {entry.identity: entry for entry in old.entries}
    names = {result.check: result.name for result in results.results if result.check}
    found = _failures(results, known, strict=strict)
    unjudged = _Judged(results).missing
    for identity, entry in known.items():
        kept = [values for values in entry.values if unjudged(identity, values)]
        if kept:
            found.setdefault(identity, set()).update(kept)
    lines = []
    for identity, values in found.items():
        before = known.get(identity)
        name = names.get(identity.check) or (before.name if before else "")
        reason = before.reason if before else ""
        lines.append(str(Entry(identity, tuple(sorted(values)), reason, name)))
    path.write_text(_HEADER + "".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")


class _Judged:
    """What a run had a verdict on."""

    def __init__(self, results: Results) -> None:
        self._sets = {(chart.path, chart.values) for chart in results.charts}
        self._checks = {result.check or result.name for result in results.results}
        self._skipped = {
            (one.check or one.name, one.chart, one.subject or WHOLE_CHART, one.values)
            for one in results.results
            if one.outcome == "skipped"
        }

    def missing(self, identity: Identity, values: str) -> bool:
        """Whether the run says nothing about a finding, neither that it is there nor gone."""
        return (
            (identity.chart, values) not in self._sets
            or identity.check not in self._checks
            or (*identity[:3], values) in self._skipped
        )


def _failures(
    results: Results, known: dict[Identity, Entry], *, strict: bool
) -> dict[Identity, set[str]]:
    """What to write, each with the values sets that show it."""
    found: dict[Identity, set[str]] = {}
    for shown in each_once(results):
        fails = shown.result.outcome == "failed" and (strict or shown.fault)
        if fails or (shown.expected and shown.identity in known):
            found.setdefault(shown.identity, set()).update(shown.values)
    for result in results.results:
        identity = identify_chart(result.name, result.chart)
        expected = result.outcome == "xfailed" and identity in known
        if not result.check and (result.outcome == "failed" or expected):
            found.setdefault(identity, set()).add(result.values)
    return found
