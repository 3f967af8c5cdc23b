"""What a check found: the same object for the check, the test item and every report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .model import Position, Reference


class Level(str, Enum):
    """How much a finding weighs: a fault fails the test, a note does not."""

    FAULT = "fault"
    NOTE = "note"


FAULT, NOTE = Level.FAULT, Level.NOTE


class Exposed(str, Enum):
    """The widest place from which the ports of a finding answer, the worst one first."""

    CLUSTER = "cluster"
    """Any pod of the cluster."""
    WORLD = "world"
    """Outside the cluster, and not from any pod of it."""
    NAMESPACE = "namespace"
    """Any pod of the same namespace."""
    NAMED = "named"
    """Only pods that policies name: other workloads, or whatever has certain labels."""
    NOBODY = "nobody"
    """No other pod: policies forbid it, or nothing listens."""
    LOOPBACK = "loopback"
    """Processes of the same pod."""


_WORST_FIRST: tuple[Exposed | None, ...] = (
    *(Exposed.CLUSTER, Exposed.WORLD, Exposed.NAMESPACE, Exposed.NAMED),
    *(None, Exposed.NOBODY, Exposed.LOOPBACK),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found on one object.

    A check says what and where. The level comes from the check's readings; the
    test item adds what needs the chart's own files.

    :ivar reading: which case of the check it is, a word of the taxonomy.
    :ivar message: what was found, one sentence with this chart's own names.
    :ivar at: the template, and how the line in it begins that says so.
    :ivar instead: YAML to write instead, ready to paste; "" only where the
        right text depends on a decision that the message names.
    :ivar port: the port in question, 1 to 65535, where there is one. On a
        workload the open or declared port (a hostPort for M7), on a Service
        its own ``port``, which together with the protocol is unique in it.
    :ivar related: the other objects that take part.
    :ivar line: of the template, from 1, where it could be found out.
    :ivar cure: values of the chart that make it go away, as a values file has
        them, "" where none is known.
    :ivar reach: from where its ports answer, in words, "" where that was not asked.
    :ivar exposed: the widest of these places.
    """

    reading: str
    message: str
    at: Position
    instead: str = ""
    port: int | None = None
    protocol: str | None = None
    container: str | None = None
    process: str | None = None
    related: tuple[Reference, ...] = ()
    level: Level = FAULT
    line: int | None = None
    cure: str = ""
    reach: str = ""
    exposed: Exposed | None = None

    @property
    def urgency(self) -> int:
        """What to sort by: 0 for what any pod of the cluster reaches, loopback last."""
        return _WORST_FIRST.index(self.exposed)

    @property
    def fault(self) -> bool:
        """Whether it fails its test (a note does so only under --k8snet-strict)."""
        return self.level is FAULT

    @property
    def source(self) -> str:
        """The template's path inside the chart."""
        return self.at.source
