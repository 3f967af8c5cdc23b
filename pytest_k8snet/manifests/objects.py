"""One Kubernetes object as a dict, and what is read of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import Invalid, Labels, Position, Reference
from ..values import Manifest, described, mapping, text_of
from .syntax import dns_label_problem, label_key_problem, label_value_problem

CLUSTER_SCOPED = frozenset(
    (
        "APIService", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "CSIDriver", "CSINode",
        "CiliumClusterwideNetworkPolicy", "ClusterNetworkPolicy", "ClusterRole",
        "ClusterRoleBinding", "CustomResourceDefinition", "FlowSchema", "GlobalNetworkPolicy",
        "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration", "Namespace", "PersistentVolume", "PodSecurityPolicy",
        "PriorityClass", "PriorityLevelConfiguration", "RuntimeClass",
        "StagedGlobalNetworkPolicy", "StorageClass", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    )
)  # fmt: skip

_TEST_HOOKS = frozenset(("test", "test-success", "test-failure"))


class KubernetesObject:
    """A manifest with apiVersion and kind.

    :param data: the manifest.
    :param source: the template that it comes from.
    :param namespace: the release's namespace.
    :param refused: takes down what the API server will refuse.
    """

    __slots__ = (
        *("annotations", "data", "generated", "group", "kind", "labels", "name", "namespace"),
        *("refused", "source"),
    )

    def __init__(self, data: Manifest, source: str, namespace: str, refused: list[Invalid]) -> None:
        self.data, self.source, self.refused = data, source, refused
        self.kind: str = data["kind"]
        self.group: str = data["apiVersion"].rpartition("/")[0]
        metadata = mapping(data.get("metadata"))
        name = metadata.get("name") or metadata.get("generateName")
        self.name = str(name) if name is not None else ""
        self.generated = not metadata.get("name")
        own = metadata.get("namespace")
        self.namespace = "" if self.kind in CLUSTER_SCOPED else str(own) if own else namespace
        self.labels: Labels = self.label_map(metadata.get("labels"), "metadata.labels")
        self.annotations: Labels = self.strings(metadata.get("annotations"), "metadata.annotations")
        if not self.name and isinstance(data.get("metadata"), (dict, type(None))):
            self.refuse("has no metadata.name", "metadata:")
        elif self.name and not isinstance(name, str):
            parts = isinstance(name, (list, dict))
            instead = "and Kubernetes takes a string" if parts else "write it in quotes"
            said = f"metadata.name is {described(name)}{',' if parts else ':'} {instead}"
            self.refuse(said, f"name: {self.name}")

    @property
    def reference(self) -> Reference:
        """The object's identity in the cluster."""
        return Reference(self.kind, self.namespace, self.name)

    @property
    def head(self) -> tuple[str, str, str, str, Labels, Labels, str]:
        """What all objects of the model begin with."""
        return (
            *(self.kind, self.name, self.namespace, self.source),
            *(self.labels, self.annotations, self.group),
        )

    @property
    def spec(self) -> Manifest:
        """Its ``spec``, empty where there is none."""
        return mapping(self.data.get("spec"))

    @property
    def hook(self) -> str:
        """When Helm makes it by itself: ``helm.sh/hook``."""
        return self.annotations.get("helm.sh/hook", "")

    @property
    def test_hook(self) -> bool:
        """Whether only ``helm test`` makes it."""
        hooks = {hook.strip() for hook in self.hook.split(",") if hook.strip()}
        return bool(hooks) and hooks <= _TEST_HOOKS

    def label_map(self, value: Any, field: str) -> dict[str, str]:
        """Labels, or those that a selector asks for."""
        labels = self.strings(value, field)
        for key, text in labels.items():
            if problem := label_key_problem(key):
                self.refuse(f"{field}: the key {key!r} {problem}", f"{key}:")
            if isinstance(value[key], (list, dict)):
                continue
            if problem := label_value_problem(text):
                self.refuse(f"{field}: the value of {key}, {text!r}, {problem}", f"{key}:")
        return labels

    def strings(self, value: Any, field: str) -> dict[str, str]:
        """A map of strings; the API refuses any other values."""
        if not isinstance(value, dict):
            if value is not None:
                self.refuse(
                    f"{field} is {described(value)}; Kubernetes takes a map of strings", field
                )
            return {}
        result: dict[str, str] = {}
        for key, entry in value.items():
            if isinstance(entry, str):
                result[key] = entry
            elif entry is None:  # the API reads null as the empty string
                result[key] = ""
            else:
                result[key] = text_of(entry)
                parts = isinstance(entry, (list, dict))
                instead = "" if parts else f': write {key}: "{text_of(entry)}"'
                said = f"{key} is {described(entry)}, and Kubernetes takes strings only{instead}"
                self.refuse(f"{field}: {said}", f"{key}:")
        return result

    def refuse_name(self, problem_of: Callable[[str], str]) -> None:
        """Take down what is wrong with its name, unless the API server completes that."""
        metadata = mapping(self.data.get("metadata"))
        if isinstance(metadata.get("name"), str) and (problem := problem_of(self.name)):
            self.refuse(f"metadata.name {problem}", f"name: {self.name}")
        own = metadata.get("namespace")
        if isinstance(own, str) and own and (problem := dns_label_problem(own)):
            self.refuse(f"metadata.namespace {own} {problem}", "namespace:")

    def refuse(self, message: str, key: str) -> None:
        """Take down that the API server will refuse it, and the line that is to blame."""
        at = Position(self.source, key, self.kind, self.name)
        found = Invalid(self.reference, message, at)
        if self.refused[-1:] != [found]:
            self.refused.append(found)
