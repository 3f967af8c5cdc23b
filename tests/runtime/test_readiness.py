"""What Kubernetes calls ready, as its own status says it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_k8snet.kinds import Kind, Ready, find_kind, kind_of
from pytest_k8snet.runtime.readiness import failure, waits_for, wanted_pods


def item(status: dict[str, Any], generation: int = 2, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "spec": spec, "status": status}


def kind(name: str) -> Kind:
    """A kind of the table as ``Name.group``; built-in ones by their names alone."""
    name, _, group = name.partition(".")
    return kind_of(name, group)


SEEN = {"observedGeneration": 2}
DONE = {"conditions": [{"type": "Complete", "status": "True"}]}
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("name", "status", "spec", "waits"),
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
        ("Rollout.argoproj.io", {}, {}, "0 of 1 pods made"),
        ("Rollout.argoproj.io", {"updatedReplicas": 1}, {}, "0 of 1 pods ready"),
        (
            "Rollout.argoproj.io",
            # As a text, unlike the built-in kinds.
            {"observedGeneration": "1", "updatedReplicas": 1, "availableReplicas": 1},
            {},
            "",
        ),
        ("CloneSet.apps.kruise.io", SEEN, {"replicas": 2}, "0 of 2 pods ready"),
        ("DaemonSet.apps.kruise.io", {**SEEN, "desiredNumberScheduled": 1}, {}, "0 of 1 pods"),
        (
            "Service.serving.knative.dev",
            {**SEEN, "conditions": [{"type": "Ready", "status": "False", "message": "no image"}]},
            {},
            "no image",
        ),
        ("Service.serving.knative.dev", {**SEEN, **READY}, {}, ""),
        ("ScaledJob.keda.sh", {}, {}, ""),
        ("Sandwich.example.org", {}, {}, ""),
    ],
)
def test_what_is_still_to_come(
    name: str, status: dict[str, Any], spec: dict[str, Any], waits: str
) -> None:
    found = waits_for(kind(name), item(status, **spec))
    assert waits in found
    assert bool(waits) == bool(found)


@pytest.mark.parametrize(
    ("name", "status", "why"),
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
        (
            "Rollout.argoproj.io",
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
def test_what_can_never_become_ready(name: str, status: dict[str, Any], why: str) -> None:
    assert why in failure(kind(name), item(status))
    assert bool(why) == bool(failure(kind(name), item(status)))


@pytest.mark.parametrize(
    ("name", "status", "spec", "pods"),
    [
        ("Deployment", {}, {}, 1),
        ("StatefulSet", {}, {"replicas": 3}, 3),
        ("DaemonSet", {"desiredNumberScheduled": 2}, {}, 2),
        ("Pod", {}, {}, 1),
        ("Pod", {"phase": "Succeeded"}, {}, 0),
        ("Rollout.argoproj.io", {}, {"replicas": 2}, 2),
        ("Service.serving.knative.dev", {}, {}, None),
        ("Sandwich.example.org", {}, {}, None),
    ],
)
def test_how_many_pods_there_ought_to_be(
    name: str, status: dict[str, Any], spec: dict[str, Any], pods: int | None
) -> None:
    assert wanted_pods(kind(name), item(status, **spec)) == pods


@pytest.mark.parametrize("ready", Ready)
def test_a_kind_of_any_sort_that_is_added_to_the_table_is_waited_for(ready: Ready) -> None:
    added = Kind("Added", ("example.org",), "v1", "addeds", ready=ready)
    assert find_kind("Added", "example.org") is None
    assert bool(waits_for(added, item({}, replicas=1))) == (
        ready not in (Ready.NEVER_WAITED_FOR, Ready.NODES)
    )
