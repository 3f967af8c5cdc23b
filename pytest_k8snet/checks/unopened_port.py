"""M3: declared ports that nothing listens on."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import NotObserved
from ..finding import FAULT, Finding
from ..model import Application, Container, Port, Workload
from ._check import check
from ._instead import container_ports
from ._sockets import NO_SCTP, both_runs, by_port, listener, old, owner, seen
from ._words import port_text


@check(
    "M3",
    "unopened-port",
    on=Workload,
    readings={"closed": FAULT, "loopback": FAULT},
    needs_sockets=True,
)
def unopened_port(workload: Workload, application: Application) -> Iterator[Finding]:
    """A container declares a port that nothing in the pod listens on.

    ## What it finds
    `closed`: a declared port that is open in neither run of the pods.
    `loopback`: a declared port that is open on a loopback address only, where
    no other pod can reach it, or whose socket refuses every connection from
    outside of the pod, whatever its address says (one for IPv6 alone in a pod
    that has IPv4, one that is bound to the device `lo`). A port counts as open
    if any replica has it in any of the two runs, whichever container of the
    pod listens. Whether an SCTP port is open cannot be seen, so nothing is said
    about it.

    ## Why it matters
    A declared port that is closed is a door that another process can stand in.
    Services and NetworkPolicies let traffic through to it, so whoever gets a
    process into the pod binds the port and receives what was meant for the
    real program.

    ## Example
    ```yaml
    containers:
      - name: web
        image: example.org/web  # serves metrics only when METRICS is set
        ports:
          - containerPort: 8080
          - name: metrics
            containerPort: 9090
    ```

    ## Instead
    ```yaml
    containers:
      - name: web
        image: example.org/web
        ports:
          - containerPort: 8080
          {{- if .Values.metrics.enabled }}
          - name: metrics
            containerPort: 9090
          {{- end }}
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports
    """
    sockets = both_runs(workload)
    opened, inside = by_port(sockets), by_port(sockets, loopback=True)
    declared: dict[tuple[int, str], tuple[Container, Port]] = {}
    for container, port in workload.declared():
        declared.setdefault((port.number, port.protocol), (container, port))
    if declared and all(protocol == "SCTP" for _, protocol in declared):
        raise NotObserved(NO_SCTP)
    for key, (container, port) in sorted(declared.items()):
        number, protocol = key
        if key in opened or protocol == "SCTP":
            continue
        process = None
        if key in inside:
            reading, socket = "loopback", owner(inside[key])
            process = socket.process or None
            what = (
                f"on {socket.address}, and refuses whoever dials it from outside of the pod"
                if socket.refused
                else f"on {socket.address} only"
            )
            message = (
                f"container {container.name} declares {port_text(*key)}, and {listener(socket)}"
                f" listens there {what}{seen(workload)}"
            )
        else:
            reading = "closed"
            message = (
                f"container {container.name} declares {port_text(*key)},"
                f" and nothing in the pod listens there{old(workload)}"
            )
        kept = [other for other in container.ports if (other.number, other.protocol) != key]
        yield Finding(
            reading,
            message,
            at=workload.position(f"name: {port.name}" if port.name else "containerPort:"),
            instead=container_ports(container.name, kept),
            port=number,
            protocol=protocol,
            container=container.name,
            process=process,
        )
