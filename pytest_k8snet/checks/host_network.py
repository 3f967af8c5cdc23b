"""M7: pods that share the node's network namespace."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, NOTE, Finding
from ..model import Application, Workload
from ._check import check
from ._instead import container_ports
from ._words import port_text


@check("M7", "host-network", on=Workload, readings={"host": FAULT, "host-port": NOTE})
def host_network(workload: Workload, application: Application) -> Iterator[Finding]:
    """Containers share the node's network namespace, or take a port of it.

    ## What it finds
    `host`: a pod with `hostNetwork: true`. `host-port`: a container port with a
    `hostPort` in a pod that has its own network namespace.

    ## Why it matters
    NetworkPolicies do not hold for a pod in the node's network namespace, so
    whoever owns it reaches every service of the node and sees its traffic.
    A `hostPort` opens the port on the node's own addresses, beside every
    Service and Ingress that was meant to guard it.

    ## Example
    ```yaml
    spec:
      template:
        spec:
          hostNetwork: true
    ```

    ## Instead
    Leave `hostNetwork` out and expose the ports that others need through a
    Service (`type: NodePort` or `LoadBalancer` where the caller is outside the
    cluster). A node agent that really needs the node's network says so with
    the annotation `k8snet/ignore-M7: "<reason>"`.

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-and-hostnetwork-pods
    - https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    name = application.subject(workload.reference)
    if workload.host_network:
        yield Finding(
            "host",
            f"{name} runs with hostNetwork: true, in the network namespace of its node",
            at=workload.position("hostNetwork:"),
            instead="hostNetwork: false",
        )
        return
    for container, port in workload.declared():
        if port.host_port:
            yield Finding(
                "host-port",
                f"container {container.name} of {name} takes port"
                f" {port_text(port.host_port, port.protocol)} of every node it runs on",
                at=workload.position("hostPort:"),
                instead=container_ports(container.name, container.ports),
                port=port.host_port,
                protocol=port.protocol,
                container=container.name,
            )
