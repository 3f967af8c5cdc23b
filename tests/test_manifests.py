"""Whatever a chart renders to, the outcome is findings or a K8sNetError."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.errors import K8sNetError, ManifestError
from pytest_k8snet.kinds import KIND_NAMES
from pytest_k8snet.manifests import read_application
from pytest_k8snet.model import Application

KINDS = [
    *sorted(KIND_NAMES),
    "NetworkPolicy",
    "Ingress",
    "List",
    "CiliumNetworkPolicy",
]
VERSIONS = [
    "v1",
    "apps/v1",
    "batch/v1",
    "argoproj.io/v1alpha1",
    "serving.knative.dev/v1",
    "example.org/v1",
    "extensions/v1beta1",
    "networking.k8s.io/v1",
    "cilium.io/v2",
]
FIELDS = [
    *("metadata", "name", "namespace", "labels", "annotations", "spec", "template", "selector"),
    *("matchLabels", "matchExpressions", "key", "operator", "values", "podSelector", "ingress"),
    *("containers", "initContainers", "ports", "containerPort", "hostPort", "protocol", "port"),
    *("targetPort", "clusterIP", "type", "hostNetwork", "replicas", "jobTemplate", "items", "from"),
    *(
        "endpointSelector",
        "fromEntities",
        "rules",
        "http",
        "paths",
        "backend",
        "service",
        "ordinals",
    ),
]
WORDS = st.sampled_from(["web", "", "In", "NotIn", "Exists", "None", "TCP", "UDP", "all", "8080"])
LEAVES = st.none() | st.booleans() | st.integers(-1, 70000) | st.floats(0, 1) | WORDS
VALUES: Any = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=25,
)
OBJECTS = st.builds(
    lambda kind, version, body: {**body, "kind": kind, "apiVersion": version},
    st.sampled_from(KINDS),
    st.sampled_from(VERSIONS),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4),
)


def read(*objects: Any, **options: Any) -> Application:
    text = "\n---\n".join(json.dumps(entry) for entry in objects)
    return read_application([("templates/all.yaml", text)], **options)


@given(st.lists(OBJECTS, max_size=4))
def test_any_objects_end_in_findings_or_a_reason(objects: list[Any]) -> None:
    application = read(*objects)
    for subject in application.subjects:
        for check in CHECKS:
            if isinstance(subject, check.on):
                try:
                    found = check.findings(subject, application)
                except K8sNetError as error:
                    assert str(error)  # noqa: PT017 - both outcomes are right
                else:
                    assert {finding.reading for finding in found} <= check.readings.keys()


def deployment(**spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }


REFUSED = {
    "no selector": (deployment(selector=None), "no spec.selector"),
    "other labels": (deployment(selector={"matchLabels": {"app": "db"}}), "does not match"),
    "operator": (
        deployment(selector={"matchExpressions": [{"key": "app", "operator": "Has"}]}),
        "operator Has",
    ),
    "no kind": ({"apiVersion": "v1", "metadata": {"name": "x"}}, "has no kind"),
    "no name": ({**deployment(), "metadata": {}}, "has no metadata.name"),
    "label": (
        {**deployment(), "metadata": {"name": "web", "labels": {"v": True}}},
        'v is the boolean true, and Kubernetes takes strings only: write v: "true"',
    ),
    "port": (
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"ports": [{"port": "eighty"}]},
        },
        "from 1 to 65535",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_api_server_refuses_is_named(case: str) -> None:
    manifest, message = REFUSED[case]
    refused = read(manifest).invalid
    assert any(message in entry.message for entry in refused)
    assert {entry.position.source for entry in refused} == {"templates/all.yaml"}


def test_the_same_object_twice_is_refused() -> None:
    (refused,) = read(deployment(), deployment()).invalid
    assert "more than once" in refused.message


def test_an_ordinary_object_is_not_refused() -> None:
    assert read(deployment()).invalid == ()


def test_a_document_that_is_no_object_is_an_error() -> None:
    with pytest.raises(ManifestError, match=r"templates/all\.yaml: a document is a list"):
        read([1, 2])


def test_what_nobody_reads_is_still_scanned() -> None:
    text = "kind: ConfigMap\napiVersion: v1\nmetadata: [\n"
    with pytest.raises(ManifestError, match="not YAML"):
        read_application([("templates/config.yaml", text)])


def test_kinds_of_other_groups_are_not_the_built_in_ones_of_that_name() -> None:
    knative = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "a"}}
    volcano = {"apiVersion": "batch.volcano.sh/v1", "kind": "Job", "metadata": {"name": "b"}}
    application = read(knative, volcano)
    assert [workload.group for workload in application.workloads] == ["serving.knative.dev"]
    assert application.services == ()
    assert application.custom_kinds == ("Job",)


def test_names_of_cluster_scoped_objects_are_known_without_reading_them_whole() -> None:
    text = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n"
        "  # whose\n  labels:\n    name: other\n  name: 'reader' # really\nrules: []\n"
    )
    (reference,) = read_application([("templates/a.yaml", text)]).cluster_scoped
    assert reference == ("ClusterRole", "", "reader")


def test_an_ingress_leads_to_services() -> None:
    backend = {"service": {"name": "web", "port": {"name": "http"}}}
    rule = {"host": "a.example", "http": {"paths": [{"path": "/", "backend": backend}]}}
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {
            "defaultBackend": {"service": {"name": "d", "port": {"number": 8}}},
            "rules": [rule],
        },
    }
    (ingress,) = read(manifest).ingresses
    assert ingress.backends == (("d", 8, "", ""), ("web", "http", "a.example", "/"))
