"""Helm, with the cluster of a run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from ..helm import release as helm
from ..helm.engine import Engine
from ..helm.request import RenderRequest

_CLEAR_AWAY = 120.0  # seconds for an uninstallation


@dataclass(frozen=True, slots=True)
class Helm:
    """What installs and uninstalls: Helm itself, in a process that ends with this one.

    :ivar over: once it is set, Helm is ended wherever it is.
    """

    engine: Engine
    kubeconfig: Path
    over: threading.Event = field(default_factory=threading.Event)

    def install(self, request: RenderRequest, timeout: float) -> None:
        """Install, hooks included, and leave it to the caller to wait.

        :raises InstallError: with Helm's own message.
        """
        helm.install(self.engine, request, self.kubeconfig, timeout=timeout, over=self.over)

    def uninstall(self, release: str, namespace: str) -> None:
        """Uninstall what there is of the release.

        :raises InstallError: with Helm's own message.
        """
        helm.uninstall(
            self.engine,
            release,
            namespace,
            self.kubeconfig,
            timeout=_CLEAR_AWAY,
            over=self.over,
        )
