"""R2: what was dialled in the cluster is not what the policies say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ..errors import NotApplicable, NotObserved
from ..finding import FAULT, Finding
from ..model import Application, Dialled, Service, Workload
from ..reach import Differs, differences, reach_of
from ._check import check
from ._words import listing, port_text, references, subjects, verb

_PLACES = {
    "namespace": "a pod of its namespace without the chart's labels",
    "cluster": "a pod of another namespace",
}


@check(
    "R2",
    "reach-differs",
    on=(Workload, Service),
    readings={"open": FAULT, "closed": FAULT},
    needs_sockets=True,
)
def reach_differs(subject: Workload | Service, application: Application) -> Iterator[Finding]:
    """What answers in the cluster is not what the policies say.

    ## What it finds
    Every open port was dialled from a pod of the release's namespace that has
    none of the chart's labels, from a pod of another namespace, and from the
    network namespace of each workload; so was each address of a Service. What
    went otherwise than policies say was dialled again before it counts.
    `open`: the policies let nobody in from there, and the connection was made
    (or the datagrams arrived). `closed`: nothing forbids it, the port is open,
    and nothing arrived: what the pod itself turns away, since the program takes
    no more connections, was let through. What the policies leave to the network
    plugin is no difference, and a Service differs only where its pods do not.

    ## Why it matters
    A policy protects nothing in a cluster that does not hold it. The network
    plugin may not enforce its kind, or the policy may be gone again, as one is
    that is made by a hook and deleted when the hook is done.

    ## Example
    ```yaml
    kind: NetworkPolicy
    metadata:
      name: web
      annotations:
        helm.sh/hook: post-install
        helm.sh/hook-delete-policy: hook-succeeded  # and with that it is gone
    spec:
      podSelector: {matchLabels: {app: web}}
    ```

    ## Instead
    ```yaml
    kind: NetworkPolicy
    metadata: {name: web}
    spec:
      podSelector: {matchLabels: {app: web}}
    ```

    ## References
    - https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites
    - https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies
    """
    if not application.dialled:
        raise NotObserved(application.undialled or "not dialled: no pod has an open port")
    about = [one for one in application.dialled if one.target == subject.reference]
    if not about:
        raise NotApplicable(f"{application.subject(subject.reference)} has nothing to dial")
    found = sorted(
        (
            (one.how.value, one.dialled.port, one.dialled.protocol, one.dialled)
            for one in differences(application)
            if one.dialled.target == subject.reference
        ),
        key=lambda one: (*one[:3], not isinstance(one[3].source, str), one[3].source),
    )
    for (how, port, protocol), several in groupby(found, key=lambda one: one[:3]):
        sources = listing(_place(one, application) for *_, one in several)
        policies = reach_of(application).isolating(subject) if isinstance(subject, Workload) else []
        what = f"{port_text(port, protocol)} of {application.subject(subject.reference)}"
        if how == Differs.OPEN.value:
            names = subjects(policies, application) or "the policies of those that dialled"
            message = (
                f"{sources} reached {what}, which {names} {verb(policies, 'forbids')}:"
                " see whether the network plugin enforces it, and whether it is still there"
            )
        else:
            message = (
                f"{sources} got no answer from {what}, which is open and which no policy of the"
                " chart forbids: see what else forbids it in the cluster"
            )
        yield Finding(
            how,
            message,
            at=policies[0].position()
            if policies and how == Differs.OPEN.value
            else subject.position("ports:" if isinstance(subject, Service) else ""),
            port=port,
            protocol=protocol,
            related=references(policies),
        )


def _place(one: Dialled, application: Application) -> str:
    if isinstance(one.source, str):
        return _PLACES[one.source]
    return application.subject(one.source)
