"""Manifests that no chart makes: a file, a folder, what kustomize builds, standard input.

A folder is what ``kubectl apply -f FOLDER`` takes: its .yaml, .yml and .json
files, none below. One with a kustomization is built by ``kustomize``, or by the
kustomize in ``kubectl``.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import reading
from .errors import ChartError, SettingsError
from .helm.charts import is_chart
from .helm.dependencies import DOWNLOAD
from .helm.engine import MEMORY, OFFLINE
from .leash import MOST_BYTES, TooMuch, run

STDIN = "-"
SUFFIXES = (".yaml", ".yml", ".json")
# https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_MOST_SAID = 2000  # characters of what a program says
# What stands before the reason: Go's words, and the log line that kubectl makes of it.
_WARNING = re.compile(r"^# Warning: .*\n?", re.MULTILINE)  # of what works all the same
_FRAME = re.compile(r"\A(?:[Ee]rror: |E\d{4} .*?\] \"command failed\" err=)+")
# What kustomize did to get something from elsewhere: Go's own words, and the command that it ran.
_REMOTE = re.compile(
    r"Get \\?\"([^\"\\]+)|failed to run '\S*git fetch \S+ (\S+)|no 'git' program()"
)
EXPECTED = "expected a file of manifests, a folder of them, one with a kustomization, or -"


@dataclass(frozen=True, slots=True)
class Manifests:
    """Manifests as found on disk.

    :ivar path: the file or folder; absolute. Standard input is in a private file.
    :ivar files: what is read; of a kustomization that file alone.
    :ivar kustomized: whether they have to be built first.
    """

    path: Path
    files: tuple[Path, ...]
    name: str
    kustomized: bool = False

    @property
    def head(self) -> Path:
        """The file that stands for all of them."""
        return self.files[0]


def find_manifests(given: str, stdin: Path) -> Manifests:
    """What a path leads to.

    :param stdin: the file that standard input is in.
    :raises SettingsError: to no manifests.
    """
    if given == STDIN:
        return Manifests(stdin, (stdin,), "stdin")
    path = Path(os.path.normpath(given))
    said = f"--k8snet-manifests={given}"
    if path.name in KUSTOMIZATIONS:
        path = path.parent
    if os.path.isdir(path):  # noqa: PTH112 - Path's raises for a name that is too long
        return _folder(path, said)
    if not os.path.exists(path):  # noqa: PTH110
        raise SettingsError(f"{said}: there is no such file or folder; {EXPECTED}")
    return Manifests(path, (_regular(path, said),), path.name)


def _folder(path: Path, said: str) -> Manifests:
    for name in KUSTOMIZATIONS:
        if (path / name).is_file():
            return Manifests(path, (path / name,), path.name, kustomized=True)
    if is_chart(path):
        raise SettingsError(f"{said}: this is a chart; check it with --helm-chart={path}")
    try:
        names = sorted(os.listdir(path))  # noqa: PTH208 - names alone
    except OSError as error:
        raise SettingsError(f"{said}: {error.strerror}") from None
    found = [path / name for name in names if name.endswith(SUFFIXES) and name[0] != "."]
    files = tuple(_regular(file, said) for file in found if not file.is_dir())
    if not files:
        raise SettingsError(
            f"{said}: no {', '.join(SUFFIXES)} file in this folder; {EXPECTED} (folders below are"
            " not looked into, as by kubectl apply -f)"
        )
    return Manifests(path, files, path.name)


def _regular(file: Path, said: str) -> Path:
    if not file.is_file():
        raise SettingsError(f"{said}: {file.name} is no regular file; {EXPECTED}")
    return file


def texts(
    manifests: Manifests, label: str, timeout: float, *, fetch: bool
) -> Iterator[tuple[str, str]]:
    """Each file's path from the folder, "" where there is no folder, and its text.

    :param label: what messages call the manifests.
    :param timeout: seconds that a build may take.
    :param fetch: whether kustomize may fetch what is not on this disk.
    :raises ChartError: one cannot be read, or kustomize cannot build them.
    """
    if manifests.kustomized:
        yield manifests.head.name, _build(manifests.path, label, timeout, fetch=fetch)
    elif manifests.files == (manifests.path,):
        yield "", _text(manifests.path, label)
    else:
        for file in manifests.files:
            yield file.name, _text(file, f"{label}/{file.name}")


def _text(file: Path, label: str) -> str:
    try:
        # A mark of the byte order is no part of the text.
        return reading.read_bytes(file, most=MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ChartError(f"{label}: {reading.not_utf8(error)}") from None
    except OSError as error:
        raise ChartError(f"{label}: {error.strerror}") from None


def _build(folder: Path, label: str, timeout: float, *, fetch: bool) -> str:
    program, *rest = _builder(folder, label)
    try:
        done = run([program, *rest], _environment(fetch=fetch), timeout, memory=MEMORY)
    except TimeoutError:
        raise ChartError(
            f"{label}: not built by {program} within {timeout:g} s;"
            " if it only needs longer: --k8snet-render-timeout=SECONDS"
        ) from None
    except TooMuch as error:
        raise ChartError(f"{label}: {program} {error}; build less at once") from None
    if not done.code:
        return done.output
    what = (
        _FRAME.sub("", _WARNING.sub("", done.errors).strip()).strip('"<>\t\n ').replace('\\"', '"')
    )
    what = what or f"exit code {done.code}"
    if not fetch and (remote := _REMOTE.search(what)):
        where = remote[remote.lastindex or 0] or "a remote base"
        what = f"it takes {where}, and nothing is fetched without {DOWNLOAD}"
    raise ChartError(f"{label}: {program} cannot build it: {what[:_MOST_SAID]}")


def _builder(folder: Path, label: str) -> list[str]:
    if shutil.which("kustomize"):
        return ["kustomize", "build", str(folder)]
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize", str(folder)]
    raise ChartError(
        f"{label}: has a kustomization, and neither kustomize nor kubectl is on PATH: install one"
        " (https://kubectl.docs.kubernetes.io/installation/kustomize/), or build it elsewhere and"
        f" pass what comes out: kustomize build {shlex.quote(label)} | pytest --k8snet-manifests=-"
    )


def _environment(*, fetch: bool) -> Mapping[str, str]:
    """The user's own; without the network unless something may be fetched."""
    if fetch:
        return os.environ
    # Remote bases are cloned by git, which goes by no proxy where it uses ssh.
    return {**os.environ, **OFFLINE, "GIT_ALLOW_PROTOCOL": "file", "KUBECONFIG": os.devnull}
