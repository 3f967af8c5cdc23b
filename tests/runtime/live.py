"""Live pods and looks, written down in a line."""

from __future__ import annotations

from typing import Any

from pytest_k8snet.model import Socket
from pytest_k8snet.runtime.look import Look, Running
from pytest_k8snet.runtime.pods import Pod, PodContainer, read_pod


def pod(*containers: PodContainer, name: str = "web-1", **given: Any) -> Pod:
    """A ready pod with these containers, or with one called ``web``."""
    given = {"phase": "Running", "ready": True, **given}
    return Pod(name, "ns", f"uid-{name}", containers=containers or (container("web"),), **given)


def container(name: str, *, id: str = "", probed: bool = False) -> PodContainer:
    """A container that runs."""
    return PodContainer(name, id or f"id-{name}", running=True, ready=True, probed=probed)


def look(at: float, *ports: int | Socket, age: float = 100.0) -> Look:
    """A look at a pod with the one container ``web``; numbers are TCP ports."""
    sockets = (
        port if isinstance(port, Socket) else Socket(port, container="web") for port in ports
    )
    return Look(at, frozenset(sockets), {"web": Running("id-web", age)})


def manifest(**spec: Any) -> dict[str, Any]:
    """A live pod as the API has it."""
    return {
        "metadata": {"name": "web", "namespace": "ns", "uid": "u", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web"}], **spec},
        "status": {"phase": "Running", "podIP": "10.0.0.1"},
    }


__all__ = ["container", "look", "manifest", "pod", "read_pod"]
