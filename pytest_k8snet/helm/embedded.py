"""The program of a process with the embedded SDK: renders, installs and uninstalls.

The SDK is a Go library in this process: it must never be forked, a chart
handle is changed by rendering, and whatever goes wrong in it takes the process
along. :mod:`.renderer` is prepared for that.

Standard error is a file of the parent's that is emptied before each request, so
what a chart makes Helm write there is known to be that chart's.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import helm_python as helm
from helm_python import _native

from .embedded_values import ValuesError, read_values
from .parts import blanks, definitions, inner, non_blank
from .request import Definition, InstallRequest, Rendered, RenderRequest, UninstallRequest
from .schema import foreign_reference

PROBE = Path(__file__).with_name("probe-chart")
ERRORS = 2


def main() -> None:
    """Serve until the parent is gone.

    Arguments: two folders to import from, the file descriptor of the
    connection, bytes of memory that may be taken (0: as much as there is),
    whether the network may be used (1).
    """
    descriptor, memory, online = map(int, sys.argv[3:])
    connection = Connection(descriptor)
    if memory:
        import resource

        # Not the address space: Go reserves much more of that than it ever uses.
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    waiting: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, waiting), daemon=True).start()
    connection.send(None)  # the SDK is loaded
    while True:
        request = waiting.get()
        os.lseek(ERRORS, 0, os.SEEK_SET)
        os.ftruncate(ERRORS, 0)
        render = isinstance(request, RenderRequest)
        connection.send(_answer(request, online=bool(online)) if render else _release(request))


def _listen(connection: Connection, waiting: SimpleQueue[Any]) -> None:
    """Take requests in; so the end of the parent is noticed while Helm is busy."""
    try:
        while True:
            waiting.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)


def _answer(request: RenderRequest, *, online: bool) -> Rendered:
    """Templates and CRDs, or why there are none."""
    began = time.perf_counter()
    rendered = _render(request, online=online)
    seconds, written = time.perf_counter() - began, os.lseek(ERRORS, 0, os.SEEK_CUR)
    warnings = os.pread(ERRORS, written, 0).decode(errors="replace") if written else ""
    return rendered._replace(seconds=seconds, warnings=warnings)


def _render(request: RenderRequest, *, online: bool) -> Rendered:
    if refusal := foreign_reference(request.path, online=online):
        return Rendered(error=refusal)
    try:
        helm.validate_release_name(request.release)
        values = read_values(request)
        with helm.Chart.load(request.path) as chart:
            return _rendered(chart, values, request)
    except helm.HelmPanicError:
        raise  # the library is not to be trusted any more: end the process
    except (helm.HelmError, ValuesError) as error:
        return Rendered(error=str(error))


def _rendered(chart: helm.Chart, values: dict[str, Any], request: RenderRequest) -> Rendered:
    if refusal := _refusal(chart.metadata, request.kube_version):
        return Rendered(error=refusal)
    rendered = _rendered_by(
        chart,
        values,
        name=request.release,
        namespace=request.namespace,
        kube_version=request.kube_version,
        api_versions=request.api_versions,
    )
    texts = {inner(path): text for path, text in rendered.items()}
    templates = non_blank(texts)
    blank = blanks(request.path, dict(templates), texts)
    crds = []
    if request.crds and _may_have_crds(request.path):
        crds = chart.crds  # after the render: it has taken the disabled subcharts out
    return Rendered(
        tuple(templates),
        tuple(blank),
        tuple(
            Definition(inner(crd["filename"]), *entry)
            for crd in crds
            for entry in definitions(crd["data"])
        ),
    )


def _refusal(metadata: dict[str, Any], kube_version: str) -> str:
    """Why ``helm template`` would refuse the chart; the SDK renders it all the same."""
    if metadata.get("type") == "library":
        return "library charts are not installable"
    wanted = metadata.get("kubeVersion")
    if not wanted:
        return ""
    fits, version = _fits(wanted, kube_version)
    if fits:
        return ""
    return f"chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}"


def _may_have_crds(path: Path) -> bool:
    """Whether it is worth asking: the answer holds megabytes of text."""
    return path.is_file() or any((path / name).is_dir() for name in ("crds", "charts"))


def _rendered_by(chart: helm.Chart, values: dict[str, Any], **options: Any) -> dict[str, str]:
    """``Chart.render``, for a version of Kubernetes and with what it has beside its own APIs.

    The binding of 0.2 has no arguments for that; the library below it has.
    """
    rendered = _native.call_string(
        "helm_render", chart._raw(), json.dumps(values), json.dumps(options)
    )
    texts: dict[str, str] = json.loads(rendered)
    return texts


@cache
def _fits(constraint: str, kube_version: str) -> tuple[bool, str]:
    """Whether a version of Kubernetes meets a constraint, and that version as charts see it.

    Helm's own comparison, asked for in a template: the SDK has no call for it.
    """
    with helm.Chart.load(PROBE) as probe:
        try:
            texts = _rendered_by(probe, {"constraint": constraint}, kube_version=kube_version)
        except helm.HelmRenderError:  # not a constraint at all
            texts = {"": f"false v{kube_version}"}
    fits, _, version = next(iter(texts.values())).strip().partition(" ")
    return fits == "true", version


def _release(request: InstallRequest | UninstallRequest) -> str:
    """Install or uninstall; Helm's error, "" when all went well."""
    cluster = request.cluster
    kubeconfig = str(cluster.kubeconfig)
    releasing = request.chart if isinstance(request, InstallRequest) else request
    try:
        with helm.Config(
            kubeconfig_path=kubeconfig, namespace=releasing.namespace
        ) as configuration:
            if isinstance(request, InstallRequest):
                _install(configuration, request.chart, cluster.timeout)
            else:
                configuration.uninstall(request.release, timeout=cluster.timeout)
    except helm.HelmNotFoundError:
        return ""  # there is nothing to uninstall
    except (helm.HelmError, ValuesError) as error:
        return str(error)
    return ""


def _install(configuration: helm.Config, request: RenderRequest, timeout: int) -> None:
    values = read_values(request)
    with helm.Chart.load(request.path) as chart:
        configuration.install(
            chart, request.release, values, namespace=request.namespace, timeout=timeout
        )
