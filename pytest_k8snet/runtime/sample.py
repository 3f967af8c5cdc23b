"""Read what ``sample.sh`` prints: the processes of containers and their sockets. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .sockets import ByteOrder, Entry, open_ports

# Times in /proc/<pid>/stat are in these; USER_HZ is 100 wherever Kubernetes runs.
_TICKS = 100
_FIELDS = 20  # of stat, behind the name, that are needed
_LINK = re.compile(r" (\S+)/ns/net -> net:\[(\d+)\]$")
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_POD = re.compile(r"pod([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_TABLE = re.compile(r"(\S+)/net/([a-z0-9]+):(.*)")


class Torn(Exception):
    """The processes changed while the sample was taken; take another one."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process of a container: its ids, and its age in seconds.

    ``sockets`` are inodes; None where its file descriptors could not be read.
    """

    pid: int
    container: str
    name: str
    age: float
    space: str
    sockets: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a node: processes by container id, those of no container that was asked for by
    the pod's uid, and open ports by network namespace.

    :ivar uptime: when, in seconds since the node began.
    """

    processes: Mapping[str, tuple[Process, ...]] = field(default_factory=dict)
    tables: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    uptime: float = 0.0

    @property
    def held(self) -> frozenset[int]:
        """The inodes of the sockets that a process has."""
        some = (one.sockets or () for held in self.processes.values() for one in held)
        return frozenset[int]().union(*some)

    def main(self, whose: str) -> Process | None:
        """The process that a container or a pod began with, None if it has none."""
        return max(self.processes.get(whose, ()), key=lambda one: one.age, default=None)


def new_mark() -> str:
    """What begins the lines that are the script's own, and no name of a process has in it."""
    return f"=={secrets.token_hex(8)}"


def read_sample(
    text: str, ids: Collection[str], byteorder: ByteOrder = "little", mark: str = "=="
) -> Sample:
    """Read one sample.

    :param ids: those of containers, and uids of pods, that were asked for.
    :param mark: the one that was sent with the question.
    :raises Torn: what is printed contradicts itself, as a process ended meanwhile.
    """
    sections = dict(_sections(text, mark))
    if "end" not in sections:
        raise Torn
    containers = dict(_containers(sections["cgroup"], ids))
    uptime = float(sections["uptime"][0].split()[0])
    spaces = {match[1]: match[2] for match in map(_LINK.search, sections["net"]) if match}
    inodes = _descriptors(sections["fd"])
    processes: dict[str, list[Process]] = {}
    for pid, stat in _stats(sections["stat"], mark):
        if pid not in containers:
            continue
        name, fields = _stat(stat)
        if len(fields) < _FIELDS:
            continue  # it ended while it was read
        threads = [task for task in spaces if task == pid or task.startswith(f"{pid}/task/")]
        if not threads:
            continue  # it has ended: a zombie has neither namespace nor files
        held = [inodes[task] for task in threads if task in inodes]
        processes.setdefault(containers[pid], []).append(
            Process(
                pid=int(pid),
                container=containers[pid],
                name=name,
                age=uptime - int(fields[19]) / _TICKS,
                space=spaces[threads[0]],
                sockets=frozenset[int]().union(*held) if held else None,
            )
        )
    tables = _tables(sections["sockets"], spaces, byteorder)
    if not {one.space for some in processes.values() for one in some} <= tables.keys():
        raise Torn
    return Sample({key: tuple(some) for key, some in processes.items()}, tables, uptime)


def together(samples: Sequence[Sample]) -> Sample:
    """What samples show of the same pod, each of which sees the processes of some containers.

    They were not taken at the same time: what only some of them show open may have been opened or
    closed in between. It counts where its process was seen with it, or it would be nobody's.
    """
    if len(samples) == 1:
        return samples[0]
    tables: dict[str, tuple[Entry, ...]] = {}
    for space in {space for one in samples for space in one.tables}:
        shown = [(one.held, one.tables[space]) for one in samples if space in one.tables]
        always = set.intersection(*(set(table) for _, table in shown))
        counted = (
            entry
            for held, table in shown
            for entry in table
            if entry in always or entry.inode in held
        )
        tables[space] = tuple(dict.fromkeys(counted))
    return Sample(
        {key: some for one in samples for key, some in one.processes.items()},
        tables,
        max(one.uptime for one in samples),
    )


def _sections(text: str, mark: str) -> Iterator[tuple[str, list[str]]]:
    for block in ("\n" + text).split(f"\n{mark} ")[1:]:
        name, *lines = block.split("\n")
        yield name, lines


def _containers(lines: list[str], ids: Collection[str]) -> Iterator[tuple[str, str]]:
    """Pid and container id, or the pod's uid: the one that the process's cgroup is named after."""
    for line in lines:
        found = [*re.findall(r"[0-9a-f]{32,}", line), *_POD.findall(line.replace("_", "-"))]
        whose = next((one for one in found if one in ids), None)
        if whose is not None:
            yield line.partition("/")[0], whose


def _stats(lines: list[str], mark: str) -> Iterator[tuple[str, str]]:
    """Pid and text of its stat; a name with a line break in it makes several lines."""
    for block in ("\n" + "\n".join(lines)).split(f"\n{mark}: ")[1:]:
        pid, _, text = block.partition("\n")
        yield pid, text


def _stat(text: str) -> tuple[str, list[str]]:
    """The process's name, and the fields behind it; field 3 of proc(5) is the first."""
    before, _, after = text.rpartition(")")
    name = before.partition("(")[2]
    return "".join(char if char.isprintable() else "?" for char in name), after.split()


def _descriptors(lines: list[str]) -> dict[str, set[int]]:
    """Socket inodes by task, for each task whose descriptors could be listed."""
    inodes: dict[str, set[int]] = {}
    current: set[int] = set()
    for line in lines:
        if line.endswith("/fd:"):
            current = inodes.setdefault(line.removesuffix("/fd:"), set())
        elif match := _SOCKET.fullmatch(line.partition(" -> ")[2]):  # a file may be called so
            current.add(int(match[1]))
    return inodes


def _tables(
    lines: list[str], spaces: Mapping[str, str], byteorder: ByteOrder
) -> dict[str, tuple[Entry, ...]]:
    """Open ports by network namespace; a namespace is missing if its table was not read."""
    found: dict[str, list[Entry]] = {}
    for line in lines:
        match = _TABLE.fullmatch(line)
        if match and match[1] in spaces:
            entries = found.setdefault(spaces[match[1]], [])
            entries.extend(open_ports([match[3]], match[2], byteorder))
    return {space: tuple(entries) for space, entries in found.items()}
