"""M6: pods that no policy isolates."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import NotApplicable
from ..finding import FAULT, NOTE, Finding
from ..matching import policy_takes
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
        "unread": NOTE,
    },
)
def no_network_policy(workload: Workload, application: Application) -> Iterator[Finding]:
    """No policy keeps other pods of the cluster away from these.

    ## What it finds
    `none`: the application has no policy at all. `missed`: it has some, and
    none selects these pods. `egress-only`: what selects them speaks of egress
    only. `allow-all`: a policy that selects them admits everything
    (`ingress: [{}]`); policies add up, so a narrower one beside it does not
    help. `unread`: nothing that is understood isolates the pods, but the
    application has policies of a kind that is not read here, such as Calico's.
    NetworkPolicies and Cilium's policies are read. Pods in the node's network
    namespace are M7's matter: policies do not hold for them.

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
    selecting = [policy for policy in application.policies if policy_takes(policy, workload)]
    ingress = [policy for policy in selecting if policy.ingress]
    admitting = [policy for policy in ingress if policy.admits_all]
    if ingress and not admitting:
        return
    reading, message, policies = _reading(workload, application, selecting, admitting)
    yield Finding(
        reading,
        message,
        at=policies[0].position("ingress:") if admitting else workload.position(),
        instead=network_policy(workload, application, admitting[0] if admitting else None),
        related=references(policies),
    )


def _reading(
    workload: Workload,
    application: Application,
    selecting: list[NetworkPolicy],
    admitting: list[NetworkPolicy],
) -> tuple[str, str, list[NetworkPolicy]]:
    pods = f"the pods of {application.subject(workload.reference)}"
    unread = [policy for policy in application.policies if not policy.understood]
    if unread:
        text = f"{subjects(unread, application)} {verb(unread, 'isolates')} {pods}"
        return "unread", f"whether {text} is not known", unread
    if admitting:
        text = f"{subjects(admitting, application)} {verb(admitting, 'admits')} everything to"
        return "allow-all", f"{text} {pods}", admitting
    if selecting:
        text = f"{subjects(selecting, application)} {verb(selecting, 'selects')} {pods}"
        return "egress-only", f"{text} for egress only", selecting
    policies = list(application.policies)
    if policies:
        text = f"none of the application's policies selects {pods}"
        return "missed", f"{text}: {subjects(policies, application)}", policies
    return "none", f"the application has no policy, so every pod can reach {pods}", []
