"""What a maintainer can paste for workloads, Services and what leads to them.

With the chart's own names, labels and ports; policies are in :mod:`._policies`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ..index import served_ports
from ..kinds import Selects
from ..matching import carries
from ..model import (
    Application,
    Container,
    Identity,
    Labels,
    Monitor,
    Port,
    Probe,
    Route,
    Selector,
    ServicePort,
    Workload,
)
from ._injected import brought
from ._snippet import (
    TCP,
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

COMPONENT = "app.kubernetes.io/component"
INSTANCE = "app.kubernetes.io/instance"
FIXED = "cannot be changed later: delete the object before an upgrade"
CHART = "{{ .Chart.Name }}"

_MOST_PORTS = 20
_VERSIONED = re.compile(
    r"(?:helm\.sh/chart|app\.kubernetes\.io/(?:version|managed-by)|chart|heritage|version"
    r"|.*checksum.*)\Z"
)
_OF_CHART = frozenset(("helm.sh/chart", "app.kubernetes.io/version", "chart"))


# -- labels


def component(workload: Workload, application: Application) -> str:
    """A value for the component label: the workload's name without the release's.

    A chart that is there more than once, under aliases, has one text for all of
    them: its name, which is the alias to Helm, tells them apart. Objects of two kinds
    may have one name.
    """
    if len(application.once(_charts_of)[_template(workload)]) > 1:
        return CHART
    words = [workload.name.removeprefix(application.release).strip("-.")]
    if not words[0] or application.once(_names)[workload.namespace, workload.name] > 1:
        words.append(workload.kind.lower())
    return "-".join(filter(None, words))[:63].rstrip("-.")


def _names(application: Application) -> Counter[tuple[str, str]]:
    """How many workloads of a namespace have a name."""
    return Counter((one.namespace, one.name) for one in application.workloads)


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
        return nested(keys, label_map(["labels"], labels))
    said = "# and those of versions, as they are"
    return nested((*keys, "labels"), (*map_lines(kept), said))


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
        lines = label_map(["selector"], wanted)
    else:
        said = f"  # {FIXED}" if workload.makes.built_in else ""
        lines = [f"selector:{said}", *indent(label_map(["matchLabels"], wanted), 1)]
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


def stable_labels(workload: Workload) -> Labels:
    """Labels that the pods have for good: versions and checksums change with upgrades.

    Of what the unit's own selector asks for the chart's versions alone: it may tell a canary
    apart by another.
    """
    if workload.selector is not None and (asked := workload.selector.labels):
        return {key: text for key, text in asked.items() if key not in _OF_CHART} or asked
    kept = {key: value for key, value in workload.pod_labels.items() if not _VERSIONED.match(key)}
    return kept or workload.pod_labels


def service_selector(labels: Labels) -> str:
    """A Service's selector."""
    return under(["spec"], label_map(["selector"], labels))


def governing(name: str, labels: Labels) -> str:
    """A headless Service for the pods of a StatefulSet."""
    lines = ["apiVersion: v1", "kind: Service", *metadata(name), "spec:"]
    lines += ["  clusterIP: None", *indent(label_map(["selector"], labels), 1)]
    return join(lines)


# -- ports


def container_ports(container: str, ports: Iterable[Port]) -> str:
    """A container with these ports declared."""
    lines = [f"- name: {scalar(container)}"]
    entries = [*map(_port_line, ports)]
    lines += ["  ports:", *indent(entries, 2)] if entries else ["  ports: []"]
    return join(["containers:", *indent(lines, 1)])


def served_undeclared(workloads: Sequence[Workload], application: Application) -> list[Port]:
    """The ports that Services lead to and no container declares, of workloads together.

    They belong into the same list: what declares one port is taken to declare all.
    """
    declared = {
        (port.number, port.protocol) for workload in workloads for _, port in workload.declared()
    }
    served = application.once(_served)
    led_to = dict.fromkeys(port for one in workloads for port in served[one.identity])
    return [port for port in led_to if (port.number, port.protocol) not in declared]


def _served(application: Application) -> Mapping[Identity, Collection[Port]]:
    """What Services lead to, by workload; what an injector brings is nobody's to declare."""
    return {
        workload.identity: dict.fromkeys(
            Port(number, port.protocol)
            for _, port, number in served_ports(workload, application)
            if not brought(number, workload, application)
        )
        for workload in application.workloads
    }


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


# -- what leads to ports


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


def probe_port(probe: Probe, name: str | None) -> str:
    """A probe of a named port; "" where it is open which one is meant."""
    if name is None:
        return ""
    return under([probe.kind, probe.handler], [f"port: {scalar(name)}"])
