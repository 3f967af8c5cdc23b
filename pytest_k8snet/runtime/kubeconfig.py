"""A private kubeconfig with one context, for this run and what it starts.

Keys and certificates become files of their own beside it: clients that need
them as files would otherwise leave copies in the temporary folder.
"""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ClusterError

_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def write_private(folder: Path, source: str | Path, context: str = "") -> tuple[str, Path]:
    """Write ``kubeconfig`` into a private folder; the context and the path.

    :param source: a kubeconfig's text, or its path, several of them joined as
        in ``$KUBECONFIG``.
    :param context: the context to take, "" is the current one.
    :raises ClusterError: there is no such context.
    """
    base, config = _load(source)
    context = context or config.get("current-context") or ""
    chosen = _entry(config, "contexts", context)
    if chosen is None:
        known = ", ".join(sorted(item["name"] for item in config.get("contexts") or []))
        raise ClusterError(
            f"{_where(source)}: there is no context {context!r}; known are {known or 'none'}.\n"
            "Name one: --k8snet-cluster=context:NAME"
        )
    cluster = _entry(config, "clusters", chosen.get("cluster", "")) or {}
    user = _entry(config, "users", chosen.get("user", "")) or {}
    minified = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "k8snet",
        "contexts": [
            {
                "name": "k8snet",
                "context": {"cluster": "cluster", "user": "user"},
            }
        ],
        "clusters": [{"name": "cluster", "cluster": _filed(cluster, base, folder)}],
        "users": [{"name": "user", "user": _filed(user, base, folder)}],
    }
    return context, _write(folder / "kubeconfig", json.dumps(minified).encode())


def _load(source: str | Path) -> tuple[dict[int, Path], Mapping[str, Any]]:
    """The merged configuration, and for each entry the folder its paths count from."""
    from kubernetes.config import ConfigException, kube_config

    read: Any = kube_config.KubeConfigMerger
    not_yaml: type[Exception] = vars(kube_config)["yaml"].YAMLError

    if isinstance(source, str):
        return {}, read(io.StringIO(source)).config
    merged: dict[str, Any] = {"contexts": [], "clusters": [], "users": []}
    base: dict[int, Path] = {}
    try:
        for path in str(source).split(os.pathsep):
            file = Path(path).expanduser()
            if not path or not file.is_file():
                continue
            with file.open(encoding="utf-8") as text:
                config = read(text).config
            current = merged.get("current-context") or config.get("current-context")
            merged["current-context"] = current or ""
            for section in ("contexts", "clusters", "users"):
                for item in config.get(section) or []:
                    merged[section].append(item)
                    base[id(item[section[:-1]])] = file.resolve().parent
    except (ConfigException, not_yaml, OSError) as error:
        raise ClusterError(f"{source}: {error}") from None
    return base, merged


def _entry(config: Mapping[str, Any], section: str, name: str) -> dict[str, Any] | None:
    """The first entry of that name, as kubectl has it."""
    for item in config.get(section) or []:
        if item["name"] == name:
            entry: dict[str, Any] = item[section[:-1]]
            return entry
    return None


def _filed(entry: dict[str, Any], base: Mapping[int, Path], folder: Path) -> dict[str, Any]:
    """The entry with its data written to files and its paths made absolute."""
    here = base.get(id(entry), Path())
    filed = dict(entry)
    for key in _FILES:
        data = filed.pop(f"{key}-data", None)
        if data:
            filed[key] = str(_write(folder / key, base64.b64decode(data)))
        elif filed.get(key):
            filed[key] = str(here / filed[key])
    command = filed.get("exec", {}).get("command", "")
    if "/" in command:
        filed["exec"] = {**filed["exec"], "command": str(here / command)}
    return filed


def _write(path: Path, data: bytes) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path


def _where(source: str | Path) -> str:
    return str(source) if isinstance(source, Path) else "the kubeconfig"
