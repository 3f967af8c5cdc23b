"""What a maintainer needs to see of a release that did not become ready: bounded text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..errors import ClusterError
from .api import Api, Object, Refused
from .readiness import holds

_PODS = 8
_EVENTS = 5
_LOG_LINES = 20
_WIDTH = 400  # characters of a line; a program can log one of a megabyte


def describe(api: Api, namespaces: Iterable[str]) -> str:
    """The pods that are not ready, their last events and log lines, and events without a pod."""
    try:
        return "\n".join(line for name in namespaces for line in _namespace(api, name))
    except (Refused, ClusterError) as error:
        return f"no diagnostics: {error}"


def _namespace(api: Api, namespace: str) -> Iterator[str]:
    events = sorted(api.list_of("Event", namespace), key=_when)
    pods = [pod for pod in api.list_of("Pod", namespace) if not _fine(pod)]
    for pod in pods[:_PODS]:
        yield from _pod(api, pod, _about(events, "Pod", pod["metadata"]["name"]))
    if len(pods) > _PODS:
        yield f"  and {len(pods) - _PODS} more pods that are not ready"
    others = [
        event
        for event in events
        if event.get("type") == "Warning" and event["involvedObject"].get("kind") != "Pod"
    ]
    yield from (f"  {_event(event)}" for event in others[-_EVENTS:])


def _fine(pod: Object) -> bool:
    status = pod.get("status") or {}
    return status.get("phase") == "Succeeded" or holds(status, "Ready")


def _pod(api: Api, pod: Object, events: Sequence[Object]) -> Iterator[str]:
    metadata, status = pod["metadata"], pod.get("status") or {}
    why = status.get("reason") or ""
    yield f"  Pod/{metadata['name']}: {status.get('phase', 'Unknown')}" + (
        f" ({why})" if why else ""
    )
    for condition in status.get("conditions") or []:
        if condition["status"] == "False" and condition.get("message"):
            yield f"    {condition['type']}: {_cut(condition['message'])}"
    for key in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(key) or []:
            if not one.get("ready"):
                yield from _container(api, metadata, one)
    yield from (f"    {_event(event)}" for event in events[-_EVENTS:])


def _container(api: Api, metadata: Object, status: Object) -> Iterator[str]:
    restarts = status.get("restartCount") or 0
    yield f"    container {status['name']}: {_state(status)}" + (
        f", restarted {restarts} times" if restarts else ""
    )
    if not status.get("containerID"):
        return
    where = metadata["namespace"], metadata["name"], status["name"]
    log = api.logs(*where, tailLines=_LOG_LINES)
    if not log.strip() and restarts:
        log = api.logs(*where, tailLines=_LOG_LINES, previous="true")
    for line in log.rstrip().splitlines()[-_LOG_LINES:]:
        yield f"      | {_cut(line)}"


def _state(status: Object) -> str:
    state = status.get("state") or {}
    for key in ("waiting", "terminated"):
        if key in state:
            one = state[key]
            code = f" (exit code {one['exitCode']})" if "exitCode" in one else ""
            message = f": {_cut(one['message'])}" if one.get("message") else ""
            return f"{one.get('reason') or key}{code}{message}"
    return "running, not ready" if "running" in state else "not started"


def _about(events: Sequence[Object], kind: str, name: str) -> list[Object]:
    return [
        event
        for event in events
        if (event["involvedObject"].get("kind"), event["involvedObject"].get("name"))
        == (kind, name)
        and event.get("reason") not in ("Scheduled", "Pulled", "Created", "Started")
    ]


def _event(event: Object) -> str:
    about = event["involvedObject"]
    count = event.get("count") or (event.get("series") or {}).get("count") or 1
    times = f" ({count} times)" if count > 1 else ""
    return (
        f"event on {about.get('kind')}/{about.get('name')}: {event.get('reason')}:"
        f" {_cut(event.get('message') or '')}{times}"
    )


def _when(event: Object) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")


def _cut(text: str) -> str:
    """One line of printable characters; a log may hold escape sequences."""
    line = " ".join(text.split("\n"))
    line = "".join(char if char.isprintable() else " " for char in line).strip()
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…"
