"""N1: policies that open ports which the pods do not have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from ..finding import FAULT, NOTE, Finding
from ..index import served_ports
from ..model import Application, NetworkPolicy, Service, ServicePort, Workload
from ..reach import (
    PROTOCOLS,
    Action,
    Direction,
    NamedPort,
    Ports,
    Rule,
    Truth,
    reach_of,
)
from ._check import check
from ._injected import brought
from ._policies import policy_port
from ._sockets import PortKey, both_runs, by_port, old
from ._words import listing, port_text, references, subjects, verb


@check(
    "N1",
    "policy-port-unavailable",
    on=NetworkPolicy,
    readings={"service-port": FAULT, "name": FAULT, "closed": FAULT, "number": NOTE},
    uses_sockets=True,
)
def policy_port_unavailable(policy: NetworkPolicy, application: Application) -> Iterator[Finding]:
    """A policy opens a port that the pods it is for do not have.

    ## What it finds
    The ports that the ingress rules of a policy name, each against the pods
    that the policy selects. `service-port`: a number that no container of them
    declares, and that is the `port` of a Service which leads to another port of
    these pods. Policies are about the ports of pods: a Service's port is
    translated before they are asked. A headless Service translates nothing.
    `name`: a named port that no container of the selected pods has with this
    protocol. `closed`: where the cluster was observed, a port that no selected
    pod has open. `number`: a number that no container declares, though they
    declare others, and no Service explains; it may be a port that is opened
    with other values only. A rule that denies is not asked for numbers, nor a
    policy for the whole cluster for its ports. Nothing is said of the ports of
    an injected proxy.

    ## Why it matters
    The port that was meant stays closed, until somebody opens all of them to
    get the traffic through. What was opened in its place is there for whoever
    starts a process in one of the pods.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: web}
      ports: [{port: 80, targetPort: 8080}]
    ---
    kind: NetworkPolicy
    metadata: {name: web}
    spec:
      podSelector: {matchLabels: {app: web}}
      ingress:
        - from: [{podSelector: {}}]
          ports: [{port: 80}]
    ```

    ## Instead
    ```yaml
    ingress:
      - from: [{podSelector: {}}]
        ports: [{port: 8080}]
    ```

    ## References
    - https://kubernetes.io/docs/concepts/services-networking/network-policies/
    - https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
    """
    reach = reach_of(application)
    seen: set[Finding] = set()
    for one in reach.read(policy):
        taken = reach.taken(one)
        if any(truth is not Truth.YES for _, truth in taken):
            continue
        if not policy.namespace and reach.takes_any(one):
            continue  # its ports are those of all pods of the cluster
        side = one.sides.get(Direction.INGRESS)
        for rule in side.rules if side else ():
            pods = [
                workload
                for workload, _ in taken
                if not workload.host_network and reach.is_about(rule, workload)
            ]
            for port in rule.ports.listed or () if pods else ():
                found = _found(_Asked(policy, rule, tuple(pods), application), port)
                if found is not None and found not in seen:
                    seen.add(found)
                    yield found


class _Asked(NamedTuple):
    """A rule of a policy, and the pods that it is about."""

    policy: NetworkPolicy
    rule: Rule
    pods: tuple[Workload, ...]
    application: Application

    @property
    def start(self) -> str:
        """How a message begins."""
        does = "opens" if self.rule.action is Action.ALLOW else "is about"
        return f"{self.application.subject(self.policy.reference)} {does}"

    @property
    def who(self) -> str:
        """The pods, in words."""
        return subjects(self.pods, self.application)

    def declared(self) -> dict[PortKey, str]:
        """The ports that some of the pods declare, with their names."""
        return {
            (port.number, port.protocol): port.name
            for workload in self.pods
            for _, port in workload.declared()
        }

    def served(self) -> Iterator[tuple[Service, ServicePort, int]]:
        """The ports of Services that lead to these pods, and to which number."""
        for workload in self.pods:
            yield from served_ports(workload, self.application)

    def opens(self, number: int, protocol: str) -> bool:
        """Whether the rule is about this port, too."""
        reach = reach_of(self.application)
        return any(
            (protocol, number) in self.rule.ports(pod)
            for workload in self.pods
            for pod in reach.pods(workload)
        )

    def has(self, keys: set[PortKey]) -> bool:
        """Whether some of the pods have one of the ports: open, or as far as they declare it."""
        opened = self.opened()
        return bool(keys & (self.declared().keys() if opened is None else opened))

    def opened(self) -> set[PortKey] | None:
        """The ports that some of the pods have open; None where one was not looked at.

        SCTP cannot be seen, so what is declared of it counts.
        """
        if any(workload.sockets is None for workload in self.pods):
            return None
        seen = {key for workload in self.pods for key in by_port(both_runs(workload))}
        return seen | {key for key in self.declared() if key[1] == "SCTP"}


def _found(asked: _Asked, port: Ports | NamedPort) -> Finding | None:
    """What is wrong with one port of a rule."""
    if isinstance(port, NamedPort):
        keys = {
            (declared.number, declared.protocol)
            for workload in asked.pods
            for _, declared in workload.declared()
            if declared.name == port.name and port.protocol in (None, declared.protocol)
        }
        if not keys:
            return _no_such_name(asked, port)
        return None if asked.has(keys) else _closed(asked, keys, port.name)
    keys = set(port.singles())
    if len({number for number, _ in keys}) != 1:
        return None  # a range is meant for what may come
    if asked.has(keys) or any(
        brought(key[0], one, asked.application) for key in keys for one in asked.pods
    ):
        return None
    return _translated(asked, keys) or _closed(asked, keys, _text(keys))


def _closed(asked: _Asked, keys: set[PortKey], text: str) -> Finding | None:
    """The finding on a port that no Service explains; nothing is said of what a rule denies."""
    if asked.rule.action is not Action.ALLOW:
        return None
    if asked.opened() is not None:
        reading, message = "closed", f"and no pod of these has it open{old(*asked.pods)}"
    elif asked.declared():
        reading, message = "number", f"which {verb(asked.pods, 'declares')} {_known(asked)} only"
    else:
        return None
    number, protocol = min(keys, key=lambda key: PROTOCOLS.index(key[1]))
    return Finding(
        reading,
        f"{asked.start} {text} of {asked.who}, {message}",
        at=asked.policy.position("ports:"),
        port=number,
        protocol=protocol,
        related=references(asked.pods),
    )


def _no_such_name(asked: _Asked, port: NamedPort) -> Finding | None:
    if any(brought(port.name, workload, asked.application) for workload in asked.pods):
        return None
    others = [key for key, name in asked.declared().items() if name == port.name]
    meant = [
        (number, service_port.protocol)
        for _, service_port, number in asked.served()
        if service_port.name == port.name and port.protocol in (None, service_port.protocol)
    ]
    text = f"{asked.start} the port {port.name} of {asked.who}, and"
    if others:
        text += f" theirs of that name is {_text(others)}, not {port.protocol}"
    elif meant:
        text += f" that is a name of their Service: the pods have {_known(asked)}"
    elif asked.declared():
        text += f" they have {_known(asked)}"
    else:
        text += " they declare no ports"
    same = [key for key in asked.declared() if port.protocol in (None, key[1])]
    right = others[:1] or meant[:1] or (same if len(same) == 1 else [])
    return Finding(
        "name",
        text,
        at=asked.policy.position("ports:"),
        instead=policy_port(asked.policy, *right[0]) if right else "",
        related=references(asked.pods),
    )


def _translated(asked: _Asked, keys: set[PortKey]) -> Finding | None:
    """The finding where it is the port of a Service, which leads to another one of the pods."""
    led = list(asked.served())
    if any((number, port.protocol) in keys for _, port, number in led):
        return None
    for service, port, number in led:
        if (port.port, port.protocol) in keys and not service.headless:
            text = port_text(port.port, port.protocol)
            closed = asked.opened() is not None
            return Finding(
                "service-port",
                f"{asked.start} {text}, which is the port of"
                f" {asked.application.subject(service.reference)}: policies are about ports of"
                f" pods, and those of {asked.who} get its traffic on"
                f" {port_text(number, port.protocol)}"
                + (", which the rule opens too" if asked.opens(number, port.protocol) else "")
                + (f"; none has {text} open{old(*asked.pods)}" if closed else ""),
                at=asked.policy.position("ports:"),
                instead=policy_port(asked.policy, number, port.protocol),
                port=port.port,
                protocol=port.protocol,
                related=references((service, *asked.pods)),
            )
    return None


def _known(asked: _Asked) -> str:
    """The ports that the pods declare, with their names."""
    return listing(
        port_text(*key) + (f" ({name})" if name else "") for key, name in asked.declared().items()
    )


def _text(keys: Collection[PortKey]) -> str:
    """``8080/TCP``, or the number alone where it is of several protocols."""
    number, protocol = next(iter(keys))
    return port_text(number, protocol) if len(keys) == 1 else str(number)
