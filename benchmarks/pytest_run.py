"""Whole pytest runs: over charts, and over as many empty items.

Other plugins that are installed stay out: they cost each item, and the plugin's
items leave pytest's capturing out only where no other plugin takes part in them.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from .measure import REPOSITORY, Cost, require, run
from .memory import Peak
from .renders import FOLDER, count_renders

# 0: no fault, 1: faults, 5: nothing to run. Anything else is no measurement.
FINISHED = (0, 1, 5)


class PytestRuns:
    """Runs pytest without the settings of any project, and without a cache.

    :param folder: for configuration and results; made here.
    """

    def __init__(self, charts: Path, folder: Path) -> None:
        folder.mkdir()
        self._charts, self._folder = charts, folder
        self._ini = folder / "pytest.ini"
        self._ini.write_text("[pytest]\n", encoding="utf-8")

    def over_charts(self) -> Cost:
        """A run over the charts, in this process alone."""
        return self._run(self._charts.parent, f"--helm-chart={self._charts}")

    def over(self, folder: Path) -> Cost:
        """A run over a folder of ordinary tests, with the same options."""
        return self._run(folder, str(folder))

    def items(self) -> dict[str, int]:
        """The number of items of each chart."""
        file = self._folder / "results.json"
        self._run(self._charts.parent, f"--helm-chart={self._charts}", f"--k8snet-json={file}")
        results = json.loads(file.read_text(encoding="utf-8"))["results"]
        return dict(Counter(result["chart"] for result in results))

    def peak(self, processes: int) -> tuple[Peak, tuple[int, int, int]]:
        """The memory of a run with ``-n processes``, and what it rendered how often."""
        renders = self._folder / f"renders-{processes}"
        renders.mkdir()
        peak = Peak()
        self._run(
            self._charts.parent,
            f"--helm-chart={self._charts}",
            f"-n{processes}",
            "-pbenchmarks.renders",
            environment={FOLDER: str(renders)},
            peak=peak,
        )
        return peak, count_renders(renders)

    def _run(
        self,
        root: Path,
        *arguments: str,
        environment: dict[str, str] | None = None,
        peak: Peak | None = None,
    ) -> Cost:
        common = ["-q", "-pno:cacheprovider", f"-c{self._ini}", f"--rootdir={root}"]
        plugins = ["-ppytest_k8snet.plugin", "-pxdist.plugin"]
        command = [sys.executable, "-m", "pytest", *plugins, *common, *arguments]
        ended = run(
            command,
            root,
            {
                "PYTHONPATH": str(REPOSITORY),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                **(environment or {}),
            },
            peak.watch if peak else None,
        )
        require(ended, command, FINISHED)
        return ended.cost
