"""Who reaches which ports of whom in one application.

The threat model is the study's: somebody owns one container, without root and
without access to the API. Where policies leave something to the network
plugin, the worse is assumed by whoever asks for :attr:`Admission.worst`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import Enum
from itertools import product
from typing import NamedTuple, TypeAlias

from ..errors import NotApplicable
from ..index import api_ports, routed_ports, selected
from ..kinds import POD_INDEX, POD_NAME, Ready
from ..matching import CONTROLLER_LABELS, controlled_labels, target_number
from ..model import Application, Identity, Labels, NetworkPolicy, Reference, Workload
from .endpoints import NAME_LABEL, Endpoint
from .families import family_of
from .judging import Judge, Step, Taking
from .networks import addresses_apart
from .ports import NONE, Ports
from .rules import Direction, ReadPolicy, Rule
from .truth import CLOSED, NO, OPEN, YES, Admission, Truth, some

_MOST_PODS = 20  # of a StatefulSet, that a policy may tell apart
_ELSEWHERE = "<another namespace>"  # no legal name, so no selector can name it


class Foothold(str, Enum):
    """A place that is no workload of the application."""

    NAMESPACE = "namespace"
    """A pod of the release's namespace with none of the application's labels."""
    CLUSTER = "cluster"
    """A pod of another namespace, which has the label of its name only."""
    WORLD = "world"
    """Outside the cluster."""


Place: TypeAlias = Foothold | Workload
"""Where somebody stands who owns one container, or none."""


class Edge(NamedTuple):
    """One line of who reaches whom.

    :ivar how: ``static`` (policies say so), ``plugin`` (the API leaves it to the network plugin)
        or ``unknown`` (something was not understood).
    """

    source: Foothold | Reference
    target: Reference
    ports: Ports
    how: str = "static"


class LedIn(NamedTuple):
    """Ports of a workload by who is led to them.

    :ivar direct: the world, by node ports, load balancers and ports of the node.
    :ivar routed: the world, by an Ingress or another route.
    :ivar called: the API server, for a webhook or an API.
    """

    direct: Ports = NONE
    routed: Ports = NONE
    called: Ports = NONE


class Reach:
    """What the policies of an application let through.

    Everything is worked out when it is asked for, and then remembered.

    :ivar unread: the policies of APIs that are not known.
    """

    def __init__(self, application: Application) -> None:
        self.application = application
        self._judge = Judge(application.policies)
        self.unread = tuple(one for one in application.policies if family_of(one) is None)
        self._understood = (
            Judge(one for one in application.policies if one not in self.unread)
            if self.unread
            else self._judge
        )
        text = "\n".join(str(policy.specs) for policy in application.policies)
        self._asked = frozenset(key for key in CONTROLLER_LABELS if _says(text, key))
        self._interned: dict[object, Endpoint] = {}
        self._pods: dict[Reference, tuple[Endpoint, ...]] = {}
        self._world: dict[Reference, LedIn] | None = None
        self._read: dict[Identity, list[ReadPolicy]] | None = None
        self._taken: dict[int, list[tuple[Workload, Truth]]] | None = None
        self._namespace = self._position(application.namespace)
        self._cluster = Endpoint(_ELSEWHERE, {NAME_LABEL: _ELSEWHERE})
        # Where policies have blocks of addresses, one pod of another namespace may be in them.
        self._every_pod = tuple(
            replace(self._cluster, address=address)
            for address in addresses_apart([policy.specs for policy in application.policies])
        ) or (self._cluster,)
        self._outside = Endpoint(world=True)
        self._footholds = {
            Foothold.NAMESPACE: (self._namespace,),
            Foothold.CLUSTER: (self._cluster,),
            Foothold.WORLD: (self._outside,),
        }
        self._anyone: dict[str, Endpoint] = {}

    # -- who is asked about

    def place(self, name: str) -> Place:
        """A foothold by its word, or a workload by its name in node ids.

        :raises KeyError: there is neither.
        """
        for foothold in Foothold:
            if foothold.value == name:
                return foothold
        workloads = self.application.workloads
        for workload in workloads:
            if self.application.subject(workload.reference) == name:
                return workload
        known = ", ".join(self.application.subject(one.reference) for one in workloads)
        raise KeyError(
            f"{name} is no place of {self.application.chart}: those are namespace, cluster, world"
            f" and its workloads, {known or 'of which it has none'}"
        )

    def pods(self, place: Place) -> tuple[Endpoint, ...]:
        """The pods that stand for a place: several where policies tell a workload's pods apart."""
        if isinstance(place, Foothold):
            return self._footholds[place]
        reference = place.reference
        if reference not in self._pods:
            self._pods[reference] = tuple(self._endpoints(place))
        return self._pods[reference]

    def _position(self, namespace: str) -> Endpoint:
        return Endpoint(namespace, self._namespace_labels(namespace))

    def _namespace_labels(self, namespace: str) -> Labels:
        rendered = self.application.namespaces.get(namespace)
        return {**(rendered.labels if rendered else {}), NAME_LABEL: namespace}

    def _endpoints(self, workload: Workload) -> Iterator[Endpoint]:
        named: dict[tuple[str, str], set[int]] = {}
        for _, port in workload.declared():
            if port.name:
                named.setdefault((port.name, port.protocol), set()).add(port.number)
        frozen = {key: frozenset(numbers) for key, numbers in named.items()}
        for labels in self._label_sets(workload):
            key = (
                workload.namespace,
                frozenset(labels.items()),
                frozenset(frozen.items()),
                workload.service_account,
                workload.host_network,
            )
            if key not in self._interned:
                self._interned[key] = Endpoint(
                    workload.namespace,
                    self._namespace_labels(workload.namespace),
                    labels,
                    frozen,
                    workload.service_account,
                    host=workload.host_network,
                )
            yield self._interned[key]

    def _label_sets(self, workload: Workload) -> Iterator[Labels]:
        """The labels of its pods, with what its controller adds where a policy asks for that."""
        kind = workload.makes
        added = [key for key in kind.added_labels if key in self._asked]
        if not added:
            yield workload.pod_labels
            return
        ordinals = None
        if kind.ordinals and {POD_NAME, POD_INDEX} & set(added):
            count = min(max(workload.replicas, 1), _MOST_PODS)
            ordinals = range(workload.first_ordinal, workload.first_ordinal + count)
        yield from controlled_labels(workload, added, ordinals)

    # -- what passes

    def admission(self, source: Place, target: Workload) -> Admission:
        """Which ports of the target's pods answer to the source, as far as policies decide.

        From the world only what is led there counts: node ports, load balancers, ports of the
        node, and routes through a controller.
        """
        if source is Foothold.WORLD:
            return self._from_world(target)
        if isinstance(source, Workload) and is_same_pod(source, target):
            return OPEN
        return self._between(self.pods(source), self.pods(target))

    def _between(
        self, sources: Iterable[Endpoint], targets: Iterable[Endpoint], judge: Judge | None = None
    ) -> Admission:
        judge, found = judge or self._judge, CLOSED
        for source, target in product(sources, targets):
            found |= judge.admission(source, target)
        return found

    def from_every_pod(self, target: Workload) -> Admission:
        """What all pods of other namespaces get to, by the policies that are understood.

        Whatever addresses they have.
        """
        found = CLOSED
        for pod in self.pods(target):
            common = OPEN
            for other in self._every_pod:
                common &= self._understood.admission(other, pod)
                if common == CLOSED:
                    break
            found |= common
        return found

    def admitting(self, target: Workload) -> tuple[NetworkPolicy, ...]:
        """The policies with a rule that lets every pod of other namespaces in.

        Those that let some of them in where none lets in all.
        """
        let_in = [
            {
                policy.identity: policy
                for pod in self.pods(target)
                for policy in self._understood.admitting(other, pod)
            }
            for other in self._every_pod
        ]
        known = {key: policy for some in let_in for key, policy in some.items()}
        of_all = [policy for key, policy in known.items() if all(key in some for some in let_in)]
        return tuple(of_all or known.values())

    def answers(self, target: Workload, protocol: str, port: int, *, outside: bool = False) -> bool:
        """Whether the port may answer to somebody who has just the labels that policies ask for.

        :param outside: somebody of another namespace than the target's.
        """
        others = (self._anybody(""),) if outside else self._everybody(target)
        return any(
            (protocol, port) in self._judge.admission(other, pod).possible
            for other, pod in product(others, self.pods(target))
        )

    def from_anybody(self, target: Workload) -> Admission:
        """What somebody gets to who has just the labels that the policies ask for."""
        return self._between(self._everybody(target), self.pods(target))

    def _everybody(self, target: Workload) -> tuple[Endpoint, ...]:
        return self._anybody(target.namespace), self._outside, self._anybody("")

    def _anybody(self, namespace: str) -> Endpoint:
        """A pod of the namespace ("": of any other) with whatever labels it takes."""
        if namespace not in self._anyone:
            labels = self._namespace_labels(namespace) if namespace else {}
            self._anyone[namespace] = Endpoint(namespace, labels, anyone=True)
        return self._anyone[namespace]

    def _from_world(self, target: Workload) -> Admission:
        if target.host_network:
            return OPEN
        direct, routed, _ = self.led_in(target)
        found = CLOSED
        if direct:
            found |= self._between((self._outside,), self.pods(target)).at(direct)
        if routed:
            found |= self._by_controller(target).at(routed)
        return found

    def led_in(self, target: Workload) -> LedIn:
        """The ports that the application leads somebody to who is no pod."""
        if self._world is None:
            self._world = _led_in(self.application)
        return self._world.get(target.reference, LedIn())

    def _by_controller(self, target: Workload) -> Admission:
        """A controller runs in some namespace, with labels that a chart seldom knows."""
        everywhere = self._between((self._cluster,), self.pods(target)).open
        possible = self._between((self._anybody(""),), self.pods(target)).possible
        return Admission(everywhere, NONE, possible - everywhere)

    def admits(self, source: str, target: str, port: int, protocol: str = "TCP") -> bool:
        """Whether the port may answer; what nobody knows counts as open.

        :param source: a foothold's word, or a workload as node ids have it.
        :raises KeyError: there is no such place.
        """
        to = self.place(target)
        if not isinstance(to, Workload):
            raise KeyError(target)
        return (protocol, port) in self.admission(self.place(source), to).possible

    def why(self, source: Place, target: Workload, port: int, protocol: str) -> Iterator[Step]:
        """The rules that decide over one port, between the first pod of each."""
        yield from self._judge.why(self.pods(source)[0], self.pods(target)[0], protocol, port)

    # -- which policies are for whom

    def taking(self, workload: Workload, direction: Direction) -> tuple[Taking, ...]:
        """The policies that are for some pod of the workload, or may be."""
        found: dict[int, Taking] = {}
        for endpoint in self.pods(workload):
            for one in self._judge.taking(endpoint, direction):
                found.setdefault(id(one.policy), one)
        return tuple(found.values())

    def isolating(self, workload: Workload) -> list[NetworkPolicy]:
        """The policies that isolate some pod of the workload for ingress, or may."""
        taking = self.taking(workload, Direction.INGRESS)
        return [one.policy.source for one in taking if one.side.isolates]

    def read(self, policy: NetworkPolicy) -> Sequence[ReadPolicy]:
        """What is read of a policy: nothing, one thing or several.

        :raises NotApplicable: it is of an API that is not known.
        """
        if policy in self.unread:
            name = self.application.subject(policy.reference)
            raise NotApplicable(f"{name} is of an API that is not understood")
        if self._read is None:
            self._read = defaultdict(list)
            for one in self._understood.policies:
                self._read[one.source.identity].append(one)
        return self._read.get(policy.identity, [])

    def taken(self, policy: ReadPolicy) -> list[tuple[Workload, Truth]]:
        """The workloads that it is for, and whether that is sure.

        By their labels alone: also those in the network of their node, where it has no effect.
        """
        if self._taken is None:
            self._taken = {}
            for workload in self.application.workloads:
                found: dict[int, Truth] = {}
                for pod in self.pods(workload):
                    plain = replace(pod, host=False) if pod.host else pod
                    for one, truth in self._understood.about(plain):
                        found[id(one)] = some((found.get(id(one), NO), truth))
                for key, truth in found.items():
                    self._taken.setdefault(key, []).append((workload, truth))
        return self._taken.get(id(policy), [])

    def selecting(self, pod: Endpoint) -> list[ReadPolicy]:
        """The policies that are for a pod for sure, be it of this application or of another."""
        return [one for one, truth in self._understood.about(pod) if truth is YES]

    def is_about(self, rule: Rule, workload: Workload) -> bool:
        """Whether a rule of a policy for the workload is about it: some rules choose once more."""
        return any(rule.subject(pod) is not NO for pod in self.pods(workload))

    def takes_any(self, policy: ReadPolicy) -> bool:
        """Whether it is for all pods of its namespace, or of the cluster, whatever their labels."""
        namespace = policy.source.namespace
        pod = self._position(namespace) if namespace else self._cluster
        return policy.subject.takes(pod) is not NO

    def would_take(self, policy: ReadPolicy, workload: Workload, labels: Labels) -> bool:
        """Whether it would be for a pod of the workload that had these labels."""
        pod = replace(self.pods(workload)[0], labels=labels, host=False)
        return policy.subject.takes(pod) is YES

    # -- all of it

    def edges(self, sources: Iterable[Place] | None = None) -> Iterator[Edge]:
        """Every line that is not closed: from these places, or from all, to each workload."""
        workloads = self.application.workloads
        for source in (*Foothold, *workloads) if sources is None else sources:
            for target in workloads:
                found = self.admission(source, target)
                said = source if isinstance(source, Foothold) else source.reference
                for ports, how in (
                    (found.open, "static"),
                    (found.plugin, "plugin"),
                    (found.unknown, "unknown"),
                ):
                    if ports:
                        yield Edge(said, target.reference, ports, how)


def reach_of(application: Application) -> Reach:
    """The reach of an application, worked out once."""
    return application.once(Reach)


def is_same_pod(source: Workload, target: Workload) -> bool:
    """Whether it is one pod on both sides: a pod always reaches itself."""
    alone = source.replicas <= 1 and source.makes.ready is not Ready.NODES
    return alone and source.identity == target.identity


def _says(text: str, key: str) -> bool:
    """Whether a label's key stands in a text, in whatever language."""
    return key in text and re.search(rf"{re.escape(key)}\b", text) is not None


def _led_in(application: Application) -> dict[Reference, LedIn]:
    """Of each workload the ports that Services and routes lead somebody to who is no pod."""
    routed, called = application.once(routed_ports), application.once(api_ports)
    found: dict[Reference, LedIn] = {}
    for workload in application.workloads:
        of_node = [
            Ports.of(one.protocol, one.number) for _, one in workload.declared() if one.host_port
        ]
        if of_node:
            found[workload.reference] = LedIn(direct=Ports.union(of_node))
    for service in application.services:
        direct = service.type in ("NodePort", "LoadBalancer")
        keys = ((service.namespace, service.name, one.port, one.protocol) for one in service.ports)
        ways_in = [(direct, key in routed, key in called) for key in keys]
        if not any(map(any, ways_in)):
            continue
        for workload in selected(service, application):
            for port, ways in zip(service.ports, ways_in, strict=True):
                number = target_number(port, workload)
                if number is None:
                    continue
                one = Ports.of(port.protocol, number)
                before = found.get(workload.reference, LedIn())
                found[workload.reference] = LedIn(
                    *(
                        ports | one if by_it else ports
                        for ports, by_it in zip(before, ways, strict=True)
                    )
                )
    return found
