"""Releases in a real cluster: ready, refused, sharing, and gone afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_k8snet.errors import InstallError, K8sNetError
from pytest_k8snet.gather import Gathered
from pytest_k8snet.runtime import Runtime, attach
from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.release import our_namespaces, wait_until_gone

from .conftest import AGNHOST, BUSYBOX, settings, write_chart

pytestmark = [pytest.mark.kind, pytest.mark.xdist_group("cluster-two")]

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web{namespace}}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {{name: web, image: "{image}", imagePullPolicy: Never, command: [sh, -c, "{command}"]}}
"""

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: sandwiches.tests.k8snet.io
spec:
  group: tests.k8snet.io
  scope: Namespaced
  names: {kind: Sandwich, plural: sandwiches, singular: sandwich}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object}}
"""

Gather = Callable[..., list[Gathered]]


def deployment(
    command: str = "httpd -f -p 8080", *, image: str = BUSYBOX, namespace: str = ""
) -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return DEPLOYMENT.format(command=command, image=image, namespace=where)


@pytest.fixture
def one(gather: Gather, tmp_path: Path) -> Callable[..., tuple[Any, Any]]:
    """A chart of one template: the target and the application."""

    def one(text: str, **files: str) -> tuple[Any, Any]:
        (found,) = gather(write_chart(tmp_path / "web", text, **files))
        assert found.application is not None, found.error
        return found.target, found.application

    return one


def namespaces_of(api: Api) -> set[str]:
    return {item["metadata"]["name"] for item in our_namespaces(api)}


@contextmanager
def impatient(runtime: Runtime, seconds: float) -> Any:
    """The same cluster for somebody who does not wait for long."""
    other = attach(runtime.handle(), replace(runtime.settings, timeout=seconds), print)
    yield other
    other.close()


def test_a_container_that_cannot_start_is_told_at_once(runtime: Runtime, one: Any) -> None:
    target, application = one(deployment(image="no/such:image"))
    with pytest.raises(InstallError) as raised:
        runtime.install(target, application)
    text = str(raised.value)
    assert "container web of Pod/web-" in text
    assert "ErrImageNeverPull" in text
    with pytest.raises(InstallError) as again:
        runtime.observe(target, application)
    assert str(again.value) == text
    assert wait_until_gone(runtime.api, namespaces_of(runtime.api), 60) == []


def test_a_program_that_fails_shows_its_last_words(runtime: Runtime, one: Any) -> None:
    with impatient(runtime, 20) as short:
        target, application = one(deployment("echo no database; exit 3"))
        with pytest.raises(InstallError) as raised:
            short.install(target, application)
    text = str(raised.value)
    assert "not ready after 20 s: Deployment/web: 0 of 1 pods ready" in text
    assert "exit code 3" in text or "CrashLoopBackOff" in text
    assert "| no database" in text
    assert len(text.splitlines()) < 60


def test_a_program_that_runs_for_a_moment_each_time_is_not_ready(
    runtime: Runtime, one: Any
) -> None:
    text = deployment("[ -e /kept/x ] && sleep 1; touch /kept/x; exit 3")
    mount = "volumeMounts: [{name: kept, mountPath: /kept}], imagePullPolicy"
    volume = "volumes: [{name: kept, emptyDir: {}}]\n      containers:"
    text = text.replace("imagePullPolicy", mount).replace("containers:", volume)
    with impatient(runtime, 15) as short:
        target, application = one(text)
        with pytest.raises(InstallError, match="not ready after 15 s"):
            short.install(target, application)


def test_what_the_api_server_refuses(runtime: Runtime, one: Any) -> None:
    target, application = one("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: No_Name}\n")
    with pytest.raises(InstallError, match="No_Name"):
        runtime.install(target, application)


def test_a_namespace_that_the_chart_expects_is_made_and_taken_away(
    runtime: Runtime, one: Any
) -> None:
    config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: k8snet-here}\n"
    target, application = one(deployment(namespace="k8snet-there") + config)
    observed = runtime.observe(target, application)
    (web,) = observed.workloads
    assert web.sockets is not None
    assert [socket.port for socket in web.sockets] == [8080]
    assert {"k8snet-there", "k8snet-here"} <= namespaces_of(runtime.api)
    runtime.finish(target, application)
    assert wait_until_gone(runtime.api, ["k8snet-there", "k8snet-here"], 60) == []


def test_a_namespace_that_is_written_out(runtime: Runtime, one: Any) -> None:
    """It looks like the release's own, and is another one in the cluster."""
    target, application = one(deployment(namespace="default"))
    (web,) = runtime.observe(target, application).workloads
    assert web.sockets is not None, web.unobserved
    assert web.sockets_again is not None, web.unobserved
    assert [socket.port for socket in web.sockets] == [8080]
    runtime.finish(target, application)
    assert runtime.api.get("Deployment", "default", "web") is None


def test_the_custom_resources_that_a_chart_brings_go_with_it(runtime: Runtime, one: Any) -> None:
    target, application = one(deployment(), **{"crds/sandwich.yaml": CRD})
    worker = attach(runtime.handle(), runtime.settings, print)
    worker.install(target, application)
    assert "sandwiches.tests.k8snet.io" in runtime.api.definition_names()
    worker.finish(target, application)
    worker.close()  # nobody waits for them before
    assert "sandwiches.tests.k8snet.io" not in runtime.api.definition_names()


def test_workloads_without_pods_say_why(runtime: Runtime, one: Any) -> None:
    job = f"""
apiVersion: batch/v1
kind: CronJob
metadata: {{name: nightly}}
spec:
  suspend: true
  schedule: "0 3 * * *"
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [
    {{name: c, image: "{BUSYBOX}"}}]}}}}}}}}
"""
    none = deployment().replace("spec:\n  selector", "spec:\n  replicas: 0\n  selector", 1)
    target, application = one(f"{none}---{job}")
    observed = runtime.observe(target, application)
    reasons = {workload.name: workload.unobserved for workload in observed.workloads}
    assert reasons == {
        "web": "not observed: Deployment/web has no pods: none is wanted",
        "nightly": "not observed: CronJob/nightly is suspended",
    }
    runtime.finish(target, application)


def test_a_pod_that_no_workload_made_is_a_stray(runtime: Runtime, one: Any) -> None:
    target, application = one(deployment())
    runtime.install(target, application)
    with runtime.live(target, application) as (_namespace, _):
        pass
    runtime.finish(target, application)
    target, application = one(deployment() + "---" + deployment().replace("web", "db"))
    narrow = replace(application, workloads=application.workloads[:1], values="narrow")
    observed = runtime.observe(target, narrow)
    assert [stray.pod_labels["app"] for stray in observed.strays] == ["db"]
    runtime.finish(target, narrow)


class TestAnyCluster:
    """Through an ephemeral container, as in a cluster whose nodes nobody can enter."""

    @pytest.fixture
    def elsewhere(self, runtime: Runtime) -> Any:
        handle = runtime.handle()
        handle["cluster"] = {**handle["cluster"], "kind": "context", "engine": ""}
        context = attach(handle, settings("context:any", probe_image=AGNHOST), print)
        yield context
        context.close()

    def test_it_sees_the_same(self, elsewhere: Runtime, one: Any) -> None:
        text = f"""
apiVersion: v1
kind: Pod
metadata: {{name: two}}
spec:
  terminationGracePeriodSeconds: 1
  securityContext: {{runAsUser: 65534}}
  containers:
  - {{name: web, image: "{BUSYBOX}", command: [httpd, -f, -p, "8080"]}}
  - {{name: udp, image: "{BUSYBOX}", command: [nc, -u, -l, -p, "5353"]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: node}}
spec:
  terminationGracePeriodSeconds: 1
  hostNetwork: true
  containers:
  - {{name: agent, image: "{BUSYBOX}", command: [httpd, -f, -p, "19101"]}}
"""
        target, application = one(text)
        observed = elsewhere.observe(target, application)
        for name, ports in {
            "two": {(8080, "web", "httpd"), (5353, "udp", "nc")},
            "node": {(19101, "agent", "httpd")},
        }.items():
            found = next(one for one in observed.workloads if one.name == name)
            for sockets in (found.sockets, found.sockets_again):
                assert sockets is not None, found.unobserved
                assert {(one.port, one.container, one.process) for one in sockets} == ports
        elsewhere.finish(target, application)


class TestForward:
    """The port that a user's own test reaches a pod by."""

    def test_a_service_by_its_port(self, runtime: Runtime, one: Any) -> None:
        from urllib.request import urlopen

        from pytest_k8snet.runtime.forward import forward

        service = (
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: front}\n"
            "spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n"
        )
        target, application = one(
            deployment("echo hello > /index.html; exec httpd -f -p 8080 -h /") + service
        )
        with runtime.live(target, application) as (namespace, observed):
            assert observed.workloads[0].sockets
            with forward(runtime.api, namespace, "front", 80) as port:
                for _ in range(2):
                    with urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                        assert answer.read() == b"hello\n"
            for name, number, text in (
                ("front", 81, "has no port 81; it has 80"),
                ("back", 80, "no pod and no Service back"),
                ("Pod/front", 80, "there is no Pod/front"),
            ):
                with (
                    pytest.raises(K8sNetError, match=text),
                    forward(runtime.api, namespace, name, number),
                ):
                    pass
        runtime.finish(target, application)


def test_the_cluster_enforces_policies_and_says_so(runtime: Runtime) -> None:
    assert runtime.facts()["enforcement"] is True
    assert "NetworkPolicies enforced" in runtime.header()[0]


def test_costs_are_those_of_all_processes(runtime: Runtime) -> None:
    costs = runtime.costs()
    assert set(costs) == {"cluster", "install", "observe"}
    assert costs["install"] > 0
