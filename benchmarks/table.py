"""Tables and bars as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Bar(NamedTuple):
    """A measured value and what it must not exceed, both in ``unit``."""

    name: str
    measured: float
    limit: float
    unit: str

    @property
    def holds(self) -> bool:
        """Whether the measured value is within the limit."""
        return self.measured <= self.limit


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns; the first is text, the others are numbers and stand right."""
    cells = [head, *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        first, *others = zip(row, widths, strict=True)
        line = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
        print("  ".join(line).rstrip())


def print_bars(bars: Iterable[Bar]) -> None:
    """Print every bar with what was measured, its limit and whether it holds."""
    print_table(
        ("bar", "measured", "limit", "unit", ""),
        [
            (bar.name, bar.measured, bar.limit, bar.unit, "ok" if bar.holds else "OVER")
            for bar in bars
        ],
    )


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
