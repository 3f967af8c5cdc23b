"""The findings that a chart had when somebody began to look: expected, and no more.

A baseline is a text file with one finding a line, sorted, made for reading in
a diff::

    M5B-service-undeclared-port charts/web Service/web name port=80/TCP  # until 2.0, see #12
    M4A-unit-collision charts/web Deployment/a selector with=Deployment/b in=defaults,ha-values

The words are the check, the chart, the object and the reading; then, where
there is one, the port, the container (only for random ports), the other
objects of a collision, and the values sets that show it (left out where it is
``defaults`` alone). A chart that Kubernetes refuses, or that does not
install, is ``renders charts/web - failed``. What follows ``#`` is a person's reason. Spaces, commas
and ``#`` in a name are written as in a URL (``%20``).

What makes two findings the same is said in :mod:`pytest_k8snet.identity`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from .errors import SettingsError
from .finding import Finding
from .identity import WHOLE_CHART, Identity, identify, identify_chart
from .linefile import entry_lines
from .plaintext import one_word

DEFAULTS = ("defaults",)
_EXTRAS = ("port", "container", "with", "in")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a finding, the values sets that show it, and why it is left.

    ``name`` is the check's name, for people; the id alone counts. ``line`` is
    the line's number in the file, from 1; 0 for an entry that is in none yet.
    """

    identity: Identity
    values: tuple[str, ...] = DEFAULTS
    reason: str = ""
    name: str = ""
    line: int = 0

    def __str__(self) -> str:
        check, chart, subject, reading, port, container, others = self.identity
        words = [f"{check}-{self.name}" if self.name else check]
        words += [one_word(word) for word in (chart, subject, reading)]
        sets = () if self.values == DEFAULTS else self.values
        extras = ([port] if port else [], [container] if container else [], others, sets)
        for key, listed in zip(_EXTRAS, extras, strict=True):
            if listed:
                words.append(f"{key}={','.join(map(one_word, listed))}")
        return " ".join(words) + (f"  # {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of one file; ``by_object`` has them by check id, chart and object."""

    path: Path
    by_object: Mapping[tuple[str, ...], tuple[Entry, ...]]

    @classmethod
    def of(cls, path: Path, entries: Iterable[Entry]) -> Baseline:
        """Make a baseline of entries that are all different."""
        by_object: dict[tuple[str, ...], tuple[Entry, ...]] = {}
        for entry in entries:
            key = entry.identity[:3]
            by_object[key] = (*by_object.get(key, ()), entry)
        return cls(path, by_object)

    @property
    def entries(self) -> Iterator[Entry]:
        """All entries."""
        for entries in self.by_object.values():
            yield from entries

    def entry_for(self, check: str, chart: str, subject: str, finding: Finding) -> Entry | None:
        """The entry that expects this finding; None where it is new.

        One more values set that shows it makes no new finding, so the sets of
        the entry do not count. ``check`` is an id or a full name; ``chart``
        and ``subject`` are as in the node id.
        """
        wanted = identify(check, chart, subject, finding)
        about = self.by_object.get(wanted[:3], ())
        return next((entry for entry in about if entry.identity == wanted), None)

    def entry_for_chart(self, name: str, chart: str, values: str) -> Entry | None:
        """The entry that expects ``renders`` or ``installs`` to fail for a chart."""
        wanted = identify_chart(name, chart)
        return next(self._about(wanted[:3], values), None)

    def fixed(
        self, check: str, chart: str, values: str, subject: str, findings: Iterable[Finding]
    ) -> tuple[Entry, ...]:
        """The entries that this object's findings no longer bear out.

        Not to be asked where the check was skipped: then nobody knows.
        """
        present = {identify(check, chart, subject, finding) for finding in findings}
        about = self._about((check.partition("-")[0], chart, subject), values)
        return tuple(entry for entry in about if entry.identity not in present)

    def without_object(
        self, chart: str, values: str, objects: Collection[str]
    ) -> tuple[Entry, ...]:
        """The entries whose object the chart does not make any more.

        ``objects`` are all that it makes with this values set, as in node ids.
        """
        return tuple(
            entry
            for entry in self.entries
            if entry.identity.chart == chart
            and values in entry.values
            and entry.identity.subject not in (WHOLE_CHART, *objects)
        )

    def without_run(self, ran: Collection[tuple[str, str]]) -> tuple[Entry, ...]:
        """The entries about a chart or a values set that is not in ``ran`` at all.

        ``ran`` are (chart, values set) pairs. Only a run over all charts can
        say that such an entry is out of date.
        """
        return tuple(
            entry
            for entry in self.entries
            if not any((entry.identity.chart, values) in ran for values in entry.values)
        )

    def advice(self, entry: Entry, values: str) -> str:
        """What to do about an entry whose finding is gone with this values set."""
        where = f"{self.path}:{entry.line}"
        text = str(entry)
        if len(entry.values) == 1:
            return f"fixed: remove this line\n  {where}: {text}"
        return f"fixed with {values}: take {one_word(values)} out of in=\n  {where}: {text}"

    def _about(self, key: tuple[str, ...], values: str) -> Iterator[Entry]:
        return (entry for entry in self.by_object.get(key, ()) if values in entry.values)


def read_baseline(path: Path, flag: str = "--k8snet-baseline") -> Baseline:
    """Read a baseline file.

    :param flag: the option that names it, for messages.
    :raises SettingsError: there is no such file, or a line is no entry, or
        two lines are about the same finding.
    """
    entries: dict[Identity, Entry] = {}
    for number, line in entry_lines(path, flag, "--k8snet-write-baseline"):
        entry = _parsed(line, number, path)
        first = entries.setdefault(entry.identity, entry)
        if first is not entry:
            raise SettingsError(
                f"{path}:{number}: the same finding as line {first.line}; keep one line,"
                " with the values sets of both after in="
            )
    return Baseline.of(path, entries.values())


def _parsed(line: str, number: int, path: Path) -> Entry:
    text, _, reason = line.partition("#")
    words = text.split()
    if len(words) < 4 or "=" in words[0]:
        raise SettingsError(
            f"{path}:{number}: expected 'check chart object reading', then port=, container=,"
            f" with= or in=, then '# reason'; found {line.strip()!r}"
        )
    extras: dict[str, tuple[str, ...]] = {}
    for word in words[4:]:
        key, equals, listed = word.partition("=")
        if key not in _EXTRAS or not equals or key in extras:
            raise SettingsError(
                f"{path}:{number}: {word!r}: expected one each of port=, container=, with=, in="
            )
        extras[key] = tuple(unquote(one) for one in listed.split(",") if one)
    check, _, name = words[0].partition("-")
    chart, subject, reading = map(unquote, words[1:4])
    port, container = (",".join(extras.get(key, ())) for key in ("port", "container"))
    identity = Identity(
        check, chart, subject, reading, port, container, tuple(sorted(extras.get("with", ())))
    )
    values = tuple(sorted(extras.get("in", ()))) or DEFAULTS
    return Entry(identity, values, reason.strip(), name, number)
