"""What can go wrong with a user's input or machine.

Every message names the file or object it is about and the next step; it is
shown to the user as it stands, without a traceback.
"""

from __future__ import annotations


class K8sNetError(Exception):
    """Base of all errors that pytest-k8snet raises on purpose."""


class SettingsError(K8sNetError):
    """An option or ini value cannot be used; becomes pytest's usage error."""


class HelmMissing(K8sNetError):
    """Neither the embedded Helm SDK nor a ``helm`` binary can be used."""


class ChartError(K8sNetError):
    """A chart cannot be found, resolved or rendered with one values set."""


class ManifestError(ChartError):
    """Helm rendered a text that is no Kubernetes manifest."""


class ClusterError(K8sNetError):
    """There is no usable cluster: no kind, no docker, no API server."""


class InstallError(K8sNetError):
    """Helm could not install a release, or its pods never became ready."""


class NotObserved(K8sNetError):
    """A check needs the sockets of a workload that nobody looked at.

    The item that meets it is skipped with this reason: what nobody observed
    neither passes nor fails.
    """


class NotApplicable(K8sNetError):
    """A check has nothing to say about this object, whatever the cluster shows."""
