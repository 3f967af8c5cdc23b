"""Worlds of Kubernetes's own NetworkPolicies.

They are what Kubernetes's end-to-end tests and cyclonus's generated cases set up: every way to name
peers, ports and pods, in both directions, and policies that contradict one another.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import network_policy

A = "podSelector: {matchLabels: {pod: a}}"
ALL = "podSelector: {}"
OF_Y = "namespaceSelector: {matchLabels: {ns: 'y'}}"
NOT_X = "namespaceSelector: {matchExpressions: [{key: ns, operator: NotIn, values: [x]}]}"

_WORLDS = {
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
        "- * > x/a\n+ wyz > x/a",
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
        "- * > x/a\n+ wyz/bc > x/a",
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
        "- * > x/a\n+ * > x/a SCTP 80",
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
        "- x/a > *\n- wxz > y",
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

# One policy for pod a of x with a rule of each direction, of which each world changes one thing.
_BC_OF_XY = (
    "namespaceSelector: {matchExpressions: [{key: ns, operator: In, values: [x, 'y']}]},"
    " podSelector: {matchExpressions: [{key: pod, operator: In, values: [b, c]}]}"
)
_AB_OF_YZ = (
    "namespaceSelector: {matchExpressions: [{key: ns, operator: In, values: ['y', z]}]},"
    " podSelector: {matchExpressions: [{key: pod, operator: In, values: [a, b]}]}"
)
_TCP_80 = "{port: 80, protocol: TCP}"
_DNS = "{ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}"


def _base(
    *,
    pods: str = A,
    namespace: str = "x",
    ingress: str = f"{{from: [{{{_BC_OF_XY}}}], ports: [{_TCP_80}]}}",
    egress: str = f"{{to: [{{{_AB_OF_YZ}}}], ports: [{_TCP_80}]}}, {_DNS}",
) -> str:
    spec = f"{pods}, policyTypes: [Ingress, Egress], ingress: [{ingress}], egress: [{egress}]"
    return network_policy(spec, "base", namespace)


def _expected(
    own: str = "x/a", ingress: str = "+ xy/bc > {} TCP 80", egress: str = "+ {} > yz/ab TCP 80"
) -> str:
    return f"- * > {own}\n{ingress.format(own)}\n- {own} > *\n{egress.format(own)}"


# How a rule names its peers, and who these are where the policy is in x.
_C = "podSelector: {matchLabels: {pod: c}}"
_PEERS = {
    "no list of peers at all": ("", "*"),
    "all pods": (ALL, "x"),
    "pods by label": (_C, "x/c"),
    "all namespaces": ("namespaceSelector: {}", "*"),
    "all pods of all namespaces": (f"namespaceSelector: {{}}, {ALL}", "*"),
    "pods by label of all namespaces": (f"namespaceSelector: {{}}, {_C}", "*/c"),
    "a namespace by label": ("namespaceSelector: {matchLabels: {ns: x}}", "x"),
    "all pods of a namespace by label": (
        f"namespaceSelector: {{matchLabels: {{ns: x}}}}, {ALL}",
        "x",
    ),
    "pods by label of a namespace by label": (
        f"namespaceSelector: {{matchLabels: {{ns: x}}}}, {_C}",
        "x/c",
    ),
    "two peers, of which one is in the other": (f"{_C}}}, {{{ALL}", "x"),
    "two peers that have nothing in common": (f"{_C}}}, {{{OF_Y}", "x/c y"),
    "two peers, one for all namespaces": (f"{OF_Y}}}, {{namespaceSelector: {{}}, {_C}", "y */c"),
    "a label that nobody has": ("namespaceSelector: {matchLabels: {never: happens}}", ""),
    "addresses of no pod": ("ipBlock: {cidr: 0.0.0.0/31}", ""),
}

# How a rule names its ports, and which these are.
_PORTS = {
    "a list without any": ("", ("TCP", "UDP", "SCTP")),
    "all of TCP, which is what is meant by nothing": ("{}", ("TCP",)),
    "a number": ("{port: 80}", ("TCP 80",)),
    "another number": ("{port: 81}", ("TCP 81",)),
    "all of TCP": ("{protocol: TCP}", ("TCP",)),
    "all of UDP": ("{protocol: UDP}", ("UDP",)),
    "all of SCTP": ("{protocol: SCTP}", ("SCTP",)),
    "TCP by number": ("{protocol: TCP, port: 81}", ("TCP 81",)),
    "UDP by number": ("{protocol: UDP, port: 80}", ("UDP 80",)),
    "SCTP by number": ("{protocol: SCTP, port: 81}", ("SCTP 81",)),
    "TCP by name": ("{protocol: TCP, port: serve-81-tcp}", ("TCP 81",)),
    "UDP by name": ("{protocol: UDP, port: serve-80-udp}", ("UDP 80",)),
    "SCTP by name": ("{protocol: SCTP, port: serve-80-sctp}", ("SCTP 80",)),
    "a range that ends at one of them": ("{protocol: TCP, port: 53, endPort: 80}", ("TCP 80",)),
    "a range over both": ("{protocol: UDP, port: 53, endPort: 84}", ("UDP",)),
    "a range of SCTP": ("{protocol: SCTP, port: 53, endPort: 80}", ("SCTP 80",)),
    "a name of another protocol": ("{protocol: TCP, port: serve-81-udp}", ()),
    "a name that nobody has": ("{protocol: TCP, port: serve-7981-udp}", ()),
    "a number that nobody has": ("{protocol: TCP, port: 7981}", ()),
    "everything of TCP and a number": ("{}, {port: 80}", ("TCP",)),
    "everything of TCP and a name": ("{}, {port: serve-80-tcp}", ("TCP",)),
    "everything of TCP and of UDP": ("{}, {protocol: UDP}", ("TCP", "UDP")),
    "two numbers": ("{port: 80}, {port: 81}", ("TCP",)),
    "a number and a name": ("{port: 80}, {port: serve-81-tcp}", ("TCP",)),
    "a number and a name of another protocol": (
        "{port: 80}, {protocol: UDP, port: serve-81-udp}",
        ("TCP 80", "UDP 81"),
    ),
    "a number and a name of UDP": (
        "{protocol: UDP, port: 80}, {protocol: UDP, port: serve-81-udp}",
        ("UDP",),
    ),
}


def _peers() -> Iterator[tuple[str, tuple[str, str]]]:
    for name, (peers, who) in _PEERS.items():
        listed = f"[{{{peers}}}]" if peers else "[]"
        into = "\n".join(f"+ {one} > {{0}} TCP 80" for one in who.split())
        yield (
            f"peers of ingress: {name}",
            (_base(ingress=f"{{from: {listed}, ports: [{_TCP_80}]}}"), _expected(ingress=into)),
        )
        out = "\n".join(f"+ {{0}} > {one} TCP 80" for one in who.split())
        yield (
            f"peers of egress: {name}",
            (_base(egress=f"{{to: {listed}, ports: [{_TCP_80}]}}, {_DNS}"), _expected(egress=out)),
        )


def _ports() -> Iterator[tuple[str, tuple[str, str]]]:
    for name, (ports, which) in _PORTS.items():
        into = "\n".join(f"+ xy/bc > {{0}} {one}" for one in which)
        yield (
            f"ports of ingress: {name}",
            (
                _base(ingress=f"{{from: [{{{_BC_OF_XY}}}], ports: [{ports}]}}"),
                _expected(ingress=into),
            ),
        )
        out = "\n".join(f"+ {{0}} > yz/ab {one}" for one in which)
        yield (
            f"ports of egress: {name}",
            (_base(egress=f"{{to: [{{{_AB_OF_YZ}}}], ports: [{ports}]}}"), _expected(egress=out)),
        )


_UPDATED = "namespaceSelector: {matchLabels: {ns2: updated}}"
_IN_AB = "podSelector: {matchExpressions: [{key: pod, operator: In, values: [a, b]}]}"

# Pod b of x sends, pod c of y receives.
_SENDS = "podSelector: {matchLabels: {pod: b}}, policyTypes: [Egress]"
_RECEIVES = f"{_C}, policyTypes: [Ingress]"
_ANYBODY, _BY_POD = "{}", "{namespaceSelector: {}}"
_BY_ADDRESS, _NO_ADDRESS = "{ipBlock: {cidr: 0.0.0.0/0}}", "{ipBlock: {cidr: 0.0.0.0/31}}"
_NO_POD = "{namespaceSelector: {matchLabels: {never: happens}}}"


def _sends(*rules: str) -> str:
    specs = [f"{_SENDS}, egress: [{rule}]" for rule in rules]
    return "".join(network_policy(spec, f"out-{at}") for at, spec in enumerate(specs))


def _receives(*rules: str) -> str:
    specs = [f"{_RECEIVES}, ingress: [{rule}]" for rule in rules]
    return "".join(network_policy(spec, f"in-{at}", "y") for at, spec in enumerate(specs))


_CONTRADICTIONS = {
    "out is closed and in is open": (_sends("") + _receives("{}"), "- x/b > *"),
    "out is open and in is closed": (_sends("{}") + _receives(""), "- * > y/c"),
    "out is closed and open": (_sends("", "{}"), ""),
    "in is closed and open": (_receives("", "{}"), ""),
    "out is closed, and open to pods": (_sends("", f"{{to: [{_BY_POD}]}}"), ""),
    "out is closed, and open to addresses": (_sends("", f"{{to: [{_BY_ADDRESS}]}}"), "? x/b > *"),
    "out is open to no address, and to pods": (
        _sends(f"{{to: [{_NO_ADDRESS}]}}", f"{{to: [{_BY_POD}]}}"),
        "",
    ),
    "out is open to no pod, and to addresses": (
        _sends(f"{{to: [{_NO_POD}]}}", f"{{to: [{_BY_ADDRESS}]}}"),
        "? x/b > *",
    ),
    "in is closed, and open to pods": (_receives("", f"{{from: [{_BY_POD}]}}"), ""),
    "in is closed, and open to addresses": (
        _receives("", f"{{from: [{_BY_ADDRESS}]}}"),
        "? * > y/c",
    ),
    "in is open to no address, and to pods": (
        _receives(f"{{from: [{_NO_ADDRESS}]}}", f"{{from: [{_BY_POD}]}}"),
        "",
    ),
    "in is open to no pod, and to addresses": (
        _receives(f"{{from: [{_NO_POD}]}}", f"{{from: [{_BY_ADDRESS}]}}"),
        "? * > y/c",
    ),
    "out is open to no address": (_sends(f"{{to: [{_NO_ADDRESS}]}}"), "- x/b > *"),
    "out is open to no pod": (_sends(f"{{to: [{_NO_POD}]}}"), "- x/b > *"),
    "in is open to no address": (_receives(f"{{from: [{_NO_ADDRESS}]}}"), "- * > y/c"),
    "in is open to no pod": (_receives(f"{{from: [{_NO_POD}]}}"), "- * > y/c"),
}

_OTHERS: dict[str, tuple[object, ...]] = {
    "everything is closed but names": (
        network_policy(f"{ALL}, policyTypes: [Egress, Ingress], ingress: [], egress: [{_DNS}]"),
        "- * > x\n- x > *",
    ),
    "a second policy opens a second port": (
        network_policy(f"{A}, ingress: [{{from: [{{{OF_Y}}}], ports: [{{port: 81}}]}}]")
        + network_policy(f"{A}, ingress: [{{from: [{{{OF_Y}}}], ports: [{{port: 80}}]}}]", "two"),
        "- * > x/a\n+ y > x/a TCP",
    ),
    "a namespace before it has the label": (
        network_policy(f"{A}, ingress: [{{from: [{{{_UPDATED}}}]}}]"),
        "- * > x/a",
    ),
    "a namespace with the label": (
        network_policy(f"{A}, ingress: [{{from: [{{{_UPDATED}}}]}}]"),
        "- * > x/a\n+ y > x/a",
        {"y": "ns2: updated"},
    ),
    "a pod before it has the label": (
        network_policy(
            f"{A}, ingress: [{{from: [{{podSelector: {{matchLabels: {{pod2: updated}}}}}}]}}]"
        ),
        "- * > x/a",
    ),
    "a pod with the label, in this namespace and in another": (
        network_policy(
            f"{A}, ingress: [{{from: [{{podSelector: {{matchLabels: {{pod2: updated}}}}}}]}}]"
        ),
        "- * > x/a\n+ x/b > x/a",
        {"x/b": "pod2: updated", "y/b": "pod2: updated"},
    ),
    "a pod that is isolated by a label of its own": (
        network_policy("podSelector: {matchLabels: {target: isolated}}"),
        "- * > x/a",
        {"x/a": "target: isolated"},
    ),
    "in from one pod and out to one port": (
        network_policy(
            f"{A}, policyTypes: [Ingress, Egress],"
            " ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}],"
            " egress: [{ports: [{port: 80}, {port: 53, protocol: UDP}]}]"
        ),
        "- * > x/a\n+ x/b > x/a\n- x/a > *\n+ x/a > * TCP 80",
    ),
    "the client's side is closed, though two servers let it in": (
        network_policy(
            f"{A}, policyTypes: [Egress], egress: [{{to: [{{{OF_Y}, {A}}}]}},"
            " {ports: [{port: 53, protocol: UDP}]}]"
        )
        + "".join(
            network_policy(
                f"podSelector: {{matchLabels: {{pod: {pod}}}}}, ingress:"
                f" [{{from: [{{namespaceSelector: {{matchLabels: {{ns: x}}}}, {A}}}]}}]",
                f"to-{pod}",
                "y",
            )
            for pod in "ab"
        ),
        "- * > y/ab\n- x/a > *\n+ x/a > y/a",
    ),
    **{
        f"the policy is in {namespace}": (
            _base(namespace=namespace),
            _expected(f"{namespace}/a"),
        )
        for namespace in "xyz"
    },
    "the policy is for all pods": (_base(pods=ALL), _expected("x")),
    "the policy is for two pods": (_base(pods=_IN_AB), _expected("x/ab")),
    "a rule of ingress that is open": (_base(ingress="{}"), _expected(ingress="+ * > {}")),
    "no rule of ingress": (_base(ingress=""), _expected(ingress="")),
    "a rule of egress that is open": (_base(egress="{}"), _expected(egress="+ {} > *")),
    "no rule of egress": (_base(egress=""), _expected(egress="")),
}

NETWORK_POLICIES: dict[str, tuple[object, ...]] = {
    **_WORLDS,
    **_OTHERS,
    **_CONTRADICTIONS,
    **dict(_peers()),
    **dict(_ports()),
}
