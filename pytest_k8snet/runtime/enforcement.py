"""Does the cluster enforce NetworkPolicy at all? Ask it, with a policy that must stop a probe.

A cluster whose network plugin ignores policies takes them without a word:
https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias
from uuid import uuid4

from ..errors import ClusterError
from .api import Api, Object, Refused
from .cluster import Cluster
from .dial import Answer, Dial, dial, place_of
from .footholds import foothold, pause_image, wait_for_account, wait_until_started
from .namespaces import RELEASE, make_namespace
from .pods import Pod
from .waiting import wait_for

Probe: TypeAlias = Callable[[], bool]
"""Whether the client reaches the server just now."""

ENFORCED, NOT_ENFORCED = "enforced", "not enforced"

_SERVER = "k8snet.io/probe"
_PORT = 8053
_START = 60.0  # seconds for the two pods to start; an image may have to come first
_ENFORCE = 15.0  # seconds for the network plugin to take notice of the policy

_KEEP_TRYING = """
left=600
while [ $left -gt 0 ]; do
  /agnhost connect --timeout=1s "$1" >/dev/null 2>&1 && echo open || echo closed
  sleep 0.2
  left=$((left - 1))
done
sleep 1000000
"""


class Enforcement(NamedTuple):
    """Whether the cluster enforces policies.

    :ivar verdict: ``enforced``, ``not enforced``, or ``not tested`` and why.
    :ivar stranger: a pod of ours that stays, in a namespace without a release.
    """

    verdict: str
    stranger: Pod | None = None


def ask_enforcement(api: Api, cluster: Cluster, owner: str, image: str) -> Enforcement:
    """Find out with two pods: the client of a server, which a policy forbids then.

    :param owner: who is to answer for the namespace of the two pods.
    :param image: agnhost, for a cluster that is not kind's; kind's nodes have
        CoreDNS, which does for a server.
    """
    namespace = f"k8snet-probe-{uuid4().hex[:6]}"
    stranger = None
    try:
        make_namespace(api, namespace, owner, {RELEASE: namespace})
        try:
            probe, stranger = _prepare(api, cluster, namespace, image)
            if not wait_for(probe, _START):
                raise ClusterError("one pod does not reach another, though no policy forbids it")
            api.create("NetworkPolicy", namespace, _deny())
            stopped = wait_for(lambda: not probe(), _ENFORCE)
        finally:
            if stranger is None:
                api.delete("Namespace", "", namespace)
            else:
                api.delete("Pod", namespace, "server")
    except (Refused, ClusterError) as error:
        return Enforcement(f"not tested: {error}", stranger)
    return Enforcement(ENFORCED if stopped else NOT_ENFORCED, stranger)


def _prepare(api: Api, cluster: Cluster, namespace: str, image: str) -> tuple[Probe, Pod | None]:
    """Start a server and a client; how the one reaches the other, and the client if it can stay."""
    on_node = _image_on_nodes(api) if cluster.kind == "kind" else ""
    wait_for_account(api, namespace)
    if on_node:
        command = ["-dns.port", str(_PORT)]
        idle = pause_image(api)
        api.create("Pod", namespace, _labelled(foothold("server", on_node, args=command)))
        client = foothold(
            "client", idle or on_node, args=() if idle else command, restricted=bool(idle)
        )
        api.create("Pod", namespace, client)
        server, stranger = (
            wait_until_started(api, namespace, name) for name in ("server", "client")
        )
        one = Dial(place_of(stranger), server.addresses[0], _PORT)
        return lambda: dial(cluster.engine, [one])[one] is Answer.OPEN, stranger
    api.create(
        "Pod",
        namespace,
        _labelled(foothold("server", image, args=["porter"], env=f"SERVE_PORT_{_PORT}")),
    )
    address = wait_until_started(api, namespace, "server").addresses[0]
    target = f"[{address}]:{_PORT}" if ":" in address else f"{address}:{_PORT}"
    command = ["sh", "-c", _KEEP_TRYING, "sh", target]
    api.create("Pod", namespace, foothold("client", image, command=command))
    stranger = wait_until_started(api, namespace, "client")
    return lambda: "open" in api.logs(namespace, "client", "main", tailLines=1), stranger


def _image_on_nodes(api: Api) -> str:
    """CoreDNS's image, which every node of kind's has: nothing is pulled for the probe."""
    for item in api.list_of("Pod", "kube-system", "k8s-app=kube-dns"):
        return str(item["spec"]["containers"][0]["image"])
    return ""


def _labelled(pod: Object) -> Object:
    """The pod with a label that a policy can select it by."""
    pod["metadata"]["labels"] = {_SERVER: ""}
    return pod


def _deny() -> Object:
    return {
        "metadata": {"name": "deny"},
        "spec": {
            "podSelector": {"matchLabels": {_SERVER: ""}},
            "policyTypes": ["Ingress"],
        },
    }
