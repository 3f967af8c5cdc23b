"""Custom kinds that make pods: installed, waited for and observed as a Deployment is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import pytest
from kubernetes.client import ApiException, CustomObjectsApi

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.kinds import Kind, find_kind
from pytest_k8snet.model import Application, Workload
from pytest_k8snet.runtime import Session
from pytest_k8snet.runtime.api import Api, Object, Refused
from pytest_k8snet.target import Gathered

from .conftest import BUSYBOX, observe, write_chart

pytestmark = pytest.mark.kind

# A kind of the table through another controller, one whose pods are its own, and one that the
# table lacks.
CUSTOM = (
    Kind("Rollout", ("argoproj.io",), "v1alpha1", "rollouts"),
    Kind("CloneSet", ("apps.kruise.io",), "v1alpha1", "clonesets"),
    Kind("Fleet", ("tests.k8snet.io",), "v1", "fleets"),
)
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: {name}, plural: {plural}, singular: {singular}}}
  versions:
  - name: {version}
    served: true
    storage: true
    subresources: {{status: {{}}}}
    schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
"""
UNIT = """
---
apiVersion: {api}
kind: {kind}
metadata: {{name: {name}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: {image}
        imagePullPolicy: Never
        command: [sh, -c, "httpd -p 9090; exec httpd -f -p 8080"]
        ports: [{{containerPort: 8080}}, {{containerPort: 7070}}]
"""


# Takes a pod for a label that its controller has given to it, and that its template lacks.
MARKED = """
---
apiVersion: v1
kind: Service
metadata: {name: marked}
spec:
  selector: {app: fleet, rollouts-pod-template-hash: "7"}
  ports: [{port: 8080}]
"""


class Controllers:
    """A few lines in the place of the real controllers, which the cluster lacks."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._custom = CustomObjectsApi(api.client)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        over = Event()

        def work() -> None:
            while not over.wait(0.2):
                for kind in CUSTOM:
                    for item in self._objects(kind):
                        self._reconcile(kind, item)

        thread = Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _objects(self, kind: Kind) -> list[Object]:
        try:
            found = self._custom.list_cluster_custom_object(kind.group, kind.version, kind.plural)
        except ApiException:
            return []  # nobody has brought the kind yet
        items: list[Object] = found["items"]
        return [one for one in items if "deletionTimestamp" not in one["metadata"]]

    def _reconcile(self, kind: Kind, item: Object) -> None:
        namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
        makes = "ReplicaSet" if kind.name == "Rollout" else "Pod"
        try:
            made = self._api.get(makes, namespace, f"{name}-7")
            if made is None:
                self._api.create(makes, namespace, _made(kind, item, makes))
                return
            ready = _is_ready(made)
            self._custom.patch_namespaced_custom_object_status(
                kind.group,
                kind.version,
                namespace,
                kind.plural,
                name,
                {"status": _status(kind, item, ready=ready)},
            )
        except (ApiException, Refused):
            return  # the namespace is ending


def _made(kind: Kind, item: Object, makes: str) -> Object:
    """What the controller makes of an object: a ReplicaSet, or a pod."""
    metadata, spec = item["metadata"], item["spec"]
    labels = {**spec["template"]["metadata"]["labels"], "rollouts-pod-template-hash": "7"}
    owner = {
        "apiVersion": f"{kind.group}/{kind.version}",
        "kind": kind.name,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    head = {"name": f"{metadata['name']}-7", "labels": labels, "ownerReferences": [owner]}
    if makes == "Pod":
        return {"metadata": head, "spec": spec["template"]["spec"]}
    template = {**spec["template"], "metadata": {"labels": labels}}
    selector = {"matchLabels": labels}
    return {"metadata": head, "spec": {"replicas": 1, "selector": selector, "template": template}}


def _is_ready(made: Object) -> bool:
    status = made.get("status") or {}
    conditions = {one["type"]: one["status"] for one in status.get("conditions") or []}
    return conditions.get("Ready") == "True" or bool(status.get("readyReplicas"))


def _status(kind: Kind, item: Object, *, ready: bool) -> Mapping[str, Any]:
    generation = item["metadata"]["generation"]
    counts = {"replicas": 1, "updatedReplicas": 1}
    if ready:
        counts |= {"readyReplicas": 1, "availableReplicas": 1}
    said = str(generation) if kind.name == "Rollout" else generation
    return {"observedGeneration": said, **counts}


@pytest.fixture(scope="module")
def observed(
    runtime: Session,
    api: Api,
    gather: Callable[..., list[Gathered]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Application]:
    """Each of the kinds, and a Deployment of the same pods."""
    kinds = [("apps/v1", "Deployment"), *((f"{k.group}/{k.version}", k.name) for k in CUSTOM)]
    text = "".join(
        UNIT.format(api=version, kind=kind, name=kind.lower(), image=BUSYBOX)
        for version, kind in kinds
    )
    definitions = {
        f"crds__{kind.plural}.yaml": DEFINITION.format(
            name=kind.name,
            plural=kind.plural,
            singular=kind.name.lower(),
            group=kind.group,
            version=kind.version,
        )
        for kind in CUSTOM
    }
    folder = tmp_path_factory.mktemp("charts") / "kinds"
    gathered = gather(write_chart(folder, text + MARKED, **definitions))
    with Controllers(api).at_work(), closing(runtime.new_stage(gathered)) as stage:
        (outcome,) = observe(stage, *gathered)
        assert outcome.observed is not None, outcome
        yield outcome.observed


def verdicts(application: Application, workload: Workload) -> set[tuple[str, str, int | None]]:
    """What the checks of open ports find."""
    return {
        (check.id, finding.reading, finding.port)
        for check in CHECKS
        if check.id in ("M1", "M2", "M3")
        for finding in check.findings(workload, application)
    }


@pytest.mark.parametrize("custom", CUSTOM, ids=lambda custom: custom.name)
def test_the_verdicts_are_those_of_a_deployment(observed: Application, custom: Kind) -> None:
    found = {workload.kind: workload for workload in observed.workloads}
    expected = verdicts(observed, found["Deployment"])
    assert expected == {("M1", "undeclared", 9090), ("M3", "closed", 7070)}
    assert verdicts(observed, found[custom.name]) == expected
    assert {one.pod_labels["app"] for one in observed.strays} == {"fleet"}


@pytest.mark.parametrize("custom", CUSTOM, ids=lambda custom: custom.name)
def test_the_second_run_is_one_of_pods_that_its_controller_made(
    observed: Application, custom: Kind
) -> None:
    workload = next(one for one in observed.workloads if one.kind == custom.name)
    assert workload.unobserved == ""
    assert {one.port for one in workload.sockets_again or ()} == {8080, 9090}


def test_a_service_that_takes_a_live_pod_has_a_target(observed: Application) -> None:
    (check,) = (one for one in CHECKS if one.id == "M5D")
    (marked,) = observed.services
    assert list(check.findings(marked, observed)) == []
    assert list(check.findings(marked, replace(observed, strays=()))) != []


def test_one_of_the_kinds_is_unknown_to_the_table() -> None:
    assert [find_kind(kind.name, kind.group) is None for kind in CUSTOM] == [False, False, True]
