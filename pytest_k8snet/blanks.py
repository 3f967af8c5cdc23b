"""Workload templates that rendered to nothing, and the Services that may wait for their pods.

With other values such a template makes pods. Whether they would be those of a
Service is told by the templates' own text: the lines that the Service's
selector is written with, or the helper that they call, stand in it, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .helm import Chart
from .index import selected
from .kinds import KIND_NAMES
from .model import Application, Blank, Service

# A kind that begins its line is the object's own: that of a scaleTargetRef is indented. Knative's
# Service is left out: nearly all templates of that kind make no pods.
_MAKES_WORKLOAD = re.compile(
    rf"^kind:\s*[\"']?(?:{'|'.join(sorted(KIND_NAMES - {'Service'}))})\b", re.MULTILINE
)
_SELECTOR = re.compile(r"^([ \t-]*)selector:[ \t]*(.*)$", re.MULTILINE)
_HELPER = re.compile(r"\b(?:include|template)\s+\"([^\"]+)\"")
_INDENT = re.compile(r"\|\s*n?indent\s+\d+\s*")


def blank_workloads(
    application: Application, chart: Chart, blank: Iterable[str]
) -> tuple[Blank, ...]:
    """The templates among ``blank`` that would make a workload with other values.

    Only asked where a Service finds no pods. A packed chart shows no templates.
    """
    waiting = [
        service
        for service in application.services
        if service.selector is not None and not selected(service, application)
    ]
    if chart.packed or not waiting:
        return ()
    texts = {path: _text(chart, path) for path in blank}
    selectors = {one.source: list(_selectors(_text(chart, one.source))) for one in waiting}
    return tuple(
        Blank(path, tuple(one.reference for one in waiting if _carries(text, one, selectors)))
        for path, text in texts.items()
        if _MAKES_WORKLOAD.search(text)
    )


def _carries(text: str, service: Service, selectors: dict[str, list[frozenset[str]]]) -> bool:
    """Whether a template has everything in it that one selector of the Service's is made of."""
    lines = {_plain(line) for line in text.splitlines()} | set(_HELPER.findall(text))
    return any(lines >= wanted for wanted in selectors[service.source] if wanted)


def _selectors(text: str) -> Iterator[frozenset[str]]:
    """Of each selector in a template the lines that it is written with; helpers by their names."""
    for match in _SELECTOR.finditer(text):
        indent = len(match[1])
        lines = [match[2]]
        for line in text[match.end() + 1 :].splitlines():
            if line.strip() and len(line) - len(line.lstrip()) <= indent and "{{" not in line:
                break
            if line.strip() and line.startswith("{{") and not _HELPER.search(line):
                break
            lines.append(line)
        yield frozenset(_parts(lines))


def _parts(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if helpers := _HELPER.findall(line):
            yield from helpers
        elif plain := _plain(line):
            yield plain


def _plain(line: str) -> str:
    """A line without its indentation, which differs from place to place."""
    return _INDENT.sub("", line.strip().removeprefix("- "))


def _text(chart: Chart, path: str) -> str:
    try:
        return (chart.path / path).read_text(encoding="utf-8", errors="replace")
    except OSError:  # of a dependency that was resolved elsewhere
        return ""
