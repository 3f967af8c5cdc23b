"""YAML for a maintainer to paste, with the chart's own names, labels and ports.

Text is put together by hand: it stands in every failure, and importing a YAML
library for it would cost each run that has none.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from ..index import served_ports
from ..kinds import Selects
from ..matching import carries
from ..model import (
    Application,
    Container,
    Labels,
    Monitor,
    NetworkPolicy,
    Port,
    Probe,
    Route,
    Selector,
    ServicePort,
    Workload,
)
from ..reach import reach_of
from ._words import subjects

COMPONENT = "app.kubernetes.io/component"
INSTANCE = "app.kubernetes.io/instance"
ADMIN = "policy.networking.k8s.io"
CALICO = frozenset(("projectcalico.org", "crd.projectcalico.org"))
FIXED = "cannot be changed later: delete the object before an upgrade"
CHART = "{{ .Chart.Name }}"

_LONGEST = 100  # of a line in flow style, without what it is indented by
_MOST_PORTS = 20
TCP = "TCP"  # what a port has that says no protocol

# YAML 1.1 reads these words as something else than strings.
_WORDS = frozenset(("y", "yes", "n", "no", "true", "false", "on", "off", "null"))
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*\Z")
_VERSIONED = re.compile(
    r"(?:helm\.sh/chart|app\.kubernetes\.io/(?:version|managed-by)|chart|heritage|version"
    r"|.*checksum.*)\Z"
)
_OF_CHART = frozenset(("helm.sh/chart", "app.kubernetes.io/version", "chart"))


def scalar(text: str) -> str:
    """The text so that every YAML reader takes it as that string."""
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text)


def indent(lines: Iterable[str], depth: int) -> Iterator[str]:
    """The lines, ``depth`` levels deeper."""
    for line in lines:
        yield "  " * depth + line


def map_lines(labels: Labels) -> Iterator[str]:
    """One line for each label."""
    for key, value in labels.items():
        yield f"{scalar(key)}: {scalar(value)}"


def _nested(path: Iterable[str], lines: Iterable[str]) -> list[str]:
    keys = [f"{'  ' * depth}{key}:" for depth, key in enumerate(path)]
    return [*keys, *indent(lines, len(keys))]


def _map(path: Iterable[str], labels: Labels) -> list[str]:
    """Labels under some keys, as many of these in one line with them as fit."""
    outer, line = list(path), f"{{{', '.join(map_lines(labels))}}}"
    inner: list[str] = []
    while outer and len(longer := f"{outer[-1]}: {line}") <= _LONGEST:
        line = f"{{{longer}}}"
        inner = [longer]
        outer.pop()
    return _nested(outer, inner or map_lines(labels))


def flow(key: str, entries: Iterable[str], brackets: str) -> list[str]:
    """A map or a list in one line; [] where that is longer than a line should be."""
    line = f"{key}: {brackets[0]}{', '.join(entries)}{brackets[1]}"
    return [line] if len(line) <= _LONGEST else []


def join(lines: Iterable[str]) -> str:
    """The lines as one snippet."""
    return "\n".join(lines)


def under(path: Iterable[str], lines: Iterable[str]) -> str:
    """The lines below these keys, as one snippet."""
    return join(_nested(path, lines))


# -- labels


def component(workload: Workload, application: Application) -> str:
    """A value for the component label: the workload's name without the release's.

    A chart that is there more than once, under aliases, has one text for all of
    them: its name, which is the alias to Helm, tells them apart.
    """
    if len(application.once(_charts_of)[_template(workload)]) > 1:
        return CHART
    name = workload.name.removeprefix(application.release).strip("-.")
    return (name or workload.kind.lower())[:63].rstrip("-.")


def _charts_of(application: Application) -> Mapping[str, set[str]]:
    """The sources of the workloads under the path that they have in their own charts."""
    found: dict[str, set[str]] = defaultdict(set)
    for workload in application.workloads:
        found[_template(workload)].add(workload.source)
    return found


def _template(workload: Workload) -> str:
    _, inside, path = workload.source.rpartition("/templates/")
    return path if inside else workload.source


def pod_label_lines(workload: Workload, labels: Labels) -> list[str]:
    """The labels of the pod template, in the place that the kind has for them.

    Those that change with upgrades are left to the template.
    """
    asked = workload.selector.labels if workload.selector is not None else {}
    kept = {key: text for key, text in labels.items() if key in asked or not _VERSIONED.match(key)}
    keys = (*workload.makes.template, "metadata")
    if len(kept) == len(labels):
        return _nested(keys, _map(["labels"], labels))
    said = "# and those of versions, as they are"
    return _nested((*keys, "labels"), (*map_lines(kept), said))


def distinguishing(workload: Workload, rest: Iterable[Workload]) -> Labels:
    """A label of the workload's pods that none of the others has; {} if there is none."""
    others = list(rest)
    for key in (COMPONENT, *workload.pod_labels):
        value = workload.pod_labels.get(key)
        if value is None or _VERSIONED.match(key):
            continue
        if all(other.pod_labels.get(key) != value for other in others):
            return {key: value}
    return {}


def unit_labels(workload: Workload, added: Labels) -> str:
    """The unit's own selector and its pod labels, with more labels in both."""
    labels = pod_label_lines(workload, {**workload.pod_labels, **added})
    selector = workload.selector
    if selector is None:
        return join(labels)
    wanted = {**selector.labels, **added}
    if workload.makes.selects is Selects.MAP:
        lines = _map(["selector"], wanted)
    else:
        said = f"  # {FIXED}" if workload.makes.built_in else ""
        lines = [f"selector:{said}", *indent(_map(["matchLabels"], wanted), 1)]
        lines += indent(_expression_lines(selector), 1)
    return join(["spec:", *indent(lines, 1), *labels[1:]])


def out_of(selector: Selector, workload: Workload, application: Application) -> str:
    """Labels for the workload's pods that the selector does not take; "" where it asks for none.

    The label that another value is given to is one that tells what the pods are; the
    release's name stays in them.
    """
    keys = sorted(
        selector.labels, key=lambda key: carries([selector.labels[key]], application.release)
    )
    if not keys:
        return ""
    value, own = selector.labels[keys[0]], component(workload, application)
    if own == value or not own.startswith(value):
        own = f"{value}-{own}"[:63].rstrip("-.")
    labels = {**workload.pod_labels, keys[0]: own}
    return for_object(
        application.subject(workload.reference), join(pod_label_lines(workload, labels))
    )


def _expression_lines(selector: Selector) -> Iterator[str]:
    if selector.expressions:
        yield "matchExpressions:"
    for key, operator, values in selector.expressions:
        listed = f", values: [{', '.join(map(scalar, values))}]" if values else ""
        yield f"  - {{key: {scalar(key)}, operator: {operator}{listed}}}"


def service_selector(labels: Labels) -> str:
    """A Service's selector."""
    return under(["spec"], _map(["selector"], labels))


def for_object(subject: str, snippet: str) -> str:
    """The snippet under a comment that says which object it is for."""
    return f"# {subject}\n{snippet}"


# -- ports


def container_ports(container: str, ports: Iterable[Port]) -> str:
    """A container with these ports declared."""
    lines = [f"- name: {scalar(container)}"]
    entries = [*map(_port_line, ports)]
    lines += ["  ports:", *indent(entries, 2)] if entries else ["  ports: []"]
    return join(["containers:", *indent(lines, 1)])


def with_ports(container: Container | None, own: Port, lacking: Collection[Port] = ()) -> str:
    """The container with its declared ports and those that it lacks: all of them, or one's own.

    Each finding on one of them says it: of thousands all would be more than anybody reads.
    """
    ports = lacking if 0 < len(lacking) <= _MOST_PORTS else (own,)
    if container is None:
        return under(["ports"], map(_port_line, ports))
    return container_ports(container.name, (*container.ports, *ports))


def _port_line(port: Port) -> str:
    entries = [f"name: {scalar(port.name)}"] if port.name else []
    entries.append(f"containerPort: {port.number}")
    entries += [f"protocol: {port.protocol}"] * (port.protocol != TCP)
    return f"- {{{', '.join(entries)}}}" if entries[1:] else f"- {entries[0]}"


def service_port(*ports: ServicePort) -> str:
    """Entries of a Service's ports, under its list."""
    return under(["ports"], map(_service_port_line, ports))


def _service_port_line(port: ServicePort) -> str:
    target = port.target if isinstance(port.target, int) else scalar(port.target)
    entries = [f"name: {scalar(port.name)}"] if port.name else []
    entries += [f"port: {port.port}", f"targetPort: {target}"]
    entries += [f"protocol: {port.protocol}"] * (port.protocol != TCP)
    return f"- {{{', '.join(entries)}}}"


def host_of(workloads: Iterable[Workload]) -> Container | None:
    """The container that a port would most likely belong to: the first that runs."""
    containers = [
        container for workload in workloads for container in workload.containers if container.runs
    ]
    main = [container for container in containers if not container.sidecar]
    return next(iter([one for one in main if one.ports] or main or containers), None)


# -- policies


def stable_labels(workload: Workload) -> Labels:
    """Labels that the pods have for good: versions and checksums change with upgrades.

    Of what the unit's own selector asks for the chart's versions alone: it may tell a canary
    apart by another.
    """
    if workload.selector is not None and (asked := workload.selector.labels):
        return {key: text for key, text in asked.items() if key not in _OF_CHART} or asked
    kept = {key: value for key, value in workload.pod_labels.items() if not _VERSIONED.match(key)}
    return kept or workload.pod_labels


def network_policy(
    workload: Workload, application: Application, replaced: Sequence[NetworkPolicy] = ()
) -> str:
    """A policy that lets pods of the namespace reach the ports that are known, and nobody else.

    Those are what is declared and what Services lead to: one that no container declares is open
    all the same. But for the ports that the application leads others to: who comes by a load
    balancer or a node port is no pod, nor is the API server, which calls webhooks, and the
    controller of a route runs in a namespace of its own.

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
    group = replaced[0].group if replaced else ""
    form = _FORMS.get(group, _FORMS[""])
    name = replaced[0].name if replaced else _free_name(workload, application)
    gone = [one for one in replaced if (f"kind: {one.kind}", one.name) != (form.head[1], name)]
    said = [f"# in place of {subjects(gone, application)}, too"] if gone else []
    lines = [
        *said,
        *form.head,
        *_metadata(name, workload.namespace if workload.namespace != application.namespace else ""),
    ]
    lines += ["spec:", *indent(form.subject(labels), 1)]
    lines += indent(_ingress_lines(workload, application, form), 1)
    return before + join(lines)


def _metadata(name: str, namespace: str = "") -> list[str]:
    entries = [f"name: {scalar(name)}"]
    entries += [f"namespace: {scalar(namespace)}"] if namespace else []
    return flow("metadata", entries, "{}") or _nested(["metadata"], entries)


def policy_selector(policy: NetworkPolicy, labels: Labels) -> str:
    """A policy's selector of the pods that it is for, in the language of its API."""
    if policy.group in CALICO:
        return under(["spec"], [f"selector: {scalar(calico_selector(labels))}"])
    path = {"cilium.io": ("endpointSelector",), ADMIN: ("subject", "pods", "podSelector")}
    field = path.get(policy.group, ("podSelector",))
    return under(("spec", *field, "matchLabels"), map_lines(labels))


def match_labels(field: str, labels: Labels) -> str:
    """A selector of labels, under the field that it stands in."""
    lines = _nested(["matchLabels"], map_lines(labels))
    if field in ("fromEndpoints", "toEndpoints"):  # which are lists of selectors
        lines = [f"- {lines[0]}", *indent(lines[1:], 1)]
    return under([field], lines)


def policy_port(policy: NetworkPolicy, number: int, protocol: str) -> str:
    """A rule of a policy with one port, in the language of its API."""
    if policy.group in CALICO:
        rule = f"action: Allow\n  protocol: {protocol}\n  destination:\n    ports: [{number}]"
    elif policy.group == "cilium.io":
        rule = f'toPorts:\n    - ports:\n        - port: "{number}"\n          protocol: {protocol}'
    elif policy.group == ADMIN and policy.kind == "ClusterNetworkPolicy":
        port = f"destinationPort:\n          number: {number}"
        rule = f"protocols:\n    - {protocol.lower()}:\n        {port}"
    elif policy.group == ADMIN:
        rule = f"ports:\n    - portNumber:\n        port: {number}\n        protocol: {protocol}"
    else:
        rule = f"ports:\n    - port: {number}" + f"\n      protocol: {protocol}" * (protocol != TCP)
    return under(["ingress"], f"- {rule}".splitlines())


def route_backend(route: Route, service: str, port: int | str) -> str:
    """A backend of a route, in the language of its API; port 0 is left out."""
    name = f"name: {scalar(service)}"
    said = port if isinstance(port, int) else scalar(port)
    if route.kind == "Ingress":
        field = "number" if isinstance(port, int) else "name"
        lines = ["service:", f"  {name}"] + [f"  port: {{{field}: {said}}}"] * bool(port)
        return under(["backend"], lines)
    if route.kind == "Route":
        lines = ["to:", "  kind: Service", f"  {name}"]
        lines += ["port:", f"  targetPort: {said}"] if port else []
        return under(["spec"], lines)
    if route.kind == "VirtualService":
        lines = ["- destination:", f"    host: {scalar(service)}"]
        lines += ["    port:", f"      number: {said}"] if port else []
        return under(["route"], lines)
    field = "services" if route.kind.startswith("IngressRoute") else "backendRefs"
    return under([field], [f"- {name}"] + [f"  port: {said}"] * bool(port))


def monitor_endpoint(monitor: Monitor, port: int | str, *, of_pods: bool) -> str:
    """What a monitor scrapes; of a ServiceMonitor a port of the Services, or of their pods."""
    field = "podMetricsEndpoints" if monitor.kind == "PodMonitor" else "endpoints"
    said = port if isinstance(port, int) else scalar(port)
    return under(["spec", field], [f"- {'targetPort' if of_pods else 'port'}: {said}"])


def ingress_rule(number: int, protocol: str, *, everywhere: bool = False) -> str:
    """A rule that admits pods of the namespace, or of any, to one port."""
    peer = "namespaceSelector" if everywhere else "podSelector"
    lines = ["ingress:", "  - from:", f"      - {peer}: {{}}  # name the callers where you can"]
    lines += ["    ports:", f"      - port: {number}"]
    lines += [f"        protocol: {protocol}"] * (protocol != TCP)
    return join(lines)


def governing(name: str, labels: Labels) -> str:
    """A headless Service for the pods of a StatefulSet."""
    lines = ["apiVersion: v1", "kind: Service", *_metadata(name), "spec:"]
    lines += ["  clusterIP: None", *indent(_map(["selector"], labels), 1)]
    return join(lines)


def probe_port(probe: Probe, name: str | None) -> str:
    """A probe of a named port; "" where it is open which one is meant."""
    if name is None:
        return ""
    return under([probe.kind, probe.handler], [f"port: {scalar(name)}"])


def _free_name(workload: Workload, application: Application) -> str:
    """The workload's name, or one made from it where a policy has that already."""
    taken = application.once(_policy_names)
    name = workload.name
    while name in taken:
        name += "-ingress"
    return name


def _policy_names(application: Application) -> frozenset[str]:
    return frozenset(policy.name for policy in application.policies)


_Ports: TypeAlias = Sequence[tuple[int, str]]


class _Form(NamedTuple):
    """How an API writes a policy for ingress.

    :ivar subject: the pods that it is for.
    :ivar rule: a rule for somebody, who is a key of :data:`_COMMENTS`.
    :ivar nobody: what stands in the place of rules.
    """

    head: tuple[str, str]
    subject: Callable[[Labels], Iterable[str]]
    rule: Callable[[str, _Ports, str], Iterator[str]]
    nobody: str = "ingress: []"


_COMMENTS = {
    "outside": "from outside the cluster, too: nodes and balancers are no pods",
    "server": "the API server calls it, and is no pod",
    "route": "write the namespace of your ingress controller",
    "pods": "this namespace; name the callers where you can",
}


def _ingress_lines(workload: Workload, application: Application, form: _Form) -> list[str]:
    direct, routed, called = reach_of(application).led_in(workload)
    ports = list(
        dict.fromkeys((*_known(workload, application), *(direct | routed | called).each()))
    )
    if not ports:
        return [f"{form.nobody}  # declares no port, so nobody has to reach it"]
    lines = ["ingress:"]
    for who, led in (("outside", direct), ("server", called), ("route", routed), ("pods", None)):
        chosen = [one for one in ports if led is None or one[::-1] in led]
        if chosen:
            lines += form.rule(who, chosen, _COMMENTS[who])
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


def _rule(who: str, ports: _Ports, comment: str) -> Iterator[str]:
    """A rule for ingress, in one line where it fits; without peers it is for everybody."""
    entries = [
        f"{{port: {number}" + (f", protocol: {protocol}" if protocol != TCP else "") + "}"
        for number, protocol in ports
    ]
    known = [f"from: [{_PEERS[who]}]"] if who in _PEERS else []
    listed = flow("ports", entries, "[]")
    line = ", ".join((*known, *listed))
    if listed and len(line) <= _LONGEST:
        yield f"  - {{{line}}}  # {comment}"
        return
    keys = [*known, *(listed or ("ports:", *indent((f"- {one}" for one in entries), 1)))]
    yield f"  - {keys[0]}  # {comment}"
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


def _cilium_rule(who: str, ports: _Ports, comment: str) -> Iterator[str]:
    yield f"  - {_CILIUM_PEERS[who]}  # {comment}"
    yield "    toPorts:"
    yield "      - ports:"
    for number, protocol in ports:
        yield f'          - {{port: "{number}", protocol: {protocol}}}'


# https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#entityrule
_CALICO_PEERS = {
    "route": "source: {namespaceSelector: projectcalico.org/name == 'ingress-controller'}",
    "pods": "source: {selector: all()}",
}


def _calico_rule(who: str, ports: _Ports, comment: str) -> Iterator[str]:
    """Rules, of which each is for one protocol, and for pods of one namespace or of others."""
    for peers in ("route", "pods") if who == "route" else (who,):
        source = [_CALICO_PEERS[peers]] if peers in _CALICO_PEERS else []
        for protocol in dict.fromkeys(protocol for _, protocol in ports):
            numbers = ", ".join(str(number) for number, other in ports if other == protocol)
            said = ["action: Allow", f"protocol: {protocol}", *source]
            line = ", ".join((*said, f"destination: {{ports: [{numbers}]}}"))
            yield f"  - {{{line}}}  # {comment}"


def _calico_subject(labels: Labels) -> list[str]:
    return [f"selector: {scalar(calico_selector(labels))}", "types: [Ingress]"]


def calico_selector(labels: Labels) -> str:
    """Pods with all of these labels, in the language of Calico."""
    return " && ".join(f"{key} == '{value}'" for key, value in labels.items())


# Without policyTypes a NetworkPolicy is for ingress alone, since it has no egress.
_FORMS: Mapping[str, _Form] = {
    "": _Form(
        ("apiVersion: networking.k8s.io/v1", "kind: NetworkPolicy"),
        lambda labels: _map(["podSelector", "matchLabels"], labels),
        _rule,
    ),
    "cilium.io": _Form(
        ("apiVersion: cilium.io/v2", "kind: CiliumNetworkPolicy"),
        lambda labels: _map(["endpointSelector", "matchLabels"], labels),
        _cilium_rule,
        "ingress: [{}]",
    ),
    **{
        group: _Form(
            (f"apiVersion: {group}/{version}", "kind: NetworkPolicy"), _calico_subject, _calico_rule
        )
        for group, version in (("projectcalico.org", "v3"), ("crd.projectcalico.org", "v1"))
    },
}
