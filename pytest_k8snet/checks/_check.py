"""What a check is, and what it yields."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from ..errors import NotApplicable
from ..model import Application, Position, Reference, Service, Subject

Run: TypeAlias = Callable[..., Iterator["Finding"]]


class Level(str, Enum):
    """How much a finding weighs: a fault fails the test, a note does not."""

    FAULT = "fault"
    NOTE = "note"


FAULT, NOTE = Level.FAULT, Level.NOTE


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found on one object.

    :ivar reading: which case of the check it is, a word of the taxonomy.
    :ivar message: what was found, one sentence with this chart's own names.
    :ivar at: the template, and the line in it, that says so.
    :ivar instead: YAML to write instead, ready to paste; "" only where the
        right text depends on a decision that the message names.
    :ivar port: the port in question, 1 to 65535, where there is one. On a
        workload the open or declared port (a hostPort for M7), on a Service
        its own ``port``, which together with the protocol is unique in it.
    :ivar related: the other objects that take part.
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


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, the objects it is asked about, and its page.

    ``readings`` gives the level of each reading it can yield.
    ``needs_sockets``: without an observation the item is skipped.
    ``uses_sockets``: it has a verdict without one, and a better one with it.
    """

    id: str
    name: str
    on: tuple[type[Subject], ...]
    readings: Mapping[str, Level]
    needs_sockets: bool
    uses_sockets: bool
    page: str
    run: Run

    @property
    def full_name(self) -> str:
        """``M7-host-network``: the last part of a node id."""
        return f"{self.id}-{self.name}"

    @property
    def summary(self) -> str:
        """The first line of the page."""
        return self.page.partition("\n")[0]

    @property
    def why(self) -> str:
        """Why it matters, in one sentence: the first of that section of the page."""
        paragraph = self.section("Why it matters").partition("\n\n")[0]
        return " ".join(paragraph.split()).partition(". ")[0].rstrip(".") + "."

    def section(self, title: str) -> str:
        """The text under ``## title`` of the page, "" where there is none."""
        _, _, rest = self.page.partition(f"\n## {title}\n")
        return rest.partition("\n## ")[0].strip()

    def findings(self, subject: Subject, application: Application) -> tuple[Finding, ...]:
        """What the check says of one object, faults first.

        :raises NotObserved: it needs sockets and nobody looked.
        :raises NotApplicable: it has nothing to say about such an object.
        """
        if isinstance(subject, Service) and subject.selector is None:
            raise NotApplicable(
                f"{subject} has no selector: Kubernetes makes no endpoints for it by itself"
            )
        found = self.run(subject, application)
        return tuple(sorted(found, key=lambda finding: self.readings[finding.reading].value))


def check(
    id: str,
    name: str,
    *,
    on: type[Subject] | tuple[type[Subject], ...],
    readings: Mapping[str, Level],
    needs_sockets: bool = False,
    uses_sockets: bool = False,
) -> Callable[[Run], Check]:
    """Make a check of a generator; its docstring becomes the check's page."""

    def make(run: Run) -> Check:
        kinds = on if isinstance(on, tuple) else (on,)
        page = inspect.getdoc(run) or ""
        return Check(id, name, kinds, dict(readings), needs_sockets, uses_sockets, page, run)

    return make
