"""The findings of a run, each once, with the values sets that show it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ..finding import Finding
from ..identity import Identity, identify
from .results import Result, Results


@dataclass(frozen=True, slots=True)
class Shown:
    """One finding as a person wants to see it: once, however many sets show it.

    ``result`` and ``finding`` are those of the first set of ``values``.
    """

    identity: Identity
    result: Result
    finding: Finding
    values: tuple[str, ...]

    @property
    def expected(self) -> bool:
        """Whether somebody gave a reason for it."""
        return self.result.outcome == "xfailed"

    @property
    def fault(self) -> bool:
        """Whether it fails its test, or would if nobody expected it."""
        return self.finding.fault


def each_once(results: Results) -> tuple[Shown, ...]:
    """Every finding once, in the order of the results.

    The same finding with another level or outcome is another entry: expected
    with one values set and new with the next.
    """
    same: dict[tuple[Identity, str, str], list[tuple[Result, Finding]]] = defaultdict(list)
    for result in results.results:
        for finding in result.findings:
            identity = identify(result.check, result.chart, result.subject, finding)
            same[identity, finding.level, result.outcome].append((result, finding))
    return tuple(
        Shown(identity, *found[0], tuple(dict.fromkeys(result.values for result, _ in found)))
        for (identity, _, _), found in same.items()
    )
