"""Render with a helm program. Imported in worker processes only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .binary_command import refuse_old, run, values_options
from .parts import blanks, definitions, inner, is_crd, non_blank
from .schema import remote_reference

# Helm 3 and 4 print every document under the path of its template.
SOURCE = re.compile(r"^---\n# Source: ([^\n]+)\n", re.MULTILINE)


def performer(helm: str, kube_version: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What a worker calls with each job."""
    refuse_old(helm)
    return _Renderer(helm, kube_version).render


class _Renderer:
    """Renders jobs, each with a helm process of its own."""

    def __init__(self, helm: str, kube_version: str) -> None:
        self._helm = helm
        self._kube_version = kube_version

    def render(self, job: dict[str, Any]) -> dict[str, Any]:
        """Templates and CRDs of a job, or why there are none, as plain data."""
        if refusal := remote_reference(Path(job["path"])):
            return {"error": refusal}
        output, error = run(self._command(job))
        return {"error": error} if error else _answer(output, job)

    def _command(self, job: dict[str, Any]) -> list[str]:
        command = [self._helm, "template", job["release"], job["path"]]
        command += ["--namespace", job["namespace"], "--kube-version", self._kube_version]
        command += values_options(job)
        return [*command, "--include-crds"] if job["crds"] else command


def _answer(output: str, job: dict[str, Any]) -> dict[str, Any]:
    texts: dict[str, str] = {}
    for path, text in _documents(output):
        texts[path] = f"{texts[path]}\n---\n{text}" if path in texts else text
    crds = {path: texts.pop(path) for path in sorted(texts) if is_crd(path)}
    templates = non_blank(texts)
    chart = Path(job["path"])
    return {
        "templates": templates,
        "blank": blanks(chart, dict(templates), _templates_on_disk(chart)),
        "definitions": [
            (path, *entry) for path, text in crds.items() for entry in definitions(text)
        ],
    }


def _documents(output: str) -> Iterator[tuple[str, str]]:
    """Inner path and text of each document; the chart's name is that of the first path."""
    _, *pieces = SOURCE.split(output)
    for path, text in zip(pieces[::2], pieces[1::2], strict=True):
        yield inner(path), text


def _templates_on_disk(chart: Path) -> Iterator[str]:
    for folder in sorted(chart.rglob("templates")):
        for file in folder.rglob("*"):
            if file.is_file():
                yield file.relative_to(chart).as_posix()
