"""N3: Service ports that the chart's own policies close to everybody."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, NOTE, Finding
from ..index import routed_ports, selected
from ..matching import endpoints_of
from ..model import Application, Service
from ..reach import reach_of
from ._check import check
from ._policies import ingress_rule
from ._words import port_text, references, subjects, verb


@check("N3", "policy-blocks-service", on=Service, readings={"blocked": FAULT, "backend": NOTE})
def policy_blocks_service(service: Service, application: Application) -> Iterator[Finding]:
    """The chart's own policies let nobody reach a port of its Service.

    ## What it finds
    `blocked`: policies isolate all pods behind a port of the Service, and no
    rule of them admits anybody to the port of the pods that it leads to; that
    a pod reaches itself does not count. `backend`: an Ingress or another route
    of the application (Gateway API, OpenShift, Traefik, Istio) leads to the
    port, and no rule admits pods of other namespaces, where their controllers
    usually run. Policies are about the ports of
    pods, never about those of Services.

    ## Why it matters
    A port that nobody can use gets opened in a hurry, for everybody: what ends
    such an outage is most often a policy that is deleted.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: web}
      ports: [{name: http, port: 80, targetPort: 8080}]
    ---
    kind: NetworkPolicy
    metadata: {name: web}
    spec:
      podSelector: {matchLabels: {app: web}}
      ingress:
        - ports: [{port: 80}]
    ```

    ## Instead
    ```yaml
    ingress:
      - from: [{podSelector: {}}]
        ports: [{port: 8080}]
    ```

    ## References
    - https://kubernetes.io/docs/concepts/services-networking/network-policies/
    - https://kubernetes.io/docs/concepts/services-networking/service/
    """
    workloads = selected(service, application)
    reach, routed = reach_of(application), application.once(routed_ports)
    for port in service.ports:
        behind = list(endpoints_of(port, workloads))
        if not behind:
            continue
        isolating = [reach.isolating(workload) for workload, _ in behind]
        if not all(isolating):
            continue
        if not any(reach.answers(unit, port.protocol, number) for unit, number in behind):
            reading, who = "blocked", "nobody"
        elif (service.namespace, service.name, port.port, port.protocol) in routed and not any(
            reach.answers(unit, port.protocol, number, outside=True) for unit, number in behind
        ):
            reading, who = "backend", "no pod of other namespaces, where controllers are,"
        else:
            continue
        policies = list({one.reference: one for some in isolating for one in some}.values())
        number = behind[0][1]
        pods = subjects([workload for workload, _ in behind], application)
        yield Finding(
            reading,
            f"{application.subject(service.reference)} leads from"
            f" {port_text(port.port, port.protocol)} to {port_text(number, port.protocol)} of"
            f" {pods}, and {subjects(policies, application)} {verb(policies, 'lets')} {who}"
            " in there",
            at=service.position("ports:"),
            instead=ingress_rule(policies[0], number, port.protocol, routed=reading == "backend"),
            port=port.port,
            protocol=port.protocol,
            related=references(policies),
        )
