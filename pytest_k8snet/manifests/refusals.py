"""What the API server refuses of pods, Services and Ingresses, beyond the types of single fields.

It says so when a chart is installed, and no earlier: to Helm all of it is text.
The rules are those of the reference, https://kubernetes.io/docs/reference/kubernetes-api/,
under PodSpec, ServiceSpec, IngressSpec and NetworkPolicySpec.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..kinds import kind_of
from ..model import Backend, Container, Service, ServicePort
from ..reach.networks import Network, within
from ..reach.ports import PROTOCOLS
from ..values import Manifest, integer, is_int, mapping, mappings, sequence, text_of
from .objects import KubernetesObject
from .ports import protocol_of
from .selectors import label_selector
from .syntax import dns_label_problem, object_name_problem, port_name_problem

POLICY_TYPES = ("Ingress", "Egress")
_SELECTORS = ("podSelector", "namespaceSelector")
# It gives a name to a container that has none, and a port to a probe:
# https://knative.dev/docs/serving/services/creating-services/
_FILLING_IN = "serving.knative.dev"
_PATH_TYPES = ("Exact", "Prefix", "ImplementationSpecific")
SERVICE_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")


def refuse_pod(
    obj: KubernetesObject, containers: Sequence[Container], *, host_network: bool
) -> None:
    """Take down what is wrong with the containers of a pod and their ports."""
    # A custom resource may take its pods from elsewhere.
    if kind_of(obj.kind, obj.group).built_in and all(container.init for container in containers):
        obj.refuse("has no containers, and every pod needs one", "containers:")
    for name in _repeated(container.name for container in containers if container.name):
        obj.refuse(f"has two containers of the name {name}", f"name: {name}")
    filled_in = obj.group == _FILLING_IN
    for container in containers:
        if not container.name:
            if not filled_in:
                obj.refuse("has a container without a name", "containers:")
        elif problem := dns_label_problem(container.name):
            obj.refuse(f"container {container.name}: its name {problem}", f"name: {container.name}")
        _refuse_ports(obj, container, host_network=host_network)
        _refuse_probes(obj, container, filled_in=filled_in)
    taken = (
        f"{port.host_port}/{port.protocol}" + (f" on {port.host_ip}" if port.host_ip else "")
        for container in containers
        if not container.init
        for port in container.ports
        if port.host_port
    )
    for host_port in _repeated(taken):
        obj.refuse(f"takes hostPort {host_port} twice in one pod", "hostPort:")


def _refuse_probes(obj: KubernetesObject, container: Container, *, filled_in: bool) -> None:
    for kind in _repeated(probe.kind for probe in container.probes):
        what = "asks in two ways, and Kubernetes takes one"
        obj.refuse(f"container {container.name}: its {kind} {what}", f"{kind}:")
    for probe in container.probes:
        if probe.handler != "exec" and (probe.port or not filled_in):
            where = f"container {container.name}: {probe.kind}"
            _refuse_target(obj, where, "port", probe.port, f"{probe.kind}:")


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
    _refuse_clusterless(obj, service)


def _refuse_clusterless(obj: KubernetesObject, service: Service) -> None:
    """Take down an address of its own that is none, and that it has no ports."""
    address = text_of(obj.spec.get("clusterIP"))
    if address not in ("", "None") and not _is_address(address):
        obj.refuse(f"spec.clusterIP {address} is no address; a headless one is None", "clusterIP:")
    if service.headless and service.type in ("NodePort", "LoadBalancer"):
        obj.refuse(f"spec.clusterIP None is not for a Service of type {service.type}", "clusterIP:")
    given = mappings(obj.spec.get("ports"))
    for number in (integer(port.get("nodePort"), 0) for port in given):
        if not 0 <= number < 1 << 16:
            obj.refuse(f"spec.ports: nodePort {number} is no number up to 65535", "nodePort:")
    if service.type == "ClusterIP":
        of_nodes = [("nodePort", f" {one['nodePort']}") for one in given if one.get("nodePort")]
        if obj.spec.get("externalTrafficPolicy") and not obj.spec.get("externalIPs"):
            of_nodes.append(("externalTrafficPolicy", ""))
        for field, value in of_nodes:
            said = f"spec has {field}{value}, which is not for a Service of type ClusterIP"
            obj.refuse(said, f"{field}:")
    if not (given or service.headless or service.type == "ExternalName"):
        obj.refuse("has no spec.ports, which only a headless Service can be without", "spec:")


def refuse_backends(obj: KubernetesObject, backends: Iterable[Backend]) -> None:
    """Take down ports that are none."""
    for port in dict.fromkeys(backend.port for backend in backends):
        if isinstance(port, int) and not 0 <= port < 1 << 16:
            obj.refuse(f"leads to port {port}, which is no number from 1 to 65535", "port:")


def refuse_ingress(obj: KubernetesObject) -> None:
    """Take down that an Ingress leads nowhere, hosts that are no names in DNS, and odd paths."""
    spec = obj.spec
    rules = mappings(spec.get("rules"))
    if not rules and not (spec.get("defaultBackend") or spec.get("backend")):
        obj.refuse("has neither spec.rules nor spec.defaultBackend", "rules:")
    hosts = [text_of(rule.get("host")) for rule in rules if rule.get("host")]
    for entry in mappings(spec.get("tls")):
        hosts += map(text_of, sequence(entry.get("hosts")))
    for host in dict.fromkeys(hosts):
        if problem := object_name_problem(host.removeprefix("*.")):
            obj.refuse(f"the host {host!r} {problem}", host or "hosts:")
    if obj.group == "networking.k8s.io" and obj.data["apiVersion"].endswith("/v1"):
        for rule in rules:
            for path in mappings(mapping(rule.get("http")).get("paths")):
                _refuse_path(obj, path)


def _refuse_path(obj: KubernetesObject, path: Manifest) -> None:
    text, kind = text_of(path.get("path")), text_of(path.get("pathType"))
    if kind not in _PATH_TYPES:
        said = f"is {kind}" if kind else "is missing"
        listed = ", ".join(_PATH_TYPES)
        obj.refuse(f"the path {text!r}: pathType {said}; write one of {listed}", "path:")
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        obj.refuse(f"the path {text!r} of pathType {kind} does not begin with /", "path:")
    backend = mapping(path.get("backend"))
    if not (backend.get("service") or backend.get("resource")):
        older = ": serviceName and servicePort were v1beta1's" if "serviceName" in backend else ""
        obj.refuse(f"the path {text!r} has no backend.service{older}", "backend:")
    elif (service := mapping(backend.get("service"))) and not mapping(service.get("port")):
        obj.refuse(f"the path {text!r}: backend.service has no port", "service:")


def refuse_policy(obj: KubernetesObject) -> None:
    """Take down what is wrong with the rules of a NetworkPolicy."""
    for entry in map(text_of, sequence(obj.spec.get("policyTypes"))):
        if entry not in POLICY_TYPES:
            said = f"spec.policyTypes: {entry} is none of {', '.join(POLICY_TYPES)}"
            obj.refuse(said, "policyTypes:")
    for direction, whom in (("ingress", "from"), ("egress", "to")):
        for number, rule in enumerate(mappings(obj.spec.get(direction))):
            where = f"spec.{direction}[{number}]"
            for peer in mappings(rule.get(whom)):
                _refuse_peer(obj, f"{where}.{whom}", peer)
            for port in mappings(rule.get("ports")):
                _refuse_policy_port(obj, f"{where}.ports", port)


def _refuse_peer(obj: KubernetesObject, where: str, peer: Manifest) -> None:
    for key in _SELECTORS:
        label_selector(obj, peer.get(key), f"{where}.{key}")
    block = peer.get("ipBlock")
    if block is None:
        if not any(isinstance(peer.get(key), dict) for key in _SELECTORS):
            obj.refuse(f"{where} has an entry without {', '.join(_SELECTORS)} or ipBlock", "from:")
        return
    if any(peer.get(key) is not None for key in _SELECTORS):
        obj.refuse(f"{where}: an ipBlock stands beside a selector, not with it", "ipBlock:")
    cidr = text_of(mapping(block).get("cidr"))
    network = _network(cidr)
    if network is None:
        obj.refuse(f"{where}: cidr {cidr!r} is no range such as 10.0.0.0/8", "cidr:")
    for text in map(text_of, sequence(mapping(block).get("except"))):
        inner = _network(text)
        if network and not (inner and inner != network and within(inner, network)):
            obj.refuse(f"{where}: except {text!r} is no part of {cidr}", "except:")


def _refuse_policy_port(obj: KubernetesObject, where: str, data: Manifest) -> None:
    port, end = data.get("port"), data.get("endPort")
    number = integer(port, 0)
    if is_int(port) and not 0 < number < 1 << 16:
        obj.refuse(f"{where}: port {port} is no number from 1 to 65535", f"port: {port}")
    if isinstance(port, str) and (problem := port_name_problem(port)):
        instead = f": write port: {port} without quotes" if port.isdecimal() else ""
        obj.refuse(f"{where}: the port name {port} {problem}{instead}", "port:")
    if end is not None and not 0 < number <= integer(end, 0) < 1 << 16:
        obj.refuse(f"{where}: endPort {end} does not follow a port with a number", "endPort:")
    _refuse_protocol(obj, where, protocol_of(data))


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _refuse_service_port(obj: KubernetesObject, port: ServicePort) -> None:
    where = f"spec.ports: {port.port}"
    if port.name and (problem := dns_label_problem(port.name)):
        obj.refuse(f"{where}: the name {port.name} {problem}", f"name: {port.name}")
    _refuse_protocol(obj, where, port.protocol)
    _refuse_target(obj, where, "targetPort", port.target, "targetPort:")


def _refuse_target(
    obj: KubernetesObject, where: str, field: str, port: int | str | None, key: str
) -> None:
    """Take down that a port of a container is named by no name and no number of one.

    :param key: how the line begins in which the field is looked for.
    """
    if port is None:
        obj.refuse(f"{where} has no port", key)
    elif isinstance(port, int):
        if not 0 < port < 1 << 16:
            said = f"is {port}, and Kubernetes takes a number from 1 to 65535"
            obj.refuse(f"{where}: {field} {said}", f"{field}: {port}")
    elif problem := port_name_problem(port):
        instead = f": write {field}: {port} without quotes" if port.isdecimal() else ""
        obj.refuse(f"{where}: the {field} name {port} {problem}{instead}", key)


def _refuse_protocol(obj: KubernetesObject, where: str, protocol: str) -> None:
    if protocol not in PROTOCOLS:
        obj.refuse(
            f"{where}: protocol {protocol} is none of {', '.join(PROTOCOLS)}",
            f"protocol: {protocol}",
        )


def _repeated(items: Iterable[str]) -> Iterator[str]:
    """What is there more than once, each once."""
    known = list(items)
    if len(set(known)) == len(known):
        return iter(())
    return (item for item, count in Counter(known).items() if count > 1)
