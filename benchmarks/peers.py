"""Other linters, run on the same charts as far as they are on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .measure import Cost, Ended, require, run

KUBE_SCORE, KUBE_LINTER, CHECKOV = "kube-score", "kube-linter", "checkov"
# What they end with when they have read everything, without and with findings.
READ = (0, 1)


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to lint: the charts, and each of them rendered to one file."""

    charts: Path
    manifests: Sequence[Path]


@dataclass(slots=True)
class Peer:
    """A linter: its program and how it is run.

    ``refused`` are names of manifests that it does not read; it is measured
    without them.
    """

    name: str
    program: str
    refused: list[str] = field(default_factory=list)

    def ways(self, material: Material) -> dict[str, list[list[str]]]:
        """Ways to run it, each a list of commands."""
        if self.name == KUBE_LINTER:
            return {"its charts": [[self.program, "lint", str(material.charts)]]}
        files = [str(file) for file in material.manifests if file.name not in self.refused]
        if self.name == CHECKOV:
            # It opens one process for each processor by itself.
            options = ["--framework", "kubernetes", "--quiet", "--compact"]
            return {"all files at once": [[self.program, *options, "-f", *files]]}
        return {
            "all files at once": [[self.program, "score", *files]],
            "a process for each file": [[self.program, "score", file] for file in files],
        }

    def measure(self, material: Material) -> dict[str, Cost]:
        """The cost of each way.

        :raises SystemExit: it did not read what it was given.
        """
        folder = material.charts
        costs: dict[str, Cost] = {}
        for way, commands in self.ways(material).items():
            costs[f"{self.name}, {way}"] = Cost()
            for command in commands:
                ended = run(command, folder)
                require(ended, command, READ)
                costs[f"{self.name}, {way}"] += ended.cost
        return costs

    def find_refused(self, material: Material) -> None:
        """Find out which manifests it stops at: with them it would do less work.

        kube-score reads nothing at all after a file that it refuses.
        """
        if self.name == KUBE_SCORE:
            for file in material.manifests:
                if _refuses(run([self.program, "score", str(file)], material.charts)):
                    self.refused.append(file.name)


def find_peers() -> tuple[Peer, ...]:
    """The linters on PATH; kube-score also where the variable ``KUBE_SCORE`` says."""
    programs = {
        KUBE_SCORE: os.environ.get("KUBE_SCORE") or KUBE_SCORE,
        KUBE_LINTER: KUBE_LINTER,
        CHECKOV: CHECKOV,
    }
    found = {name: shutil.which(program) for name, program in programs.items()}
    return tuple(Peer(name, program) for name, program in found.items() if program)


def _refuses(ended: Ended) -> bool:
    return ended.status != 0 and not ended.output
