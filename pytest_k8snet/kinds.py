"""What Kubernetes and its common extensions make pods with: one table of workload kinds.

Whoever needs to know something of a kind reads it here: the parser where its
pod template is, the matcher which labels its controller adds, the runtime how
to ask for it, when it is ready and how its pods come back. A kind that is
added to the table needs no line anywhere else.

Sources: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/,
https://argoproj.github.io/argo-rollouts/features/specification/,
https://openkruise.io/docs/, https://docs.openshift.com/container-platform/latest/applications/deployments/what-deployments-are.html,
https://knative.dev/docs/serving/reference/serving-api/ and
https://keda.sh/docs/latest/reference/scaledjob-spec/.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
JOB_NAMES = ("job-name", "batch.kubernetes.io/job-name")
_JOB_UIDS = ("controller-uid", "batch.kubernetes.io/controller-uid")
_TEMPLATE_HASH = "pod-template-hash"
_REVISION_HASH = "controller-revision-hash"


class Selects(Enum):
    """How a kind writes down which pods are its own."""

    NOTHING = "nothing"
    """It has no selector: its controller makes one of a unique id."""
    LABEL_SELECTOR = "label selector"
    """``spec.selector`` with ``matchLabels`` and ``matchExpressions``; required."""
    MAP = "map"
    """``spec.selector`` is a plain map of labels; the template's labels where it is left out."""


class Ready(Enum):
    """What in the status of a live object tells that its pods are ready."""

    NEVER_WAITED_FOR = "never waited for"
    """It makes pods at times of its own."""
    POD = "pod"
    """The condition ``Ready``, or the phase ``Succeeded``."""
    ROLLED_OUT = "rolled out"
    """As many updated and available replicas as are wanted, and no others."""
    REPLICAS = "replicas"
    """As many ready replicas as are wanted."""
    NODES = "nodes"
    """One ready pod on each node that is to have one."""
    COMPLETE = "complete"
    """The condition ``Complete``."""
    CONDITION = "condition"
    """The condition ``Ready``."""


class Replaced(Enum):
    """How other pods come in the place of those that are there."""

    BY_CONTROLLER = "by its controller"
    """A pod that is deleted is made anew."""
    BY_MANIFEST = "by its manifest"
    """Nobody makes it anew: it has to be created again."""
    BY_COPY = "by a copy"
    """Its pods end; its template runs once more as a Job."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects that make pods, or a Pod itself.

    :ivar groups: the API groups that serve it; the first one is asked for live objects.
    :ivar template: the keys that lead to the pod template; none for a Pod.
    :ivar unknown_labels: keys of labels that its controller gives to pods, whose values are
        known only in the cluster.
    :ivar name_labels: likewise, whose value is the object's own name.
    :ivar ordinals: its pods are numbered, and have labels for that.
    :ivar added_labels: the keys of all labels that its controller adds.
    :ivar counts: its status says which generation of the object it is about.
    """

    name: str
    groups: tuple[str, ...]
    version: str
    plural: str
    template: tuple[str, ...] = ("spec", "template")
    selects: Selects = Selects.LABEL_SELECTOR
    unknown_labels: tuple[str, ...] = ()
    name_labels: tuple[str, ...] = ()
    ordinals: bool = False
    ready: Ready = Ready.REPLICAS
    counts: bool = False
    replaced: Replaced = Replaced.BY_CONTROLLER
    added_labels: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        numbered = (POD_NAME, POD_INDEX) if self.ordinals else ()
        added = (*numbered, *self.name_labels, *self.unknown_labels)
        object.__setattr__(self, "added_labels", added)

    @property
    def group(self) -> str:
        """The API group of today."""
        return self.groups[0]

    @property
    def is_pod(self) -> bool:
        """Whether it is its own template."""
        return not self.template

    @property
    def built_in(self) -> bool:
        """Whether every cluster serves it: groups of others are domain names."""
        return "." not in self.group

    @property
    def ends(self) -> bool:
        """Whether its pods are meant to end."""
        return self.replaced is Replaced.BY_COPY

    def implies_selector(self, group: str) -> bool:
        """Whether the selector may be left out: it is the template's labels then."""
        return self.selects is Selects.MAP or group == "extensions"


_APPS = ("apps", "extensions")

KINDS: tuple[Kind, ...] = (
    Kind(
        "Pod", ("",), "v1", "pods",
        template=(), selects=Selects.NOTHING, ready=Ready.POD, replaced=Replaced.BY_MANIFEST,
    ),
    Kind(
        "ReplicationController", ("",), "v1", "replicationcontrollers",
        selects=Selects.MAP, counts=True,
    ),
    Kind("ReplicaSet", _APPS, "v1", "replicasets", counts=True),
    Kind(
        "Deployment", _APPS, "v1", "deployments",
        unknown_labels=(_TEMPLATE_HASH,), ready=Ready.ROLLED_OUT, counts=True,
    ),
    Kind(
        "StatefulSet", _APPS, "v1", "statefulsets",
        unknown_labels=(_REVISION_HASH,), ordinals=True, counts=True,
    ),
    Kind(
        "DaemonSet", _APPS, "v1", "daemonsets",
        unknown_labels=(_REVISION_HASH, "pod-template-generation"), ready=Ready.NODES, counts=True,
    ),
    Kind(
        "Job", ("batch",), "v1", "jobs",
        selects=Selects.NOTHING, name_labels=JOB_NAMES, unknown_labels=_JOB_UIDS,
        ready=Ready.COMPLETE, replaced=Replaced.BY_COPY,
    ),
    Kind(
        "CronJob", ("batch",), "v1", "cronjobs",
        template=("spec", "jobTemplate", "spec", "template"), selects=Selects.NOTHING,
        unknown_labels=(*JOB_NAMES, *_JOB_UIDS),
        ready=Ready.NEVER_WAITED_FOR, replaced=Replaced.BY_COPY,
    ),
    Kind(
        "Rollout", ("argoproj.io",), "v1alpha1", "rollouts",
        unknown_labels=("rollouts-pod-template-hash",), ready=Ready.ROLLED_OUT,
    ),
    Kind(
        "CloneSet", ("apps.kruise.io",), "v1alpha1", "clonesets",
        unknown_labels=(_REVISION_HASH, _TEMPLATE_HASH, "apps.kruise.io/cloneset-instance-id"),
        counts=True,
    ),
    Kind(
        "StatefulSet", ("apps.kruise.io",), "v1beta1", "statefulsets",
        unknown_labels=(_REVISION_HASH,), ordinals=True, counts=True,
    ),
    Kind(
        "DaemonSet", ("apps.kruise.io",), "v1alpha1", "daemonsets",
        unknown_labels=(_REVISION_HASH, "pod-template-generation"), ready=Ready.NODES, counts=True,
    ),
    Kind(
        "DeploymentConfig", ("apps.openshift.io",), "v1", "deploymentconfigs",
        selects=Selects.MAP, name_labels=("deploymentconfig",), unknown_labels=("deployment",),
        counts=True,
    ),
    Kind(
        "Service", ("serving.knative.dev",), "v1", "services",
        selects=Selects.NOTHING,
        name_labels=("serving.knative.dev/service", "serving.knative.dev/configuration"),
        unknown_labels=("serving.knative.dev/revision",),
        ready=Ready.CONDITION, counts=True,
    ),
    Kind(
        "ScaledJob", ("keda.sh",), "v1alpha1", "scaledjobs",
        template=("spec", "jobTargetRef", "template"), selects=Selects.NOTHING,
        name_labels=("scaledjob.keda.sh/name",), unknown_labels=(*JOB_NAMES, *_JOB_UIDS),
        ready=Ready.NEVER_WAITED_FOR, replaced=Replaced.BY_COPY,
    ),
)  # fmt: skip

KIND_NAMES = frozenset(kind.name for kind in KINDS)

_BY_GROUP = {(kind.name, group): kind for kind in KINDS for group in kind.groups}
_BY_NAME = {kind.name: kind for kind in reversed(KINDS)}


def find_kind(name: str, group: str) -> Kind | None:
    """The kind of a manifest, None if it makes no pods as far as the table knows.

    Knative's Service and Volcano's Job share names with built-in kinds: the group decides.
    """
    return _BY_GROUP.get((name, group))


def kind_of(name: str, group: str = "") -> Kind:
    """The kind of a workload; a kind that the table lacks makes pods as most of them do.

    :param group: "" where the name alone is known: the built-in kind of that name then.
    """
    known = find_kind(name, group) or (None if group else _BY_NAME.get(name))
    return known or Kind(name, (group,), "", "", ready=Ready.NEVER_WAITED_FOR)
