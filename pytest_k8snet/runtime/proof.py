"""Every open port of a release, dialled from every place where somebody may stand.

A dial that was not answered as policies say is made again at the end: a network
plugin takes a moment to see a pod, and a program to take a connection.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from ..index import selected
from ..matching import target_number
from ..model import Application, Dialled, Reference, Service, Socket, Workload
from ..reach import Differs, Foothold, differences
from .api import Api, Refused
from .dial import Answer, Dial, Place, place_of
from .footholds import foothold, started
from .pods import Owners, Pod

Dialler: TypeAlias = Callable[[Iterable[Dial]], Mapping[Dial, Answer]]
"""What makes dials, many at once."""

NODE = ""
"""The node that a pod is on, as a source: policies let it in, as the kubelet has to probe.

Where nobody can enter the node, it is the pod itself: policies know nothing of what does not leave
it.
"""

_NAME = "k8snet-foothold"
_REFUSED = {Answer.REFUSED, Answer.TURNED_AWAY}
_START = 30.0  # seconds for our own pod to start, or nobody dials from there
_AGAIN = 3  # times that something is dialled again before it counts
_MOST_PAIRS = 1500  # of places and ports; beyond, only the footholds dial


class Dialling(NamedTuple):
    """What it takes to dial in a cluster.

    :ivar stranger: a pod of ours in a namespace without a release, if there is one.
    :ivar image: of a pod that only stands there; "" if none is known.
    :ivar command: what it runs, "" for what the image says.
    :ivar enters: it is dialled from nodes and from others' pods, too, and datagrams are counted.
    """

    dial: Dialler
    stranger: Pod | None
    image: str
    command: tuple[str, ...] = ()
    enters: bool = True


class Seen(NamedTuple):
    """A pod of the application with its open ports."""

    pod: Pod
    workload: Workload
    sockets: Collection[Socket]


PortOf: TypeAlias = tuple[Reference, str, int]
"""Of a workload: protocol and number."""


class _Key(NamedTuple):
    """What is asked: who dials, a foothold's word or a workload, and which port of whom.

    ``target`` is a pod's uid, or a Service.
    """

    source: str | Reference
    target: str | Reference
    protocol: str
    port: int


class Proof:
    """Collects the dials of one run of a release's pods.

    :ivar inside: ports that are dialled from inside of the pods, too.
    :ivar latest: when something was dialled for the first time, on the monotonic clock.
    """

    def __init__(
        self,
        api: Api,
        dialling: Dialling,
        owners: Owners,
        inside: frozenset[PortOf],
    ) -> None:
        self._api = api
        self._dialling = dialling
        self._owners = owners
        self._application = owners.application
        self.inside = inside
        self.latest = 0.0
        self._waits_until = 0.0
        self._sources: dict[str | Reference, tuple[str, Place]] = {}
        self._targets: dict[str, Seen] = {}
        self._addresses: dict[Reference, tuple[str, ...]] = {}
        self._dials: dict[_Key, tuple[Dial, ...]] = {}
        self._answers: dict[_Key, list[Answer]] = {}
        self._known: object = None

    def settle_in(self) -> None:
        """Put a pod of ours into the release's namespace."""
        if self._dialling.stranger is not None:
            self._stand(Foothold.CLUSTER, self._dialling.stranger)
        if self._dialling.image:
            with suppress(Refused):  # a quota or an admission of the chart's own
                image, command = self._dialling.image, self._dialling.command
                pod = foothold(_NAME, image, command=command, restricted=True)
                self._api.create("Pod", self._owners.namespace, pod)
                self._waits_until = time.monotonic() + _START

    def has_settled_in(self) -> bool:
        """Whether our pod stands where it is to stand, or will not do so any more."""
        if time.monotonic() < self._waits_until:
            pod = started(self._api, self._owners.namespace, _NAME)
            if pod is None:
                return False
            self._stand(Foothold.NAMESPACE, pod)
            self._waits_until = 0.0
        return True

    def leave(self) -> None:
        """Take our pod away."""
        with suppress(Refused):
            self._api.delete("Pod", self._owners.namespace, _NAME, grace=0)

    def _stand(self, where: Foothold, pod: Pod) -> None:
        self._sources[where.value] = "", place_of(pod)

    def dial(self, seen: Iterable[Seen], *, everywhere: bool = True) -> None:
        """Dial what nobody has dialled yet.

        :param everywhere: from all places, and not from the pods' nodes alone.
        """
        for one in seen:
            self._targets[one.pod.uid] = one
            if everywhere and self._dialling.enters:
                source = one.pod.uid, place_of(one.pod)
                self._sources.setdefault(one.workload.reference, source)
        known = (
            frozenset(self._sources),
            frozenset(
                (one.pod.uid, socket.protocol, socket.port)
                for one in self._targets.values()
                for socket in one.sockets
            ),
        )
        if known == self._known:
            return
        self._known = known
        due = {key: dials for key, dials in self._due() if key not in self._answers}
        due |= self._from_inside()
        if due:
            self._dial(due)
            self.latest = time.monotonic()

    def dial_again(self) -> None:
        """Dial once more what the pod's own node was refused, while nobody else does; and what was
        answered otherwise than the policies say.

        A program may take one connection at a time, or none any more. Nothing forbids what
        arrived at the pod: that is counted there.
        """
        for _ in range(_AGAIN):
            refused = [key for key in self._dials if self._was_refused_once(key)]
            self._dial({key: self._dials[key] for key in refused})
            said = dict(differences(self.seen_in(self._application)))
            differing = {
                key: said[one] for key in self._dials if (one := self._dialled(key)) in said
            }
            self._dial(
                {key: self._dials[key] for key in differing},
                counted={key for key, how in differing.items() if how is Differs.CLOSED},
            )
            if not self._dialling.enters:
                self.inside |= self._ports([*differing, *self._unreachable()])
            inside = dict(self._from_inside())
            self._dial(inside)
            if not differing and not inside:
                return

    def _unreachable(self) -> Iterator[_Key]:
        """The ports from which every datagram came back: there is no socket for them, or a policy
        says so. A server that has taken its first client for its only one refuses the others.
        """
        came: dict[object, set[Answer]] = defaultdict(set)
        for key, answers in self._answers.items():
            came[key[1:]].update(answers)
        for key in self._answers:
            if key.protocol == "UDP" and came[key[1:]] == {Answer.REFUSED}:
                yield key

    def _was_refused_once(self, key: _Key) -> bool:
        answers = self._answers[key]
        return key.source == NODE and len(answers) == 1 and answers[0] in _REFUSED

    def answered(self) -> frozenset[PortOf]:
        """The ports that the pods' nodes get to."""
        return self._ports(
            key
            for key, answers in self._answers.items()
            if key.source == NODE and answers[-1] is Answer.OPEN
        )

    def _ports(self, keys: Iterable[_Key]) -> frozenset[PortOf]:
        return frozenset(
            (one.workload.reference, key.protocol, key.port)
            for key in keys
            if (one := self._targets.get(str(key.target))) is not None
        )

    def _from_inside(self) -> Iterator[tuple[_Key, tuple[Dial, ...]]]:
        """The dials to the pods' own ports from inside that have not been made."""
        for one in self._targets.values():
            for reference, protocol, port in sorted(self.inside):
                key = _Key(NODE, one.pod.uid, protocol, port)
                if reference == one.workload.reference and key not in self._answers:
                    yield key, _to_pod(place_of(one.pod), one, protocol, port)

    def seen_in(self, application: Application) -> Application:
        """The application with what was dialled."""
        found: dict[tuple[object, ...], Dialled] = {}
        for key in self._answers:
            one = self._dialled(key)
            if one is not None and (one.through or one[:4] not in found):
                found[one[:4]] = one
        return replace(application, dialled=tuple(found.values()), undialled="")

    def is_refused(self, pod: Pod, socket: Socket) -> bool:
        """Whether even the pod's own node is refused there, time after time."""
        answers = self._answers.get(_Key(NODE, pod.uid, socket.protocol, socket.port), [])
        return len(answers) > 1 and set(answers) <= _REFUSED

    def _dialled(self, key: _Key) -> Dialled | None:
        """What came of it, None where it says nothing of policies."""
        if key.source == NODE or (key.protocol == "UDP" and not self._dialling.enters):
            return None  # nobody there can tell whether a datagram has arrived
        through = self._answers[key][-1] in (Answer.OPEN, Answer.TURNED_AWAY)
        target = key.target
        if isinstance(target, str):
            node = self._answers.get(_Key(NODE, target, key.protocol, key.port), [])
            shut = (Answer.REFUSED,) if self._dialling.enters else (Answer.REFUSED, Answer.SILENT)
            if node and node[-1] in shut and key.protocol == "TCP":
                return None  # nobody gets in there, whoever it is
            target = self._targets[target].workload.reference
        return Dialled(key.source, target, key.port, key.protocol, through)

    def _dial(
        self, wanted: Mapping[_Key, tuple[Dial, ...]], counted: Collection[_Key] = ()
    ) -> None:
        """Make dials; connections are counted at their targets only where that is asked for."""
        self._dials |= wanted
        made = {
            key: dials
            if key.protocol == "UDP" or key in counted
            else tuple(one._replace(targets=()) for one in dials)
            for key, dials in wanted.items()
        }
        answers = self._dialling.dial(one for dials in made.values() for one in dials)
        for key, dials in made.items():
            self._answers.setdefault(key, []).append(_best([answers[one] for one in dials]))

    def _due(self) -> Iterator[tuple[_Key, tuple[Dial, ...]]]:
        """All that can be dialled; a pod's own node first."""
        open_ports = [
            (one, protocol, port)
            for one in self._targets.values()
            for protocol, port in sorted({(socket.protocol, socket.port) for socket in one.sockets})
            # A node counts the datagrams of all that share its network.
            if protocol == "TCP" or not one.pod.host_network
        ]
        for one, protocol, port in open_ports if self._dialling.enters else ():
            node = Place(one.pod.node)
            yield _Key(NODE, one.pod.uid, protocol, port), _to_pod(node, one, protocol, port)
        served = sum(len(service.ports) for service in self._application.services)
        few = len(self._sources) * (len(open_ports) + served) <= _MOST_PAIRS
        for source, (uid, place) in self._sources.items():
            if not few and not isinstance(source, str):
                continue
            for one, protocol, port in open_ports:
                if one.pod.uid != uid:
                    key = _Key(source, one.pod.uid, protocol, port)
                    yield key, _to_pod(place, one, protocol, port)
            for service in self._application.services:
                yield from self._to_service(source, place, service, open_ports)

    def _to_service(
        self,
        source: str | Reference,
        place: Place,
        service: Service,
        open_ports: list[tuple[Seen, str, int]],
    ) -> Iterator[tuple[_Key, tuple[Dial, ...]]]:
        """The dials to a Service's ports that lead to other pods, with an open port all of them."""
        behind = {workload.reference for workload in selected(service, self._application)}
        if service.headless or not behind or source in behind:
            return
        pods = [one for one in self._targets.values() if one.workload.reference in behind]
        open_there = {(one.pod.uid, protocol, port) for one, protocol, port in open_ports}
        for port in service.ports:
            numbers = [(one, target_number(port, one.workload)) for one in pods]
            if not pods or not all(
                (one.pod.uid, port.protocol, number) in open_there for one, number in numbers
            ):
                continue
            targets = _counting(*pods)
            dials = tuple(
                Dial(place, address, port.port, port.protocol, targets)
                for address in self._addresses_of(service)
            )
            if dials:
                yield _Key(source, service.reference, port.protocol, port.port), dials

    def _addresses_of(self, service: Service) -> tuple[str, ...]:
        """Its addresses in the cluster; none where only pods of the same node may answer."""
        reference = service.reference
        if reference not in self._addresses:
            item = self._api.get(*self._owners.live(reference)) or {}
            spec = item.get("spec") or {}
            local = spec.get("internalTrafficPolicy") == "Local"
            found = [] if local else spec.get("clusterIPs") or []
            self._addresses[reference] = tuple(one for one in found if one != "None")
        return self._addresses[reference]


def _to_pod(place: Place, one: Seen, protocol: str, port: int) -> tuple[Dial, ...]:
    targets = _counting(one)
    return tuple(Dial(place, address, port, protocol, targets) for address in one.pod.addresses)


def _counting(*pods: Seen) -> tuple[Place, ...]:
    """Where it is counted what arrives at pods; a node counts for all that share its network."""
    shared = any(one.pod.host_network for one in pods)
    return () if shared else tuple(place_of(one.pod) for one in pods)


def _best(answers: list[Answer]) -> Answer:
    """Of several addresses: open if one is, silent unless all others say the same."""
    if Answer.OPEN in answers:
        return Answer.OPEN
    return answers[0] if len(set(answers)) == 1 else Answer.SILENT
