"""The program that analyses charts without pytest, and says what each stage of it costs.

``python -m benchmarks.analysis FOLDER`` does what a pytest run does between the
prompt and the first item, then asks every check about every object, and prints
one JSON object: see :class:`Analysis`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.errors import NotApplicable, NotObserved
from pytest_k8snet.gather import Gathering
from pytest_k8snet.helm.engine import choose_engine
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.helm.request import Rendered, RenderRequest
from pytest_k8snet.settings import Settings
from pytest_k8snet.target import Gathered

from .measure import Cost, run_python

STAGES = ("start", "render", "parse", "check")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the program found out about itself.

    ``stages`` has a :class:`.measure.Cost` for each of :data:`STAGES`:

    - start: Python and the package, and what else the other stages leave over;
    - render: the processor time of Helm's processes, their start included, and what it takes here
      to talk to them; wall time is what the parser waited for them;
    - parse: finding the charts, texts to applications, set beside each other and beside a second
      release;
    - check: all checks on all objects.

    ``cost`` is the analysis: all but the start.
    """

    stages: dict[str, Cost]
    cost: Cost
    findings: int


def analyse(folder: Path) -> Analysis:
    """Run the program on a folder of charts."""
    ended = run_python(["-m", "benchmarks.analysis", str(folder)], folder)
    answer = json.loads(ended.output)
    stages = {name: Cost(**cost) for name, cost in answer["stages"].items()}
    cost = sum(stages.values(), Cost())
    return Analysis({"start": ended.cost - cost, **stages}, cost, answer["findings"])


class _TimedRenderer(Renderer):
    """Adds up the time that its caller spends in it."""

    spent = Cost()

    def start_early(self) -> None:
        _, cost = _timed(super().start_early)
        self.spent += cost

    def render(self, requests: Iterable[RenderRequest]) -> Generator[Rendered, None, None]:
        results = super().render(requests)
        while True:
            rendered, cost = _timed(lambda: next(results, None))
            self.spent += cost
            if rendered is None:
                return
            yield rendered


def _main(folder: Path) -> None:
    """Print what a run over the charts of a folder costs without pytest.

    :raises SettingsError: there is no chart.
    """
    renderer = _TimedRenderer(choose_engine())
    gathered, gather = _timed(lambda: _gather(folder, renderer))
    findings, check = _timed(lambda: sum(map(_findings, gathered)))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    stages = {
        "render": renderer.spent + Cost(processor=children.ru_utime + children.ru_stime),
        "parse": gather - renderer.spent,
        "check": check,
    }
    plain = {name: asdict(cost) for name, cost in stages.items()}
    print(json.dumps({"stages": plain, "findings": findings}))


def _gather(folder: Path, renderer: Renderer) -> tuple[Gathered, ...]:
    settings = Settings(root=folder.parent, charts=(str(folder),))
    with renderer:
        renderer.start_early()
        return Gathering(settings, renderer).run()


def _findings(gathered: Gathered) -> int:
    """How much all checks find on all objects of an application."""
    application = gathered.application
    if application is None:
        return 0
    found = 0
    for subject in application.subjects:
        for check in CHECKS:
            if isinstance(subject, check.on):
                try:
                    found += len(check.findings(subject, application))
                except (NotObserved, NotApplicable):
                    continue
    return found


def _timed(call: Callable[[], T]) -> tuple[T, Cost]:
    wall, processor = time.perf_counter(), time.process_time()
    result = call()
    return result, Cost(time.process_time() - processor, time.perf_counter() - wall)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
