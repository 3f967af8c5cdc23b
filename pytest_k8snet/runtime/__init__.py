"""The cluster: make or find it, install releases, observe their sockets, clean up.

Imported only with ``--k8snet-cluster``.
"""

from .session import Runtime, Session, join, start
from .stage import Need, Outcome, Plan

__all__ = ["Need", "Outcome", "Plan", "Runtime", "Session", "join", "start"]
