"""R1: who reaches the pods, compared with what somebody has agreed to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_
from typing import NamedTuple, TypeAlias

from ..errors import NotApplicable
from ..finding import FAULT, Exposed, Finding
from ..model import Application, NetworkPolicy, ReviewedEdge, Workload
from ..reach import NONE, PROTOCOLS, Action, Ports, Truth, is_same_pod, reach_of
from ..reach.file import HOWS, Key, by_target, line_text, name_of
from ._check import check
from ._words import listing, references, subjects

_LINES = 8  # of a file, that a finding writes out

_ByHow: TypeAlias = Mapping[str, Ports]


class _Pair(NamedTuple):
    """What is and what the file has from one place to the pods, by how it is known."""

    source: str
    now: _ByHow
    lines: tuple[ReviewedEdge, ...]

    def agreed(self, how: str) -> Ports:
        """The ports of the line, if there is one."""
        found = (Ports.parse(", ".join(one.ports)) for one in self.lines if one.how == how)
        return next(found, NONE)

    @property
    def more(self) -> Ports:
        """Ports that answer now and that no line admits.

        A line for what is certain has room for what is left to the plugin or unknown; a line for
        one of these has none for what is certain.
        """
        static, *others = HOWS
        room = reduce(or_, map(self.agreed, HOWS))
        doubtful = reduce(or_, (self.now.get(how, NONE) for how in others))
        return (self.now.get(static, NONE) - self.agreed(static)) | (doubtful - room)

    @property
    def outdated(self) -> tuple[ReviewedEdge, ...]:
        """Lines with ports that are closed now, or known in another way."""
        return tuple(
            line
            for line in self.lines
            if self.agreed(line.how) - self.now.get(line.how, NONE) - self.more
        )


@check("R1", "reach", on=Workload, readings={"wider": FAULT, "narrower": FAULT}, needs_review=True)
def reach(workload: Workload, application: Application) -> Iterator[Finding]:
    """Others reach the pods than the reviewed file says.

    ## What it finds
    Only with `--k8snet-reach=FILE`: the file has a line for everybody who
    reaches the pods, and on which ports, as policies decide. `wider`: a port
    answers to somebody, and no line says so, or only as something that the
    network plugin decides. `narrower`: a line has ports that are closed now:
    remove it, or what is too much of it, so that nobody opens them again
    unseen.

    ## Why it matters
    A new edge is a way on for whoever owns the container at its beginning, and
    nobody sees it in the diff of a template or of a default value. The file
    makes it a line in the pull request that opens it.

    ## Example
    ```yaml
    kind: NetworkPolicy
    spec:
      podSelector:
        matchLabels: {app: db}
      ingress:
        - ports: [{port: 5432}]  # from anybody; the file has only Deployment/web
    ```

    ## Instead
    Close the port again, or, if it is meant to be open, write the file again
    with `--k8snet-write-reach=FILE` and let its diff be reviewed.

    ```yaml
    kind: NetworkPolicy
    spec:
      podSelector:
        matchLabels: {app: db}
      ingress:
        - from: [{podSelector: {matchLabels: {app: web}}}]
          ports: [{port: 5432}]
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    reviewed = application.reviewed
    if reviewed is None:
        raise NotApplicable("needs a file to compare with: --k8snet-reach=FILE")
    pairs = list(_pairs(workload, application, reviewed.edges))
    if wider := [pair for pair in pairs if pair.more]:
        yield _wider(workload, application, reviewed.file, wider)
    if narrower := [pair for pair in pairs if pair.outdated]:
        yield _narrower(workload, application, reviewed.file, narrower)


def _pairs(
    workload: Workload, application: Application, agreed: Iterable[ReviewedEdge]
) -> Iterator[_Pair]:
    """Every place that reaches the pods now or in the file, in the order of the file's lines."""
    now: dict[str, dict[str, Ports]] = defaultdict(dict)
    for edge in application.once(by_target).get(workload.reference, ()):
        now[name_of(edge.source, application)][edge.how] = edge.ports
    lines: dict[str, list[ReviewedEdge]] = defaultdict(list)
    name = application.subject(workload.reference)
    alone = is_same_pod(workload, workload)
    for line in agreed:
        if line.target == name and not (alone and line.source == name):  # true, and left out
            lines[line.source].append(line)
    for source in sorted(now.keys() | lines.keys()):
        yield _Pair(source, now.get(source, {}), tuple(lines.get(source, ())))


def _wider(workload: Workload, application: Application, file: str, pairs: list[_Pair]) -> Finding:
    edges = listing(pairs, lambda pair: f"{pair.source} to {_ports(pair.more)}")
    policies = _admitting(workload, application, pairs[0])
    sources = {pair.source for pair in pairs}
    by = f" (by {subjects(policies, application)})" if policies else ""
    return Finding(
        "wider",
        f"more reaches {application.subject(workload.reference)} than {file} has: {edges}{by};"
        " close it, or let the new lines be reviewed",
        at=policies[0].position() if policies else workload.position(),
        instead=_lines(workload, application, pairs),
        related=references(policies),
        exposed=next(one for one in Exposed if one.value in (*sources, Exposed.NAMED)),
    )


def _ports(ports: Ports) -> str:
    return "all ports" if ports.texts() == ["all"] else str(ports)


def _admitting(
    workload: Workload, application: Application, pair: _Pair
) -> tuple[NetworkPolicy, ...]:
    """The policies that let the first new port in; none where no policy is for the pods."""
    ports = zip(PROTOCOLS, pair.more.ranges, strict=True)
    protocol, ((first, _), *_) = next((name, found) for name, found in ports if found)
    worked = reach_of(application)
    steps = worked.why(worked.place(pair.source), workload, first, protocol)
    return tuple(
        step.policy
        for step in steps
        if step.policy is not None and step.action is Action.ALLOW and step.truth is not Truth.NO
    )


def _narrower(
    workload: Workload, application: Application, file: str, pairs: list[_Pair]
) -> Finding:
    closed = [line for pair in pairs if not pair.now for line in pair.outdated]
    changed = [pair for pair in pairs if pair.now]
    parts = []
    if closed:
        first = closed[0]
        others = f", and {listing(f'line {one.line}' for one in closed[1:])}" if closed[1:] else ""
        parts.append(f"now closed: remove this line: {file}:{first.line} ({first}){others}")
    if changed:
        lines = [line for pair in changed for line in pair.outdated]
        text = listing(f"{file}:{line.line} ({line})" for line in lines)
        parts.append(f"now closed in part: write less into {text}")
    return Finding(
        "narrower",
        f"less reaches {application.subject(workload.reference)} than {file} has;"
        f" {'; '.join(parts)}",
        at=workload.position(),
        instead=_lines(workload, application, changed),
        exposed=Exposed.NOBODY,
    )


def _lines(workload: Workload, application: Application, pairs: list[_Pair]) -> str:
    """The lines that the file should have for these pairs."""
    name = application.subject(workload.reference)
    texts = [
        line_text(Key(application.chart, application.values, pair.source, name, how), ports)
        for pair in pairs
        for how, ports in pair.now.items()
    ]
    if len(texts) > _LINES:
        more = len(texts) - _LINES
        texts[_LINES:] = [f"# and {more} more: --k8snet-write-reach=FILE writes them all"]
    return "\n".join(texts)
