"""A kind of the table is a compute unit, whatever group and template path it has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_k8snet.kinds import KINDS, Kind, Selects, find_kind
from pytest_k8snet.manifests import read_application
from pytest_k8snet.matching import selects, takes
from pytest_k8snet.model import Application, Selector

LABELS = {"app": "web"}
TEMPLATE = {
    "metadata": {"labels": LABELS},
    "spec": {"containers": [{"name": "web", "ports": [{"containerPort": 8080}]}]},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "front"},
    "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": 8080}]},
}


def manifest(kind: Kind) -> dict[str, Any]:
    """An object of the kind with the template in its place."""
    version = f"{kind.group}/{kind.version}" if kind.group else kind.version
    body: dict[str, Any] = {"apiVersion": version, "kind": kind.name, "metadata": {"name": "web"}}
    if kind.is_pod:
        return {**body, "metadata": {"name": "web", "labels": LABELS}, "spec": TEMPLATE["spec"]}
    spec: dict[str, Any] = {}
    inner = spec
    for key in kind.template[1:-1]:
        inner = inner.setdefault(key, {})
    inner[kind.template[-1]] = TEMPLATE
    if kind.selects is not Selects.NOTHING:
        spec["selector"] = LABELS if kind.selects is Selects.MAP else {"matchLabels": LABELS}
    return {**body, "spec": spec}


def read(*objects: Any) -> Application:
    text = "\n---\n".join(json.dumps(entry) for entry in objects)
    return read_application([("templates/all.yaml", text)])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name}.{kind.group or 'core'}")
def test_every_kind_of_the_table_is_a_unit_that_a_service_finds(kind: Kind) -> None:
    application = read(manifest(kind), SERVICE)
    (workload,) = application.workloads
    assert workload.pod_labels == LABELS
    assert [port.number for _, port in workload.declared()] == [8080]
    assert selects(application.services[0], workload)
    assert (workload.selector is None) == (kind.selects is Selects.NOTHING)
    assert application.invalid == ()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name}.{kind.group or 'core'}")
def test_labels_that_controllers_add_are_there_with_the_values_that_are_known(kind: Kind) -> None:
    (workload,) = read(manifest(kind)).workloads
    for key in kind.name_labels:
        assert takes(Selector({key: "web"}), workload)
        assert not takes(Selector({key: "other"}), workload)
    for key in kind.unknown_labels:
        assert not takes(Selector({key: "web"}), workload)


def test_a_kind_that_the_table_lacks_is_a_unit_where_it_has_containers_in_a_template() -> None:
    custom = {
        "apiVersion": "example.org/v1",
        "kind": "Fleet",
        "metadata": {"name": "web"},
        "spec": {"template": TEMPLATE},
    }
    application = read(custom, SERVICE)
    assert [str(workload) for workload in application.workloads] == ["Fleet/web"]
    assert selects(application.services[0], application.workloads[0])
    assert application.invalid == ()
    assert application.custom_kinds == ("Fleet",)


def test_a_template_without_containers_makes_no_unit() -> None:
    sealed = {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "secret"},
        "spec": {"template": {"metadata": {"labels": LABELS}}},
    }
    assert read(sealed).workloads == ()


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        ("Service", ""),
        ("Job", "batch.volcano.sh"),
        ("Deployment", "example.org"),
        ("Pod", "apps"),
    ],
)
def test_the_group_decides(kind: str, group: str) -> None:
    assert find_kind(kind, group) is None
