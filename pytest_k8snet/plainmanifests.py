"""Manifests that no chart makes -> applications, without Helm."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from .errors import ChartError, SettingsError
from .helm.charts import Chart
from .helm.values import ValuesSet
from .leash import MOST_BYTES
from .manifests import read_application
from .settings import Settings
from .sources import STDIN, Manifests, find_manifests, texts
from .target import Gathered, Target, chart_id

# What stands in node ids in the place of a values set.
NAME = "manifests"
NOT_INSTALLED = "manifests are not installed in a cluster: only charts are, with --helm-chart"
_SAYS_NOTHING = re.compile(r"(?:\s|#.*|---(?=\s|\Z))*\Z")


class PlainManifests:
    """All that ``--k8snet-manifests`` names on its way to applications.

    :param stdin: reads standard input.
    """

    def __init__(self, settings: Settings, stdin: Callable[[], bytes]) -> None:
        self._settings = settings
        self._stdin = stdin
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """One for each path.

        :raises SettingsError: a path leads to no manifests.
        """
        given = dict.fromkeys(self._settings.manifests)
        stdin = self._private() if STDIN in given else Path()
        return tuple(self._target(path, stdin) for path in given)

    def _target(self, path: str, stdin: Path) -> Target:
        found = find_manifests(path, stdin)
        name = found.name if path == STDIN else chart_id(found.path, self._settings.root)
        return Target(Chart(found.path, found.name), ValuesSet(NAME), name, found)

    def _private(self) -> Path:
        """A file with what standard input says; pytest collects files, and nothing else."""
        content = self._stdin()
        if len(content) > MOST_BYTES:
            raise SettingsError(
                f"--k8snet-manifests=-: standard input is larger than {MOST_BYTES >> 20} MiB"
            )
        self._folder = tempfile.TemporaryDirectory(prefix="k8snet-stdin-")
        file = Path(self._folder.name).resolve() / "stdin.yaml"
        file.write_bytes(content)
        return file

    def run(self) -> Iterator[Gathered]:
        """Read them all, in the order of ``targets``."""
        for target in self.targets:
            if target.manifests is not None:
                yield self._read(target, target.manifests)

    def _read(self, target: Target, manifests: Manifests) -> Gathered:
        settings = self._settings
        found: list[tuple[str, str]] = []
        try:
            timeout, fetch = settings.render_timeout, settings.downloads
            found = list(texts(manifests, target.id, timeout, fetch=fetch))
            if all(_SAYS_NOTHING.match(text) for _, text in found):
                return Gathered(target, error=f"{target.id}: there is no Kubernetes object in it")
            application = read_application(
                found,
                chart=target.id,
                values=NAME,
                release=settings.release,
                namespace=settings.namespace,
            )
        except ChartError as error:
            # What is wrong in a file alone is said without a path inside.
            said = f"{target.id}{error}" if str(error)[0] == ":" else str(error)
            if any("{{" in text for _, text in found):
                said += "\na template of Helm is checked with its chart: --helm-chart=PATH"
            return Gathered(target, error=said)
        workloads = (replace(one, unobserved=NOT_INSTALLED) for one in application.workloads)
        return Gathered(target, replace(application, workloads=tuple(workloads)))

    def close(self) -> None:
        """Remove the private file. Safe to call more than once."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def read_stdin() -> bytes:
    """What is piped into this process.

    :raises SettingsError: nothing is.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise SettingsError(
            "--k8snet-manifests=-: nothing is piped in; such as:"
            " helm template charts/web | pytest --k8snet-manifests=-"
        )
    return sys.stdin.buffer.read(MOST_BYTES + 1)
