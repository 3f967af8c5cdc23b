"""Findings as GitHub shows them beside the lines of a pull request.

Workflow commands, one a line of standard output:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..plaintext import one_line
from .grouping import Shown, each_once
from .places import Places
from .results import Result, Results

PER_LEVEL = 10  # GitHub shows no more of one level in one step


def github_annotations(results: Results, root: Path | None = None) -> Iterator[str]:
    """The lines to print: ``::error`` for what fails, ``::notice`` for notes.

    What is expected is left out. Of each level there are at most ten, the
    number GitHub shows; the tenth says how many more there are. ``root`` is
    the folder that chart paths are relative to, by default the working one.
    """
    places = Places.of_run(results, root or Path.cwd())
    findings = [shown for shown in each_once(results) if not shown.expected]
    errors = list(_broken(results.results, places))
    errors += [_finding("error", s, places) for s in findings if s.result.outcome == "failed"]
    notices = [_finding("notice", s, places) for s in findings if s.result.outcome != "failed"]
    yield from _limited(errors, "error")
    yield from _limited(notices, "notice")


def _finding(level: str, shown: Shown, places: Places) -> str:
    result, finding = shown.result, shown.finding
    text = finding.message
    if finding.instead:
        text += f"\n\nInstead:\n{finding.instead}"
    place = places.of(result.chart, finding.source)
    title = f"{result.full_name} {result.subject}".strip()
    return _command(level, place.path, finding.line if place.exact else None, title, text)


def _broken(results: Iterable[Result], places: Places) -> Iterator[str]:
    """What could not be checked: each text once, with the values sets that show it."""
    same: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for one in results:
        if one.broken:
            same[one.chart, one.full_name, one.subject, one.reason].append(one.values)
    for (chart, name, subject, reason), values in same.items():
        title = " ".join(filter(None, (name, subject, f"({', '.join(values)})")))
        yield _command("error", places.of(chart, "").path, None, title, reason)


def _limited(commands: list[str], level: str) -> Iterator[str]:
    if len(commands) <= PER_LEVEL:
        yield from commands
        return
    yield from commands[: PER_LEVEL - 1]
    more = len(commands) - PER_LEVEL + 1
    yield f"::{level} title=pytest-k8snet::{more} more: see the log, or the report of --k8snet-html"


def _command(level: str, file: str, line: int | None, title: str, text: str) -> str:
    properties = {"file": one_line(file), "line": str(line or ""), "title": title}
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{level} {said}::{_data(text)}"


def _data(text: str) -> str:
    """What may follow ``::``: one line, so that no chart can write a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
