"""Install and uninstall with a helm program. Imported in worker processes only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .binary_command import refuse_old, run, values_options


def performer(helm: str, _kube_version: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What a worker calls with its job."""
    refuse_old(helm)

    def perform(job: dict[str, Any]) -> dict[str, Any]:
        command = _install(job) if job["path"] else _uninstall(job)
        _, error = run([helm, *command, *_connection(job)])
        if error and not job["path"] and "release: not found" in error:
            return {}  # there is nothing to uninstall
        return {"error": error} if error else {}

    return perform


def _install(job: dict[str, Any]) -> list[str]:
    command = ["install", job["release"], job["path"], *values_options(job)]
    return [*command, "--wait", "--wait-for-jobs"] if job["wait"] else command


def _uninstall(job: dict[str, Any]) -> list[str]:
    command = ["uninstall", job["release"]]
    return [*command, "--wait"] if job["wait"] else command


def _connection(job: dict[str, Any]) -> list[str]:
    return [
        *("--kubeconfig", job["kubeconfig"]),
        *("--namespace", job["namespace"]),
        *("--timeout", f"{job['timeout']}s"),
    ]
