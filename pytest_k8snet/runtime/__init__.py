"""The cluster: make or find it, install releases, observe their sockets, clean up.

Imported only with ``--k8snet-cluster``.
"""

from .session import Runtime, attach, start

__all__ = ["Runtime", "attach", "start"]
