"""Install and uninstall a release with Helm itself: hooks run, CRDs come first.

Each call runs in a process of its own that can be killed: Helm waits in it, and
whatever ends the caller ends it, too.
"""

from __future__ import annotations

import math
import select
import threading
import time
from pathlib import Path
from typing import Any

from ..errors import HelmMissing, InstallError
from . import messages
from .engine import Engine
from .job import Job
from .pool import plain
from .process import Process

# Helm's own timeout says what it waited for, so it gets the time to say it.
GRACE = 15.0
_LOOK = 0.2  # seconds between two looks whether to break off


def install(
    engine: Engine,
    job: Job,
    kubeconfig: Path,
    *,
    timeout: float,
    wait: bool = True,
    over: threading.Event | None = None,
) -> None:
    """Install a chart; its namespace exists already.

    :param job: chart, values, release name and namespace. The chart is complete
        (:class:`.dependencies.Workspace`).
    :param kubeconfig: a private one; its current context is the cluster.
    :param timeout: seconds, hooks and waiting included.
    :param wait: until workloads are ready and Jobs complete.
    :param over: Helm is ended as soon as this is set.
    :raises InstallError: with Helm's own words, cleaned. What was made of the
        release stays; uninstall it.
    :raises HelmMissing: the engine cannot be started.
    """
    request = {**plain(job), **_where(kubeconfig, timeout, wait=wait)}
    error = _perform(engine, request, timeout, over)
    if error:
        raise InstallError(
            f"{job.title}: release {job.release} cannot be installed in namespace"
            f" {job.namespace}: {error}"
        )


def uninstall(
    engine: Engine,
    release: str,
    namespace: str,
    kubeconfig: Path,
    *,
    timeout: float,
    wait: bool = True,
    over: threading.Event | None = None,
) -> None:
    """Uninstall a release; one that does not exist is uninstalled already.

    :param timeout: seconds, hooks and waiting included.
    :param wait: until its objects are gone.
    :param over: Helm is ended as soon as this is set.
    :raises InstallError: with Helm's own words, cleaned.
    :raises HelmMissing: the engine cannot be started.
    """
    request = {
        "path": "",
        "release": release,
        "namespace": namespace,
        **_where(kubeconfig, timeout, wait=wait),
    }
    error = _perform(engine, request, timeout, over)
    if error:
        raise InstallError(
            f"release {release} cannot be uninstalled from namespace {namespace}: {error}"
        )


def _where(kubeconfig: Path, timeout: float, *, wait: bool) -> dict[str, Any]:
    return {
        "kubeconfig": str(kubeconfig.absolute()),
        "timeout": math.ceil(timeout),
        "wait": wait,
    }


def _perform(
    engine: Engine, request: dict[str, Any], timeout: float, over: threading.Event | None
) -> str:
    """Helm's error in plain words, "" when all went well."""
    process = Process(engine.command("release"), engine.environment("release"))
    try:
        process.send(request)
        return _outcome(engine, process, timeout, over or threading.Event())
    finally:
        process.kill()


def _explained(error: str) -> str:
    late = "; it was not ready in time: --k8snet-timeout=SECONDS gives it more"
    if not error:
        return ""
    return messages.explained(error) + (late if "context deadline exceeded" in error else "")


def _outcome(engine: Engine, process: Process, timeout: float, over: threading.Event) -> str:
    deadline = time.monotonic() + timeout + GRACE
    while (left := deadline - time.monotonic()) > 0:
        if over.is_set():
            return "broken off"
        if not select.select([process.results], [], [], min(left, _LOOK))[0]:
            continue
        if not process.hear():
            code, written = process.exit_code(), process.written()
            if process.ready:
                return messages.ended(code, written)
            raise HelmMissing(messages.cannot_start(engine.name, code, written))
        answer = process.answer()
        if answer is not None:
            return _explained(answer.get("error", ""))
    return f"not done within {timeout:g} s; give it more time: --k8snet-timeout=SECONDS"
