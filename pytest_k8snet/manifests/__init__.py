"""Rendered manifests -> Application; the only package that knows what Kubernetes dicts look like.

Field meanings and defaults: https://kubernetes.io/docs/reference/kubernetes-api/.
"""

from .application import read_application
from .documents import Documents

__all__ = ["Documents", "read_application"]
