"""When Kubernetes calls a workload ready, and when it never will be. Pure functions.

The rules are those of ``kubectl rollout status`` and of Helm's ``--wait``:
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from __future__ import annotations

from collections.abc import Callable

from .api import Object

# Reasons of a waiting container that no waiting mends: the manifest itself is wrong.
HOPELESS = frozenset({"InvalidImageName", "ErrImageNeverPull"})


def waits_for(kind: str, item: Object) -> str:
    """What is still to come before the object is ready; "" when it is."""
    status = item.get("status") or {}
    generation = item["metadata"].get("generation", 1)
    if kind in _COUNTING and status.get("observedGeneration", 0) < generation:
        return "its controller has not seen it yet"
    return _RULES.get(kind, _nothing)(item.get("spec") or {}, status)


def failure(kind: str, item: Object) -> str:
    """Why the object can never become ready; "" while it may."""
    status = item.get("status") or {}
    for condition in status.get("conditions") or []:
        where = kind, condition["type"], condition["status"]
        if where == ("Job", "Failed", "True") or (
            where == ("Deployment", "Progressing", "False")
            and condition.get("reason") == "ProgressDeadlineExceeded"
        ):
            return f"{condition.get('reason', '')}: {condition.get('message', '')}"
    if kind == "Pod" and status.get("phase") == "Failed":
        return status.get("message") or status.get("reason") or "its containers failed"
    return ""


def wanted_pods(kind: str, item: Object) -> int:
    """How many pods the object's controller keeps running."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    if kind == "DaemonSet":
        return int(status.get("desiredNumberScheduled") or 0)
    if kind == "Pod":
        return int(status.get("phase") not in ("Succeeded", "Failed"))
    return int(spec.get("replicas", 1))


def _deployment(spec: Object, status: Object) -> str:
    wanted = spec.get("replicas", 1)
    if status.get("updatedReplicas", 0) < wanted:
        return f"{status.get('updatedReplicas', 0)} of {wanted} pods made"
    if status.get("replicas", 0) > status.get("updatedReplicas", 0):
        return "old pods are still there"
    return _ready(status.get("availableReplicas", 0), wanted)


def _stateful_set(spec: Object, status: Object) -> str:
    return _ready(status.get("readyReplicas", 0), spec.get("replicas", 1))


def _daemon_set(spec: Object, status: Object) -> str:
    wanted = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0)
    rolling = (spec.get("updateStrategy") or {}).get("type") != "OnDelete"
    if rolling and updated < wanted:
        return f"{updated} of {wanted} pods made"
    return _ready(status.get("numberReady", 0), wanted)


def _replicas(spec: Object, status: Object) -> str:
    return _ready(status.get("readyReplicas", 0), spec.get("replicas", 1))


def _pod(_spec: Object, status: Object) -> str:
    if status.get("phase") == "Succeeded":
        return ""
    for condition in status.get("conditions") or []:
        if condition["type"] == "Ready" and condition["status"] == "True":
            return ""
    return f"it is {status.get('phase') or 'Pending'} and not ready"


def _job(spec: Object, status: Object) -> str:
    if spec.get("suspend"):
        return ""
    for condition in status.get("conditions") or []:
        if (
            condition["type"] in ("Complete", "SuccessCriteriaMet")
            and condition["status"] == "True"
        ):
            return ""
    return f"{status.get('active', 0)} pods still run"


def _nothing(_spec: Object, _status: Object) -> str:
    return ""


def _ready(ready: int, wanted: int) -> str:
    return "" if ready >= wanted else f"{ready} of {wanted} pods ready"


# Their controllers say which generation of the object the status is about; until then it is empty.
_COUNTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController")
_RULES: dict[str, Callable[[Object, Object], str]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicaSet": _replicas,
    "ReplicationController": _replicas,
    "Pod": _pod,
    "Job": _job,
}
