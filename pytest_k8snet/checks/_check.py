"""What a check is: a rule, the objects it is asked about, and its page."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from ..errors import NotApplicable
from ..finding import FAULT, NOTE, Finding, Level
from ..model import Application, Service, Subject
from ._exposure import with_exposure

Run: TypeAlias = Callable[..., Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """A rule, the objects it is asked about, and its page.

    ``readings`` gives the level of each reading it can yield.
    ``needs_sockets``: without an observation the item is skipped.
    ``uses_sockets``: it has a verdict without one, and a better one with it.
    ``tells_reach``: its findings say from where their ports answer.
    ``needs_review``: it is asked only where ``--k8snet-reach`` has something to compare with.
    """

    id: str
    name: str
    on: tuple[type[Subject], ...]
    readings: Mapping[str, Level]
    page: str
    run: Run
    needs_sockets: bool = False
    uses_sockets: bool = False
    tells_reach: bool = False
    needs_review: bool = False

    @cached_property
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
        """What the check says of one object: faults first, then what most pods reach.

        :raises NotObserved: it needs sockets and nobody looked.
        :raises NotApplicable: it has nothing to say about such an object.
        """
        if isinstance(subject, Service) and subject.selector is None:
            raise NotApplicable(
                f"{subject} has no selector: Kubernetes makes no endpoints for it by itself"
            )
        found = [
            finding if self.readings[finding.reading] is FAULT else replace(finding, level=NOTE)
            for finding in self.run(subject, application)
        ]
        if not found:  # nearly always
            return ()
        if self.tells_reach:
            found = [with_exposure(finding, subject, application) for finding in found]
        return tuple(sorted(found, key=lambda one: (one.level.value, one.urgency)))


def check(
    id: str,
    name: str,
    *,
    on: type[Subject] | tuple[type[Subject], ...],
    readings: Mapping[str, Level],
    **about: bool,
) -> Callable[[Run], Check]:
    """Make a check of a generator; its docstring becomes the check's page.

    :param about: the other fields of :class:`Check`.
    """
    kinds = on if isinstance(on, tuple) else (on,)
    return lambda run: Check(id, name, kinds, readings, inspect.getdoc(run) or "", run, **about)
