"""The namespaces that a run makes: each says whose it is, and what is to be taken away with it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import uuid4

from ..errors import InstallError
from ..kinds import KINDS
from .api import Api, Object, names
from .helm import Helm
from .waiting import wait_for

_MANAGED_BY = "app.kubernetes.io/managed-by"
_MANAGER = "pytest-k8snet"
_OWNER = "k8snet.io/owner"
RELEASE = "k8snet.io/release"
"""Annotation: the namespace of the release that it was made for, and the release's name."""
DEFINITIONS = "k8snet.io/definitions"
"""Annotation of a release's namespace: the CRDs that Helm leaves behind."""
HOOKED = "k8snet.io/hooked"
"""Annotation of a release's namespace: hooks want to find it as it is when it is uninstalled."""

# Those that control others stand before them, the other way round than in the table.
_CONTROLLERS = tuple(kind for kind in reversed(KINDS) if kind.built_in and not kind.is_pod)


def new_namespace(chart: str, values: str) -> str:
    """A name that no other release has, and that a person recognises."""
    plain = re.sub(r"[^a-z0-9]+", "-", f"{Path(chart).name}-{values}".lower()).strip("-")
    return f"k8snet-{plain[:40].strip('-')}-{uuid4().hex[:6]}"


def make_namespace(api: Api, name: str, owner: str, annotations: Mapping[str, str]) -> None:
    """Make a namespace that somebody is to answer for."""
    labels = {_MANAGED_BY: _MANAGER, _OWNER: owner}
    metadata = {"name": name, "labels": labels, "annotations": dict(annotations)}
    api.create("Namespace", "", {"metadata": metadata})


def remove(api: Api, client: Helm, namespace: Object | None) -> None:
    """Take away a release by what its namespace says of it; None if it is gone already."""
    if namespace is None:
        return
    annotations = namespace["metadata"].get("annotations") or {}
    name = namespace["metadata"]["name"]
    where, _, release = annotations.get(RELEASE, "").partition("/")
    if where == name:
        if HOOKED not in annotations:
            _end_pods(api, name)
        with contextlib.suppress(InstallError):  # the namespace takes the rest along
            client.uninstall(release, name)
        for definition in annotations.get(DEFINITIONS, "").split():
            api.delete("CustomResourceDefinition", "", definition)
    api.delete("Namespace", "", name)


def remove_all(api: Api, helm: Helm, owner: str) -> list[str]:
    """Take away everything that one owner has in the cluster; the namespaces' names."""
    mine = [item for item in our_namespaces(api) if owner_of(item) == owner]
    for item in mine:
        remove(api, helm, item)
    return names(mine)


def owner_of(namespace: Object) -> str:
    """Who is to answer for a namespace, "" if it does not say."""
    return str((namespace["metadata"].get("labels") or {}).get(_OWNER, ""))


def _end_pods(api: Api, namespace: str) -> None:
    """End the pods of a namespace that goes away: nobody needs what they would still do.

    Their controllers go first, or they would make others. It is the first
    deletion of a pod that says how long the pod may take, so this comes before
    Helm's.
    """
    for kind in _CONTROLLERS:
        api.delete_all(kind, namespace)
    api.delete_all("Pod", namespace, grace=1)


def our_namespaces(api: Api) -> list[Object]:
    """The namespaces that any run made, of releases first."""
    found = api.list_of("Namespace", "", f"{_MANAGED_BY}={_MANAGER}")
    return sorted(found, key=lambda item: made_for(item) != item["metadata"]["name"])


def made_for(namespace: Object) -> str:
    """The namespace of the release that this one was made for."""
    annotations = namespace["metadata"].get("annotations") or {}
    return str(annotations.get(RELEASE, "")).partition("/")[0]


def wait_until_gone(api: Api, names: Iterable[str], seconds: float) -> list[str]:
    """Wait for namespaces to end; those that have not."""
    left = list(names)

    def gone() -> bool:
        left[:] = [name for name in left if api.get("Namespace", "", name) is not None]
        return not left

    wait_for(gone, seconds)
    return left
