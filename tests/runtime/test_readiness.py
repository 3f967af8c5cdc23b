"""What Kubernetes calls ready, as its own status says it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_k8snet.runtime.readiness import failure, waits_for, wanted_pods


def item(status: dict[str, Any], generation: int = 2, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "spec": spec, "status": status}


SEEN = {"observedGeneration": 2}
DONE = {"conditions": [{"type": "Complete", "status": "True"}]}
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("kind", "status", "spec", "waits"),
    [
        ("Deployment", {}, {}, "its controller has not seen it yet"),
        ("Deployment", {"observedGeneration": 1, "availableReplicas": 1}, {}, "controller"),
        ("Deployment", SEEN, {"replicas": 2}, "0 of 2 pods made"),
        ("Deployment", {**SEEN, "updatedReplicas": 1, "replicas": 2}, {}, "old pods"),
        ("Deployment", {**SEEN, "updatedReplicas": 1, "replicas": 1}, {}, "0 of 1 pods ready"),
        (
            "Deployment",
            {**SEEN, "updatedReplicas": 1, "replicas": 1, "availableReplicas": 1},
            {},
            "",
        ),
        ("Deployment", SEEN, {"replicas": 0}, ""),
        ("StatefulSet", {**SEEN, "readyReplicas": 1}, {"replicas": 2}, "1 of 2 pods ready"),
        ("StatefulSet", {**SEEN, "readyReplicas": 2}, {"replicas": 2}, ""),
        ("DaemonSet", {}, {}, "controller"),
        ("DaemonSet", {**SEEN, "desiredNumberScheduled": 1}, {}, "0 of 1 pods made"),
        (
            "DaemonSet",
            {**SEEN, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1},
            {},
            "0 of 1 pods ready",
        ),
        (
            "DaemonSet",
            {**SEEN, "desiredNumberScheduled": 1, "numberReady": 1},
            {"updateStrategy": {"type": "OnDelete"}},
            "",
        ),
        ("DaemonSet", {**SEEN, "desiredNumberScheduled": 0}, {}, ""),
        ("Job", {"active": 1}, {}, "1 pods still run"),
        ("Job", {}, {"suspend": True}, ""),
        ("Job", DONE, {}, ""),
        ("Pod", {"phase": "Running"}, {}, "Running and not ready"),
        ("Pod", READY, {}, ""),
        ("Pod", {"phase": "Succeeded"}, {}, ""),
        ("Sandwich", {}, {}, ""),
    ],
)
def test_what_is_still_to_come(
    kind: str, status: dict[str, Any], spec: dict[str, Any], waits: str
) -> None:
    found = waits_for(kind, item(status, **spec))
    assert waits in found
    assert bool(waits) == bool(found)


@pytest.mark.parametrize(
    ("kind", "status", "why"),
    [
        (
            "Job",
            {
                "conditions": [
                    {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
                ]
            },
            "BackoffLimitExceeded",
        ),
        (
            "Deployment",
            {
                "conditions": [
                    {
                        "type": "Progressing",
                        "status": "False",
                        "reason": "ProgressDeadlineExceeded",
                    }
                ]
            },
            "ProgressDeadlineExceeded",
        ),
        ("Pod", {"phase": "Failed", "reason": "Evicted"}, "Evicted"),
        ("Pod", {"phase": "Pending"}, ""),
        ("Job", DONE, ""),
    ],
)
def test_what_can_never_become_ready(kind: str, status: dict[str, Any], why: str) -> None:
    assert why in failure(kind, item(status))
    assert bool(why) == bool(failure(kind, item(status)))


@pytest.mark.parametrize(
    ("kind", "status", "spec", "pods"),
    [
        ("Deployment", {}, {}, 1),
        ("StatefulSet", {}, {"replicas": 3}, 3),
        ("DaemonSet", {"desiredNumberScheduled": 2}, {}, 2),
        ("Pod", {}, {}, 1),
        ("Pod", {"phase": "Succeeded"}, {}, 0),
    ],
)
def test_how_many_pods_there_ought_to_be(
    kind: str, status: dict[str, Any], spec: dict[str, Any], pods: int
) -> None:
    assert wanted_pods(kind, item(status, **spec)) == pods
