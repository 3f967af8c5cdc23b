"""The findings as SARIF 2.1.0, the form that code scanning services take.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, in the part
that GitHub reads: https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
A finding that several values sets show is one result.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeAlias

from ..checks import CHECKS, Check
from .grouping import Shown, each_once
from .places import Place, Places
from .results import Result, Results

Json: TypeAlias = dict[str, Any]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"fault": "error", "note": "note"}
_TEXT_LIMIT = 1024  # GitHub's, for the descriptions of a rule
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")


def write_sarif(results: Results, path: Path, root: Path) -> None:
    """Write the findings of a run.

    ``root`` is the folder that chart paths are relative to. Paths in the file
    are relative to the repository that ``root`` is in.

    :raises OSError: the file cannot be written.
    """
    text = json.dumps(sarif(results, root), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def sarif(results: Results, root: Path) -> Json:
    """The whole log: one run, its rules the checks that have findings or ran."""
    places = Places.of_run(results, root)
    ids = {result.check for result in results.results}
    checks = [check for check in CHECKS if check.id in ids]
    index = {check.id: number for number, check in enumerate(checks)}
    problems = [_notification(result, places) for result in results.results if result.broken]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pytest-k8snet",
                        "semanticVersion": results.version,
                        "rules": [_rule(check) for check in checks],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    "%SRCROOT%": {"description": {"text": "The root of the repository."}}
                },
                "invocations": [
                    {"executionSuccessful": not problems, "toolExecutionNotifications": problems}
                ],
                "results": [_result(shown, index, places) for shown in each_once(results)],
            }
        ],
    }


def _rule(check: Check) -> Json:
    levels = {level.value for level in check.readings.values()}
    return {
        "id": check.full_name,
        "name": "".join(word.title() for word in check.name.split("-")),
        "shortDescription": {"text": check.summary[:_TEXT_LIMIT]},
        "fullDescription": {"text": check.why[:_TEXT_LIMIT]},
        "help": {"text": check.page, "markdown": _markdown(check)},
        "defaultConfiguration": {"level": "error" if "fault" in levels else "note"},
        "properties": {
            "tags": ["security", "kubernetes", "helm", "network"],
            "precision": "high",
            "problem.severity": "error" if "fault" in levels else "recommendation",
        },
    }


def _markdown(check: Check) -> str:
    _, _, sections = check.page.partition("\n")
    return f"# {check.full_name}\n\n{check.summary}\n{sections}".rstrip() + "\n"


def _result(shown: Shown, index: dict[str, int], places: Places) -> Json:
    result, finding = shown.result, shown.finding
    rule = result.full_name
    said: Json = {"ruleId": rule}
    if result.check in index:
        said["ruleIndex"] = index[result.check]
    said |= {
        "level": _LEVELS[finding.level],
        "message": {"text": _plain(finding.message)},
        "locations": [_location(shown, places)],
        "partialFingerprints": {
            # GitHub compares this one, together with the file and the rule.
            "primaryLocationLineHash": f"{shown.identity.digest()}:1",
            "k8snetFinding/v1": shown.identity.digest(),
        },
        "properties": _properties(shown),
    }
    if shown.expected:
        said["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": result.reason}
        ]
    return said


def _location(shown: Shown, places: Places) -> Json:
    result, finding = shown.result, shown.finding
    place = places.of(result.chart, finding.source)
    physical = _physical(place)
    if place.exact and finding.line:
        physical["region"] = {"startLine": finding.line}
    name = f"{result.chart}::{result.subject}"
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}],
    }


def _physical(place: Place) -> Json:
    location = {"uri": place.uri}
    if not Path(place.path).is_absolute():
        location["uriBaseId"] = "%SRCROOT%"
    return {"artifactLocation": location}


def _properties(shown: Shown) -> Json:
    """What has no place of its own in SARIF; empty values are left out."""
    finding = shown.finding
    said: Json = {
        "reading": finding.reading,
        "chart": shown.result.chart,
        "values": list(shown.values),
        "object": shown.result.subject,
        "template": finding.source,
        "instead": finding.instead,
        "cure": finding.cure,
        "reach": finding.reach,
        "port": finding.port,
        "protocol": finding.protocol,
        "container": finding.container,
        "process": finding.process,
        "related": list(map(str, finding.related)),
    }
    return {key: value for key, value in said.items() if value}


def _notification(result: Result, places: Places) -> Json:
    return {
        "level": "error",
        "message": {"text": _plain(f"{result.nodeid}: {result.reason or result.outcome}")},
        "locations": [{"physicalLocation": _physical(places.of(result.chart, ""))}],
    }


def _plain(text: str) -> str:
    """A text in which nothing is a link or a placeholder (3.11.5, 3.11.6).

    What a chart's names say must not become a link in somebody's browser.
    """
    return _PLACEHOLDER.sub(r"{{\1}}", _LINK.sub(r"\\[", text))
