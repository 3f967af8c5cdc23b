"""N5: StatefulSets and the Service that gives their pods names."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, NOTE, Finding
from ..index import service_called, services_of
from ..matching import selects
from ..model import Application, Service, Workload
from ._check import check
from ._instead import FIXED, governing, service_selector, stable_labels


@check(
    "N5",
    "governing-service",
    on=Workload,
    readings={"missing": FAULT, "other-pods": FAULT, "not-headless": NOTE},
)
def governing_service(workload: Workload, application: Application) -> Iterator[Finding]:
    """A StatefulSet's serviceName gives its pods no names.

    ## What it finds
    `missing`: the application has no Service of this name in the StatefulSet's
    namespace. `other-pods`: there is one, and it does not select the pods.
    `not-headless`: it selects them and has a cluster IP, so that its own name
    leads to any of them; each pod's name works all the same.

    ## Why it matters
    Members of a cluster find each other by these names. Where they have none,
    people reach for addresses, open gossip and wide policies instead, and
    whoever makes a Service of that name later decides who is a member.

    ## Example
    ```yaml
    kind: StatefulSet
    metadata: {name: db}
    spec:
      serviceName: db-headless
    # and no Service called db-headless
    ```

    ## Instead
    ```yaml
    kind: Service
    metadata: {name: db-headless}
    spec:
      clusterIP: None
      selector: {app: db}
    ```

    ## References
    - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
    - https://kubernetes.io/docs/concepts/services-networking/service/#headless-services
    """
    if not workload.service_name:
        return
    name = application.subject(workload.reference)
    service = service_called(workload.service_name, workload.namespace, application)
    at = workload.position("serviceName:")
    headless = (one.name for one in services_of(workload, application) if one.headless)
    own = next(headless, "")
    if service is None:
        yield Finding(
            "missing",
            f"{name} has serviceName: {workload.service_name}, and the application has no such"
            " Service: its pods get no DNS names",
            at=at,
            instead=_governed(own)
            if own
            else governing(workload.service_name, stable_labels(workload)),
        )
    elif service.selector is None:
        return
    elif not selects(service, workload):
        yield Finding(
            "other-pods",
            f"{name} has serviceName: {service.name}, and that Service selects"
            f" {service.selector}, not its pods",
            at=at,
            instead=service_selector(stable_labels(workload)),
            related=(service.reference,),
        )
    elif not service.headless:
        yield Finding(
            "not-headless",
            f"{name} has serviceName: {service.name}, and that Service has a cluster IP",
            at=at,
            instead=_governed(own) if own else _beside(service, workload),
            related=(service.reference,),
        )


def _governed(name: str) -> str:
    return f"spec:\n  serviceName: {name}  # {FIXED}"


def _beside(service: Service, workload: Workload) -> str:
    """Another Service: whoever dials the one with the cluster IP goes on as before."""
    name = f"{service.name[:54]}-headless"
    parts = _governed(name), governing(name, stable_labels(workload))
    return "\n---\n".join(parts)
