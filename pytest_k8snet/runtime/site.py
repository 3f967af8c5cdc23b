"""What all releases of a run have in common."""

from __future__ import annotations

from dataclasses import dataclass

from ..helm.dependencies import Workspace
from .api import Api
from .helm import Helm
from .history import Patience
from .proof import Dialling
from .reader import Reader


@dataclass(frozen=True, slots=True)
class Site:
    """What all releases of a run have in common.

    :ivar owner: who is to answer for their namespaces.
    :ivar timeout: seconds that each may take to become ready.
    :ivar patience: how long their pods are looked at.
    :ivar dialling: how ports are dialled.
    """

    api: Api
    helm: Helm
    reader: Reader
    workspace: Workspace
    owner: str
    timeout: float
    patience: Patience
    dialling: Dialling

    def stop(self) -> None:
        """Break off all that goes on with releases, in whatever thread; it raises there."""
        self.helm.over.set()
        self.api.close()
        self.reader.close()
