"""What the README shows of a run with a cluster is what a run prints."""

from __future__ import annotations

import re

import pytest

from documents import README, read, run_as_shown

pytestmark = pytest.mark.kind

EXAMPLE = "--helm-chart=example-charts/undeclared-port"


def test_the_output_is_what_the_command_prints(cluster_name: str) -> None:
    done = run_as_shown(EXAMPLE, f"--k8snet-cluster=kind:{cluster_name}")
    _, command, rest = read(README).partition(f"{EXAMPLE} --k8snet-cluster=kind\n")
    assert command
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    shown = rest.partition("```text\n")[2].partition("```")[0]
    assert _same_everywhere(shown) == _same_everywhere(done.stdout), f"paste it again: {EXAMPLE}"


def _same_everywhere(output: str) -> list[str]:
    """The lines after the header, without seconds, what goes on between and the cluster's name."""
    lines = output[output.index("collected ") :].splitlines()
    return [
        re.sub(r"\b\d+\.\d+ ?s\b(?: \([\d:]+\))?", "_ s", line).strip("= ")
        for line in lines
        if not re.match(r"k8snet: (?:deleting the kind cluster|\d+ of \d+ done after)", line)
    ]
