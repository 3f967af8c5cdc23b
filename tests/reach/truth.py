"""Worlds of policies with what they let through, written down by hand.

Every world has the namespaces x, y and z (y is a boolean to YAML, so it is quoted), each with the
label ``ns`` of its name, and in each of them the pods a, b and c with the label ``pod``. Each pod
has the ports 80 and 81 of TCP and UDP, named ``serve-80-tcp`` and so on. A world is the text of its
policies and lines in order, each of which closes (``-``) or opens (``+``) connections; at first all
are open::

    - * > x/a            nobody reaches pod a of x ...
    + y/* > x/a TCP 80   ... but y's pods do, on this port

What the worlds ask is what network plugins are asked by Kubernetes's own end-to-end tests and by
those of the Network Policy API.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

NAMESPACES, PODS = "xyz", "abc"
PORTS = (("TCP", 80), ("TCP", 81), ("UDP", 80), ("UDP", 81))


class Connection(NamedTuple):
    """From a pod to a port of a pod, both as ``x/a``."""

    source: str
    target: str
    protocol: str
    port: int


def connections() -> Iterator[Connection]:
    """Every one between two pods; a pod always reaches itself."""
    pods = ["/".join(pair) for pair in product(NAMESPACES, PODS)]
    for source, target in product(pods, pods):
        for protocol, port in PORTS if source != target else ():
            yield Connection(source, target, protocol, port)


def expected(lines: str) -> dict[Connection, bool]:
    """Which connections a world lets through."""
    found = dict.fromkeys(connections(), True)
    for line in filter(None, map(str.strip, lines.splitlines())):
        ends, _, port = line[1:].partition(">")
        target, *ports = port.split()
        for one in found:
            if (
                _fits(ends.strip(), one.source)
                and _fits(target, one.target)
                and ports in ([], [one.protocol], [one.protocol, str(one.port)])
            ):
                found[one] = line[0] == "+"
    return found


def _fits(pattern: str, pod: str) -> bool:
    return all(one in ("*", other) for one, other in zip(_parts(pattern), _parts(pod), strict=True))


def _parts(pod: str) -> list[str]:
    namespace, _, name = pod.partition("/")
    return [namespace, name or "*"]


def manifests(policies: str) -> str:
    """The text of a world: namespaces, pods, policies."""
    parts = [_NAMESPACE.format(name=name) for name in NAMESPACES]
    parts += [
        _POD.format(namespace=namespace, name=name) for namespace, name in product(NAMESPACES, PODS)
    ]
    return "\n---\n".join((*parts, policies))


_NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: {{name: "{name}", labels: {{ns: "{name}"}}}}
"""
_POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: "{namespace}", labels: {{pod: {name}}}}}
spec:
  containers:
    - name: serve
      image: example.org/serve
      ports:
        - {{name: serve-80-tcp, containerPort: 80}}
        - {{name: serve-81-tcp, containerPort: 81}}
        - {{name: serve-80-udp, containerPort: 80, protocol: UDP}}
        - {{name: serve-81-udp, containerPort: 81, protocol: UDP}}
"""


def network_policy(spec: str, name: str = "one", namespace: str = "x") -> str:
    """A NetworkPolicy; several are joined by ``---``."""
    return _policy(
        "NetworkPolicy", "networking.k8s.io/v1", f"{name}, namespace: '{namespace}'", spec
    )


def admin(spec: str, name: str = "admin") -> str:
    """An AdminNetworkPolicy."""
    return _policy("AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", name, spec)


def baseline(spec: str) -> str:
    """The BaselineAdminNetworkPolicy."""
    return _policy(
        "BaselineAdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", "default", spec
    )


def cluster(spec: str, name: str = "one") -> str:
    """A ClusterNetworkPolicy."""
    return _policy("ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2", name, spec)


def _policy(kind: str, version: str, metadata: str, spec: str) -> str:
    head = f"---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {metadata}}}"
    return f"{head}\nspec: {{{spec}}}\n"


A = "podSelector: {matchLabels: {pod: a}}"
ALL = "podSelector: {}"
OF_Y = "namespaceSelector: {matchLabels: {ns: 'y'}}"
NOT_X = "namespaceSelector: {matchExpressions: [{key: ns, operator: NotIn, values: [x]}]}"

NETWORK_POLICIES = {
    "nobody is let in to a namespace": (
        network_policy(f"{ALL}, policyTypes: [Ingress]"),
        "- * > x",
    ),
    "no types and no rules mean ingress": (network_policy(ALL), "- * > x"),
    "nothing is let out of a namespace": (
        network_policy(f"{ALL}, policyTypes: [Egress]"),
        "- x > *",
    ),
    "neither in nor out": (
        network_policy(f"{ALL}, policyTypes: [Ingress, Egress], ingress: [], egress: []"),
        "- * > x\n- x > *",
    ),
    "a rule without peers and ports lets everybody in": (
        network_policy(f"{A}, ingress: [{{}}]"),
        "",
    ),
    "an empty list of peers is everybody": (
        network_policy(f"{A}, ingress: [{{from: [], ports: [{{port: 80}}]}}]"),
        "- * > x/a\n+ * > x/a TCP 80",
    ),
    "an empty list of ports is every port": (
        network_policy(f"{A}, ingress: [{{from: [{{{ALL}}}], ports: []}}]"),
        "- * > x/a\n+ x > x/a",
    ),
    "pods of the namespace by their label": (
        network_policy(f"{A}, ingress: [{{from: [{{podSelector: {{matchLabels: {{pod: b}}}}}}]}}]"),
        "- * > x/a\n+ x/b > x/a",
    ),
    "all pods of the namespace": (
        network_policy(f"{A}, ingress: [{{from: [{{{ALL}}}]}}]"),
        "- * > x/a\n+ x > x/a",
    ),
    "all namespaces, the own one among them": (
        network_policy(f"{A}, ingress: [{{from: [{{namespaceSelector: {{}}}}]}}]"),
        "",
    ),
    "another namespace by its label": (
        network_policy(f"{A}, ingress: [{{from: [{{{OF_Y}}}]}}]"),
        "- * > x/a\n+ y > x/a",
    ),
    "a namespace by the label that it has from its name": (
        network_policy(
            f"{A}, ingress: [{{from: [{{namespaceSelector:"
            " {matchLabels: {kubernetes.io/metadata.name: z}}}]}]"
        ),
        "- * > x/a\n+ z > x/a",
    ),
    "namespaces by an expression": (
        network_policy(f"{A}, ingress: [{{from: [{{{NOT_X}}}]}}]"),
        "- * > x/a\n+ y > x/a\n+ z > x/a",
    ),
    "pods by an expression": (
        network_policy(
            f"{A}, ingress: [{{from: [{{podSelector: {{matchExpressions:"
            " [{key: pod, operator: In, values: [b, d]}]}}]}]"
        ),
        "- * > x/a\n+ x/b > x/a",
    ),
    "a key that has to be there or not": (
        network_policy(
            "podSelector: {matchExpressions: [{key: pod, operator: Exists}]}, ingress:"
            " [{from: [{podSelector: {matchExpressions: [{key: pod, operator: DoesNotExist}]}}]}]"
        ),
        "- * > x",
    ),
    "either the pods or the namespaces": (
        network_policy(
            f"{A}, ingress: [{{from: [{{podSelector: {{matchLabels: {{pod: b}}}}}}, {{{OF_Y}}}]}}]"
        ),
        "- * > x/a\n+ x/b > x/a\n+ y > x/a",
    ),
    "the pods of these namespaces": (
        network_policy(
            f"{A}, ingress: [{{from: [{{{OF_Y}, podSelector: {{matchLabels: {{pod: b}}}}}}]}}]"
        ),
        "- * > x/a\n+ y/b > x/a",
    ),
    "several labels and several namespaces": (
        network_policy(
            f"{A}, ingress: [{{from: [{{{NOT_X}, podSelector: {{matchExpressions:"
            " [{key: pod, operator: In, values: [b, c]}]}}]}]"
        ),
        "- * > x/a\n+ y/b > x/a\n+ y/c > x/a\n+ z/b > x/a\n+ z/c > x/a",
    ),
    "one port": (
        network_policy(f"{A}, ingress: [{{ports: [{{port: 81}}]}}]"),
        "- * > x/a\n+ * > x/a TCP 81",
    ),
    "one port for one namespace": (
        network_policy(f"{A}, ingress: [{{from: [{{{OF_Y}}}], ports: [{{port: 81}}]}}]"),
        "- * > x/a\n+ y > x/a TCP 81",
    ),
    "rules add up": (
        network_policy(
            f"{A}, ingress: [{{from: [{{{OF_Y}}}], ports: [{{port: 80}}]}},"
            " {from: [{podSelector: {}}], ports: [{port: 81}]}]"
        ),
        "- * > x/a\n+ y > x/a TCP 80\n+ x > x/a TCP 81",
    ),
    "policies add up": (
        network_policy(f"{A}, ingress: [{{from: [{{{OF_Y}}}]}}]")
        + network_policy(f"{ALL}, ingress: [{{ports: [{{port: 80}}]}}]", "two"),
        "- * > x\n+ * > x TCP 80\n+ y > x/a",
    ),
    "a named port": (
        network_policy(f"{A}, ingress: [{{ports: [{{port: serve-81-tcp}}]}}]"),
        "- * > x/a\n+ * > x/a TCP 81",
    ),
    "a named port has its own protocol": (
        network_policy(f"{A}, ingress: [{{ports: [{{port: serve-81-udp}}]}}]"),
        "- * > x/a",
    ),
    "a protocol without a port": (
        network_policy(f"{A}, ingress: [{{ports: [{{protocol: UDP}}]}}]"),
        "- * > x/a\n+ * > x/a UDP",
    ),
    "one protocol opens no other": (
        network_policy(f"{A}, ingress: [{{ports: [{{port: 80, protocol: SCTP}}]}}]"),
        "- * > x/a",
    ),
    "a range of ports": (
        network_policy(f"{A}, ingress: [{{ports: [{{port: 81, endPort: 90}}]}}]"),
        "- * > x/a\n+ * > x/a TCP 81",
    ),
    "out to pods of the namespace": (
        network_policy(
            f"{A}, policyTypes: [Egress],"
            " egress: [{to: [{podSelector: {matchLabels: {pod: b}}}]}]"
        ),
        "- x/a > *\n+ x/a > x/b",
    ),
    "out to another namespace and a port": (
        network_policy(
            f"{A}, policyTypes: [Egress], egress: [{{to: [{{{OF_Y}}}], ports: [{{port: 80}}]}}]"
        ),
        "- x/a > *\n+ x/a > y TCP 80",
    ),
    "out to a named port of whoever has it": (
        network_policy(
            f"{A}, policyTypes: [Egress],"
            " egress: [{ports: [{port: serve-80-udp, protocol: UDP}]}]"
        ),
        "- x/a > *\n+ x/a > * UDP 80",
    ),
    "rules for egress say that egress is meant, too": (
        network_policy(f"{A}, egress: [{{to: [{{{OF_Y}}}]}}]"),
        "- * > x/a\n- x/a > *\n+ x/a > y",
    ),
    "rules of a direction that the types leave out say nothing": (
        network_policy(f"{A}, policyTypes: [Ingress], ingress: [{{}}], egress: []"),
        "",
    ),
    "both directions have to agree": (
        network_policy(f"{A}, policyTypes: [Egress], egress: [{{to: [{{{OF_Y}}}]}}]")
        + network_policy(f"{ALL}, ingress: [{{from: [{{{ALL}}}]}}]", "two", "y"),
        "- x/a > *\n- x > y\n- z > y",
    ),
    "in by one policy and out by another": (
        network_policy(f"{ALL}, policyTypes: [Egress], egress: [{{to: [{{{OF_Y}}}]}}]")
        + network_policy(
            f"{ALL}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{ns: x}}}}}}],"
            " ports: [{port: 80}]}]",
            "two",
            "y",
        ),
        "- x > *\n- * > y\n+ y > y\n- y > y\n+ x > y TCP 80",
    ),
    "a block without all pods' addresses in it": (
        network_policy(f"{A}, ingress: [{{from: [{{ipBlock: {{cidr: 8.8.8.0/24}}}}]}}]"),
        "- * > x/a",
    ),
    "a selector that takes no pod isolates none": (
        network_policy("podSelector: {matchLabels: {pod: gone}}"),
        "",
    ),
}

SUBJECT_X = "subject: {namespaces: {matchLabels: {ns: x}}}"
SUBJECT_XA = (
    "subject: {pods: {namespaceSelector: {matchLabels: {ns: x}},"
    " podSelector: {matchLabels: {pod: a}}}}"
)
EVERY = "namespaces: {}"
Y = "namespaces: {matchLabels: {ns: 'y'}}"
YB = "pods: {namespaceSelector: {matchLabels: {ns: 'y'}}, podSelector: {matchLabels: {pod: b}}}"


def _rule(action: str, who: str, ports: str = "", direction: str = "from") -> str:
    return f"{{action: {action}, {direction}: [{{{who}}}]{f', ports: [{ports}]' if ports else ''}}}"


TCP_80 = "{portNumber: {port: 80, protocol: TCP}}"
DENY_IN = network_policy(f"{ALL}, policyTypes: [Ingress]")
OPEN_IN = network_policy(f"{ALL}, ingress: [{{}}]")

ADMIN_POLICIES = {
    "deny from a namespace": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Deny', Y)}]"),
        "- y > x",
    ),
    "deny from some pods": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Deny', YB)}]"),
        "- y/b > x",
    ),
    "deny for some pods": (
        admin(f"priority: 10, {SUBJECT_XA}, ingress: [{_rule('Deny', EVERY)}]"),
        "- * > x/a",
    ),
    "what no rule is about goes on": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Allow', Y)}]"),
        "",
    ),
    "the first rule decides": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Allow', YB)}, {_rule('Deny', Y)}]"),
        "- y > x\n+ y/b > x",
    ),
    "the order of rules matters": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Deny', Y)}, {_rule('Allow', YB)}]"),
        "- y > x",
    ),
    "the lower priority is asked first": (
        admin(f"priority: 20, {SUBJECT_X}, ingress: [{_rule('Deny', EVERY)}]", "late")
        + admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Allow', Y)}]", "early"),
        "- * > x\n+ y > x",
    ),
    "one port": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Deny', Y, TCP_80)}]"),
        "- y > x TCP 80",
    ),
    "a range of ports": (
        admin(
            f"priority: 10, {SUBJECT_X}, ingress:"
            f" [{_rule('Deny', Y, '{portRange: {start: 80, end: 81, protocol: UDP}}')}]"
        ),
        "- y > x UDP",
    ),
    "a named port": (
        admin(
            f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Deny', Y, '{namedPort: serve-81-tcp}')}]"
        ),
        "- y > x TCP 81",
    ),
    "an admin's allow goes before NetworkPolicies": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Allow', Y)}]") + DENY_IN,
        "- * > x\n+ y > x",
    ),
    "an admin's deny, too": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Deny', Y)}]") + OPEN_IN,
        "- y > x",
    ),
    "pass leaves it to NetworkPolicies": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Pass', YB)}, {_rule('Deny', Y)}]")
        + network_policy(f"{A}, ingress: [{{from: [{{{OF_Y}}}]}}]"),
        "- * > x/a\n- y > x\n+ y/b > x",
    ),
    "pass goes past the other admin policies": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Pass', Y)}]", "early")
        + admin(f"priority: 20, {SUBJECT_X}, ingress: [{_rule('Deny', EVERY)}]", "late"),
        "- * > x\n+ y > x",
    ),
    "pass with nothing after it is open": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Pass', EVERY)}]"),
        "",
    ),
    "pass to the baseline": (
        admin(f"priority: 10, {SUBJECT_X}, ingress: [{_rule('Pass', YB)}, {_rule('Allow', Y)}]")
        + baseline(f"{SUBJECT_X}, ingress: [{_rule('Deny', EVERY)}]"),
        "- * > x\n+ y/a > x\n+ y/c > x",
    ),
    "the baseline alone": (
        baseline(f"{SUBJECT_X}, ingress: [{_rule('Allow', Y)}, {_rule('Deny', EVERY)}]"),
        "- * > x\n+ y > x",
    ),
    "a NetworkPolicy takes its pods from the baseline": (
        baseline(f"{SUBJECT_X}, ingress: [{_rule('Deny', EVERY)}]")
        + network_policy(f"{A}, ingress: [{{from: [{{{OF_Y}}}]}}]"),
        "- * > x\n+ y > x/a",
    ),
    "one for the other direction does not": (
        baseline(f"{SUBJECT_X}, ingress: [{_rule('Deny', EVERY)}]")
        + network_policy(f"{ALL}, policyTypes: [Egress], egress: [{{}}]"),
        "- * > x",
    ),
    "egress to a namespace": (
        admin(f"priority: 10, {SUBJECT_X}, egress: [{_rule('Deny', Y, direction='to')}]"),
        "- x > y",
    ),
    "egress to a port of some pods": (
        admin(
            f"priority: 10, {SUBJECT_XA}, egress: [{_rule('Allow', YB, TCP_80, 'to')},"
            f" {_rule('Deny', Y, direction='to')}]"
        ),
        "- x/a > y\n+ x/a > y/b TCP 80",
    ),
    "egress to a named port": (
        admin(
            f"priority: 10, {SUBJECT_X}, egress:"
            f" [{_rule('Deny', EVERY, '{namedPort: serve-80-udp}', 'to')}]"
        ),
        "- x > * UDP 80",
    ),
    "egress to addresses outside": (
        admin(
            f"priority: 10, {SUBJECT_X},"
            f" egress: [{_rule('Deny', 'networks: [8.8.8.0/24]', direction='to')}]"
        ),
        "",
    ),
    "both sides are asked": (
        admin(f"priority: 10, {SUBJECT_X}, egress: [{_rule('Allow', Y, direction='to')}]")
        + network_policy(ALL, namespace="y"),
        "- * > y",
    ),
    "an empty selector of namespaces is all of them": (
        admin(f"priority: 10, subject: {{namespaces: {{}}}}, ingress: [{_rule('Deny', Y)}]"),
        "- y > *",
    ),
    "a baseline for egress": (
        baseline(f"{SUBJECT_X}, egress: [{_rule('Deny', EVERY, direction='to')}]"),
        "- x > *",
    ),
    "the tiers of ClusterNetworkPolicy": (
        cluster(
            f"tier: Admin, priority: 10, {SUBJECT_X}, ingress: [{_rule('Accept', YB)}]", "early"
        )
        + cluster(f"tier: Baseline, priority: 10, {SUBJECT_X}, ingress: [{_rule('Deny', EVERY)}]")
        + network_policy(f"{A}, ingress: []"),
        "- * > x\n+ y/b > x",
    ),
    "protocols of ClusterNetworkPolicy": (
        cluster(
            f"tier: Admin, priority: 10, {SUBJECT_X}, ingress: [{{action: Deny, from: [{{{Y}}}],"
            " protocols: [{tcp: {destinationPort: {number: 80}}},"
            " {udp: {destinationPort: {range: {start: 81, end: 90}}}}]}]"
        ),
        "- y > x TCP 80\n- y > x UDP 81",
    ),
}
