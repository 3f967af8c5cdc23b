"""Worlds of Calico's policies: the examples of its documentation, and what it says of each field.

https://docs.tigera.io/calico/latest/reference/resources/networkpolicy and …/globalnetworkpolicy,
https://docs.tigera.io/calico/latest/network-policy/policy-tiers/tiered-policy
"""

from __future__ import annotations

from . import cluster, network_policy, policy


def calico(spec: str, name: str = "one", namespace: str = "x") -> str:
    """A NetworkPolicy of Calico's."""
    return policy("NetworkPolicy", "projectcalico.org/v3", spec, name, namespace)


def everywhere(spec: str, name: str = "all") -> str:
    """A GlobalNetworkPolicy."""
    return policy("GlobalNetworkPolicy", "projectcalico.org/v3", spec, name)


A, OF_B, OF_C = (f"selector: pod == '{pod}'" for pod in "abc")


def _allow(source: str = "", destination: str = "", more: str = "", action: str = "Allow") -> str:
    parts = [f"action: {action}"]
    parts += [f"source: {{{source}}}"] * bool(source)
    parts += [f"destination: {{{destination}}}"] * bool(destination)
    return f"{{{', '.join([*parts, *([more] if more else [])])}}}"


def _selected(selector: str) -> str:
    """Who may reach pod a of x."""
    source = f'selector: "{selector}"'
    return calico(f"{A}, ingress: [{_allow(source)}]")


_SELECTORS = {
    "all()": "x",
    "!all()": "",
    "": "*",  # no selector at all
    "pod == 'b'": "x/b",
    "pod != 'b'": "x/ac",
    "has(team)": "x/bc",
    "!has(team)": "x/a",
    "pod in {'b', 'c'}": "x/bc",
    "pod not in {'b', 'c'}": "x/a",
    "team not in {'red'}": "x/ac",  # who lacks the label, too
    "team contains 'ee'": "x/c",
    "team starts with 'r'": "x/b",
    "team ends with 'n'": "x/c",
    "pod == 'b' || pod == 'c' && team == 'red'": "x/b",
    "(pod == 'b' || pod == 'c') && team == 'green'": "x/c",
    "!has(team) || team starts with 'g' && pod in {'b', 'c'}": "x/ac",
    "!(pod == 'b')": "x/ac",
}
_TEAMS = {"x/b": "team: red", "x/c": "team: green", "y/c": "team: green"}


def _protocol(said: str) -> str:
    return calico(f"{A}, ingress: [{_allow(more=said)}]")


_WITH_NP = network_policy(
    "podSelector: {matchLabels: {pod: a}},"
    " ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]"
)
_OF_Y = "namespaceSelector: \"ns == 'y'\""
_OF_Y_NOT_B = f"{_OF_Y}, notSelector: pod == 'b'"
_NAMED_Y = "namespaceSelector: \"projectcalico.org/name == 'y'\""
_DENY = "{action: Deny}"
_PORTS_81_TO_90 = "ports: ['81:90']"

CALICO_POLICIES: dict[str, tuple[object, ...]] = {
    **{
        f"selector {selector or 'left out'}": (
            _selected(selector),
            f"- * > x/a\n+ {who} > x/a" if who else "- * > x/a",
            _TEAMS,
        )
        for selector, who in _SELECTORS.items()
    },
    "some pods to one port of others, which reach everybody": (
        calico(
            f"{A}, types: [Ingress, Egress], egress: [{{action: Allow}}], ingress:"
            f" [{_allow(OF_B, 'ports: [80]', 'protocol: TCP')}]"
        ),
        "- * > x/a\n+ x/b > x/a TCP 80",
    ),
    "the same for the cluster": (
        everywhere(
            f"{A}, types: [Ingress, Egress], egress: [{{action: Allow}}], ingress:"
            f" [{_allow(OF_B, 'ports: [80]', 'protocol: TCP')}]"
        ),
        "- * > */a\n+ */b > */a TCP 80",
    ),
    "no types and no rules are ingress": (calico(A), "- * > x/a"),
    "no types and rules of egress are egress": (
        calico(f"{A}, egress: [{_allow(destination=OF_B)}]"),
        "- x/a > *\n+ x/a > x/b",
    ),
    "no types and rules of both are both": (
        calico(f"{A}, ingress: [{{action: Allow}}], egress: [{_allow(destination=OF_B)}]"),
        "- x/a > *\n+ x/a > x/b",
    ),
    "types without rules close both directions": (
        calico("types: [Ingress, Egress]"),
        "- * > x\n- x > *",
    ),
    "a default deny for the cluster but some namespaces": (
        everywhere("namespaceSelector: \"ns not in {'x', 'w'}\", types: [Ingress, Egress]"),
        "- * > yz\n- yz > *",
    ),
    "a namespace by the label of its pods": (
        everywhere("selector: \"projectcalico.org/namespace == 'y'\", types: [Ingress]"),
        "- * > y",
    ),
    "the first rule decides": (
        calico(f"{A}, ingress: [{_allow(OF_B, action='Deny')}, {{action: Allow}}]"),
        "- x/b > x/a",
    ),
    "a rule that logs decides nothing": (
        calico(f"{A}, ingress: [{{action: Log}}, {{action: Allow}}]"),
        "",
    ),
    "the lower order is asked first": (
        calico(f"{A}, order: 20, ingress: [{_DENY}]", "late")
        + calico(f"{A}, order: 10, ingress: [{_allow(OF_B)}]", "early"),
        "- * > x/a\n+ x/b > x/a",
    ),
    "one without an order is asked last": (
        calico(f"{A}, ingress: [{{action: Allow}}]", "a")
        + calico(f"{A}, order: 1, ingress: [{_allow(OF_B, action='Deny')}]", "z"),
        "- x/b > x/a",
    ),
    "what a policy of the tier says nothing of is closed at its end": (
        calico(f"{A}, order: 10, ingress: [{_allow(OF_B)}]", "one")
        + calico(f"{A}, order: 20, ingress: [{_allow(OF_C)}]", "two"),
        "- * > x/a\n+ x/bc > x/a",
    ),
    "before a NetworkPolicy": (
        calico(f"{A}, order: 900, ingress: [{_allow(OF_B, action='Deny')}]") + _WITH_NP,
        "- * > x/a",
    ),
    "after a NetworkPolicy": (
        calico(f"{A}, order: 1100, ingress: [{_allow(OF_B, action='Deny')}]") + _WITH_NP,
        "- * > x/a\n+ x/b > x/a",
    ),
    "after a NetworkPolicy what it says nothing of": (
        calico(f"{A}, order: 1100, ingress: [{{action: Allow}}]") + _WITH_NP,
        "",
    ),
    "a pass leads past the rest of the tier": (
        calico(f"{A}, order: 10, ingress: [{{action: Pass}}]", "one")
        + calico(f"{A}, order: 20, ingress: [{_DENY}]", "two"),
        "",
    ),
    "the tier of administrators ends with a pass": (
        calico(f"{A}, tier: kube-admin, ingress: [{_allow(OF_B, action='Deny')}]"),
        "- x/b > x/a",
    ),
    "the tier of administrators and then the default one": (
        calico(f"{A}, tier: kube-admin, ingress: [{_allow(OF_C)}]", "first") + _WITH_NP,
        "- * > x/a\n+ x/bc > x/a",
    ),
    "the baseline ends with a pass": (
        everywhere(f"{A}, tier: kube-baseline, ingress: [{_allow(OF_B, action='Deny')}]"),
        "- */b > */a",
    ),
    "a NetworkPolicy takes its pods from the baseline": (
        everywhere(f"{A}, tier: kube-baseline, ingress: [{_DENY}]") + _WITH_NP,
        "- * > */a\n+ x/b > x/a",
    ),
    "the order among ClusterNetworkPolicies is their priority": (
        calico(f"{A}, tier: kube-admin, order: 50, ingress: [{_allow(_OF_Y)}]")
        + cluster(
            "tier: Admin, priority: 100, subject: {namespaces: {matchLabels: {ns: x}}},"
            " ingress: [{action: Deny, from: [{namespaces: {}}]}]"
        ),
        "- * > x\n+ y > x/a",
    ),
    "a namespace by its labels": (
        calico(f"{A}, ingress: [{_allow(_OF_Y)}]"),
        "- * > x/a\n+ y > x/a",
    ),
    "a namespace by its name": (
        calico(f"{A}, ingress: [{_allow(_NAMED_Y)}]"),
        "- * > x/a\n+ y > x/a",
    ),
    "some pods of a namespace": (
        calico(f"{A}, ingress: [{_allow(f'{_OF_Y}, {OF_B}')}]"),
        "- * > x/a\n+ y/b > x/a",
    ),
    "all namespaces": (
        calico(f"{A}, ingress: [{_allow(f'namespaceSelector: all(), {OF_B}')}]"),
        "- * > x/a\n+ */b > x/a",
    ),
    "what is in no namespace never is a pod": (
        calico(f"{A}, ingress: [{_allow('namespaceSelector: global()')}]"),
        "- * > x/a",
    ),
    "everybody but some, for the cluster": (
        everywhere(f"{A}, ingress: [{_allow('notSelector: has(team)')}]"),
        "- * > */a\n+ * > */a\n- x/bc > */a\n- y/c > */a",
        _TEAMS,
    ),
    "some pods of a namespace but others": (
        calico(f"{A}, ingress: [{_allow(_OF_Y_NOT_B)}]"),
        "- * > x/a\n+ y/ac > x/a",
    ),
    "service accounts by name": (
        calico(f"{A}, ingress: [{_allow('serviceAccounts: {names: [account-b]}')}]"),
        "- * > x/a\n+ x/b > x/a",
    ),
    "service accounts by name in a namespace": (
        calico(f"{A}, ingress: [{_allow(f'{_OF_Y}, serviceAccounts: {{names: [account-b]}}')}]"),
        "- * > x/a\n+ y/b > x/a",
    ),
    "the pods of a service account": (
        calico("serviceAccountSelector: \"projectcalico.org/name == 'account-c'\""),
        "- * > x/c",
    ),
    "ports by number, range and name": (
        calico(
            f"{A}, ingress: [{_allow(destination='ports: [80]', more='protocol: UDP')},"
            f" {_allow(destination=_PORTS_81_TO_90, more='protocol: TCP')},"
            f" {_allow(destination='ports: [serve-81-sctp]', more='protocol: SCTP')}]"
        ),
        "- * > x/a\n+ * > x/a UDP 80\n+ * > x/a TCP 81\n+ * > x/a SCTP 81",
    ),
    "all ports but one": (
        calico(f"{A}, ingress: [{_allow(destination='notPorts: [80]', more='protocol: TCP')}]"),
        "- * > x/a\n+ * > x/a TCP 81",
    ),
    "a protocol": (_protocol("protocol: UDP"), "- * > x/a\n+ * > x/a UDP"),
    "a protocol by number": (_protocol("protocol: 132"), "- * > x/a\n+ * > x/a SCTP"),
    "a protocol without ports": (_protocol("protocol: ICMP"), "- * > x/a"),
    "all protocols but one": (
        _protocol("notProtocol: TCP"),
        "- * > x/a\n+ * > x/a UDP\n+ * > x/a SCTP",
    ),
    "pings": (_protocol("protocol: ICMP, icmp: {type: 8}"), "- * > x/a"),
    "the fourth version of IP": (_protocol("ipVersion: 4"), ""),
    "addresses of pods and others": (
        calico(f"{A}, ingress: [{_allow('nets: [0.0.0.0/0]')}]"),
        "",
    ),
    "addresses of no pod": (
        calico(f"{A}, egress: [{_allow(destination='nets: [8.8.8.8/32]')}]"),
        "- x/a > *",
    ),
    "addresses that pods may have": (
        calico(f"{A}, egress: [{_allow(destination='nets: [10.0.0.0/8]')}]"),
        "? x/a > *",
    ),
    "no address at all": (
        calico(f"{A}, ingress: [{_allow('notNets: [0.0.0.0/0]')}]"),
        "- * > x/a",
    ),
    "a rule of ingress that chooses among the policy's own pods": (
        calico(f"ingress: [{_allow(destination=OF_B)}]"),
        "- * > x\n+ * > x/b",
    ),
    "staged policies do nothing": (
        policy("StagedNetworkPolicy", "projectcalico.org/v3", "", "staged", "x")
        + policy("StagedGlobalNetworkPolicy", "projectcalico.org/v3", "", "staged-all"),
        "",
    ),
    "policies of host endpoints do nothing to pods": (
        everywhere("doNotTrack: true, applyOnForward: true, ingress: [{action: Deny}]", "one")
        + everywhere("preDNAT: true, applyOnForward: true, ingress: [{action: Deny}]", "two"),
        "",
    ),
    "the form in which they are stored": (
        policy(
            "NetworkPolicy", "crd.projectcalico.org/v1", f"{A}, tier: default", "default.one", "x"
        ),
        "- * > x/a",
    ),
}
