"""M5D: Services that select no pod."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, NOTE, Finding
from ..index import selected
from ..matching import matches, pod_labels, selector_keys, selects
from ..model import Application, Service
from ._check import check
from ._instead import service_selector
from ._sockets import within
from ._untaken import Untaken
from ._words import references, subjects


@check(
    "M5D",
    "service-without-target",
    on=Service,
    readings={
        "no-target": FAULT,
        "near-miss": FAULT,
        "operator": NOTE,
        "runtime-label": NOTE,
        "elsewhere": NOTE,
        "values-incomplete": NOTE,
    },
    uses_sockets=True,
)
def service_without_target(service: Service, application: Application) -> Iterator[Finding]:
    """A Service selects no pod.

    ## What it finds
    A Service whose selector takes the pods of no unit of its namespace; where
    the cluster was observed, of no live pod either. `near-miss`: a unit has
    all labels but one, or one label whose value is written almost alike; the
    message gives the label and both values. It is looked for first; pods of
    Jobs and hooks do not count, since they end. Then the first of these holds.
    `runtime-label`: the one label that is missing is on no pod template, and
    its key or value ends in a word that programs set themselves (leader, role,
    active, master, primary, replica, standby). `elsewhere`: the Service lives
    in another namespace than the release's, in which the application has no
    unit, or in kube-system, where the cluster's own pods are. `operator`: the
    application has custom resources of a kind that can make pods, or CRDs of
    its own. `values-incomplete`: a workload template of the chart that has the
    selector's labels in it rendered to nothing with these values. `no-target`:
    none of this; also a Service that selects units of which not one pod was
    alive when they were observed.

    ## Why it matters
    Whoever can make a pod with these labels receives the traffic that clients
    send to the Service's name. No pod of the application stands in the way, and
    nobody notices, since the name resolves.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: shop, component: website}
    ---
    kind: Deployment
    spec:
      template:
        metadata:
          labels: {app: shop, component: web}
    ```

    ## Instead
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: shop, component: web}
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/
    """
    selector = service.selector
    if selector is None or any(selects(service, pod) for pod in application.strays):
        return
    workloads = selected(service, application)
    if workloads:
        if all(workload.pods == 0 for workload in workloads):
            yield Finding(
                "no-target",
                f"{application.subject(service.reference)} selects"
                f" {subjects(workloads, application)}, and no pod of it was alive"
                f"{within(*workloads)}",
                at=service.position("selector:"),
                instead="spec:\n  replicas: 1",
                related=references(workloads),
            )
        return
    yield Untaken(
        service,
        "selector:",
        str(selector),
        selector.labels,
        selector_keys(selector),
        lambda workload: pod_labels(workload, selector),
        lambda _, labels: matches(selector, labels),
        service_selector,
    ).finding(application)
