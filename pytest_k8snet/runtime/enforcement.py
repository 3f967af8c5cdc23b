"""Does the cluster enforce NetworkPolicy at all? Ask it, with a policy that must stop a probe.

A cluster whose network plugin ignores policies takes them without a word:
https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias
from uuid import uuid4

from .api import Api, Object, Refused
from .cluster import Cluster
from .command import Failed, run
from .pods import Pod, read_pod
from .release import MANAGED_BY, MANAGER, OWNER, RELEASE

Probe: TypeAlias = Callable[[], bool]
"""Whether the client reaches the server just now."""

ENFORCED, NOT_ENFORCED = "enforced", "not enforced"

_PORT = 8053
_START = 60.0  # seconds for the two pods to start; an image may have to come first
_ENFORCE = 15.0  # seconds for the network plugin to take notice of the policy
_PAUSE = 0.2

# A node of kind's is a Debian system, which always has these programs. The connection is made in
# the network namespace of the client's pod, so nothing needs to be in its image.
_CONNECT = r"""
command -v nsenter timeout bash >/dev/null || exit 3
cd /proc
for file in $(grep -ls -F "$1" [0-9]*/cgroup); do pid=${file%/cgroup}; break; done
[ -n "$pid" ] || exit 3
nsenter --target "$pid" --net timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$2" "$3" 2>/dev/null &&
  echo open || echo closed
"""
_KEEP_TRYING = """
while :; do
  /agnhost connect --timeout=1s "$1" >/dev/null 2>&1 && echo open || echo closed
  sleep 0.2
done
"""


class _Untestable(Exception):
    """The two pods do not come to talk to each other, policy or not."""


def ask_enforcement(api: Api, cluster: Cluster, owner: str, image: str) -> str:
    """``enforced``, ``not enforced``, or ``not tested`` and why.

    :param owner: who is to answer for the namespace of the two pods.
    :param image: agnhost, for a cluster that is not kind's; kind's nodes have
        CoreDNS, which does for a server.
    """
    namespace = f"k8snet-enforcement-{uuid4().hex[:6]}"
    labels = {MANAGED_BY: MANAGER, OWNER: owner}
    metadata = {"name": namespace, "labels": labels, "annotations": {RELEASE: namespace}}
    try:
        api.create_namespace({"metadata": metadata})
        try:
            probe = _prepare(api, cluster, namespace, image)
            _wait_for(probe, expected=True, seconds=_START)
            api.create("NetworkPolicy", namespace, _deny("server"))
            stopped = _wait_for(probe, expected=False, seconds=_ENFORCE, give_up=False)
            return ENFORCED if stopped else NOT_ENFORCED
        finally:
            api.delete_namespace(namespace)
    except (Refused, Failed, _Untestable) as error:
        return f"not tested: {error}"


def _prepare(api: Api, cluster: Cluster, namespace: str, image: str) -> Probe:
    """Start a server and a client; how the one reaches the other."""
    on_node = _image_on_nodes(api) if cluster.kind == "kind" else ""
    _wait_for_account(api, namespace)
    if on_node:
        command = ["-dns.port", str(_PORT)]
        for name in ("server", "client"):
            api.create("Pod", namespace, _pod(name, on_node, args=command))
        server, client = (_started(api, namespace, name) for name in ("server", "client"))
        return lambda: _from_node(cluster.engine, client, _address(server))
    api.create("Pod", namespace, _pod("server", image, args=["porter"], env=f"SERVE_PORT_{_PORT}"))
    server = _started(api, namespace, "server")
    target = (
        f"[{_address(server)}]:{_PORT}"
        if ":" in _address(server)
        else f"{_address(server)}:{_PORT}"
    )
    command = ["sh", "-c", _KEEP_TRYING, "sh", target]
    api.create("Pod", namespace, _pod("client", image, command=command))
    client = _started(api, namespace, "client")
    return lambda: "open" in api.logs(namespace, client.name, "main", tailLines=1)


def _image_on_nodes(api: Api) -> str:
    """CoreDNS's image, which every node of kind's has: nothing is pulled for the probe."""
    for item in api.list_of("Pod", "kube-system", "k8s-app=kube-dns"):
        return str(item["spec"]["containers"][0]["image"])
    return ""


def _wait_for_account(api: Api, namespace: str) -> None:
    """A pod needs the namespace's service account, which takes a moment to be there."""
    deadline = time.monotonic() + _START
    while not api.get("ServiceAccount", namespace, "default"):
        if time.monotonic() > deadline:
            raise _Untestable("the namespace got no service account")
        time.sleep(_PAUSE)


def _started(api: Api, namespace: str, name: str) -> Pod:
    deadline = time.monotonic() + _START
    while True:
        item = api.get("Pod", namespace, name)
        pod = read_pod(item) if item else None
        if pod is not None and pod.ready and _address(pod):
            return pod
        if time.monotonic() > deadline:
            why = pod.containers[0].waiting if pod else "it is gone"
            raise _Untestable(f"the {name} of the probe does not start: {why or 'not ready'}")
        time.sleep(_PAUSE)


def _wait_for(probe: Probe, *, expected: bool, seconds: float, give_up: bool = True) -> bool:
    """Whether the probe gives the expected answer in time.

    :raises _Untestable: it does not, and ``give_up``.
    """
    deadline = time.monotonic() + seconds
    while probe() is not expected:
        if time.monotonic() > deadline:
            if give_up:
                raise _Untestable("one pod does not reach another, though no policy forbids it")
            return False
        time.sleep(_PAUSE)
    return True


def _from_node(engine: str, client: Pod, address: str) -> bool:
    argv = [engine, "exec", client.node, "sh", "-c", _CONNECT, "sh"]
    argv += [client.containers[0].id, address, str(_PORT)]
    return run(argv, timeout=30).out.strip() == "open"


def _address(pod: Pod) -> str:
    return str((pod.raw.get("status") or {}).get("podIP") or "")


def _pod(
    name: str,
    image: str,
    *,
    command: list[str] | None = None,
    args: list[str] | None = None,
    env: str = "",
) -> Object:
    container: Object = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent"}
    if command:
        container["command"] = command
    if args:
        container["args"] = args
    if env:
        container["env"] = [{"name": env, "value": "k8snet"}]
    return {
        "metadata": {"name": name, "labels": {"k8snet.io/probe": name}},
        "spec": {
            "containers": [container],
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
        },
    }


def _deny(name: str) -> Object:
    return {
        "metadata": {"name": "deny"},
        "spec": {
            "podSelector": {"matchLabels": {"k8snet.io/probe": name}},
            "policyTypes": ["Ingress"],
        },
    }
