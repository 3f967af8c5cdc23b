"""When Kubernetes calls a workload ready, and when it never will be. Pure functions.

The rules are those of ``kubectl rollout status`` and of Helm's ``--wait``:
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status.
Which of them holds for a kind is said in the table of kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..kinds import Kind, Ready
from .api import Object

# Reasons of a waiting container that no waiting mends: the manifest itself is wrong.
HOPELESS = frozenset({"InvalidImageName", "ErrImageNeverPull"})


def waits_for(kind: Kind, item: Object) -> str:
    """What is still to come before the object is ready; "" when it is."""
    status = item.get("status") or {}
    generation = item["metadata"].get("generation", 1)
    if kind.counts and status.get("observedGeneration", 0) < generation:
        return "its controller has not seen it yet"
    return _RULES[kind.ready](item.get("spec") or {}, status)


def failure(kind: Kind, item: Object) -> str:
    """Why the object can never become ready; "" while it may."""
    status = item.get("status") or {}
    for condition in _conditions(status):
        where = kind.ready, condition["type"], condition["status"]
        if where == (Ready.COMPLETE, "Failed", "True") or (
            where == (Ready.ROLLED_OUT, "Progressing", "False")
            and condition.get("reason") == "ProgressDeadlineExceeded"
        ):
            return f"{condition.get('reason', '')}: {condition.get('message', '')}"
    if kind.is_pod and status.get("phase") == "Failed":
        return status.get("message") or status.get("reason") or "its containers failed"
    return ""


def wanted_pods(kind: Kind, item: Object) -> int | None:
    """How many pods the object's controller keeps running; None where the object does not say."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    if kind.ready in (Ready.NEVER_WAITED_FOR, Ready.CONDITION):
        return None
    if kind.ready is Ready.NODES:
        return int(status.get("desiredNumberScheduled") or 0)
    if kind.is_pod:
        return int(status.get("phase") not in ("Succeeded", "Failed"))
    return int(spec.get("replicas", 1))


def _rolled_out(spec: Object, status: Object) -> str:
    wanted = spec.get("replicas", 1)
    if status.get("updatedReplicas", 0) < wanted:
        return f"{status.get('updatedReplicas', 0)} of {wanted} pods made"
    if status.get("replicas", 0) > status.get("updatedReplicas", 0):
        return "old pods are still there"
    return _ready(status.get("availableReplicas", 0), wanted)


def _replicas(spec: Object, status: Object) -> str:
    return _ready(status.get("readyReplicas", 0), spec.get("replicas", 1))


def _nodes(spec: Object, status: Object) -> str:
    wanted = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0)
    rolling = (spec.get("updateStrategy") or {}).get("type") != "OnDelete"
    if rolling and updated < wanted:
        return f"{updated} of {wanted} pods made"
    return _ready(status.get("numberReady", 0), wanted)


def _pod(_spec: Object, status: Object) -> str:
    if status.get("phase") == "Succeeded" or holds(status, "Ready"):
        return ""
    return f"it is {status.get('phase') or 'Pending'} and not ready"


def _complete(spec: Object, status: Object) -> str:
    if spec.get("suspend") or holds(status, "Complete", "SuccessCriteriaMet"):
        return ""
    return f"{status.get('active', 0)} pods still run"


def _condition(_spec: Object, status: Object) -> str:
    if holds(status, "Ready"):
        return ""
    said = (one.get("message") or one.get("reason") for one in _conditions(status))
    return next(filter(None, said), "its condition Ready does not hold")


def _nothing(_spec: Object, _status: Object) -> str:
    return ""


def _ready(ready: int, wanted: int) -> str:
    return "" if ready >= wanted else f"{ready} of {wanted} pods ready"


def holds(status: Object, *types: str) -> bool:
    """Whether one of these conditions is true."""
    return any(one["type"] in types and one["status"] == "True" for one in _conditions(status))


def _conditions(status: Object) -> Iterator[Object]:
    yield from status.get("conditions") or []


_RULES: dict[Ready, Callable[[Object, Object], str]] = {
    Ready.NEVER_WAITED_FOR: _nothing,
    Ready.POD: _pod,
    Ready.ROLLED_OUT: _rolled_out,
    Ready.REPLICAS: _replicas,
    Ready.NODES: _nodes,
    Ready.COMPLETE: _complete,
    Ready.CONDITION: _condition,
}
