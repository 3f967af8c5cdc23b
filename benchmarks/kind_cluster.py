"""A kind cluster for one benchmark, and the programs that talk to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("kind", "helm", "kubectl")


class Cluster:
    """A cluster of kind's with a kubeconfig of its own.

    :ivar name: kind's name of it.
    """

    def __init__(self, name: str, kubeconfig: Path) -> None:
        self.name = name
        self._kubeconfig = kubeconfig

    def helm(self, *arguments: str) -> None:
        """Run helm; its own words are shown where it fails."""
        _call("helm", *arguments, "--kubeconfig", str(self._kubeconfig))

    def remove_namespace(self, namespace: str) -> None:
        """Delete a namespace and wait until it is gone."""
        _call("kubectl", "delete", "namespace", namespace, "--kubeconfig", str(self._kubeconfig))

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        """The pods of a namespace as the API has them."""
        text = _call(
            "kubectl", "get", "pods", "--namespace", namespace, "--output=json",
            "--kubeconfig", str(self._kubeconfig),
        )  # fmt: skip
        items: list[dict[str, Any]] = json.loads(text)["items"]
        return items


@contextmanager
def kind_cluster(folder: Path) -> Iterator[Cluster]:
    """Make a cluster, and delete it afterwards.

    The node image is the one that ``K8SNET_KIND_IMAGE`` names, or kind's own.

    :raises SystemExit: a program is missing.
    """
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        raise SystemExit(f"not on PATH: {', '.join(missing)}; see README.md of the benchmarks")
    name, kubeconfig = f"benchmark-{os.getpid()}", folder / "kubeconfig"
    given = os.environ.get("K8SNET_KIND_IMAGE", "")
    image = ["--image", given] if given else []
    common = ["--name", name, "--kubeconfig", str(kubeconfig)]
    try:
        _call("kind", "create", "cluster", *common, *image, "--wait=300s")
        yield Cluster(name, kubeconfig)
    finally:
        _call("kind", "delete", "cluster", *common)


def _call(*command: str) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(_explained(command, error)) from None
    return done.stdout


def _explained(command: Sequence[str], error: subprocess.CalledProcessError) -> str:
    return f"{' '.join(command)}: exit status {error.returncode}\n{error.stderr.strip()}"
