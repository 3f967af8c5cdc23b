"""Case files: ordinary Kubernetes manifests with what a check must say of them inside.

A case is ``tests/checks/<check name>/{bad,good}[.variant].yaml``. Its leading comments are
directives, one a line:

``# expect: Service/web name 80/TCP``
    One finding: its object as node ids have it, its reading, and its port where it has one. All
    findings of the file must be listed. Good cases expect notes at most.
``# says: <text>``
    The message of some finding contains the text.
``# instead: <text>``
    What some finding would have written instead contains the text.
``# related: Deployment/web``
    Some finding names the object as related.
``# skipped: Deployment/web <text>``
    The check raises NotObserved or NotApplicable for the object, and the reason contains the text.
``# sockets: Deployment/web 8080/TCP 127.0.0.1:9000/TCP | 8080/TCP``
    What the pods had open in the first and in the second run. ``none`` is nothing; without ``|``
    the second run was like the first, after ``| -`` nobody looked a second time. A socket is
    ``[address:]port/PROTOCOL[@pod][=container[:process]]``.
``# dialled: cluster -> Deployment/web 8080/TCP through``
    What was dialled in the cluster, from a foothold or a unit, and whether it went ``through`` or
    stayed ``silent``.
``# pods: Deployment/web 0``
    How many live pods were seen.
``# watched: Deployment/web 15``
    Until what age in seconds its pods were watched.
``# stray: app=web,role=db``
    A live pod with these labels that no unit of the chart made.
``# release: NAME``
    The release's name; otherwise ``release-name``. The manifests are as rendered for it.
``# second: NAME``
    There is a second release: the same text with the first release's name replaced by this one.
``# neighbour: neighbour.yaml``
    The units of this file of the same folder are those of another chart of the run.
``# blank: templates/web.yaml Service/web``
    A workload template rendered to nothing that could make the pods of these Services or policies.
``# reviewed: cluster -> Deployment/web: TCP 8080``
    The reach file has this line about the application; without any, ``-``.
``# invalid: Deployment/web <text>``
    Kubernetes refuses the object, and the message contains the text.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pytest_k8snet.manifests import read_application
from pytest_k8snet.model import (
    Application,
    Blank,
    Dialled,
    Neighbour,
    Reviewed,
    Socket,
    Workload,
)
from pytest_k8snet.reach.file import read_reach_file

FOLDER = Path(__file__).parent
SOURCE = "templates/case.yaml"
RELEASE = "release-name"

_DIRECTIVE = re.compile(r"# ([a-z]+): (.*)")
_SOCKET = re.compile(
    r"(?:\[?(?P<address>[0-9a-f.:]+?)\]?:)?(?P<port>\d+)/(?P<protocol>[A-Z]+)"
    r"(?:@(?P<pod>[\w-]+))?(?:=(?P<container>[\w-]+)(?::(?P<process>[\w-]+))?)?"
)
_KNOWN = frozenset(
    (
        "expect", "says", "instead", "related", "skipped", "sockets", "pods", "stray", "release",
        "second", "neighbour", "blank", "invalid", "reviewed", "dialled",
        "watched",
    )
)  # fmt: skip


def find_cases(check: str = "*") -> list[Path]:
    """All case files, or those of one check."""
    return sorted(
        path
        for path in FOLDER.glob(f"{check}/*.yaml")
        if path.name.split(".")[0] in ("bad", "good")
    )


def read_directives(path: Path) -> Mapping[str, list[str]]:
    """The comments before the first line that is none."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        match = _DIRECTIVE.fullmatch(line)
        if match:
            name, value = match.groups()
            assert name in _KNOWN, f"{path}: unknown directive {name}"
            found[name].append(value.strip())
    return found


def read_case(path: Path) -> Application:
    """The application of a case, observed as the case says."""
    directives = read_directives(path)
    text = path.read_text(encoding="utf-8")
    release = (directives.get("release") or [RELEASE])[0]
    application = read_application([(SOURCE, text)], chart="case", release=release)
    for second in directives.get("second", ()):
        application = replace(
            application,
            second=read_application(
                [(SOURCE, text.replace(release, second))], chart="case", release=second
            ),
        )
    return replace(
        application,
        workloads=tuple(_observed(application, directives)),
        strays=tuple(_strays(application, directives)),
        neighbours=tuple(_neighbours(path, directives)),
        blank=tuple(_blank(application, line) for line in directives.get("blank", ())),
        reviewed=_reviewed(directives["reviewed"]) if "reviewed" in directives else None,
        dialled=tuple(_dialled(application, line) for line in directives.get("dialled", ())),
    )


def _reviewed(lines: list[str]) -> Reviewed:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reach.txt"
        text = "".join(f"case [defaults]: {line}\n" for line in lines if line != "-")
        file.write_text(text, encoding="utf-8")
        return read_reach_file(file, "").about("case", "defaults", "reach.txt")


def _blank(application: Application, line: str) -> Blank:
    source, *names = line.split()
    owners = {application.subject(one.reference): one.reference for one in application.subjects}
    return Blank(source, tuple(owners[name] for name in names))


def _dialled(application: Application, line: str) -> Dialled:
    source, arrow, target, port, outcome = line.split()
    assert arrow == "->", line
    assert outcome in ("through", "silent"), line
    names = {application.subject(one.reference): one.reference for one in application.subjects}
    number, _, protocol = port.partition("/")
    place = source if source in ("namespace", "cluster") else names[source]
    return Dialled(place, names[target], int(number), protocol, outcome == "through")


def _observed(application: Application, directives: Mapping[str, list[str]]) -> Iterator[Workload]:
    sockets = _by_object(directives.get("sockets", ()))
    pods = _by_object(directives.get("pods", ()))
    watched = _by_object(directives.get("watched", ()))
    names = {application.subject(workload.reference) for workload in application.workloads}
    assert names >= {*sockets, *pods, *watched}, "a directive is about an object that is not there"
    for workload in application.workloads:
        name = application.subject(workload.reference)
        changed = workload
        if name in sockets:
            first, bar, second = sockets[name].partition("|")
            again = _sockets(second if bar else first)
            changed = replace(changed, sockets=_sockets(first), sockets_again=again)
        if name in pods:
            changed = replace(changed, pods=int(pods[name]))
        if name in watched:
            changed = replace(changed, watched=int(watched[name]))
        yield changed


def _by_object(lines: list[str] | tuple[str, ...]) -> dict[str, str]:
    return {name: rest.strip() for name, _, rest in (line.partition(" ") for line in lines)}


def _sockets(text: str) -> tuple[Socket, ...] | None:
    words = text.split()
    if words == ["-"]:
        return None
    if words == ["none"]:
        return ()
    return tuple(_socket(word) for word in words)


def _socket(word: str) -> Socket:
    match = _SOCKET.fullmatch(word)
    assert match, f"not a socket: {word}"
    return Socket(
        int(match["port"]),
        match["protocol"],
        match["address"] or "0.0.0.0",
        match["container"] or "",
        match["process"] or "",
        match["pod"] or "pod-0",
    )


def _strays(application: Application, directives: Mapping[str, list[str]]) -> Iterator[Workload]:
    for index, line in enumerate(directives.get("stray", ())):
        labels = dict(entry.split("=", 1) for entry in line.split(","))
        yield Workload("Pod", f"stray-{index}", application.namespace, "", pod_labels=labels)


def _neighbours(path: Path, directives: Mapping[str, list[str]]) -> Iterator[Neighbour]:
    for name in directives.get("neighbour", ()):
        other = path.with_name(name)
        read = read_application([(SOURCE, other.read_text(encoding="utf-8"))], chart="neighbour")
        for workload in read.workloads:
            yield Neighbour("charts/neighbour", workload)
