"""Time and memory of a run over a folder of charts, beside other programs."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .analysis import STAGES, analyse
from .empty_items import write_empty_items
from .manifests import write_manifests
from .measure import Cost, middle
from .peers import KUBE_SCORE, Material, Peer
from .pytest_run import PytestRuns
from .startup import measure_startup
from .table import Bar, print_bars, print_table

ANALYSIS, PYTEST, EMPTY = "analysis", "whole pytest run", "pytest, as many empty items"
MOST_MEGABYTES = 400.0


@dataclass(frozen=True, slots=True)
class Rounds:
    """The cost of each program and stage in each round."""

    costs: Mapping[str, Sequence[Cost]]

    def processor(self, name: str) -> list[float]:
        """Seconds of processor time, round by round."""
        return [cost.processor for cost in self.costs[name]]

    def middle(self, name: str) -> Cost:
        """The median of the rounds."""
        return middle(self.costs[name])


def measure_stages(
    charts: Path, small_chart: Path, peers: Sequence[Peer], rounds: int, startup_rounds: int
) -> None:
    """Measure everything and print it; see README.md beside this file."""
    with tempfile.TemporaryDirectory(prefix="k8snet-benchmark-") as name:
        folder = Path(name)
        runs = PytestRuns(charts, folder / "pytest")
        material = _material(charts, folder / "manifests")
        items = runs.items()
        write_empty_items(folder / "empty", items.values())
        _print_head(charts, items, rounds)
        _leave_out_refused(peers, material)
        programs = {
            PYTEST: runs.over_charts,
            EMPTY: lambda: runs.over(folder / "empty"),
        }
        measured = _measure_rounds(programs, peers, material, rounds)
        _print_stages(measured)
        if peers:
            _print_peers(measured, peers)
        bars = [
            *_time_bars(measured),
            measure_startup(small_chart, folder / "small", startup_rounds),
        ]
        bars += _run_bars(runs)
        print()
        print_bars(bars)


def _material(charts: Path, folder: Path) -> Material:
    files, refused = write_manifests(charts, folder)
    for name in refused:
        print(f"{name} does not render: left out for the other linters")
    return Material(charts, files)


def _print_head(charts: Path, items: Mapping[str, int], rounds: int) -> None:
    print(
        f"{charts}: {_many(len(items), 'chart')}, {_many(sum(items.values()), 'item')};"
        f" median of {_many(rounds, 'round')}; {_many(os.cpu_count() or 1, 'processor')}"
    )


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _leave_out_refused(peers: Sequence[Peer], material: Material) -> None:
    for peer in peers:
        peer.find_refused(material)
        for name in peer.refused:
            print(f"{peer.name} stops at {name}: it is measured without it")


def _measure_rounds(
    programs: Mapping[str, Callable[[], Cost]],
    peers: Sequence[Peer],
    material: Material,
    rounds: int,
) -> Rounds:
    """What each program and stage costs; all programs take turns."""
    found: dict[str, list[Cost]] = defaultdict(list)
    for _ in range(rounds):
        analysis = analyse(material.charts)
        for stage, cost in analysis.stages.items():
            found[stage].append(cost)
        found[ANALYSIS].append(analysis.cost)
        for name, program in programs.items():
            found[name].append(program())
        for peer in peers:
            for name, cost in peer.measure(material).items():
                found[name].append(cost)
    return Rounds(found)


def _print_stages(rounds: Rounds) -> None:
    """The stages of the analysis; the rest of a whole run is pytest's."""
    rows = {stage: rounds.middle(stage) for stage in STAGES}
    rows["pytest"] = rounds.middle(PYTEST) - sum(rows.values(), Cost())
    rows |= {name: rounds.middle(name) for name in (PYTEST, EMPTY)}
    print()
    print_table(
        ("stage", "processor s", "wall s"),
        [(name, cost.processor, cost.wall) for name, cost in rows.items()],
    )


def _print_peers(rounds: Rounds, peers: Sequence[Peer]) -> None:
    """Other linters on the same charts; the ratio is that of processor time."""
    ours = rounds.middle(ANALYSIS)
    rows: list[tuple[str, float, float, float]] = [(ANALYSIS, ours.processor, ours.wall, 1.0)]
    for name in rounds.costs:
        if name.partition(",")[0] in {peer.name for peer in peers}:
            cost = rounds.middle(name)
            rows.append((name, cost.processor, cost.wall, cost.processor / ours.processor))
    print()
    print_table(("program", "processor s", "wall s", "times the analysis"), rows)


def _time_bars(rounds: Rounds) -> list[Bar]:
    """Ratios of processor time: each within one round, then the median of the rounds."""
    analysis = rounds.processor(ANALYSIS)
    both = [sum(pair) for pair in zip(analysis, rounds.processor(EMPTY), strict=True)]
    bars = [
        Bar(
            "whole pytest run / (analysis + empty items), processor time",
            _ratio(rounds.processor(PYTEST), both),
            1.1,
            "",
        )
    ]
    for name in rounds.costs:
        if name.startswith(KUBE_SCORE):
            ratio = _ratio(analysis, rounds.processor(name))
            bars.insert(-1, Bar(f"analysis / {name}, processor time", ratio, 1 / 3, ""))
    return bars


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return median(our / their for our, their in zip(ours, theirs, strict=True))


def _run_bars(runs: PytestRuns) -> list[Bar]:
    """Memory alone and with workers; a chart is rendered once whatever ``-n`` is."""
    alone, _ = runs.peak(0)
    shared, (renders, most, processes) = runs.peak(2)
    counts = f"{renders} in {processes} process{'es' * (processes != 1)}"
    return [
        Bar(f"-n 2: renders of one chart and release ({counts})", most, 1, ""),
        Bar("memory, sum of all processes", alone.megabytes, MOST_MEGABYTES, "MB"),
        Bar("memory, sum of all processes, -n 2", shared.megabytes, MOST_MEGABYTES, "MB"),
    ]
