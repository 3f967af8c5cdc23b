"""M6: pods that no policy isolates."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import NotApplicable
from ..finding import FAULT, NOTE, Finding
from ..model import Application, NetworkPolicy, Workload
from ..reach import Direction, Foothold, reach_of
from ._check import check
from ._policies import network_policy
from ._words import listing, port_text, references, subjects, verb

_MOST_RELATED = 5  # policies that miss the pods: all of them, for each of a thousand workloads


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
    uses_sockets=True,
    tells_reach=True,
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
    pod of the cluster to them; those of webhooks and APIs that the API server calls
    are left out, since no peer of a policy is the API server. `transient`: no policy
    isolates the pods, but they run to completion and declare no port. `unread`: nothing that is
    understood isolates the pods, but the application has policies that are not
    understood, such as Antrea's. With a cluster it is tried out: the finding names the ports
    that a pod of another namespace reached. NetworkPolicies, those of administrators
    (AdminNetworkPolicy and its kin), Cilium's and Calico's are read. Pods in
    the node's network namespace are M7's matter: policies do not hold for them.

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
    reach = reach_of(application)
    admitted = reach.from_every_pod(workload)
    if not admitted.possible:
        return
    pods = f"the pods of {application.subject(workload.reference)}"
    wide = admitted.worst.covers_a_protocol()
    if reach.unread or (admitted.unknown and not wide):
        yield _unread(workload, application, pods)
        return
    admitting = list(reach.admitting(workload))
    if wide:
        reading, message, policies = _reading(workload, application, admitting)
        if workload.completes and not any(workload.declared()):
            reading = "transient"
            message += "; they run to completion and declare no port"
    # No peer of a policy is the API server.
    elif not (named := admitted.worst - reach.led_in(workload).called):
        return
    else:
        reading, policies = "any-peer", admitting
        message = (
            f"{subjects(policies, application)} {verb(policies, 'admits')} any pod of the cluster"
            f" to {named} of {application.subject(workload.reference)};"
            " name who may dial that"
        )
    yield Finding(
        reading,
        message + _proven(workload, application),
        at=policies[0].position("ingress:") if admitting else workload.position(),
        instead=network_policy(workload, application, admitting),
        related=references(policies),
    )


def _proven(workload: Workload, application: Application) -> str:
    """What a pod of another namespace reached when it was tried out."""
    reached = sorted(
        (one.port, one.protocol)
        for one in application.dialled
        if (one.source, one.target) == (Foothold.CLUSTER.value, workload.reference) and one.through
    )
    if not reached:
        return ""
    ports = listing(port_text(*one) for one in reached)
    return f"; proven: a pod of another namespace reached {ports}"


def _unread(workload: Workload, application: Application, pods: str) -> Finding:
    """The note on what is not understood."""
    reach = reach_of(application)
    policies = reach.unread or tuple(
        one.policy.source for one in reach.taking(workload, Direction.INGRESS)
    )
    text = f"{subjects(policies, application)} {verb(policies, 'isolates')} {pods}"
    return Finding(
        "unread",
        f"whether {text} is not known",
        at=workload.position(),
        instead=network_policy(workload, application),
        related=references(policies),
    )


def _reading(
    workload: Workload, application: Application, admitting: list[NetworkPolicy]
) -> tuple[str, str, list[NetworkPolicy]]:
    """Why every pod of the cluster reaches all ports, and the policies that it is about."""
    pods = f"the pods of {application.subject(workload.reference)}"
    if admitting:
        text = f"{subjects(admitting, application)} {verb(admitting, 'admits')} any pod of the"
        return "allow-all", f"{text} cluster to all ports of {pods}", admitting
    reach = reach_of(application)
    takes = {
        direction: [one.policy.source for one in reach.taking(workload, direction)]
        for direction in Direction
    }
    selecting = takes[Direction.EGRESS]
    if selecting and not takes[Direction.INGRESS]:
        text = f"{subjects(selecting, application)} {verb(selecting, 'selects')} {pods}"
        return "egress-only", f"{text} for egress only", selecting
    if listed := application.once(_policies):
        does = "isolates" if any(takes.values()) else "selects"
        text = f"none of the application's policies {does} {pods}"
        names = application.once(_names)
        return "missed", f"{text}: {names}", list(listed[:_MOST_RELATED])
    return "none", f"the application has no policy, so every pod can reach {pods}", []


def _policies(application: Application) -> tuple[NetworkPolicy, ...]:
    """Those that say something about pods; staged ones of Calico's are nothing yet."""
    reach = reach_of(application)
    return tuple(one for one in application.policies if reach.read(one))


def _names(application: Application) -> str:
    return subjects(application.once(_policies), application)
