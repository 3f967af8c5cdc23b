"""An application as the picture that the page draws: boxes, ports, edges, boundaries.

Only what the drawing needs, as plain lists and short keys, since a page may
hold hundreds of applications. Where a thing stands is the page's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from ..index import backend_ports, selected
from ..matching import target_number, targets
from ..model import Application, Container, NetworkPolicy, Service, ServicePort, Socket, Workload
from ..reach import Direction, Taking, reach_of
from .matrix import matrix

Json: TypeAlias = dict[str, Any]

# States of a port of a pod.
DECLARED = "declared"  # nobody looked whether it is open
BOTH = "both"
OPEN = "open"  # open, and declared by no container
CLOSED = "closed"  # declared, and nothing listens (or on loopback only)

# How traffic of a Service port ends at a workload.
REACHES = "ok"  # a declared port
UNDECLARED = "undeclared"  # a number that no container declares
NO_ENDPOINT = "dead"  # a name that no container has

# What policies mean to the pods of a boundary.
LIMITED = "limited"
ADMITS_ALL = "open"
ADMITS_PORTS = "ports"  # any pod of the cluster to these
UNKNOWN = "unknown"  # there are policies that are not understood
EGRESS_ONLY = "egress"
WITHOUT = "none"
HOST = "host"
# The worst is drawn first.
_ORDER = (WITHOUT, HOST, EGRESS_ONLY, ADMITS_ALL, ADMITS_PORTS, UNKNOWN, LIMITED)


def topology(application: Application) -> Json:
    """The application's boxes and edges.

    - ``workloads``: ``name`` (as in node ids), ``looked`` (somebody observed
      it), ``containers`` of ``name``, ``image`` and ``ports``, each port
      ``[number, protocol, name, state]``
    - ``services``: ``name``, ``type``, ``ports`` of ``[port, target,
      protocol, name]``, ``selects`` False where Kubernetes makes no endpoints
    - ``ingresses``: ``name`` and ``backends`` of ``[service, port, host and path]``,
      the Service and its port as positions, -1 where there is none
    - ``edges``: ``[service, port, workload, container, port, how]``,
      positions in the lists above; container and port are -1 where the
      traffic meets no declared port
    - ``boundaries``: ``policies`` (names), ``means``, ``workloads`` (positions)
    - ``reach``: who reaches whom, as :func:`.matrix.matrix` has it
    - ``unread`` and ``idle``: policies that are not understood, and those that
      take no pod
    """
    return {
        "workloads": [_workload(workload, application) for workload in application.workloads],
        "services": [_service(service, application) for service in application.services],
        "ingresses": list(_ingresses(application)),
        "edges": list(_edges(application)),
        "boundaries": _boundaries(application),
        "reach": matrix(application),
        "unread": [_name(policy, application) for policy in reach_of(application).unread],
        "idle": list(_idle(application)),
    }


def _name(obj: Workload | Service | NetworkPolicy, application: Application) -> str:
    return application.subject(obj.reference)


def _workload(workload: Workload, application: Application) -> Json:
    said: Json = {
        "name": _name(workload, application),
        "containers": [_container(c, workload) for c in workload.containers if c.runs],
    }
    if workload.host_network:
        said["host"] = True
    if workload.hook:
        said["hook"] = workload.hook
    if workload.sockets is not None:
        said["looked"] = True
    if workload.replicas != 1:
        said["replicas"] = workload.replicas
    return said


def _container(container: Container, workload: Workload) -> Json:
    ports = [
        [port.number, port.protocol, port.name, _state(port.number, port.protocol, workload)]
        for port in container.ports
    ]
    ports += [
        [number, protocol, process, OPEN]
        for number, protocol, process in _undeclared(container, workload)
    ]
    said: Json = {"name": container.name, "image": container.image, "ports": ports}
    if container.sidecar:
        said["sidecar"] = True
    return said


def _state(number: int, protocol: str, workload: Workload) -> str:
    if workload.sockets is None or protocol == "SCTP":  # /proc does not show SCTP
        return DECLARED
    reachable = {(s.port, s.protocol) for s in workload.sockets if not s.loopback}
    return BOTH if (number, protocol) in reachable else CLOSED


def _undeclared(container: Container, workload: Workload) -> list[tuple[int, str, str]]:
    """Open ports that this container owns and that none of the pod declares, sorted."""
    declared = {(port.number, port.protocol) for _, port in workload.declared()}
    return sorted(
        {
            (socket.port, socket.protocol, socket.process)
            for socket in workload.sockets or ()
            if not socket.loopback
            and (socket.port, socket.protocol) not in declared
            and _owner(socket, workload) == container.name
        }
    )


def _owner(socket: Socket, workload: Workload) -> str:
    """The container that has the socket; the first one where nobody knows."""
    names = [container.name for container in workload.containers if container.runs]
    return socket.container if socket.container in names else next(iter(names), "")


def _service(service: Service, application: Application) -> Json:
    said: Json = {
        "name": _name(service, application),
        "type": "headless" if service.headless else service.type,
        "ports": [[port.port, port.target, port.protocol, port.name] for port in service.ports],
    }
    if service.selector is None:
        said["selects"] = False
    return said


def _ingresses(application: Application) -> Iterator[Json]:
    positions = {
        (service.namespace, service.name): number
        for number, service in enumerate(application.services)
    }
    for route in application.routes:
        backends = []
        for backend in route.backends:
            at = positions.get((backend.namespace, backend.service), -1)
            ports = backend_ports(backend, application)
            port = application.services[at].ports.index(ports[0]) if ports else -1
            backends.append([at, port, f"{backend.host}{backend.path}", backend.service])
        yield {"name": application.subject(route.reference), "backends": backends}


def _edges(application: Application) -> Iterator[list[Any]]:
    positions = {workload.reference: n for n, workload in enumerate(application.workloads)}
    for number, service in enumerate(application.services):
        for workload in selected(service, application):
            for port_number, port in enumerate(service.ports):
                for end in _ends(port, workload):
                    yield [number, port_number, positions[workload.reference], *end]


def _ends(port: ServicePort, workload: Workload) -> Iterator[tuple[int, int, str]]:
    """Where the traffic of one Service port ends in one workload."""
    running = [container for container in workload.containers if container.runs]
    for container, declared in (met := list(targets(port, workload))):
        # Ports that are equal are one box each: the first of them is as good as the others.
        yield running.index(container), container.ports.index(declared), REACHES
    if met:
        return
    number = target_number(port, workload)
    for at, container in enumerate(running):
        undeclared = _undeclared(container, workload)
        for place, (opened, protocol, _) in enumerate(undeclared):
            if (opened, protocol) == (number, port.protocol):
                yield at, len(container.ports) + place, UNDECLARED
                return
    yield -1, -1, NO_ENDPOINT if number is None else UNDECLARED


def _boundaries(application: Application) -> list[Json]:
    """The workloads by what policies take them; those without any first."""
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for number, workload in enumerate(application.workloads):
        groups.setdefault(_boundary(workload, application), []).append(number)
    ordered = sorted(groups.items(), key=lambda group: (_ORDER.index(group[0][0]), group[0][1]))
    return [
        {"means": means, "policies": list(policies), "workloads": workloads}
        for (means, policies), workloads in ordered
    ]


def _boundary(workload: Workload, application: Application) -> tuple[str, tuple[str, ...]]:
    if workload.host_network:
        return HOST, ()
    reach = reach_of(application)
    taking = reach.taking(workload, Direction.INGRESS)
    names = _policies(taking, application)
    admitted = reach.from_every_pod(workload)
    if reach.unread:
        return UNKNOWN, names
    if not admitted.possible:
        return LIMITED, names
    if admitted.worst.covers_a_protocol():
        if reach.isolating(workload):
            return ADMITS_ALL, names
        sending = _policies(reach.taking(workload, Direction.EGRESS), application)
        return (EGRESS_ONLY if sending else WITHOUT), sending
    return (ADMITS_PORTS if admitted.worst else UNKNOWN), names


def _policies(taking: Iterable[Taking], application: Application) -> tuple[str, ...]:
    return tuple(sorted({_name(one.policy.source, application) for one in taking}))


def _idle(application: Application) -> Iterator[str]:
    """The policies that are for no workload."""
    reach = reach_of(application)
    busy = {
        taking.policy.source.reference
        for workload in application.workloads
        for direction in Direction
        for taking in reach.taking(workload, direction)
    }
    for policy in application.policies:
        if policy.reference not in busy:
            yield _name(policy, application)
