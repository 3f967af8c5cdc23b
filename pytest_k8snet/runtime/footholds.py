"""Pods of our own: places in the cluster that no workload of a release has.

They run what keeps a pod alive and nothing else, have no labels, and belong to no
release: whoever lists a release's pods leaves them out.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ClusterError
from .api import Api, Object
from .pods import FOOTHOLD, Pod, read_pod
from .waiting import wait_for

_START = 60.0  # seconds for a pod to start; an image may have to come first
# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 65534,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pause_image(api: Api) -> str:
    """The image that keeps each pod's namespaces: every node has it. "" where none says so."""
    for node in api.list_of("Node"):
        for image in (node.get("status") or {}).get("images") or []:
            for name in image.get("names") or []:
                if name.partition("@")[0].partition(":")[0].endswith("/pause") and "@" not in name:
                    return str(name)
    return ""


def foothold(
    name: str,
    image: str,
    *,
    command: Sequence[str] = (),
    args: Sequence[str] = (),
    env: str = "",
    restricted: bool = False,
) -> Object:
    """The manifest of a pod of ours.

    :param env: the name of a variable that it has.
    :param restricted: such as every namespace admits it.
    """
    container: Object = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent"}
    if restricted:
        container["securityContext"] = RESTRICTED
    if command:
        container["command"] = list(command)
    if args:
        container["args"] = list(args)
    if env:
        container["env"] = [{"name": env, "value": "k8snet"}]
    return {
        "metadata": {"name": name, "annotations": {FOOTHOLD: ""}},
        "spec": {
            "containers": [container],
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
        },
    }


def started(api: Api, namespace: str, name: str) -> Pod | None:
    """The pod, if it is ready and has an address."""
    item = api.get("Pod", namespace, name)
    pod = read_pod(item) if item else None
    return pod if pod is not None and pod.ready and pod.addresses else None


def wait_until_started(api: Api, namespace: str, name: str) -> Pod:
    """The pod once it is ready.

    :raises ClusterError: it is not in time.
    """
    pod = wait_for(lambda: started(api, namespace, name), _START)
    if pod is None:
        item = api.get("Pod", namespace, name)
        why = read_pod(item).containers[0].waiting if item else "it is gone"
        raise ClusterError(f"the pod {name} of the probe does not start: {why or 'not ready'}")
    return pod


def wait_for_account(api: Api, namespace: str) -> None:
    """A pod needs the namespace's service account, which takes a moment to be there.

    :raises ClusterError: it is not there in time.
    """
    if not wait_for(lambda: api.get("ServiceAccount", namespace, "default"), _START):
        raise ClusterError("the namespace got no service account")
