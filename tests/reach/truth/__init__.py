"""Worlds of policies with what they let through, written down by hand.

Every world has the namespaces w, x, y and z (y is a boolean to YAML, so it is quoted), each with
the label ``ns`` of its name, and in each of them the pods a, b and c with the label ``pod``. Each
pod has the ports 80 and 81 of TCP, UDP and SCTP, named ``serve-80-tcp`` and so on, and a service
account of its name. A world is the text of its policies and lines in order, each of which closes
(``-``) or opens (``+``) connections or leaves them to the network plugin (``?``); at first all are
open::

    - * > x/a             nobody reaches pod a of x ...
    + yz/bc > x/a TCP 80  ... but the pods b and c of y and z do, on this port

What the worlds ask is what network plugins are asked by the public tests of each API, or what its
documentation says of an example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

NAMESPACES, PODS = "wxyz", "abc"
PORTS = tuple(product(("TCP", "UDP", "SCTP"), (80, 81)))
_SIGNS: dict[str, bool | None] = {"+": True, "-": False, "?": None}


class World(NamedTuple):
    """What there is, and what passes.

    :ivar labels: more labels of namespaces (``y``) and pods (``y/b``), as YAML has them.
    """

    policies: str
    lines: str
    labels: Mapping[str, str] = {}


class Connection(NamedTuple):
    """From a pod to a port of a pod, both as ``x/a``."""

    source: str
    target: str
    protocol: str
    port: int


def expected(lines: str) -> dict[Connection, bool | None]:
    """Which connections a world lets through; None for those that the plugin decides.

    A pod always reaches itself, so that is left out.
    """
    found: dict[Connection, bool | None] = dict.fromkeys(_meant("* > *"), True)
    for line in filter(None, map(str.strip, lines.splitlines())):
        found |= dict.fromkeys(_meant(line[1:]), _SIGNS[line[0]])
    return found


def _meant(text: str) -> Iterator[Connection]:
    """The connections of a line: sources, targets, protocol and port."""
    ends, _, rest = text.partition(">")
    target, *said = rest.split()
    ports = [one for one in PORTS if said == [*map(str, one)][: len(said)]]
    for pods in product(_pods(ends.strip()), _pods(target)):
        if pods[0] != pods[1]:
            yield from (Connection(*pods, *port) for port in ports)


def _pods(pattern: str) -> list[str]:
    namespaces, _, names = pattern.partition("/")
    return [
        f"{namespace}/{name}"
        for namespace in (NAMESPACES if namespaces == "*" else namespaces)
        for name in (PODS if names in ("", "*") else names)
    ]


def manifests(world: World) -> str:
    """The text of a world: namespaces, pods, policies."""
    parts = [
        _NAMESPACE.format(name=name, more=_more(world.labels.get(name))) for name in NAMESPACES
    ]
    parts += [
        _POD.format(
            namespace=namespace, name=name, more=_more(world.labels.get(f"{namespace}/{name}"))
        )
        for namespace, name in product(NAMESPACES, PODS)
    ]
    return "\n---\n".join((*parts, world.policies))


def _more(labels: str | None) -> str:
    return f", {labels}" if labels else ""


_NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: {{name: "{name}", labels: {{ns: "{name}"{more}}}}}
"""
_POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: "{namespace}", labels: {{pod: {name}{more}}}}}
spec:
  serviceAccountName: account-{name}
  containers:
    - name: serve
      image: example.org/serve
      ports:
        - {{name: serve-80-tcp, containerPort: 80}}
        - {{name: serve-81-tcp, containerPort: 81}}
        - {{name: serve-80-udp, containerPort: 80, protocol: UDP}}
        - {{name: serve-81-udp, containerPort: 81, protocol: UDP}}
        - {{name: serve-80-sctp, containerPort: 80, protocol: SCTP}}
        - {{name: serve-81-sctp, containerPort: 81, protocol: SCTP}}
"""


def network_policy(spec: str, name: str = "one", namespace: str = "x") -> str:
    """A NetworkPolicy; several are joined by ``---``."""
    return policy("NetworkPolicy", "networking.k8s.io/v1", spec, name, namespace)


def admin(spec: str, name: str = "admin") -> str:
    """An AdminNetworkPolicy."""
    return policy("AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", spec, name)


def baseline(spec: str) -> str:
    """The BaselineAdminNetworkPolicy."""
    return policy(
        "BaselineAdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", spec, "default"
    )


def cluster(spec: str, name: str = "one") -> str:
    """A ClusterNetworkPolicy."""
    return policy("ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2", spec, name)


def policy(kind: str, version: str, spec: str, name: str, namespace: str = "") -> str:
    """A policy of any kind, with the inside of its spec in flow style."""
    where = f", namespace: '{namespace}'" if namespace else ""
    head = f"---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{where}}}"
    return f"{head}\nspec: {{{spec}}}\n"
