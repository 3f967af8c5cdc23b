"""``python -m benchmarks``: measure a folder of charts, or make a table of a run's results."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .growth import measure_growth
from .mutation import measure_mutation
from .peers import Peer, find_peers
from .runtime import DEFAULT_CHARTS, measure_runtime
from .stages import measure_stages
from .startup import SMALL_CHART
from .survey import print_survey

Command = Callable[[argparse.Namespace], None]


def main(arguments: Sequence[str]) -> None:
    """Run one of the commands; a folder alone means ``stages``."""
    commands = ("stages", "survey", "growth", "mutation", "runtime")
    if arguments and arguments[0] not in (*commands, "-h", "--help"):
        arguments = ("stages", *arguments)
    options = _parser().parse_args(arguments)
    command: Command = options.command
    command(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Without a command: stages.",
    )
    commands = parser.add_subparsers(required=True)
    _add_stages(commands.add_parser("stages", help="time and memory of a run over charts"))
    _add_survey(commands.add_parser("survey", help="a table of faults from --k8snet-json"))
    _add_growth(commands.add_parser("growth", help="one chart of 1,000 and one of 5,000 units"))
    _add_mutation(commands.add_parser("mutation", help="the share of slips that is reported"))
    _add_runtime(commands.add_parser("runtime", help="what a run in a kind cluster costs"))
    return parser


def _add_stages(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=_folder, help="a folder of charts, at any depth")
    parser.add_argument("--rounds", type=_count, default=3, help="rounds of all programs (3)")
    parser.add_argument("--startup-rounds", type=_count, default=9, help="of the small chart (9)")
    parser.add_argument("--small-chart", type=_folder, default=SMALL_CHART, help="that chart")
    parser.add_argument("--no-peers", action="store_true", help="leave other linters out")
    parser.set_defaults(command=_stages)


def _add_survey(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=_file, help="what --k8snet-json wrote")
    parser.set_defaults(command=lambda options: print_survey(options.results))


def _add_growth(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--units", type=_count, default=1000, help="of the smaller chart (1000)")
    parser.add_argument("--rounds", type=_count, default=3, help="rounds of both (3)")
    parser.set_defaults(
        command=lambda options: measure_growth(options.units, 5 * options.units, options.rounds)
    )


def _add_mutation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=_folder, help="a folder of charts, at any depth")
    parser.add_argument("--missed", action="store_true", help="name each that is not reported")
    parser.set_defaults(
        command=lambda options: measure_mutation(options.folder, missed=options.missed)
    )


def _add_runtime(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("charts", nargs="*", type=_folder, default=DEFAULT_CHARTS)
    parser.add_argument("--rounds", type=_count, default=3, help="rounds of the single chart (3)")
    parser.set_defaults(command=lambda options: measure_runtime(options.charts, options.rounds))


def _stages(options: argparse.Namespace) -> None:
    peers: tuple[Peer, ...] = () if options.no_peers else find_peers()
    measure_stages(
        options.folder, options.small_chart, peers, options.rounds, options.startup_rounds
    )


def _folder(text: str) -> Path:
    path = Path(text).resolve()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such folder")
    return path


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text}: no such file")
    return path


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a number from 1")
    return int(text)


if __name__ == "__main__":
    main(sys.argv[1:])
