"""What the API server refuses of pods, Services and Ingresses, beyond the types of single fields.

It says so when a chart is installed, and no earlier: to Helm all of it is text.
The rules are those of the reference, https://kubernetes.io/docs/reference/kubernetes-api/,
under PodSpec, ServiceSpec and IngressSpec.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from ..model import Container, Service, ServicePort
from ..values import mapping, sequence, text_of
from .objects import KubernetesObject
from .syntax import dns_label_problem, object_name_problem, port_name_problem

T = TypeVar("T", bound=Hashable)

PROTOCOLS = ("TCP", "UDP", "SCTP")
SERVICE_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")


def refuse_pod(
    obj: KubernetesObject, containers: Sequence[Container], *, host_network: bool
) -> None:
    """Take down what is wrong with the containers of a pod and their ports."""
    for name in _repeated(container.name for container in containers if container.name):
        obj.refuse(f"has two containers of the name {name}", f"name: {name}")
    for container in containers:
        if not container.name:
            obj.refuse("has a container without a name", "containers:")
        elif problem := dns_label_problem(container.name):
            obj.refuse(f"container {container.name}: its name {problem}", f"name: {container.name}")
        _refuse_ports(obj, container, host_network=host_network)
    taken = (
        f"{port.host_port}/{port.protocol}" + (f" on {port.host_ip}" if port.host_ip else "")
        for container in containers
        if not container.init
        for port in container.ports
        if port.host_port
    )
    for host_port in _repeated(taken):
        obj.refuse(f"takes hostPort {host_port} twice in one pod", "hostPort:")


def _refuse_ports(obj: KubernetesObject, container: Container, *, host_network: bool) -> None:
    where = f"container {container.name}"
    for name in _repeated(port.name for port in container.ports if port.name):
        obj.refuse(f"{where}: two of its ports are called {name}", f"name: {name}")
    for port in container.ports:
        if port.name and (problem := port_name_problem(port.name)):
            obj.refuse(f"{where}: the port name {port.name} {problem}", f"name: {port.name}")
        _refuse_protocol(obj, where, port.protocol)
        if host_network and port.host_port not in (None, port.number):
            obj.refuse(
                f"{where}: hostPort {port.host_port} is not containerPort {port.number}, and with"
                " hostNetwork: true they are one port: leave hostPort out",
                "hostPort:",
            )


def refuse_service(obj: KubernetesObject, service: Service) -> None:
    """Take down what is wrong with a Service and its ports."""
    ports = service.ports
    if service.type not in SERVICE_TYPES:
        listed = ", ".join(SERVICE_TYPES)
        obj.refuse(f"spec.type {service.type} is none of {listed}", "type:")
    external = text_of(obj.spec.get("externalName")).rstrip(".")
    if service.type == "ExternalName" and (problem := object_name_problem(external)):
        obj.refuse(f"spec.externalName {external!r} {problem}", "externalName:")
    if len(ports) > 1:
        for port in ports:
            if not port.name:
                obj.refuse(
                    f"spec.ports: {port.port}/{port.protocol} has no name, which every port needs"
                    " where there are several",
                    "ports:",
                )
    for name in _repeated(port.name for port in ports if port.name):
        obj.refuse(f"spec.ports: two ports are called {name}", f"name: {name}")
    for number in _repeated(f"{port.port}/{port.protocol}" for port in ports):
        obj.refuse(f"spec.ports: {number} is there twice", "ports:")
    for port in ports:
        _refuse_service_port(obj, port)


def refuse_ingress(obj: KubernetesObject) -> None:
    """Take down that an Ingress leads nowhere, and hosts that are no names in DNS."""
    spec = obj.spec
    rules = [mapping(rule) for rule in sequence(spec.get("rules"))]
    if not rules and not (spec.get("defaultBackend") or spec.get("backend")):
        obj.refuse("has neither spec.rules nor spec.defaultBackend", "rules:")
    hosts = [text_of(rule.get("host")) for rule in rules if rule.get("host")]
    for entry in sequence(spec.get("tls")):
        hosts += map(text_of, sequence(mapping(entry).get("hosts")))
    for host in dict.fromkeys(hosts):
        if problem := object_name_problem(host.removeprefix("*.")):
            obj.refuse(f"the host {host!r} {problem}", host or "hosts:")


def _refuse_service_port(obj: KubernetesObject, port: ServicePort) -> None:
    where = f"spec.ports: {port.port}"
    if port.name and (problem := dns_label_problem(port.name)):
        obj.refuse(f"{where}: the name {port.name} {problem}", f"name: {port.name}")
    _refuse_protocol(obj, where, port.protocol)
    target = port.target
    if isinstance(target, int):
        if not 0 < target < 1 << 16:
            obj.refuse(
                f"{where}: targetPort is {target}, and Kubernetes takes a number from 1 to 65535",
                f"targetPort: {target}",
            )
    elif problem := port_name_problem(target):
        instead = f": write targetPort: {target} without quotes" if target.isdecimal() else ""
        obj.refuse(f"{where}: the targetPort name {target} {problem}{instead}", "targetPort:")


def _refuse_protocol(obj: KubernetesObject, where: str, protocol: str) -> None:
    if protocol not in PROTOCOLS:
        obj.refuse(
            f"{where}: protocol {protocol} is none of {', '.join(PROTOCOLS)}",
            f"protocol: {protocol}",
        )


def _repeated(items: Iterable[T]) -> Iterator[T]:
    """What is there more than once, each once."""
    seen: dict[T, int] = {}
    for item in items:
        seen[item] = seen.get(item, 0) + 1
    return (item for item, count in seen.items() if count > 1)
