"""A small process that cleans up when the run it belongs to dies without doing so.

The run holds the other end of this process's standard input. When that closes
without the word ``done``, the run was killed: what it made is taken away. The
process leads a session of its own, so that a Ctrl-C at the terminal and the end
of the terminal do not reach it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
from pathlib import Path

_DONE = b"done"
_TRIES = 3


def main() -> None:
    """Wait for the run to end, and clean up after it if it did not say that all is done."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    orders = json.loads(sys.argv[-1])
    if not _wait_for_end(orders["parent"]):
        clean_up(Path(orders["folder"]), orders["cluster"], orders["owner"], orders["helm"])


def _wait_for_end(parent: int) -> bool:
    """Whether the run said that it has cleaned up itself.

    A process that the run forked may hold the pipe open for longer, so the
    parent's death is looked for as well.
    """
    heard = b""
    while os.getppid() == parent:
        if select.select([0], [], [], 1.0)[0]:
            chunk = os.read(0, 64)
            heard += chunk
            if not chunk or _DONE in heard:
                break
    return _DONE in heard


def clean_up(folder: Path, cluster: str, owner: str, helm: str) -> None:
    """Take away what a run made.

    :param cluster: kind's name of the cluster that the run made for itself, ""
        where it used one that stays.
    :param owner: the run's owner text, which its namespaces carry.
    :param helm: which Helm the run used, as ``--k8snet-helm`` has it.
    """
    from .share import leave_machine_folder

    _end_programs(folder)
    if cluster:
        _delete_cluster(cluster)
    elif (folder / "kubeconfig").exists():
        _delete_namespaces(folder / "kubeconfig", owner, helm)
    shutil.rmtree(folder, ignore_errors=True)
    leave_machine_folder()


def _end_programs(folder: Path) -> None:
    """End the programs that the run started in sessions of their own."""
    for file in folder.glob("*.pid"):
        with contextlib.suppress(OSError, ValueError):
            os.killpg(int(file.read_text(encoding="ascii")), signal.SIGKILL)


def _delete_cluster(name: str) -> None:
    from ..errors import ClusterError
    from .cluster import delete_for_good

    for _ in range(_TRIES):
        with contextlib.suppress(ClusterError):  # busy with what the run had asked for, perhaps
            delete_for_good(name)
            break


def _delete_namespaces(kubeconfig: Path, owner: str, helm: str) -> None:
    from ..errors import K8sNetError
    from ..helm.engine import choose_engine
    from .api import Api, Refused
    from .helm import Helm
    from .namespaces import remove_all

    with contextlib.suppress(K8sNetError, Refused):
        remove_all(Api(kubeconfig), Helm(choose_engine(helm), kubeconfig), owner)
