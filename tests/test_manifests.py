"""Whatever a chart renders to, the outcome is findings or a K8sNetError."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.errors import K8sNetError
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
    "what nodes have": service(
        {"port": 80, "nodePort": 30080}, type="NodePort", externalTrafficPolicy="Local"
    ),
    "addresses that nodes have": service(
        {"port": 80}, externalTrafficPolicy="Local", externalIPs=["192.0.2.1"]
    ),
    "a path of the controller's": ingress(
        rules=[
            {
                "http": {
                    "paths": [
                        {
                            "pathType": "ImplementationSpecific",
                            "backend": {"resource": {"kind": "Bucket", "name": "web"}},
                        }
                    ]
                }
            }
        ]
    ),
    "external name": service(type="ExternalName", externalName="db.example.org."),
    "Cilium's keys": {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "web"},
        "spec": {"endpointSelector": {"matchLabels": {"k8s:app": "web"}}, "ingress": [{}]},
    },
    "wildcard host": ingress(rules=[{"host": "*.example.org"}, {"host": ""}]),
    "generateName": {**pod(container()), "metadata": {"generateName": "web-"}},
    "what Knative fills in": {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"image": "web", "readinessProbe": {"httpGet": {"path": "/"}}}]
                }
            }
        },
    },
    "Cilium's keys in expressions": {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "web"},
        "spec": {
            "endpointSelector": {"matchExpressions": [{"key": "k8s:app", "operator": "Exists"}]}
        },
    },
    "a Rollout of a Deployment's pods": {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "web"},
        "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    },
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_the_api_server_takes_is_not_refused(case: str) -> None:
    assert read(ACCEPTED[case]).invalid == ()


def at(**path: Any) -> dict[str, Any]:
    return ingress(rules=[{"http": {"paths": [{"path": "/", "pathType": "Exact", **path}]}}])


WEB = {"service": {"name": "web", "port": {"number": 80}}}
REFUSED = {
    "nodePort 30080": service({"port": 80, "nodePort": 30080}),
    "externalTrafficPolicy": service({"port": 80}, externalTrafficPolicy="Local"),
    "readinessProbe asks in two ways": pod(
        {**container(), "readinessProbe": {"httpGet": {"port": 80}, "tcpSocket": {"port": 80}}}
    ),
    "pathType is missing": at(pathType=None, backend=WEB),
    "pathType is exact": at(pathType="exact", backend=WEB),
    "does not begin with /": at(path="web", backend=WEB),
    "no backend.service": at(),
    "servicePort were v1beta1's": at(backend={"serviceName": "web", "servicePort": 80}),
    "backend.service has no port": at(backend={"service": {"name": "web"}}),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_the_api_server_refuses_is_said(said: str) -> None:
    (invalid,) = read(REFUSED[said]).invalid
    assert said in invalid.message


def test_kinds_of_other_groups_are_not_the_built_in_ones_of_that_name() -> None:
    knative = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"template": {"spec": {"containers": [container()]}}},
    }
    volcano = {"apiVersion": "batch.volcano.sh/v1", "kind": "Job", "metadata": {"name": "b"}}
    application = read(knative, volcano)
    assert [workload.group for workload in application.workloads] == ["serving.knative.dev"]
    assert application.services == ()
    assert application.custom_kinds == ("Job",)


def test_objects_that_the_api_server_names_are_several() -> None:
    job = {**pod(container()), "metadata": {"generateName": "web-"}}
    application = read(job, job, job)
    assert application.invalid == ()
    assert len({workload.reference for workload in application.workloads}) == 3


def test_a_rollout_of_a_deployments_pods_makes_none_of_its_own() -> None:
    application = read(ACCEPTED["a Rollout of a Deployment's pods"], deployment())
    assert [str(workload) for workload in application.workloads] == ["Deployment/web"]
    assert application.custom_kinds == ("Rollout",)


def test_items_of_a_list_of_one_kind_need_not_say_it() -> None:
    item = deployment()
    del item["kind"], item["apiVersion"]
    application = read({"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [item]})
    assert [str(workload) for workload in application.workloads] == ["Deployment/web"]
    assert application.invalid == ()


@pytest.mark.parametrize(
    "spec",
    [
        "{template: {spec: {containers: [{name: a}]}}}",
        "\n    template:\n        spec:\n            containers: [{name: a}]",
        '\n  "template": {"spec": {"containers": [{"name": "a"}]}}',
    ],
)
def test_a_custom_resource_makes_pods_however_its_template_is_written(spec: str) -> None:
    text = f"apiVersion: example.org/v1\nkind: Worker\nmetadata:\n  name: web\nspec: {spec}\n"
    application = read_application([("templates/all.yaml", text)])
    assert [str(workload) for workload in application.workloads] == ["Worker/web"]


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
