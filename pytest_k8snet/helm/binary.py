"""Render, install and uninstall with a helm program."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import HelmMissing
from ..leash import TooMuch, run
from . import messages
from .engine import MEMORY, Engine
from .parts import blanks, definitions, inner, is_crd, non_blank
from .request import Definition, InstallRequest, Rendered, RenderRequest, UninstallRequest
from .schema import foreign_reference

OLDEST = 3
# Helm 3 and 4 print every document under the path of its template.
SOURCE = re.compile(r"^---\n# Source: ([^\n]+)\n", re.MULTILINE)
ERROR = re.compile(r"^Error: ", re.MULTILINE)


class _Said(NamedTuple):
    output: str
    warnings: str
    error: str


def refuse_old(engine: Engine) -> None:
    """Make sure that the program is Helm, and not a Helm of old.

    :raises HelmMissing: it is not.
    """
    said = _run([engine.name, "version", "--template", "{{.Version}}"], os.environ, 60.0)
    version = re.match(r"v(\d+)\.", said.output)
    if version is None or int(version[1]) < OLDEST:
        what = f"{engine.name} is no Helm of version {OLDEST} or later"
        raise HelmMissing(messages.cannot_start(engine.name, 1, what))


def render(
    engine: Engine, request: RenderRequest, timeout: float, over: threading.Event
) -> Rendered:
    """Templates and CRDs, or why there are none. Threads may call it at once.

    :raises TimeoutError: it is not done in time.
    :raises BrokenOff: ``over`` was set.
    """
    if refusal := foreign_reference(request.path, online=engine.online):
        return Rendered(error=refusal)
    command = [engine.name, "template", request.release, str(request.path)]
    command += ["--namespace", request.namespace, "--kube-version", request.kube_version]
    command += _each("--api-versions", request.api_versions)
    command += _values(request) + ["--include-crds"] * request.crds
    began = time.perf_counter()
    said = _run(command, engine.environment("render"), timeout, over, MEMORY)
    seconds = time.perf_counter() - began
    if said.error:
        return Rendered(error=said.error, warnings=said.warnings, seconds=seconds)
    return _rendered(said.output, request)._replace(warnings=said.warnings, seconds=seconds)


def release(
    engine: Engine,
    request: InstallRequest | UninstallRequest,
    timeout: float,
    over: threading.Event | None,
) -> str:
    """Install or uninstall; Helm's error, "" when all went well.

    :raises TimeoutError: it is not done in time.
    :raises BrokenOff: ``over`` was set.
    """
    refuse_old(engine)
    cluster = request.cluster
    if isinstance(request, InstallRequest):
        chart, namespace = request.chart, request.chart.namespace
        command = ["install", chart.release, str(chart.path), *_values(chart)]
    else:
        namespace = request.namespace
        command = ["uninstall", request.release]
    command += ["--kubeconfig", str(cluster.kubeconfig), "--namespace", namespace]
    command += ["--timeout", f"{cluster.timeout}s"]
    error = _run([engine.name, *command], engine.environment("release"), timeout, over).error
    if isinstance(request, UninstallRequest) and "release: not found" in error:
        return ""  # there is nothing to uninstall
    return error


def _values(request: RenderRequest) -> list[str]:
    return [
        *_each("--values", map(str, request.values)),
        *_each("--set", request.sets),
        *_each("--set-string", request.set_strings),
        *_each("--set-file", request.set_files),
    ]


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _run(
    command: Sequence[str],
    environment: Mapping[str, str],
    timeout: float,
    over: threading.Event | None = None,
    memory: int = 0,
) -> _Said:
    """Run helm to its end, or end it (:func:`.leash.run`)."""
    try:
        done = run(command, environment, timeout, over, memory)
    except TooMuch as error:
        return _Said("", "", messages.too_much(error))
    if not done.code:
        return _Said(done.output, done.errors, "")
    found = ERROR.search(done.errors)
    if found:
        return _Said(done.output, done.errors[: found.start()], done.errors[found.start() :])
    return _Said(done.output, "", messages.ended(done.code, done.errors))


def _rendered(output: str, request: RenderRequest) -> Rendered:
    texts: dict[str, str] = {}
    for path, text in _documents(output):
        texts[path] = f"{texts[path]}\n---\n{text}" if path in texts else text
    crds = {path: texts.pop(path) for path in sorted(texts) if is_crd(path)}
    templates = non_blank(texts)
    return Rendered(
        tuple(templates),
        tuple(blanks(request.path, dict(templates), _templates_on_disk(request.path))),
        tuple(Definition(path, *one) for path, text in crds.items() for one in definitions(text)),
    )


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
