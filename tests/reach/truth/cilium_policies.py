"""Worlds of Cilium's policies: the examples of its documentation, and what it says of them.

https://docs.cilium.io/en/stable/security/policy/
"""

from __future__ import annotations

from itertools import product

from . import network_policy, policy


def cilium(spec: str, name: str = "one", namespace: str = "x") -> str:
    """A CiliumNetworkPolicy."""
    return policy("CiliumNetworkPolicy", "cilium.io/v2", spec, name, namespace)


def clusterwide(spec: str, name: str = "all") -> str:
    """A CiliumClusterwideNetworkPolicy."""
    return policy("CiliumClusterwideNetworkPolicy", "cilium.io/v2", spec, name)


A = "endpointSelector: {matchLabels: {pod: a}}"
ALL = "endpointSelector: {}"
B = "{matchLabels: {pod: b}}"
B_OF_Y = "{matchLabels: {pod: b, 'k8s:io.kubernetes.pod.namespace': 'y'}}"
OF_Y = "{matchLabels: {io.kubernetes.pod.namespace: 'y'}}"
_LABEL_OF_Y = "{matchLabels: {io.cilium.k8s.namespace.labels.faction: alliance}}"


def _ports(*ports: str) -> str:
    return f"toPorts: [{{ports: [{', '.join(ports)}]}}]"


_80_TO_444 = "{port: '80', endPort: 444, protocol: TCP}"
_ANY_80 = "{port: '80'}"
_ALL_UDP = "{port: '0', protocol: UDP}"
_UDP_81 = "{port: '81', protocol: UDP}"
_NAMED = "{port: serve-81-udp, protocol: UDP}"
TCP_80, TCP_81 = "{port: '80', protocol: TCP}", "{port: '81', protocol: TCP}"


def _client_and_server() -> dict[str, tuple[str, str]]:
    """The table of what allowing and denying policies do together: b of x asks a of x.

    https://docs.cilium.io/en/stable/security/policy/deny/
    """
    http = "rules: {http: [{method: GET}]}"
    allowing = (
        cilium(
            f"{A}, ingress: [{{toPorts: [{{ports: [{TCP_80}], {http}}}]}}]",
            "http",
        ),
        cilium(f"{A}, ingress: [{{{_ports(TCP_80)}}}]", "tcp-80"),
        cilium(f"{A}, ingress: [{{{_ports(TCP_81)}}}]", "tcp-81"),
        cilium(f"{A}, ingress: [{{fromEndpoints: [{B}]}}]", "client"),
    )
    no_port = cilium(f"{A}, ingressDeny: [{{{_ports(TCP_80)}}}]", "no-tcp-80")
    no_client = cilium(f"{A}, ingressDeny: [{{fromEndpoints: [{B}]}}]", "no-client")
    allowed = "- * > x/a\n+ * > x/a TCP\n+ x/b > x/a"
    closed_port, closed_client = "- * > x/a TCP 80", "- x/b > x/a"
    everything = "".join(allowing)
    return {
        "what is allowed adds up": (everything, allowed),
        "a denied port of what is allowed": (everything + no_port, f"{allowed}\n{closed_port}"),
        "a denied client of what is allowed": (
            everything + no_client,
            f"{allowed}\n{closed_client}",
        ),
        "a denied port and a denied client": (
            everything + no_port + no_client,
            f"{allowed}\n{closed_port}\n{closed_client}",
        ),
        "a denied port and nothing that is allowed": (no_port, "- * > x/a"),
    }


def _entities() -> dict[str, tuple[str, str]]:
    """Which of the words mean pods."""
    words = {
        "all": True,
        "cluster": True,
        "world": False,
        "host": False,
        "remote-node": False,
        "kube-apiserver": False,
        "health": False,
        "init": False,
    }
    found = {}
    for (word, of_pods), (direction, field) in product(
        words.items(), (("ingress", "fromEntities"), ("egress", "toEntities"))
    ):
        closed = "- * > x/a" if direction == "ingress" else "- x/a > *"
        found[f"entity of {direction}: {word}"] = (
            cilium(f"{A}, {direction}: [{{{field}: [{word}]}}]"),
            "" if of_pods else closed,
        )
    return found


CILIUM_POLICIES: dict[str, tuple[object, ...]] = {
    "in from some pods": (
        cilium(f"{A}, ingress: [{{fromEndpoints: [{B}]}}]"),
        "- * > x/a\n+ x/b > x/a",
    ),
    "in from all pods, which are those of the namespace": (
        cilium(f"{A}, ingress: [{{fromEndpoints: [{{}}]}}]"),
        "- * > x/a\n+ x > x/a",
    ),
    "out to some pods": (
        cilium(f"{A}, egress: [{{toEndpoints: [{B}]}}]"),
        "- x/a > *\n+ x/a > x/b",
    ),
    "out to all pods, which are those of the namespace": (
        cilium(f"{A}, egress: [{{toEndpoints: [{{}}]}}]"),
        "- x/a > *\n+ x/a > x",
    ),
    "a denied destination of those that are allowed": (
        cilium(f"{A}, egress: [{{toEntities: [all]}}], egressDeny: [{{toEndpoints: [{B}]}}]"),
        "- x/a > x/b",
    ),
    "an empty rule closes ingress": (cilium(f"{A}, ingress: [{{}}]"), "- * > x/a"),
    "an empty rule closes egress": (cilium(f"{A}, egress: [{{}}]"), "- x/a > *"),
    "no rules are nothing": (cilium(A), ""),
    "an empty list of rules is nothing": (cilium(f"{A}, ingress: [], egress: []"), ""),
    "an empty list of peers is nobody": (
        cilium(f"{A}, ingress: [{{fromEndpoints: []}}]"),
        "- * > x/a",
    ),
    "the rules of one direction say nothing of the other": (
        cilium(f"{ALL}, ingress: [{{fromEntities: [cluster]}}], egress: [{{}}]"),
        "- x > *",
    ),
    "a port alone is open to everybody": (
        cilium(f"{A}, egress: [{{{_ports(TCP_80)}}}]"),
        "- x/a > *\n+ x/a > * TCP 80",
    ),
    "a range of ports": (
        cilium(f"{A}, egress: [{{{_ports(_80_TO_444)}}}]"),
        "- x/a > *\n+ x/a > * TCP",
    ),
    "some pods and a port": (
        cilium(f"{A}, ingress: [{{fromEndpoints: [{B}], {_ports(TCP_80)}}}]"),
        "- * > x/a\n+ x/b > x/a TCP 80",
    ),
    "a port without a protocol is of any": (
        cilium(f"{A}, ingress: [{{{_ports(_ANY_80)}}}]"),
        "- * > x/a\n+ * > x/a TCP 80\n+ * > x/a UDP 80\n+ * > x/a SCTP 80",
    ),
    "a port of 0 is every port": (
        cilium(f"{A}, ingress: [{{{_ports(_ALL_UDP)}}}]"),
        "- * > x/a\n+ * > x/a UDP",
    ),
    "a named port": (
        cilium(f"{A}, ingress: [{{{_ports(_NAMED)}}}]"),
        "- * > x/a\n+ * > x/a UDP 81",
    ),
    "addresses never are pods": (
        cilium(f"{A}, egress: [{{toCIDR: [0.0.0.0/0]}}]"),
        "- x/a > *",
    ),
    "addresses without some never are pods": (
        cilium(f"{A}, egress: [{{toCIDRSet: [{{cidr: 10.0.0.0/8, except: [10.96.0.0/12]}}]}}]"),
        "- x/a > *",
    ),
    "addresses with a port never are pods": (
        cilium(f"{A}, egress: [{{toCIDR: [192.0.2.0/24], {_ports(TCP_80)}}}]"),
        "- x/a > *",
    ),
    "denied addresses are no pods either": (
        cilium(
            f"{A}, ingress: [{{fromEntities: [all]}}], ingressDeny: [{{fromCIDR: [0.0.0.0/0]}}]"
        ),
        "",
    ),
    "names in DNS never are pods": (
        cilium(f"{A}, egress: [{{toFQDNs: [{{matchName: example.org}}]}}, {{toEndpoints: [{B}]}}]"),
        "- x/a > *\n+ x/a > x/b",
    ),
    "a rule for pings opens no port": (
        cilium(f"{A}, ingress: [{{icmps: [{{fields: [{{type: 8, family: IPv4}}]}}]}}]"),
        "- * > x/a",
    ),
    "everybody but the world": (
        clusterwide(
            f"{ALL}, ingress: [{{fromEntities: [all]}}], ingressDeny: [{{fromEntities: [world]}}]"
        ),
        "",
    ),
    "the boundaries of two namespaces": (
        "".join(
            cilium(f"{ALL}, ingress: [{{fromEndpoints: [{{}}]}}]", f"isolate-{name}", name)
            for name in "xy"
        ),
        "- * > xy\n+ x > x\n+ y > y",
    ),
    "pods of another namespace by its name": (
        cilium(f"{A}, ingress: [{{fromEndpoints: [{B_OF_Y}]}}]"),
        "- * > x/a\n+ y/b > x/a",
    ),
    "a namespace by its name": (
        cilium(f"{ALL}, egress: [{{toEndpoints: [{OF_Y}], {_ports(TCP_80)}}}]"),
        "- x > *\n+ x > y TCP 80",
    ),
    "namespaces by a label, both ways": (
        cilium(
            f"{A}, ingress: [{{fromEndpoints: [{_LABEL_OF_Y}]}}],"
            f" egress: [{{toEndpoints: [{_LABEL_OF_Y}]}}]"
        ),
        "- * > x/a\n- x/a > *\n+ yz > x/a\n+ x/a > yz",
        {"y": "faction: alliance", "z": "faction: alliance", "w": "faction: empire"},
    ),
    "pods of any namespace, by a policy for the cluster": (
        clusterwide(f"{A}, ingress: [{{fromEndpoints: [{B}]}}]"),
        "- * > */a\n+ */b > */a",
    ),
    "all pods to some of one namespace, by a policy for the cluster": (
        clusterwide(
            "endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': z, pod: c}},"
            f" ingress: [{{fromEndpoints: [{{}}], {_ports(_UDP_81)}}}]"
        ),
        "- * > z/c\n+ * > z/c UDP 81",
    ),
    "what intercepts and closes nothing": (
        clusterwide(
            "endpointSelector: {matchExpressions: [{key: io.kubernetes.pod.namespace,"
            " operator: NotIn, values: [z]}]}, enableDefaultDeny: {egress: false, ingress: false},"
            f" egress: [{{toEndpoints: [{{matchLabels: {{io.kubernetes.pod.namespace: z}}}}],"
            f" {_ports(TCP_80)}}}]"
        ),
        "",
    ),
    "what denies and closes nothing else": (
        cilium(
            f"{A}, enableDefaultDeny: {{ingress: false}}, ingressDeny: [{{fromEndpoints: [{B}]}}]"
        ),
        "- x/b > x/a",
    ),
    "a service account": (
        cilium(
            f"{A}, ingress: [{{fromEndpoints: [{{matchLabels:"
            f" {{io.cilium.k8s.policy.serviceaccount: account-c}}}}], {_ports(TCP_80)}}}]"
        ),
        "- * > x/a\n+ x/c > x/a TCP 80",
    ),
    "all of several expressions": (
        cilium(
            f"{A}, ingress: [{{fromEndpoints: [{{matchExpressions: [{{key: pod, operator: In,"
            " values: [b, c]}, {key: team, operator: Exists}]}]}]"
        ),
        "- * > x/a\n+ x/c > x/a",
        {"x/c": "team: red", "y/c": "team: red"},
    ),
    "one of several expressions": (
        cilium(
            f"{A}, ingress: [{{fromEndpoints: [{{matchExpressions: [{{key: pod, operator: In,"
            " values: [b]}]}, {matchExpressions: [{key: team, operator: DoesNotExist}]}]}]"
        ),
        "- * > x/a\n+ x/b > x/a",
        {"x/c": "team: red", "x/b": "team: red"},
    ),
    "it adds up with a NetworkPolicy": (
        cilium(f"{A}, ingress: [{{fromEndpoints: [{B}]}}]")
        + network_policy("podSelector: {matchLabels: {pod: a}}, ingress: [{ports: [{port: 81}]}]"),
        "- * > x/a\n+ x/b > x/a\n+ * > x/a TCP 81",
    ),
    "it denies what a NetworkPolicy allows": (
        cilium(
            f"{A}, enableDefaultDeny: {{ingress: false}}, ingressDeny: [{{fromEntities: [all]}}]"
        )
        + network_policy("podSelector: {matchLabels: {pod: a}}, ingress: [{}]"),
        "- * > x/a",
    ),
    "several rules in one object": (
        policy("CiliumNetworkPolicy", "cilium.io/v2", "", "several", "x").replace(
            "spec: {}",
            f"specs: [{{{A}, ingress: [{{fromEndpoints: [{B}]}}]}},"
            f" {{endpointSelector: {B}, egress: [{{}}]}}]",
        ),
        "- * > x/a\n+ x/b > x/a\n- x/b > *",
    ),
    "a policy for nodes says nothing of pods": (
        clusterwide("nodeSelector: {}, ingress: [{fromEntities: [cluster]}, {}]"),
        "",
    ),
    **_client_and_server(),
    **_entities(),
}
