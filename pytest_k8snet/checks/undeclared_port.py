"""M1: ports that are open and that no container declares."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, Finding
from ..model import Application, Container, Port, Workload
from ._check import check
from ._instead import with_port
from ._sockets import by_port, declared_keys, listener, owner, share
from ._words import port_text


@check("M1", "undeclared-port", on=Workload, readings={"undeclared": FAULT}, needs_sockets=True)
def undeclared_port(workload: Workload, application: Application) -> Iterator[Finding]:
    """A container listens on a port that the pod does not declare.

    ## What it finds
    `undeclared`: a port that is open in both runs of the pods and that no
    container of the pod declares. Open is a TCP socket in LISTEN, or a bound
    and unconnected UDP socket, on an address that other pods can reach; any
    replica is enough. The protocol counts: declaring 53/UDP does not declare
    53/TCP. Containers of a pod share one network namespace, so a port that
    another container of the pod declares is declared. SCTP sockets cannot be
    seen, so nothing is said about them.

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
    first, second = by_port(workload.observed()), by_port(workload.observed_again())
    declared = declared_keys(workload)
    for key in sorted(first.keys() & second.keys() - declared):
        number, protocol = key
        socket = owner(first[key] + second[key])
        yield Finding(
            "undeclared",
            f"{listener(socket)} listens on {port_text(*key)}"
            f"{share(first[key], workload, first)}, and no container declares it",
            at=workload.position("containers:"),
            instead=with_port(_container(workload, socket.container), Port(number, protocol)),
            port=number,
            protocol=protocol,
            container=socket.container or None,
            process=socket.process or None,
        )


def _container(workload: Workload, name: str) -> Container | None:
    return next((entry for entry in workload.containers if entry.name == name), None)
