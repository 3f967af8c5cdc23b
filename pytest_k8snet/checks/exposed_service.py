"""N8: Services that are open to the world by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import NOTE, Finding
from ..model import Application, Service
from ._check import check
from ._words import listing, port_text

_READINGS = {"NodePort": "node-port", "LoadBalancer": "load-balancer"}


@check(
    "N8",
    "exposed-service",
    on=Service,
    readings={"node-port": NOTE, "load-balancer": NOTE},
    tells_reach=True,
)
def exposed_service(service: Service, application: Application) -> Iterator[Finding]:
    """A Service is reachable from outside the cluster, past every Ingress.

    ## What it finds
    `node-port`: the Service has a port on every node. `load-balancer`: a load
    balancer is made for it, with the addresses that may use it
    (`loadBalancerSourceRanges`) where it names some.

    ## Why it matters
    What an Ingress asks of its callers, such as a certificate or a login, is
    not asked here: everybody who reaches a node or the load balancer reaches
    the pods.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      type: NodePort
      selector: {app: web}
      ports: [{port: 80}]
    ```

    ## Instead
    ```yaml
    spec:
      type: ClusterIP  # and an Ingress or a route in front of it
    ```

    ## References
    - https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types
    - https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
    """
    reading = _READINGS.get(service.type)
    if reading is None or service.selector is None:
        return
    are = "is" if len(service.ports) == 1 else "are"
    ports = listing(port_text(port.port, port.protocol) for port in service.ports)
    name = application.subject(service.reference)
    if reading == "node-port":
        text = f"{name} has type: NodePort, so {ports} {are} open on every node"
    elif service.source_ranges:
        text = (
            f"{name} has type: LoadBalancer: {ports} {are} open to {listing(service.source_ranges)}"
        )
    else:
        text = f"{name} has type: LoadBalancer: {ports} {are} open to every address"
    yield Finding(reading, text, at=service.position("type:"), instead="spec:\n  type: ClusterIP")
