"""M6: pods that no policy isolates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import NotApplicable
from ..finding import FAULT, NOTE, Finding
from ..index import policies_of
from ..model import Application, NetworkPolicy, Workload
from ._check import check
from ._instead import network_policy
from ._words import references, subjects, verb


@check(
    "M6",
    "no-network-policy",
    on=Workload,
    readings={
        "none": FAULT,
        "missed": FAULT,
        "egress-only": FAULT,
        "allow-all": FAULT,
        "any-peer": NOTE,
        "transient": NOTE,
        "unread": NOTE,
    },
)
def no_network_policy(workload: Workload, application: Application) -> Iterator[Finding]:
    """No policy keeps other pods of the cluster away from these.

    ## What it finds
    `none`: the application has no policy at all. `missed`: it has some, and
    none selects these pods. `egress-only`: what selects them speaks of egress
    only. `allow-all`: a policy that selects them admits any pod of the cluster
    to every port of a protocol, in whatever shape: `ingress: [{}]`, a port
    without a number, `namespaceSelector: {}`, an `ipBlock` of all addresses,
    Cilium's entities `cluster` and `all`. Policies add up, so a narrower one
    beside it does not help. `any-peer`: the policies name ports, and admit any
    pod of the cluster to them. `transient`: no policy isolates the pods, but
    they run to completion and declare no port. `unread`: nothing that is
    understood isolates the pods, but the application has policies of a kind
    that is not read here, such as Calico's. NetworkPolicies and Cilium's
    policies are read. Pods in the node's network namespace are M7's matter:
    policies do not hold for them.

    ## Why it matters
    Without a policy for ingress every pod of the cluster can reach every open
    port of these. An attacker who owns one container anywhere starts from there
    and moves on to all that listens.

    ## Example
    ```yaml
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata:
          labels: {app: web}
    # and no NetworkPolicy whose podSelector takes app: web
    ```

    ## Instead
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web}
    spec:
      podSelector:
        matchLabels: {app: web}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {}
          ports:
            - port: 8080
              protocol: TCP
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    if workload.host_network:
        raise NotApplicable(
            f"{application.subject(workload.reference)} runs in the node's network namespace,"
            " where policies do not hold (see M7)"
        )
    selecting = policies_of(workload, application)
    ingress = [policy for policy in selecting if policy.ingress]
    admitting = [policy for policy in ingress if policy.admits_all]
    if ingress and not admitting:
        yield from _any_peer(workload, application, ingress)
        return
    reading, message, policies = _reading(workload, application, selecting, admitting)
    if reading != "unread" and workload.makes.ends and not any(workload.declared()):
        reading = "transient"
        message += "; they run to completion and declare no port"
    yield Finding(
        reading,
        message,
        at=policies[0].position("ingress:") if admitting else workload.position(),
        instead=network_policy(workload, application, admitting[0] if admitting else None),
        related=references(policies),
    )


def _any_peer(
    workload: Workload, application: Application, ingress: list[NetworkPolicy]
) -> Iterator[Finding]:
    """The note on policies that name ports and nobody who may dial them."""
    open_ = [policy for policy in ingress if policy.admits_any_peer]
    if open_:
        yield Finding(
            "any-peer",
            f"{subjects(open_, application)} {verb(open_, 'admits')} any pod of the cluster to"
            f" ports of {application.subject(workload.reference)}; name who may dial them",
            at=open_[0].position("ingress:"),
            instead=network_policy(workload, application, open_[0]),
            related=references(open_),
        )


def _reading(
    workload: Workload,
    application: Application,
    selecting: Sequence[NetworkPolicy],
    admitting: list[NetworkPolicy],
) -> tuple[str, str, Sequence[NetworkPolicy]]:
    pods = f"the pods of {application.subject(workload.reference)}"
    unread = application.once(_unread)
    if unread:
        text = f"{subjects(unread, application)} {verb(unread, 'isolates')} {pods}"
        return "unread", f"whether {text} is not known", unread
    if admitting:
        text = f"{subjects(admitting, application)} {verb(admitting, 'admits')} any pod of the"
        return "allow-all", f"{text} cluster to all ports of {pods}", admitting
    if selecting:
        text = f"{subjects(selecting, application)} {verb(selecting, 'selects')} {pods}"
        return "egress-only", f"{text} for egress only", selecting
    policies = list(application.policies)
    if policies:
        text = f"none of the application's policies selects {pods}"
        return "missed", f"{text}: {subjects(policies, application)}", policies
    return "none", f"the application has no policy, so every pod can reach {pods}", []


def _unread(application: Application) -> list[NetworkPolicy]:
    return [policy for policy in application.policies if not policy.understood]
