"""What Helm is asked for, and what comes back; it goes to a process of Helm's and back as it is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

# What charts see as .Capabilities.KubeVersion unless they are told another one, whichever engine
# renders: the embedded SDK's own.
KUBE_VERSION = "1.36.0"


class RenderRequest(NamedTuple):
    """One chart with one values set, one release name and one namespace.

    :ivar path: the chart's folder or archive, complete: its dependencies are
        in ``charts/`` (see :mod:`.dependencies`). Absolute, as the values files.
    :ivar values: values files, a later one wins, as for ``helm template -f``.
    :ivar sets: expressions as for ``helm template --set``, applied in order;
        then those of ``set_strings`` and ``set_files``, which are like
        ``--set-string`` and ``--set-file``.
    :ivar kube_version: what the chart sees as the cluster's version.
    :ivar api_versions: what it sees in the cluster beside what Kubernetes has:
        ``group/version`` or ``group/version/Kind``.
    :ivar crds: whether the names of what is in ``crds/`` are wanted.
    :ivar label: what the user calls the chart, for messages; its path where
        it is empty.
    """

    path: Path
    values: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()
    set_strings: tuple[str, ...] = ()
    set_files: tuple[str, ...] = ()
    release: str = "release-name"
    namespace: str = "default"
    kube_version: str = KUBE_VERSION
    api_versions: tuple[str, ...] = ()
    crds: bool = True
    label: str = ""

    @property
    def title(self) -> str:
        """What messages call the chart."""
        return self.label or str(self.path)


class Definition(NamedTuple):
    """A CustomResourceDefinition of a chart's ``crds/`` folder.

    ``path`` is the file inside the chart, ``name`` the object's
    (``foos.example.com``), ``kind`` the kind that it defines (``Foo``).
    """

    path: str
    name: str
    kind: str


class Rendered(NamedTuple):
    """What Helm made of a :class:`RenderRequest`.

    :ivar templates: (path inside the chart, rendered text), sorted by path;
        without NOTES.txt, and without what rendered to nothing.
    :ivar blank: paths of the templates that rendered to nothing, as far as they
        are files of a chart's folder and of its unpacked subcharts.
    :ivar definitions: the custom resources that ``crds/`` defines.
    :ivar warnings: what Helm or the chart wrote to standard error.
    :ivar seconds: time in Helm, wall clock.
    :ivar error: why there are no templates; None where there are.
    """

    templates: tuple[tuple[str, str], ...] = ()
    blank: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()
    warnings: str = ""
    seconds: float = 0.0
    error: str | None = None


class Cluster(NamedTuple):
    """Where a release is installed, and how many seconds that may take in all."""

    kubeconfig: Path
    timeout: int


class InstallRequest(NamedTuple):
    """Install what the request renders."""

    chart: RenderRequest
    cluster: Cluster


class UninstallRequest(NamedTuple):
    """Uninstall a release; one that does not exist is uninstalled already."""

    release: str
    namespace: str
    cluster: Cluster
