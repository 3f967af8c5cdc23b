"""A finding as text: what was found, where, why it matters, what to write instead."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..checks import CHECKS
from ..finding import Finding
from .results import Result

if TYPE_CHECKING:
    from _pytest._code.code import ReprExceptionInfo

_WHY = {check.id: check.why for check in CHECKS}


def finding_text(
    result: Result, finding: Finding, *, also: str = "", page: bool = True, above: bool = False
) -> str:
    """All that there is to say, in a few lines.

    :param also: who else shows the finding.
    :param page: whether to say what is the same for all findings of the check.
    :param above: what to write instead stands with another finding of the object.
    """
    return "\n".join(_lines(result, finding, also, page=page, above=above))


def _lines(
    result: Result, finding: Finding, also: str, *, page: bool, above: bool
) -> Iterator[str]:
    yield f"{result.full_name}{note(finding)}: {finding.message}"
    yield f"  where    {place(result.chart, finding.source, finding.line)} ({result.subject})"
    if also:
        yield f"  also     {also}"
    if finding.reach:
        yield f"  reach    {finding.reach}"
    if page:
        yield f"  why      {_WHY[result.check]}"
    if finding.cure:
        yield f"  values   {finding.cure}"
    if finding.instead and above:
        yield "  instead  as above"
    elif finding.instead:
        yield "  instead"
        yield textwrap.indent(finding.instead.rstrip(), "      ")
    if page:
        yield f"  more     pytest --k8snet-explain={result.check}"


def note(finding: Finding) -> str:
    """What stands behind the check's name where a finding is no fault."""
    return "" if finding.fault else " (note)"


def headline(result: Result, findings: Sequence[Finding]) -> str:
    """The findings of one item in one line."""
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{result.check}: {findings[0].message}{more}"


def place(chart: str, source: str, line: int | None) -> str:
    """A path that an editor opens from the root directory."""
    path = f"{chart}/{source}" if source else chart
    return f"{path}:{line}" if line else path


def as_failure(text: str, message: str, path: str, line: int | None) -> ReprExceptionInfo:
    """A text as pytest's own form of a failure.

    pytest shows ``text`` among the failures, ``message`` (one line) behind
    FAILED, and that with the place for ``--tb=line``. The form is pytest's, so
    that pytest-xdist sends it as it is.
    """
    from _pytest._code.code import (
        ReprEntryNative,
        ReprExceptionInfo,
        ReprFileLocation,
        ReprTraceback,
    )

    entries = [ReprEntryNative([f"{text}\n"])] if text else []
    return ReprExceptionInfo(
        reprcrash=ReprFileLocation(path, line or 1, message),
        reprtraceback=ReprTraceback(entries, extraline=None, style="native"),
    )
