"""Let Helm fetch what a chart depends on. Never done unless the user asked for it.

A chart of nothing but the missing dependencies is made, and Helm updates it: so
it needs no repository to have been added before, it keeps its hands off what is
there already, and Chart.lock says which versions, where there is one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from .. import yamltext
from ..errors import ChartError, ManifestError
from ..leash import Done, TooMuch, run
from ..reading import read_text
from .charts import Chart, Dependency
from .engine import EmbeddedEngine, Engine

Fetch: TypeAlias = Callable[[Chart, Iterable[Dependency], Path], None]
"""Put archives of these dependencies of a chart into a folder."""

_LOCKS = ("Chart.lock", "requirements.lock")
_SECONDS = 300.0
# Calls of the SDK with the words that a helm program would have in their place.
_SDK = (
    "import logging, sys; sys.path.append(sys.argv[1]); import helm_python;"
    " logging.basicConfig(level=logging.INFO, format='%(message)s');"
    " helm_python.enable_logging(logging.INFO); helm_python."
)
_UPDATE = "dependency_update(sys.argv[4])"
_PULL = "pull(sys.argv[3], destination=sys.argv[5])"
# Said long before the error, which is about a file of Helm's own.
_UNREACHED = re.compile(r"Unable to get an update from the .*\n\s+(.+)")


def fetch_with(engine: Engine) -> Fetch:
    """How this engine fetches dependencies."""

    def fetch(chart: Chart, dependencies: Iterable[Dependency], folder: Path) -> None:
        wanted = list(_locked(chart, dependencies))
        with tempfile.TemporaryDirectory(prefix="k8snet-fetch-") as scratch:
            metadata = {
                "apiVersion": "v2",
                "name": "fetch",
                "version": "0.0.0",
                "dependencies": [
                    {"name": one.name, "version": one.version, "repository": one.repository}
                    for one in wanted
                ],
            }
            Path(scratch, "Chart.yaml").write_text(json.dumps(metadata), encoding="utf-8")
            what = f"{chart.shown}: {', '.join(one.name for one in wanted)}"
            _run(engine, _UPDATE, ["dependency", "update", scratch], what)
            folder.mkdir(exist_ok=True)
            for archive in Path(scratch, "charts").iterdir():
                shutil.copyfile(archive, folder / archive.name)

    return fetch


def pull(engine: Engine, reference: str, folder: Path) -> Path:
    """Fetch a packed chart from an ``https://`` or ``oci://`` reference.

    :raises ChartError: Helm cannot; in its own words.
    """
    words = ["pull", reference, "--destination", str(folder)]
    _run(engine, _PULL, words, f"--helm-chart={reference}:")
    return next(folder.iterdir())


def _run(engine: Engine, call: str, words: list[str], what: str) -> None:
    """Run Helm, or its SDK.

    :raises ChartError: ``what`` cannot be fetched; in Helm's own words.
    """
    if isinstance(engine, EmbeddedEngine):
        command = [sys.executable, "-I", "-S", "-c", _SDK + call, str(engine.folder), *words]
    else:
        command = [engine.name, *words]
    environment = {key: value for key, value in os.environ.items() if key != "HELM_DEBUG"}
    try:
        done = run(command, environment, _SECONDS)
    except TimeoutError:
        why = f"not done within {_SECONDS:.0f} s"
    except TooMuch as error:
        why = f"Helm {error}"
    else:
        if not done.code:
            return
        why = _why(done)
    raise ChartError(f"{what} cannot be fetched: {why}")


def _why(done: Done) -> str:
    """What hindered Helm: the repositories that did not answer, or its last word."""
    if unreached := _UNREACHED.findall(f"{done.output}\n{done.errors}"):
        return "; ".join(unreached)
    lines = done.errors.strip().splitlines() or [f"exit code {done.code}"]
    return re.sub(r"\A(?:Error: |helm_python\.\S+: )", "", lines[-1])


def _locked(chart: Chart, dependencies: Iterable[Dependency]) -> Iterator[Dependency]:
    """The dependencies with the versions that the chart's lock file names."""
    versions = dict(_lock_entries(chart))
    for one in dependencies:
        yield Dependency(one.name, versions.get(one.name, one.version), one.repository)


def _lock_entries(chart: Chart) -> Iterator[tuple[str, str]]:
    for name in _LOCKS:
        try:
            lock: Any = yamltext.load(read_text(chart.path / name), name)
        except (OSError, ManifestError):
            continue
        for entry in (lock or {}).get("dependencies") or ():
            yield str(entry.get("name")), str(entry.get("version"))
        return
