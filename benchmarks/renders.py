"""Counts how often a pytest run renders each chart, over all its processes.

Loaded into the run as a plugin (``-p benchmarks.renders``), which pytest-xdist
passes on to its workers. Each process writes what it renders into a file of
its own in the folder that :data:`FOLDER` names.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.helm.request import Rendered, RenderRequest

FOLDER = "K8SNET_BENCHMARK_RENDERS"


def pytest_configure() -> None:
    """Write down every request that this process gives to Helm."""
    original = Renderer.render

    def render(
        renderer: Renderer, requests: Iterable[RenderRequest]
    ) -> Generator[Rendered, None, None]:
        listed = tuple(requests)
        with (Path(os.environ[FOLDER]) / f"{os.getpid()}.jobs").open("a") as file:
            file.writelines(f"{one.path} {one.values} {one.release}\n" for one in listed)
        return original(renderer, listed)

    pytest.MonkeyPatch().setattr(Renderer, "render", render)


def count_renders(folder: Path) -> tuple[int, int, int]:
    """Renders, the most of one chart with one values set and release, and processes."""
    files = list(folder.glob("*.jobs"))
    counts = Counter(line for file in files for line in file.read_text().splitlines())
    return sum(counts.values()), max(counts.values(), default=0), len(files)
