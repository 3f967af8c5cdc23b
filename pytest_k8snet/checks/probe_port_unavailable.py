"""N6: probes of a named port that their container does not have."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, Finding
from ..model import Application, Container, Probe, Workload
from ._check import check
from ._instead import probe_port
from ._words import listing


@check("N6", "probe-port-unavailable", on=Workload, readings={"name": FAULT})
def probe_port_unavailable(workload: Workload, application: Application) -> Iterator[Finding]:
    """A probe asks a named port that its container does not have.

    ## What it finds
    `name`: a readiness, liveness or startup probe with the name of a port that
    the probe's own container does not declare; a port of another container of
    the pod does not help. The kubelet cannot run such a probe: with a readiness
    or startup probe the pod never gets ready, and with a liveness probe it is
    never restarted. A number in quotes is taken for the number.

    ## Why it matters
    A name that is wrong in the probe is most often wrong in the Service or the
    policy as well: one port is written down in five places, and what does not
    agree is opened wider until it works.

    ## Example
    ```yaml
    containers:
      - name: web
        ports: [{name: http, containerPort: 8080}]
        readinessProbe:
          httpGet: {path: /, port: web}
    ```

    ## Instead
    ```yaml
    readinessProbe:
      httpGet: {path: /, port: http}
    ```

    ## References
    - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
    - https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe
    """
    name = application.subject(workload.reference)
    for container in workload.containers:
        names = [port.name for port in container.ports if port.name]
        for probe, port in _lost(container, names):
            has = f"it has {listing(names)}" if names else "it has no named port"
            yield Finding(
                "name",
                f"the {probe.kind} of container {container.name} of {name} asks the port {port},"
                f" and {has}",
                at=workload.position(f"{probe.kind}:"),
                instead=probe_port(probe, names[0] if len(names) == 1 else None),
                container=container.name,
            )


def _lost(container: Container, names: list[str]) -> Iterator[tuple[Probe, str]]:
    for probe in container.probes:
        port = probe.port
        if isinstance(port, str) and not port.isdecimal() and port not in names:
            yield probe, port
