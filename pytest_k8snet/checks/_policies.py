"""Policies for a maintainer to paste, in the language of the API that the chart uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias

from ..index import pod_index, served_ports
from ..matching import takes
from ..model import (
    MOST_NEIGHBOURS,
    Application,
    Labels,
    NetworkPolicy,
    Selector,
    Workload,
)
from ..reach import Ports, reach_of
from ..reach.families import ADMIN, CALICO, CILIUM
from ._instead import COMPONENT, component, pod_label_lines, stable_labels
from ._snippet import (
    LONGEST,
    TCP,
    flow,
    for_object,
    indent,
    join,
    label_map,
    map_lines,
    metadata,
    nested,
    scalar,
    under,
)
from ._words import subjects

_Ports: TypeAlias = Sequence[tuple[int, str]]


def network_policy(
    workload: Workload, application: Application, replaced: Sequence[NetworkPolicy] = ()
) -> str:
    """A policy that lets pods of the namespace reach the ports that are known, and nobody else.

    Those are what is declared and what Services lead to: one that no container declares is open
    all the same. Where other workloads have its labels, too, it is for all of them. But for the
    ports that the application leads others to: who comes by a load balancer or a node port is no
    pod, nor is the API server, which calls webhooks, and the controller of a route runs in a
    namespace of its own.

    With ``replaced`` it has the name and the API of the first one: what one API admits, none of
    another takes back. A workload without pod labels gets one first: nothing but everything could
    select it without.
    """
    labels = stable_labels(workload)
    before = ""
    if not labels:
        labels = {COMPONENT: component(workload, application)}
        added = join(pod_label_lines(workload, labels))
        before = for_object(application.subject(workload.reference), added) + "\n---\n"
    group = replaced[0].group if replaced and replaced[0].group in _FORMS else ""
    form = _FORMS[group]
    name = replaced[0].name if replaced else _free_name(workload, application)
    gone = [one for one in replaced if (one.kind, one.name) != (form.kind, name)]
    said = [f"# in place of {subjects(gone, application)}, too"] if gone else []
    lines = [
        *said,
        f"apiVersion: {form.version}",
        f"kind: {form.kind}",
        *metadata(name, workload.namespace if workload.namespace != application.namespace else ""),
    ]
    lines += ["spec:", *indent(_subject(group, labels), 1)]
    lines += indent(_ingress_lines(_taken(workload, labels, application), application, form), 1)
    return before + join(lines)


def _taken(workload: Workload, labels: Labels, application: Application) -> list[Workload]:
    """The workload, and the others that a policy for these labels shuts in with it."""
    selector = Selector(labels)
    near = application.once(pod_index).candidates(selector, workload.namespace)
    others = (one for one in near if one.identity != workload.identity and not one.host_network)
    taken = (one for one in others if takes(selector, one))
    return [workload, *islice(taken, MOST_NEIGHBOURS)]


def _free_name(workload: Workload, application: Application) -> str:
    """The workload's name, or one made from it where a policy has that already."""
    taken = application.once(_policy_names)
    name = workload.name
    while name in taken:
        name += "-ingress"
    return name


def _policy_names(application: Application) -> frozenset[str]:
    return frozenset(policy.name for policy in application.policies)


class _Form(NamedTuple):
    """How an API writes a policy for ingress.

    :ivar rule: a rule for somebody, who is a key of :data:`_COMMENTS`.
    :ivar nobody: what stands in the place of rules.
    """

    version: str
    kind: str
    rule: Callable[[str, _Ports], Iterator[str]]
    nobody: str = "ingress: []"


_COMMENTS = {
    "outside": "from outside the cluster, too: nodes and balancers are no pods",
    "server": "the API server calls it, and is no pod",
    "route": "write the namespace of your ingress controller",
    "pods": "this namespace; name the callers where you can",
}


def _ingress_lines(
    workloads: Sequence[Workload], application: Application, form: _Form
) -> list[str]:
    led_in = map(reach_of(application).led_in, workloads)
    direct, routed, called = map(Ports.union, zip(*led_in, strict=True))
    known = [port for workload in workloads for port in _known(workload, application)]
    ports = list(dict.fromkeys((*known, *(direct | routed | called).each())))
    if not ports:
        return [f"{form.nobody}  # declares no port, so nobody has to reach it"]
    lines = ["ingress:"]
    for who, led in (("outside", direct), ("server", called), ("route", routed), ("pods", None)):
        chosen = [one for one in ports if led is None or one[::-1] in led]
        if chosen:
            lines += form.rule(who, chosen)
            ports = [one for one in ports if one not in chosen]
    return lines


def _known(workload: Workload, application: Application) -> Iterator[tuple[int, str]]:
    """The ports that the pods declare, and those that Services lead to."""
    for _, declared in workload.declared():
        yield declared.number, declared.protocol
    for _, port, number in served_ports(workload, application):
        yield number, port.protocol


_PEERS = {
    "pods": "{podSelector: {}}",
    "route": (
        "{podSelector: {}},"
        " {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-controller}}}"
    ),
}


def _rule(who: str, ports: _Ports) -> Iterator[str]:
    """A rule for ingress, in one line where it fits; without peers it is for everybody."""
    entries = [
        f"{{port: {number}" + (f", protocol: {protocol}" if protocol != TCP else "") + "}"
        for number, protocol in ports
    ]
    known = [f"from: [{_PEERS[who]}]"] if who in _PEERS else []
    listed = flow("ports", entries, "[]")
    line = ", ".join((*known, *listed))
    if listed and len(line) <= LONGEST:
        yield f"  - {{{line}}}  # {_COMMENTS[who]}"
        return
    keys = [*known, *(listed or ("ports:", *indent((f"- {one}" for one in entries), 1)))]
    yield f"  - {keys[0]}  # {_COMMENTS[who]}"
    yield from indent(keys[1:], 2)


# https://docs.cilium.io/en/stable/security/policy/language/#entities-based
_CILIUM_PEERS = {
    "outside": "fromEntities: [world, host, remote-node]",
    "server": "fromEntities: [kube-apiserver, host, remote-node]",
    "route": (
        "fromEndpoints: [{}, {matchLabels: {io.kubernetes.pod.namespace: ingress-controller}}]"
    ),
    "pods": "fromEndpoints: [{}]",
}


def _cilium_rule(who: str, ports: _Ports) -> Iterator[str]:
    yield f"  - {_CILIUM_PEERS[who]}  # {_COMMENTS[who]}"
    yield "    toPorts:"
    yield "      - ports:"
    for number, protocol in ports:
        yield f'          - {{port: "{number}", protocol: {protocol}}}'


# https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#entityrule
_CALICO_PEERS = {
    "route": "source: {namespaceSelector: projectcalico.org/name == 'ingress-controller'}",
    "pods": "source: {selector: all()}",
}


def _calico_rule(who: str, ports: _Ports) -> Iterator[str]:
    """Rules, of which each is for one protocol, and for pods of one namespace or of others."""
    for peers in ("route", "pods") if who == "route" else (who,):
        source = [_CALICO_PEERS[peers]] if peers in _CALICO_PEERS else []
        for protocol in dict.fromkeys(protocol for _, protocol in ports):
            numbers = ", ".join(str(number) for number, other in ports if other == protocol)
            said = ["action: Allow", f"protocol: {protocol}", *source]
            line = ", ".join((*said, f"destination: {{ports: [{numbers}]}}"))
            yield f"  - {{{line}}}  # {_COMMENTS[who]}"


# Without policyTypes a NetworkPolicy is for ingress alone, since it has no egress.
_FORMS: Mapping[str, _Form] = {
    "": _Form("networking.k8s.io/v1", "NetworkPolicy", _rule),
    CILIUM: _Form("cilium.io/v2", "CiliumNetworkPolicy", _cilium_rule, "ingress: [{}]"),
    "projectcalico.org": _Form("projectcalico.org/v3", "NetworkPolicy", _calico_rule),
    "crd.projectcalico.org": _Form("crd.projectcalico.org/v1", "NetworkPolicy", _calico_rule),
}


def _subject(group: str, labels: Labels) -> list[str]:
    """The pods that a policy for ingress is for."""
    if group in CALICO:
        return [_calico_selector(labels), "types: [Ingress]"]
    return label_map((*_SELECTORS.get(group, _SELECTOR), "matchLabels"), labels)


_SELECTOR = ("podSelector",)
_SELECTORS = {CILIUM: ("endpointSelector",), ADMIN: ("subject", "pods", "podSelector")}


def _calico_selector(labels: Labels) -> str:
    """Pods with all of these labels, in the language of Calico."""
    text = " && ".join(f"{key} == '{value}'" for key, value in labels.items())
    return f"selector: {scalar(text)}"


# -- parts of a policy that is there


def policy_selector(policy: NetworkPolicy, labels: Labels) -> str:
    """A policy's selector of the pods that it is for, in the language of its API."""
    if policy.group in CALICO:
        return under(["spec"], [_calico_selector(labels)])
    field = _SELECTORS.get(policy.group, _SELECTOR)
    return under(("spec", *field, "matchLabels"), map_lines(labels))


def match_labels(field: str, labels: Labels) -> str:
    """A selector of labels, under the field that it stands in."""
    lines = nested(["matchLabels"], map_lines(labels))
    if field in ("fromEndpoints", "toEndpoints"):  # which are lists of selectors
        lines = [f"- {lines[0]}", *indent(lines[1:], 1)]
    return under([field], lines)


def policy_port(policy: NetworkPolicy, number: int, protocol: str) -> str:
    """A rule of a policy with one port, in the language of its API."""
    if policy.group in CALICO:
        rule = f"action: Allow\n  protocol: {protocol}\n  destination:\n    ports: [{number}]"
    elif policy.group == CILIUM:
        rule = f'toPorts:\n    - ports:\n        - port: "{number}"\n          protocol: {protocol}'
    elif policy.group == ADMIN and policy.kind == "ClusterNetworkPolicy":
        port = f"destinationPort:\n          number: {number}"
        rule = f"protocols:\n    - {protocol.lower()}:\n        {port}"
    elif policy.group == ADMIN:
        rule = f"ports:\n    - portNumber:\n        port: {number}\n        protocol: {protocol}"
    else:
        rule = f"ports:\n    - port: {number}" + f"\n      protocol: {protocol}" * (protocol != TCP)
    return under(["ingress"], f"- {rule}".splitlines())


def ingress_rule(policy: NetworkPolicy, number: int, protocol: str, *, routed: bool) -> str:
    """A rule for one port, in the language of the policy's API.

    :param routed: for the controller of a route, too, and not for pods of the namespace alone.
    """
    form = _FORMS.get(policy.group, _FORMS[""])
    return join(["ingress:", *form.rule("route" if routed else "pods", [(number, protocol)])])
