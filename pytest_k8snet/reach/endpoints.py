"""Who talks to whom: a pod as policies see it, or somebody outside the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from ..model import Labels

NAME_LABEL = "kubernetes.io/metadata.name"
"""Every namespace has it, with its name as the value:
https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
"""


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """One side of a connection. Equal pods are one object, so identity is what compares.

    :ivar namespace: its namespace, "" outside the cluster.
    :ivar namespace_labels: that namespace's labels.
    :ivar labels: the pod's labels.
    :ivar named: numbers of its declared ports, by name and protocol.
    :ivar host: it is in the network namespace of its node; policies take it for the node.
    :ivar world: it is outside the cluster.
    :ivar anyone: labels of pod and namespace may be any: it stands for whoever fits best.
        ``namespace`` is then the one that it is in, or "" for any other.
    :ivar address: where it is known: of one that stands for all pods with addresses like it.
    """

    namespace: str = ""
    namespace_labels: Labels = field(default_factory=dict)
    labels: Labels = field(default_factory=dict)
    named: Mapping[tuple[str, str], frozenset[int]] = field(default_factory=dict)
    service_account: str = "default"
    host: bool = False
    world: bool = False
    anyone: bool = False
    address: IPv4Address | None = None

    @property
    def pod(self) -> bool:
        """Whether selectors of pods can take it."""
        return not self.host and not self.world
