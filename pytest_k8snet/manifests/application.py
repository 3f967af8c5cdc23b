"""Sorts the documents of a chart by what they are, and reads those that matter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from .. import yamltext
from ..errors import ManifestError
from ..kinds import KIND_NAMES, KINDS, find_kind
from ..model import (
    Application,
    Backend,
    Invalid,
    Monitor,
    Namespace,
    NetworkPolicy,
    Position,
    Reference,
    Route,
    Service,
    Workload,
)
from ..reach.families import KUBERNETES
from ..values import Manifest, described, mapping, sequence
from .apicalls import CALLED, api_backends, text_to_read
from .documents import Documents
from .monitors import MONITORS, read_monitor
from .objects import CLUSTER_SCOPED, KubernetesObject
from .policies import read_policy
from .roles import ROLES, lets_make_pods, may_make_pods
from .routes import ROUTES, read_route
from .services import read_service
from .shapes import wrong_types
from .syntax import object_name_problem, service_name_problem
from .workloads import has_pod_template, has_template, read_workload

# Groups that the API server itself serves; an object of another group is a custom resource.
_BUILT_IN = frozenset(
    (
        "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io",
        "apps", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch",
        "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
        "extensions", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io",
        "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io",
        "resource.k8s.io", "scheduling.k8s.io", "settings.k8s.io", "storage.k8s.io",
        "storagemigration.k8s.io",
    )
)  # fmt: skip

_WITHOUT_POLICIES = _BUILT_IN - KUBERNETES

# Built-in kinds that decide nothing about who talks to whom. They are large (ConfigMaps with
# dashboards, CRDs of megabytes), so they are scanned for being YAML, and not made into data.
_SCANNED = frozenset(
    (
        "ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding", "ClusterRole",
        "ClusterRoleBinding", "PersistentVolumeClaim", "PodDisruptionBudget",
        "HorizontalPodAutoscaler", "CustomResourceDefinition", "PriorityClass", "StorageClass",
        "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "IngressClass",
        "APIService", "PodSecurityPolicy", "ResourceQuota", "LimitRange",
    )
)  # fmt: skip

# Of the API server's own kinds those that are read, by their names in small letters.
_SERVED = {
    "service": ("v1", "Service"),
    "ingress": ("networking.k8s.io/v1", "Ingress"),
    "networkpolicy": ("networking.k8s.io/v1", "NetworkPolicy"),
    **{
        kind.name.lower(): ("/".join(filter(None, (kind.group, kind.version))), kind.name)
        for kind in KINDS
        if kind.group in _BUILT_IN
    },
}

_VALUE = re.compile(r"\w+:[ \t]+[\"']?([\w./-]+)[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)
_METADATA = re.compile(r"^metadata:[^\n]*\n(?:[ \t#][^\n]*\n?)*", re.MULTILINE)
# A label or an annotation that is most likely something else than a string, which is refused.
_NO_STRING = re.compile(
    r":[ \t]+(?:[-+]?\.?\d[\d_]*(?:\.\d*)?(?:e[-+]?\d+)?|0[xob][\da-f_]+"
    r"|true|false|yes|no|on|off|y|n)[ \t]*(?:#.*)?\r?$",
    re.MULTILINE | re.IGNORECASE,
)
_NAME = re.compile(
    r"^metadata:[^\n]*\n(?:[ \t#][^\n]*\n)*?  name:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE
)


def read_application(
    templates: Iterable[tuple[str, str]],
    *,
    chart: str = "chart",
    values: str = "defaults",
    release: str = "release-name",
    namespace: str = "default",
    crds: Iterable[str] = (),
    second: bool = False,
    documents: Documents | None = None,
) -> Application:
    """Read what one chart rendered to.

    :param templates: pairs of the template's path in the chart and its text.
    :param crds: names of the CRDs of the chart's ``crds/`` folders.
    :param second: only compute units and policies are asked for: what a release is compared by
        with another release of the same chart.
    :param documents: what is shared with the chart's other values sets.
    :raises ManifestError: a text is not YAML, or a document is no object.
    """
    reader = _ApplicationReader(namespace, documents or Documents(), second=second)
    for name in crds:
        reader.note_cluster_scoped("CustomResourceDefinition", name)
    for source, text in templates:
        reader.read_template(source, text)
    return Application(
        chart=chart,
        values=values,
        release=release,
        namespace=namespace,
        workloads=tuple(reader.workloads),
        services=tuple(reader.services),
        policies=tuple(reader.policies),
        routes=tuple(reader.routes),
        monitors=tuple(reader.monitors),
        custom_kinds=tuple(sorted(reader.custom_kinds)),
        pod_makers=tuple(sorted(reader.pod_makers)),
        api_backends=tuple(dict.fromkeys(reader.api_backends)),
        cluster_scoped=tuple(sorted(reader.cluster_scoped)),
        namespaces=reader.namespaces,
        invalid=tuple(reader.invalid),
    )


class _ApplicationReader:
    """Sorts the objects of one application by what they are."""

    def __init__(self, namespace: str, documents: Documents, *, second: bool) -> None:
        self._namespace = namespace
        self._documents = documents
        self._second = second
        self._seen: dict[tuple[str, Reference], str] = {}
        self._generated: Counter[tuple[str, Reference]] = Counter()
        self.workloads: list[Workload] = []
        self.services: list[Service] = []
        self.policies: list[NetworkPolicy] = []
        self.routes: list[Route] = []
        self.monitors: list[Monitor] = []
        self.custom_kinds: set[str] = set()
        self.pod_makers: set[str] = set()
        self.api_backends: list[Backend] = []
        self.cluster_scoped: set[Reference] = set()
        self.namespaces: dict[str, Namespace] = {}
        self.invalid: list[Invalid] = []
        self._readers: dict[
            tuple[str, str], tuple[list[Any], Callable[[KubernetesObject], Any]]
        ] = {
            ("Service", ""): (self.services, read_service),
            **dict.fromkeys(ROUTES, (self.routes, read_route)),
            **dict.fromkeys(MONITORS, (self.monitors, read_monitor)),
        }

    def read_template(self, source: str, text: str) -> None:
        for document in yamltext.split_documents(text):
            if document and not document.isspace():
                self._read_document(source, document)

    def _read_document(self, source: str, text: str) -> None:
        kind = _plain("kind", text)
        if self._second and kind and not _compared(kind):
            return
        if kind in _SCANNED or _only_custom(kind, text):
            self._documents.scan(text, source)
            self._note_scanned(kind, text, source)
            return
        data = self._documents.load(text, source)
        if data is None:
            return
        if not isinstance(data, dict):
            raise ManifestError(
                f"{source}: a document is {described(data)}, and Kubernetes takes objects only"
                " (a mapping with apiVersion and kind)"
            )
        self._read_object(source, data)

    def _note_scanned(self, kind: str, text: str, source: str) -> None:
        """Only the kind of such an object can matter, or its name: who owns it.

        And of a role whether it lets a program make pods, and whom the API server is to call.
        """
        found = _NAME.search(text)
        name = found.group(1) if found else ""
        if (block := _METADATA.search(text)) and _NO_STRING.search(block[0]):
            data = mapping(self._documents.load(text, source))
            whole = {"apiVersion": "", **data, "kind": kind}
            KubernetesObject(whole, source, self._namespace, self.invalid)  # says what is wrong
        if called := text_to_read(kind, text):
            self._note_called(kind, mapping(self._documents.load(called, source)))
        if kind in ROLES and may_make_pods(text):
            self._note_role(kind, name, mapping(self._documents.load(text, source)))
        if kind not in CLUSTER_SCOPED:
            if kind not in _SCANNED:
                self.custom_kinds.add(kind)
            return
        if not name:  # in a mapping on one line: {name: x}
            data = mapping(self._documents.load(text, source))
            name = str(mapping(data.get("metadata")).get("name") or "")
        self.note_cluster_scoped(kind, name)

    def note_cluster_scoped(self, kind: str, name: str) -> None:
        self.cluster_scoped.add(Reference(kind, "", name))
        if kind == "CustomResourceDefinition":
            self.custom_kinds.add(kind)

    def _note_role(self, kind: str, name: str, data: Manifest) -> None:
        if kind in ROLES and lets_make_pods(data):
            self.pod_makers.add(f"{kind}/{name}")

    def _note_called(self, kind: str, data: Manifest) -> None:
        if kind in CALLED:
            self.api_backends += api_backends(kind, data)

    def _read_object(self, source: str, data: Manifest) -> None:
        given = data.get("kind")
        kind = given if isinstance(given, str) else ""
        for key in ("kind", "apiVersion"):
            word = data.get(key)
            if not word or not isinstance(word, str):
                what = f"{key} is {described(word)}: write a string" if word else f"has no {key}"
                self._refuse(kind or "?", what, source)
                return
        if kind.endswith("List") and "items" in data:
            self._read_items(source, data)
            return
        self._read_single(KubernetesObject(data, source, self._namespace, self.invalid))

    def _read_items(self, source: str, data: Manifest) -> None:
        """What a list holds; in one of a kind of its own, such as ServiceList, items need no kind.

        https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1/unstructured#UnstructuredList
        """
        kind, items = data["kind"], data["items"]
        own = {"kind": kind.removesuffix("List"), "apiVersion": data["apiVersion"]}
        if items is not None and not isinstance(items, list):
            self._refuse(kind, f"items is {described(items)}, and Kubernetes takes a list", source)
        for number, item in enumerate(sequence(items)):
            if isinstance(item, dict):
                bare = not (item.get("kind") or item.get("apiVersion"))
                self._read_object(source, {**item, **own} if bare else item)
            else:
                what = f"items[{number}] is {described(item)}, and Kubernetes takes an object"
                self._refuse(kind, what, source)

    def _refuse(self, kind: str, what: str, source: str) -> None:
        """Take down what is wrong with something that is no object."""
        self.invalid.append(Invalid(Reference(kind, "", "?"), what, Position(source)))

    def _read_single(self, obj: KubernetesObject) -> None:
        if obj.test_hook:
            return
        kind, group = obj.kind, obj.group
        if kind in CLUSTER_SCOPED:
            self.cluster_scoped.add(Reference(kind, "", obj.name))
        if kind == "Namespace" and group == "":
            self.namespaces[obj.name] = Namespace(obj.labels, obj.annotations)
        if (known := find_kind(kind, group)) is not None and (
            known.built_in or has_template(obj.data, known)
        ):
            self._keep(obj, self.workloads, read_workload)
        elif (kind, group) in self._readers:
            self._keep(obj, *self._readers[kind, group])
            if group not in _BUILT_IN:
                self.custom_kinds.add(kind)
        elif "NetworkPolicy" in kind and group not in _WITHOUT_POLICIES:  # of whatever API
            self._keep(obj, self.policies, read_policy)
        elif group not in _BUILT_IN:
            if has_pod_template(obj.data):
                self._keep(obj, self.workloads, read_workload)
            self.custom_kinds.add(kind)
        else:
            self._note_role(kind, obj.name, obj.data)
            self._note_called(kind, obj.data)
            _refuse_unserved(obj)

    def _keep(
        self, obj: KubernetesObject, kept: list[Any], read: Callable[[KubernetesObject], Any]
    ) -> None:
        identity = (obj.group, obj.reference)
        if identity in self._seen and obj.generated:
            self._generated[identity] += 1  # the API server makes another name for each
            obj.name += f"{self._generated[identity]}"
        elif identity in self._seen:
            first = self._seen[identity]
            also = f", first by {first}" if first != obj.source else ""
            obj.refuse(f"is rendered more than once{also}: leave one out", "name:")
            return
        self._seen[obj.group, obj.reference] = obj.source
        obj.refuse_name(service_name_problem if kept is self.services else object_name_problem)
        before = len(self.invalid)
        kept.append(read(obj))
        if wrong := wrong_types(obj.kind, obj.group, obj.data):
            del self.invalid[before:]  # what else was said follows from these
            for place, what in wrong:
                obj.refuse(f"{place} {what}", f"{place.rpartition('.')[2].partition('[')[0]}:")


def _refuse_unserved(obj: KubernetesObject) -> None:
    """Take down that another group, or nobody, serves such a kind."""
    if served := _SERVED.get(obj.kind.lower()):
        version, name = served
        obj.refuse(
            f"is a {obj.kind} of {obj.data['apiVersion']}, which Kubernetes does not have: write"
            f" apiVersion: {version} and kind: {name}",
            "apiVersion:",
        )


def _plain(key: str, text: str) -> str:
    """The value of a key of a document that says it in a line of its own, else "".

    A line that begins without indentation belongs to the document's own mapping, and the last
    of repeated keys wins.
    """
    at = text.rfind(f"\n{key}:") + 1
    found = _VALUE.match(text, at) if text.startswith(f"{key}:", at) else None
    return found[1] if found else ""


def _compared(kind: str) -> bool:
    return kind in KIND_NAMES or "NetworkPolicy" in kind or kind.endswith("List")


def _only_custom(kind: str, text: str) -> bool:
    """Whether it is a custom resource of which only the kind matters.

    A hook may be left out, and one without a name is refused: those have to be loaded.
    """
    group = _plain("apiVersion", text).rpartition("/")[0] if kind else ""
    return (
        group not in _BUILT_IN
        and (kind, group) not in ROUTES
        and (kind, group) not in MONITORS
        and kind not in CLUSTER_SCOPED
        and not _compared(kind)
        and "helm.sh/hook" not in text
        and not ("template" in text and "containers" in text)
        and _NAME.search(text) is not None
    )
