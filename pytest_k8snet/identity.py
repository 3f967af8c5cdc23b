"""What makes a finding of today the same finding as yesterday's.

A baseline entry and a SARIF fingerprint must survive what changes nothing:
templates in another order, other line numbers, a message in other words, one
more values set. They must not survive what is new. So a finding is known by
its check, chart and object, by its reading, and by the port it is about.

- A random port (reading ``dynamic``) is another one in every run: there the
  container that opened it counts instead.
- In a collision (M4) the other objects count, since a new partner is a new
  collision; elsewhere related objects are only context.
- Container and process names, positions, texts and the values set do not
  count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from .finding import Finding

RANDOM_PORT = "dynamic"
WHOLE_CHART = "-"
FAILED = "failed"
COLLISION = "M4"


class Identity(NamedTuple):
    """A finding, by what stays the same from run to run.

    ``check`` is the id alone (``M5B``), ``chart`` the chart's path and
    ``subject`` the object, both as in the node id. ``port`` is
    ``8080/TCP`` or "", ``container`` only counts for random ports, ``others``
    are ``Kind/name``, sorted.
    """

    check: str
    chart: str
    subject: str
    reading: str
    port: str = ""
    container: str = ""
    others: tuple[str, ...] = ()

    def digest(self) -> str:
        """64 bits of SHA-256, in hexadecimal, over all fields."""
        fields: Sequence[str] = (*self[:-1], *self.others)
        return hashlib.sha256("\0".join(fields).encode()).hexdigest()[:16]


def identify_chart(name: str, chart: str) -> Identity:
    """Who the failure of a whole chart is; ``name`` is ``renders`` or ``installs``."""
    return Identity(name, chart, WHOLE_CHART, FAILED)


def identify(check: str, chart: str, subject: str, finding: Finding) -> Identity:
    """Who this finding is; ``check`` is an id or a full name."""
    check = check.partition("-")[0]
    random = finding.reading == RANDOM_PORT
    others = finding.related if check.startswith(COLLISION) else ()
    return Identity(
        check,
        chart,
        subject,
        finding.reading,
        "" if random or finding.port is None else f"{finding.port}/{finding.protocol or 'TCP'}",
        (finding.container or "") if random else "",
        tuple(sorted(set(map(str, others)))),
    )
