"""M7: pods that share the node's network namespace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

from ..finding import FAULT, NOTE, Finding
from ..matching import takes
from ..model import Application, Container, Requirement, Workload
from ._check import check
from ._instead import container_ports
from ._words import port_text, references, subjects

_ALL_ADDRESSES = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - as manifests write them


@check(
    "M7",
    "host-network",
    on=Workload,
    readings={"host": FAULT, "port-clash": FAULT, "host-port": NOTE},
    tells_reach=True,
)
def host_network(workload: Workload, application: Application) -> Iterator[Finding]:
    """Containers share the node's network namespace, or take a port of it.

    ## What it finds
    `host`: a pod with `hostNetwork: true`. `port-clash`: another unit takes the
    same port of the node, by `hostPort` or by `hostNetwork`, where the declared
    ports are the node's, and nothing keeps the two from sharing a node (a
    `nodeSelector`, a `nodeName`, required affinity): the scheduler leaves the
    second pod pending, or one of the programs does not start. `host-port`: a
    container port with a `hostPort` in a pod that has its own network namespace.

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
    yield from _clashes(workload, application)
    if workload.host_network:
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


def _clashes(workload: Workload, application: Application) -> Iterator[Finding]:
    """One finding for each port of the node that others take, too."""
    taken = dict(node_ports(workload))
    if not taken:
        return
    users = application.once(_users)
    for port, container in sorted(taken.items()):
        others = list(
            {
                other.reference: other
                for theirs, other in users[port.number, port.protocol]
                if _same(port, theirs)
                and other.reference != workload.reference
                and _may_share_a_node(workload, other)
            }.values()
        )
        if not others:
            continue
        yield Finding(
            "port-clash",
            f"container {container.name} of {application.subject(workload.reference)} takes port"
            f" {port_text(port.number, port.protocol)} of its node, and so"
            f" {'does' if len(others) == 1 else 'do'} {subjects(others, application)}:"
            " on one node only one of them can run",
            at=workload.position("hostNetwork:" if workload.host_network else "hostPort:"),
            instead=container_ports(
                container.name, (one._replace(host_port=None) for one in container.ports)
            )
            if not workload.host_network
            else "hostNetwork: false",
            port=port.number,
            protocol=port.protocol,
            container=container.name,
            related=references(others),
        )


class NodePort(NamedTuple):
    """A port of the node that a container takes; ``address`` is "" for all addresses."""

    number: int
    protocol: str
    address: str = ""


def node_ports(workload: Workload) -> Iterator[tuple[NodePort, Container]]:
    """The ports of its node that a pod takes.

    Under hostNetwork the API server makes every declared port a hostPort.
    """
    for container, port in workload.declared():
        number = port.number if workload.host_network else port.host_port
        if number:
            address = "" if port.host_ip in _ALL_ADDRESSES else port.host_ip
            yield NodePort(number, port.protocol, address), container


def _users(application: Application) -> dict[tuple[int, str], list[tuple[NodePort, Workload]]]:
    """Who takes a port of a node, by number and protocol."""
    users: dict[tuple[int, str], list[tuple[NodePort, Workload]]] = defaultdict(list)
    for workload in application.workloads:
        for port, _ in node_ports(workload):
            users[port.number, port.protocol].append((port, workload))
    return users


def _same(first: NodePort, second: NodePort) -> bool:
    """Whether the scheduler sees a conflict: an address, or all addresses, are the same."""
    if first[:2] != second[:2]:
        return False
    return not first.address or not second.address or first.address == second.address


def _may_share_a_node(first: Workload, second: Workload) -> bool:
    """Whether some node has what both ask for, and neither keeps away from the other's pods."""
    if _keeps_from(first, second) or _keeps_from(second, first):
        return False
    pairs = product(first.nodes or [()], second.nodes or [()])
    return any(_is_possible((*one, *other)) for one, other in pairs)


def _keeps_from(one: Workload, other: Workload) -> bool:
    return one.namespace == other.namespace and any(
        takes(selector, other) for selector in one.apart_from
    )


def _is_possible(requirements: Iterable[Requirement]) -> bool:
    """Whether some node can have all of it."""
    asked: dict[str, dict[str, list[set[str]]]] = defaultdict(lambda: defaultdict(list))
    for key, operator, values in requirements:
        asked[key][operator].append(set(values))
    for operators in asked.values():
        if "DoesNotExist" in operators and operators.keys() - {"DoesNotExist", "NotIn"}:
            return False
        if "In" in operators:
            among = set.intersection(*operators["In"])
            if not among.difference(*operators.get("NotIn", ())):
                return False
    return True
