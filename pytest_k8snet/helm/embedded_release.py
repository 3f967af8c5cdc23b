"""Install and uninstall with the embedded Helm SDK. Imported in worker processes only."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import helm_python as helm
from helm_python import _native

from .embedded_values import ValuesError, read_values

WATCH = "watcher"


def performer() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What a worker calls with its job."""
    return _perform


def _perform(job: dict[str, Any]) -> dict[str, Any]:
    try:
        with helm.Config(
            kubeconfig_path=job["kubeconfig"], namespace=job["namespace"]
        ) as configuration:
            _install(configuration, job) if job["path"] else _uninstall(configuration, job)
    except (helm.HelmError, ValuesError) as error:
        return {"error": str(error)}
    return {}


def _install(configuration: helm.Config, job: dict[str, Any]) -> None:
    """``Config.install``, and wait for Jobs.

    The binding of 0.2 has no argument for that; the library below it has.
    """
    options = {
        "namespace": job["namespace"],
        "timeout_seconds": job["timeout"],
        "wait": WATCH if job["wait"] else "",
        "wait_for_jobs": job["wait"],
    }
    values = read_values(job["values"], job["sets"])
    with helm.Chart.load(job["path"]) as chart:
        _native.call_string(
            "helm_install",
            configuration._raw(),
            _native.HANDLE(0),
            chart._raw(),
            None,
            job["release"],
            json.dumps(values),
            json.dumps(options),
        )


def _uninstall(configuration: helm.Config, job: dict[str, Any]) -> None:
    try:
        configuration.uninstall(
            job["release"], timeout=job["timeout"], wait=WATCH if job["wait"] else None
        )
    except helm.HelmNotFoundError:
        return  # there is nothing to uninstall
