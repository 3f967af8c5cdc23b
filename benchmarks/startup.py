"""From prompt to verdict: one small chart, beside pytest on an empty test file."""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import median

from .measure import REPOSITORY, run_python
from .table import Bar

SMALL_CHART = REPOSITORY / "example-charts" / "host-network"


def measure_startup(chart: Path, folder: Path, rounds: int) -> Bar:
    """Alternate the two programs in a folder of their own; medians of the wall time."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "test_empty.py").write_text("", encoding="utf-8")
    shutil.copytree(chart, folder / "charts" / chart.name)
    ours: list[float] = []
    empty: list[float] = []
    for _ in range(rounds):
        # 5: nothing was collected; 1: the example chart has the fault it shows.
        ended = run_python(["-m", "pytest", "test_empty.py"], folder, (5,))
        empty.append(ended.cost.wall)
        ended = run_python(["-m", "pytest", f"--helm-chart=charts/{chart.name}"], folder, (0, 1))
        ours.append(ended.cost.wall)
    name = f"{chart.name}, prompt to verdict / pytest on an empty file, wall"
    return Bar(name, median(ours) / median(empty), 1.5, "")
