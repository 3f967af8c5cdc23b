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
from pytest_k8snet.model import Application, Backend

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


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": list(containers), **spec},
    }


def container(*ports: dict[str, Any], name: str = "web") -> dict[str, Any]:
    return {"name": name, "ports": list(ports)}


def service(*ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": list(ports), **spec},
    }


def ingress(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": spec,
    }


REFUSED = {
    "long port name": (
        pod(container({"name": "prometheus-exporter", "containerPort": 80})),
        "the port name prometheus-exporter has 19 characters, and 15 are allowed",
    ),
    "port name of digits": (
        pod(container({"name": "8080", "containerPort": 8080})),
        "the port name 8080 has no letter",
    ),
    "port name in capitals": (
        pod(container({"name": "HTTP", "containerPort": 80})),
        "the port name HTTP has other characters",
    ),
    "two ports of a name": (
        pod(
            container(
                {"name": "dns", "containerPort": 53},
                {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            )
        ),
        "two of its ports are called dns",
    ),
    "protocol": (
        pod(container({"containerPort": 80, "protocol": "HTTP"})),
        "protocol HTTP is none of TCP, UDP, SCTP",
    ),
    "port beyond the last": (pod(container({"containerPort": 70000})), "from 1 to 65535"),
    "hostPort beyond the last": (
        pod(container({"containerPort": 80, "hostPort": 70000})),
        "hostPort is 70000",
    ),
    "another hostPort on the node": (
        pod(container({"containerPort": 80, "hostPort": 8080}), hostNetwork=True),
        "hostPort 8080 is not containerPort 80",
    ),
    "one hostPort twice": (
        pod(
            container({"containerPort": 80, "hostPort": 8080}),
            container({"containerPort": 81, "hostPort": 8080}, name="other"),
        ),
        "takes hostPort 8080/TCP twice",
    ),
    "two containers of a name": (pod(container(), container()), "two containers of the name web"),
    "container without a name": (pod({"image": "web"}), "a container without a name"),
    "container's name": (pod(container(name="My_web")), "container My_web: its name has other"),
    "Service port without a name": (
        service({"port": 80, "name": "http"}, {"port": 443}),
        "443/TCP has no name, which every port needs where there are several",
    ),
    "two Service ports of a name": (
        service({"port": 80, "name": "http"}, {"port": 81, "name": "http"}),
        "two ports are called http",
    ),
    "Service port twice": (
        service({"port": 80, "name": "a"}, {"port": 80, "name": "b"}),
        "80/TCP is there twice",
    ),
    "targetPort in quotes": (
        service({"port": 80, "targetPort": "8080"}),
        "8080 has no letter: write targetPort: 8080 without quotes",
    ),
    "targetPort beyond the last": (service({"port": 80, "targetPort": 70000}), "targetPort is 7"),
    "external name": (
        service(type="ExternalName", externalName=".svc.cluster.local"),
        "spec.externalName '.svc.cluster.local' has other characters",
    ),
    "Ingress that leads nowhere": (ingress(), "neither spec.rules nor spec.defaultBackend"),
    "host of an Ingress": (
        ingress(rules=[{"host": "shop_1.example"}]),
        "the host 'shop_1.example' has other characters",
    ),
    "blank host of an Ingress": (
        ingress(rules=[{"host": "a.example"}], tls=[{"hosts": [""]}]),
        "the host '' is empty",
    ),
    "Service type": (service({"port": 80}, type="Loadbalancer"), "Loadbalancer is none of"),
    "Service name": (
        {**service({"port": 80}), "metadata": {"name": "8ball"}},
        "metadata.name does not begin with a letter",
    ),
    "name in capitals": ({**deployment(), "metadata": {"name": "Web"}}, "metadata.name has other"),
    "name that is a number": (
        {**deployment(), "metadata": {"name": 7}},
        "metadata.name is the number 7: write it in quotes",
    ),
    "label's value": (
        {**deployment(), "metadata": {"name": "web", "labels": {"v": "1.0+build"}}},
        "the value of v, '1.0+build', has other characters",
    ),
    "long label": (
        {**deployment(), "metadata": {"name": "web", "labels": {"v": "x" * 64}}},
        "has 64 characters, and 63 are allowed",
    ),
    "label's key": (
        {**deployment(), "metadata": {"name": "web", "labels": {"my key": "x"}}},
        "the key 'my key' has other characters",
    ),
    "no selector": (deployment(selector=None), "no spec.selector"),
    "other labels": (deployment(selector={"matchLabels": {"app": "db"}}), "does not match"),
    "other labels in a plain map": (
        {
            **deployment(selector={"app": "db"}),
            "apiVersion": "v1",
            "kind": "ReplicationController",
        },
        "does not match",
    ),
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


ACCEPTED = {
    "Deployment": deployment(),
    "hostPort of hostNetwork": pod(
        container({"containerPort": 80, "hostPort": 80}, {"containerPort": 81}), hostNetwork=True
    ),
    "one number in two protocols": pod(
        container(
            {"name": "dns-tcp", "containerPort": 53, "hostPort": 53},
            {"name": "dns", "containerPort": 53, "hostPort": 53, "protocol": "UDP"},
        )
    ),
    "one hostPort on two addresses": pod(
        container(
            {"containerPort": 80, "hostPort": 80, "hostIP": "127.0.0.1"},
            {"containerPort": 81, "hostPort": 80, "hostIP": "10.0.0.1"},
        )
    ),
    "one Service port without a name": service({"port": 80, "targetPort": "http"}),
    "targetPort of zero": service({"port": 80, "targetPort": 0}),
    "labels with a prefix": {
        **deployment(),
        "metadata": {"name": "web.v1", "labels": {"example.org/Name_1": "", "a": "1.0_B-2"}},
    },
    "external name": service(type="ExternalName", externalName="db.example.org."),
    "Cilium's keys": {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "web"},
        "spec": {"endpointSelector": {"matchLabels": {"k8s:app": "web"}}, "ingress": [{}]},
    },
    "wildcard host": ingress(rules=[{"host": "*.example.org"}, {"host": ""}]),
    "generateName": {**pod(container()), "metadata": {"generateName": "web-"}},
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_the_api_server_takes_is_not_refused(case: str) -> None:
    assert read(ACCEPTED[case]).invalid == ()


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


def test_the_name_of_a_cluster_scoped_object_in_a_mapping_on_one_line() -> None:
    text = "apiVersion: v1\nkind: ClusterRole\nmetadata: {labels: {name: other}, name: reader}\n"
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
    (ingress,) = read(manifest).routes
    assert ingress.backends == (
        Backend("d", 8, "default"),
        Backend("web", "http", "default", "a.example", "/"),
    )
