"""Worlds of the policies of those who run a cluster.

They are what the conformance tests of the Network Policy API set up, in the words of both of its
versions: AdminNetworkPolicy with BaselineAdminNetworkPolicy, and ClusterNetworkPolicy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import admin, baseline, cluster, network_policy
from .network_policies import ALL, OF_Y, A

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

_WORLDS = {
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

# The conformance tests: a subject in x, a namespace that everything is said about (w), one that
# some ports are said about (y), and one of which all but some ports are closed (z). Their two ports
# of each protocol are 80 and 81 here.


class _Version:
    """How one version of the API writes what both can say."""

    def __init__(self, name: str, allow: str, ports: str, port: str) -> None:
        self.name, self._allow, self._ports, self._port = name, allow, ports, port

    def rule(self, direction: str, action: str, namespace: str, *ports: str) -> str:
        peers = {"ingress": "from", "egress": "to"}[direction]
        action = self._allow if action == "Allow" else action
        who = f"{peers}: [{{namespaces: {{matchLabels: {{ns: '{namespace}'}}}}}}]"
        listed = ", ".join(self._port.format(*_lowered(port)) for port in ports)
        said = f", {self._ports}: [{listed}]" if ports else ""
        return f"{{action: {action}, {who}{said}}}"

    def admin(self, spec: str, priority: int = 10, name: str = "one") -> str:
        if self.name == "v1alpha1":
            return admin(f"priority: {priority}, {spec}", name)
        return cluster(f"tier: Admin, priority: {priority}, {spec}", name)

    def baseline(self, spec: str) -> str:
        if self.name == "v1alpha1":
            return baseline(spec)
        return cluster(f"tier: Baseline, priority: 10, {spec}", "default")


def _lowered(port: str) -> tuple[str, str, str]:
    protocol, number = port.split()
    return protocol, number, protocol.lower()


_VERSIONS = (
    _Version("v1alpha1", "Allow", "ports", "{{portNumber: {{protocol: {0}, port: {1}}}}}"),
    _Version("v1alpha2", "Accept", "protocols", "{{{2}: {{destinationPort: {{number: {1}}}}}}}"),
)
_FIRST = ("Allow", "Deny", "Pass")


def _line(sign: str, direction: str, namespace: str, port: str = "") -> str:
    ends = f"{namespace} > x" if direction == "ingress" else f"x > {namespace}"
    return f"{sign} {ends} {port}".rstrip()


def _rules(
    version: _Version, direction: str, order: tuple[str, ...], closed: list[str], opened: list[str]
) -> str:
    """Everything about w and some ports of y with the actions in this order, and then z."""
    rules = [version.rule(direction, action, "w") for action in order]
    rules += [version.rule(direction, one, "y", *closed) for one in order if one != "Allow"]
    rules += [
        version.rule(direction, "Allow", "z", *opened),
        version.rule(direction, "Deny", "z"),
    ]
    return f"{direction}: [{', '.join(rules)}]"


def _lines(direction: str, first: str, closed: list[str], opened: list[str]) -> str:
    """The first action decides over w; y's ports are closed unless they are passed first."""
    lines = [_line("-", direction, "w")] if first == "Deny" else []
    if first != "Pass":
        lines += [_line("-", direction, "y", port) for port in closed]
    lines += [_line("-", direction, "z"), *(_line("+", direction, "z", one) for one in opened)]
    return "\n".join(lines)


def _conformance(version: _Version) -> Iterator[tuple[str, tuple[str, str]]]:
    protocols = (("TCP 80",), ("UDP 81",), ("SCTP 80",), ("TCP 80", "UDP 80", "SCTP 80"))
    for direction in ("ingress", "egress"):
        for ports in protocols:
            closed = list(ports)
            opened = [f"{port.split()[0]} 81" for port in ports]
            for first in _FIRST:
                order = (first, *(one for one in _FIRST if one != first))
                text = f"{SUBJECT_X}, {_rules(version, direction, order, closed, opened)}"
                yield (
                    f"{direction}, {first} first, {', '.join(ports)}",
                    (version.admin(text), _lines(direction, first, closed, opened)),
                )
                if first != "Pass":  # which the baseline does not know
                    order = (first, *({"Allow", "Deny"} - {first}))
                    text = f"{SUBJECT_X}, {_rules(version, direction, order, closed, opened)}"
                    yield (
                        f"baseline {direction}, {first} first, {', '.join(ports)}",
                        (version.baseline(text), _lines(direction, first, closed, opened)),
                    )


def _both_ways(version: _Version, action: str, namespace: str = "y") -> str:
    return ", ".join(
        f"{direction}: [{version.rule(direction, action, namespace)}]"
        for direction in ("ingress", "egress")
    )


_NP_WITH_Y = network_policy(
    f"{ALL}, policyTypes: [Ingress, Egress], ingress: [{{from: [{{{OF_Y}}}]}}],"
    f" egress: [{{to: [{{{OF_Y}}}]}}]"
)
_CLOSED_BUT_Y = "- * > x\n- x > *\n+ y > x\n+ x > y"
_CLOSED = "- y > x\n- x > y"


def _together(version: _Version) -> Iterator[tuple[str, tuple[str, str]]]:
    """Priorities, and the tiers with a NetworkPolicy between them."""

    def spec(action: str) -> str:
        return f"{SUBJECT_X}, {_both_ways(version, action)}"

    deny = version.admin(spec("Deny"), 50, "deny")
    below, above = (version.admin(spec("Pass"), number, "pass") for number in (60, 40))
    accept = version.baseline(spec("Allow"))
    yield "a pass below a deny", (deny + below + accept, _CLOSED)
    yield "a pass above a deny", (deny + above + accept, "")
    last = version.baseline(spec("Deny"))
    yield (
        "a deny goes before a NetworkPolicy that allows",
        (version.admin(spec("Deny")) + _NP_WITH_Y + last, f"{_CLOSED_BUT_Y}\n{_CLOSED}"),
    )
    yield (
        "a pass leads to a NetworkPolicy that allows",
        (version.admin(spec("Pass")) + _NP_WITH_Y + last, _CLOSED_BUT_Y),
    )
    yield "a pass leads to the baseline", (version.admin(spec("Pass")) + last, _CLOSED)
    yield (
        "a pass of one direction",
        (
            version.admin(
                f"{SUBJECT_X}, ingress: [{version.rule('ingress', 'Pass', 'y')}],"
                f" egress: [{version.rule('egress', 'Deny', 'y')}]"
            )
            + _NP_WITH_Y
            + last,
            f"{_CLOSED_BUT_Y}\n- x > y",
        ),
    )


def _of_addresses(make: Callable[[str], str], allow: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Blocks of addresses are those of pods, too, and nodes never are pods."""
    every = "networks: ['0.0.0.0/0', '::/0']"
    nodes = "nodes: {matchLabels: {kubernetes.io/os: linux}}"
    to_y = _rule(allow, Y, direction="to")
    yield (
        "egress to no address but those of some pods",
        (
            make(f"{SUBJECT_X}, egress: [{to_y}, {_rule('Deny', every, direction='to')}]"),
            "- x > *\n+ x > y",
        ),
    )
    yield (
        "egress to nodes says nothing of pods",
        (
            make(
                f"{SUBJECT_X}, egress: [{_rule(allow, nodes, direction='to')},"
                f" {{action: Deny, to: [{{{Y}}}, {{{nodes}}}, {{{every}}}]}}]"
            ),
            "- x > *",
        ),
    )
    yield (
        "egress to addresses that pods may have",
        (
            make(
                f"{SUBJECT_X}, egress: [{_rule(allow, 'networks: [10.1.2.3/32]', direction='to')},"
                f" {_rule('Deny', every, direction='to')}]"
            ),
            "? x > *",
        ),
    )


ADMIN_POLICIES: dict[str, tuple[object, ...]] = {
    **_WORLDS,
    **{
        f"{version.name}: {name}": world
        for version in _VERSIONS
        for name, world in (*_conformance(version), *_together(version))
    },
    **dict(_of_addresses(lambda spec: admin(f"priority: 10, {spec}"), "Allow")),
    **{
        f"{name} (ClusterNetworkPolicy)": world
        for name, world in _of_addresses(
            lambda spec: cluster(f"tier: Admin, priority: 10, {spec}"), "Accept"
        )
    },
}
