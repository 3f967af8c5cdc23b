"""Install and uninstall a release with Helm itself: hooks run, CRDs come first.

Each call runs Helm in a process of its own that can be ended at any time, and
that ends when the caller does. Several threads may call at once.
"""

from __future__ import annotations

import math
import threading
from pathlib import Path

from ..errors import InstallError
from ..leash import BrokenOff
from . import messages
from .engine import EmbeddedEngine, Engine
from .request import Cluster, InstallRequest, RenderRequest, UninstallRequest

# Helm's own timeout says what it waited for, so it gets the time to say it.
GRACE = 15.0


def install(
    engine: Engine,
    request: RenderRequest,
    kubeconfig: Path,
    *,
    timeout: float,
    over: threading.Event | None = None,
) -> None:
    """Install a chart; its namespace exists already. Nothing but hooks is waited for.

    A chart whose pods wait for what a post-install hook makes would never become
    ready otherwise.

    :param request: chart, values, release name and namespace. The chart is
        complete (:class:`.dependencies.Workspace`).
    :param kubeconfig: a private one; its current context is the cluster.
    :param timeout: seconds, hooks included.
    :param over: Helm is ended as soon as this is set.
    :raises InstallError: with Helm's own words, cleaned. What was made of the
        release stays; uninstall it.
    :raises HelmMissing: the engine cannot be started.
    """
    cluster = Cluster(kubeconfig.absolute(), math.ceil(timeout))
    error = _perform(engine, InstallRequest(request, cluster), timeout, over)
    if error:
        raise InstallError(
            f"{request.title}: release {request.release} cannot be installed in namespace"
            f" {request.namespace}: {error}"
        )


def uninstall(
    engine: Engine,
    release: str,
    namespace: str,
    kubeconfig: Path,
    *,
    timeout: float,
    over: threading.Event | None = None,
) -> None:
    """Uninstall a release; one that does not exist is uninstalled already.

    :param timeout: seconds, hooks included.
    :param over: Helm is ended as soon as this is set.
    :raises InstallError: with Helm's own words, cleaned.
    :raises HelmMissing: the engine cannot be started.
    """
    cluster = Cluster(kubeconfig.absolute(), math.ceil(timeout))
    error = _perform(engine, UninstallRequest(release, namespace, cluster), timeout, over)
    if error:
        raise InstallError(
            f"release {release} cannot be uninstalled from namespace {namespace}: {error}"
        )


def _perform(
    engine: Engine,
    request: InstallRequest | UninstallRequest,
    timeout: float,
    over: threading.Event | None,
) -> str:
    """Helm's error in plain words, "" when all went well."""
    from . import binary
    from .child import Child, Ended

    try:
        if not isinstance(engine, EmbeddedEngine):
            return _explained(binary.release(engine, request, timeout + GRACE, over))
        child = Child(engine, "release")
        try:
            child.ask(request)
            return _explained(child.answer(timeout + GRACE, over))
        finally:
            child.kill()
    except TimeoutError:
        return f"not done within {timeout:g} s; give it more time: --k8snet-timeout=SECONDS"
    except BrokenOff:
        return "broken off"
    except Ended as ended:
        return str(ended)


# What Helm 4 and Helm 3 say when time is up.
_LATE = ("context deadline exceeded", "timed out waiting for the condition")


def _explained(error: str) -> str:
    if not error:
        return ""
    late = any(said in error for said in _LATE)
    advice = "; it was not ready in time: --k8snet-timeout=SECONDS gives it more"
    return messages.explained(error) + (advice if late else "")
