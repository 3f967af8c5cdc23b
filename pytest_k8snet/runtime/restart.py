"""Replace the pods of a release, so that a second run of each program can be observed.

Pods are deleted and their controllers make new ones: a StatefulSet in its own
order, a DaemonSet one for each node; on the node's network not before the old
ones are gone. A bare Pod is made again from its own manifest. Jobs run once more
as a copy. Hooks belong to the installation and are left alone.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator

from ..kinds import Replaced
from ..model import Workload
from .api import Api, Object
from .pods import COPY_OF, Owned, Owner, Pod

_GRACE = 1  # seconds; enough for a program that listens to the signal
_STATEFUL_GRACE = 20  # what it keeps on a volume is worth a clean end

# Labels that a Job's controller gives to its template and wants to give again.
_JOB_LABELS = frozenset({"controller-uid", "job-name"})
_JOB_PREFIX = "batch.kubernetes.io/"
_TOKEN = "kube-api-access-"  # noqa: S105 - the volume that admission adds to every pod


def is_replaced(workload: Workload) -> bool:
    """Whether deleting a pod of the workload brings another one."""
    return not workload.hook and not workload.makes.ends


def replaceable(pods: Iterable[Owned]) -> Iterator[tuple[Pod, Workload]]:
    """Those of the pods that still run, and in whose place others come."""
    for pod, workload in pods:
        if workload is not None and is_replaced(workload) and not pod.finished:
            yield pod, workload


def replace_pods(api: Api, pods: Iterable[Owned]) -> list[tuple[Pod, Workload]]:
    """Delete the pods of the release; those that are to go.

    Bare Pods are not there again before :func:`recreate`.
    """
    gone = list(replaceable(pods))
    for maker in {maker for pair in gone if (maker := _hasty_maker(*pair)) is not None}:
        api.delete(*maker.reference, last=True)
    for pod, _ in gone:
        api.delete("Pod", pod.namespace, pod.name, grace=_grace(pod))
    return gone


def _hasty_maker(pod: Pod, workload: Workload) -> Owner | None:
    """The ReplicaSet of a pod that would find its ports taken by the one before it.

    A ReplicaSet makes another pod as soon as one is asked to end. On the node's network
    the old one's ports are the new one's, and only declared ones keep the scheduler from
    bringing the two together. While the ReplicaSet itself is to go it makes none, and its
    Deployment makes another one when it is gone, which is after its last pod. Of the other
    controllers a StatefulSet and a DaemonSet wait by themselves.
    https://kubernetes.io/docs/concepts/architecture/garbage-collection/#foreground-deletion
    """
    owner = pod.owner
    if not pod.host_network or owner is None or owner.kind is workload.makes:
        return None
    return owner if owner.kind.name == "ReplicaSet" else None


def bare_pods(pods: Iterable[Owned]) -> list[Object]:
    """Manifests of the pods that nothing would make again."""
    return [
        pod_manifest(pod.raw)
        for pod, workload in replaceable(pods)
        if workload.makes.replaced is Replaced.BY_MANIFEST
    ]


def recreate(api: Api, manifests: Iterable[Object]) -> list[Object]:
    """Make the bare Pods whose names are free again; those that still have to wait."""
    waiting = []
    for manifest in manifests:
        namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        if api.get("Pod", namespace, name) is None:
            api.create("Pod", namespace, manifest)
        else:
            waiting.append(manifest)
    return waiting


def pod_manifest(live: Object) -> Object:
    """The manifest that a live pod was made from, without what the cluster added."""
    metadata = live["metadata"]
    spec = copy.deepcopy(live["spec"])
    for key in ("nodeName", "ephemeralContainers", "priority", "preemptionPolicy"):
        spec.pop(key, None)
    volumes = spec.get("volumes") or []
    spec["volumes"] = [one for one in volumes if not one["name"].startswith(_TOKEN)]
    for container in spec["containers"] + (spec.get("initContainers") or []):
        mounts = container.get("volumeMounts") or []
        container["volumeMounts"] = [one for one in mounts if not one["name"].startswith(_TOKEN)]
    kept = ("name", "namespace", "labels", "annotations")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": spec,
    }


def job_copy(workload: Workload, namespace: str, live: Object) -> Object:
    """A Job that runs the template of a live object once more."""
    spec = live
    for key in workload.makes.template[:-1]:
        spec = spec[key]
    spec = copy.deepcopy(spec)
    for key in ("selector", "manualSelector", "suspend", "ttlSecondsAfterFinished"):
        spec.pop(key, None)
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    spec["template"]["metadata"] = {
        **(spec["template"].get("metadata") or {}),
        "labels": {
            key: value
            for key, value in labels.items()
            if key not in _JOB_LABELS and not key.startswith(_JOB_PREFIX)
        },
    }
    spec["template"]["metadata"].pop("creationTimestamp", None)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "generateName": f"{workload.name[:50]}-",
            "namespace": namespace,
            "annotations": {COPY_OF: f"{workload.kind}/{live['metadata']['name']}"},
        },
        "spec": spec,
    }


def _grace(pod: Pod) -> int:
    """Seconds that a pod gets to end by itself; one that keeps data gets more."""
    spec = pod.raw["spec"]
    own = int(spec.get("terminationGracePeriodSeconds", 30))
    keeps = any(
        "persistentVolumeClaim" in volume or "hostPath" in volume or "ephemeral" in volume
        for volume in spec.get("volumes") or []
    )
    return max(1, min(own, _STATEFUL_GRACE if keeps else _GRACE))
