"""M1: ports that are open and that no container declares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from ..finding import FAULT, Finding
from ..model import Application, Container, Port, Probe, Workload
from ._check import check
from ._instead import host_of, served_undeclared, with_ports
from ._sockets import PortKey, by_port, declared_keys, listener, owner, seen, share
from ._words import listing, port_text, verb


@check(
    "M1",
    "undeclared-port",
    on=Workload,
    readings={"undeclared": FAULT, "probed": FAULT},
    uses_sockets=True,
    tells_reach=True,
)
def undeclared_port(workload: Workload, application: Application) -> Iterator[Finding]:
    """A container listens on a port that the pod does not declare.

    ## What it finds
    `undeclared`: a port that is open in both runs of the pods and that no
    container of the pod declares. Open is a TCP socket in LISTEN, or a bound
    and unconnected UDP socket, on an address that other pods can reach; any
    replica is enough. The protocol counts: declaring 53/UDP does not declare
    53/TCP. Containers of a pod share one network namespace, so a port that
    another container of the pod declares is declared. SCTP sockets cannot be
    seen, so nothing is said about them. `probed`: nobody looked at the sockets,
    but the kubelet probes a port number of the pod (`httpGet`, `tcpSocket` or
    `grpc`, without a `host` of its own) that no container declares: the pod is
    ready only if that port is open, so it is. With neither sockets nor such a
    probe the test is skipped.

    ## Why it matters
    A port that the manifest does not show is one that no reviewer, no
    NetworkPolicy and no Service was written for. Debug servers, metrics and
    cluster gossip often listen this way, without authentication, and every pod
    of the cluster can dial them.

    ## Example
    ```yaml
    containers:
      - name: web
        image: example.org/web  # listens on 8080 and, for profiling, on 6060
        ports:
          - containerPort: 8080
    ```

    ## Instead
    Close the port, bind it to 127.0.0.1, or declare it, so that policies can
    be written for it:
    ```yaml
    containers:
      - name: web
        image: example.org/web
        ports:
          - containerPort: 8080
          - name: profiling
            containerPort: 6060
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports
    """
    declared = declared_keys(workload)
    if workload.sockets is None:
        probed = list(_probed(workload, application, declared))
        if not probed:
            workload.observed()
        yield from probed
        return
    first, second = by_port(workload.observed()), by_port(workload.observed_again())
    sockets = {
        key: owner(first[key] + second[key])
        for key in sorted(first.keys() & second.keys() - declared)
    }
    lacking: dict[str, list[Port]] = defaultdict(list)
    for key, socket in sockets.items():
        lacking[socket.container].append(Port(*key))
    for key, socket in sockets.items():
        number, protocol = key
        holder = next((one for one in workload.containers if one.name == socket.container), None)
        yield Finding(
            "undeclared",
            f"{listener(socket)} listens on {port_text(*key)}"
            f"{share(first[key], workload, first)}, and no container declares it"
            f"{seen(workload)}",
            at=workload.position("containers:"),
            instead=with_ports(holder, Port(number, protocol), lacking[socket.container]),
            port=number,
            protocol=protocol,
            container=socket.container or None,
            process=socket.process or None,
        )


def _probed(
    workload: Workload, application: Application, declared: Collection[PortKey]
) -> Iterator[Finding]:
    """One finding for each port number that a probe of the kubelet needs to be open."""
    found: dict[int, tuple[Container, list[Probe]]] = {}
    for container in workload.containers:
        for probe in container.probes if container.runs else ():
            number = probe.port
            if not isinstance(number, int) or probe.host or not 0 < number < 1 << 16:
                continue
            if (number, "TCP") not in declared:
                found.setdefault(number, (container, []))[1].append(probe)
    lacking: dict[str, list[Port]] = defaultdict(list)
    for number, (container, _) in sorted(found.items()):
        lacking[container.name].append(Port(number))
    if found and (main := host_of([workload])):
        others = served_undeclared([workload], application)
        lacking[main.name] += [port for port in others if port.number not in found]
    for number, (container, probes) in sorted(found.items()):
        kinds = list(dict.fromkeys(probe.kind for probe in probes))
        yield Finding(
            "probed",
            f"the {listing(kinds)} of container {container.name} {verb(kinds, 'asks')} port"
            f" {port_text(number, 'TCP')}, which has to be open for the pod to be well,"
            " and no container declares it",
            at=workload.position(f"{kinds[0]}:"),
            instead=with_ports(container, Port(number), lacking[container.name]),
            port=number,
            protocol="TCP",
            container=container.name,
        )
