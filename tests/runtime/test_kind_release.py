"""Releases in a real cluster: ready, refused, and gone afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import NamedTuple
from urllib.request import urlopen

import pytest

from pytest_k8snet.errors import InstallError, K8sNetError
from pytest_k8snet.runtime import Need, Outcome, Session
from pytest_k8snet.runtime.api import Api, names
from pytest_k8snet.runtime.forward import forward
from pytest_k8snet.runtime.namespaces import our_namespaces, wait_until_gone
from pytest_k8snet.runtime.stage import Live, Stage, key_of
from pytest_k8snet.target import Gathered

from .conftest import BUSYBOX, deployment, observe, ports

pytestmark = pytest.mark.kind

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
CRASHING = (
    deployment("[ -e /kept/x ] && sleep 1; touch /kept/x; exit 3")
    .replace("imagePullPolicy", "volumeMounts: [{name: kept, mountPath: /kept}], imagePullPolicy")
    .replace("containers:", "volumes: [{name: kept, emptyDir: {}}]\n      containers:")
)
CONFIG = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n"
LEASE = """---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: l}
spec: {leaseDurationSeconds: -1}
---
apiVersion: example.com/v1
kind: Nobodys
metadata: {name: mine}
"""
BROKEN = {
    "no-image": deployment(image="no/such:image"),
    "fails": deployment("echo no database; exit 3"),
    "crashes": CRASHING,
    "refused": "".join(map(CONFIG.format, ("No_Name", "fine", "Nor_This"))) + LEASE,
}
NONE = deployment().replace("spec:", "spec:\n  replicas: 0", 1)
SUSPENDED = f"""---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: nightly}}
spec:
  suspend: true
  schedule: "0 3 * * *"
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [
    {{name: c, image: "{BUSYBOX}"}}]}}}}}}}}
"""
FRONT = """---
apiVersion: v1
kind: Service
metadata: {name: front}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""
CHARTS = {
    "expects": deployment(namespace="k8snet-there") + CONFIG.format("c, namespace: k8snet-here"),
    "written-out": deployment(namespace="default"),
    "brings": deployment(),
    "without-pods": NONE + SUSPENDED,
    "narrow": deployment() + "---" + deployment().replace("web", "db"),
    "wanted": deployment(),
    "front": deployment("echo hello > /index.html; exec httpd -f -p 8080 -h /") + FRONT,
}


class Releases(NamedTuple):
    """Releases that were put into the cluster side by side; tests take them by name."""

    stage: Stage
    charts: dict[str, Gathered]

    def outcome(self, name: str) -> Outcome:
        return self.stage.outcome(key_of(self.charts[name]))

    def live(self, name: str) -> AbstractContextManager[Live]:
        return self.stage.live(key_of(self.charts[name]))

    def let_go(self, name: str) -> None:
        """Let the release leave, as when the tests that want it are done."""
        for test in (name, f"{name} too"):
            self.stage.finish(test)


@pytest.fixture(scope="module")
def broken(runtime: Session, one: Callable[..., Gathered]) -> Iterator[Releases]:
    """Charts that cannot be installed."""
    charts = {name: one(text, name=name) for name, text in BROKEN.items()}
    with closing(runtime.new_stage(charts.values(), timeout=20.0)) as stage:
        observe(stage, *charts.values())
        yield Releases(stage, charts)


@pytest.fixture(scope="module")
def releases(runtime: Session, one: Callable[..., Gathered]) -> Iterator[Releases]:
    """Charts that can; each stays until the test of its name is done, and a second one with it."""
    charts = {
        name: one(text, name=name, **({"crds/sandwich.yaml": CRD} if name == "brings" else {}))
        for name, text in CHARTS.items()
    }
    narrow = charts["narrow"]
    assert narrow.application is not None
    web = replace(narrow.application, workloads=narrow.application.workloads[:1])
    charts["narrow"] = replace(narrow, application=web)
    with closing(runtime.new_stage(charts.values())) as stage:
        stage.plan(
            {
                key_of(one): Need(observe=name != "brings", users=frozenset({name, f"{name} too"}))
                for name, one in charts.items()
            }
        )
        stage.run(print)
        yield Releases(stage, charts)


def namespaces_of(api: Api) -> set[str]:
    return {item["metadata"]["name"] for item in our_namespaces(api)}


def test_a_container_that_cannot_start_is_told_at_once(api: Api, broken: Releases) -> None:
    outcome = broken.outcome("no-image")
    assert "container web of Pod/web-" in outcome.error
    assert "ErrImageNeverPull" in outcome.error
    assert "not ready after" not in outcome.error
    assert outcome.observed is None
    with pytest.raises(InstallError, match="ErrImageNeverPull"), broken.live("no-image"):
        pass
    mine = [name for name in namespaces_of(api) if name.startswith("k8snet-no-image-")]
    assert wait_until_gone(api, mine, 60) == []


def test_a_program_that_fails_shows_its_last_words(broken: Releases) -> None:
    text = broken.outcome("fails").error
    # Where it happens to run when the time is over, the pod counts as ready.
    assert re.search("not ready after 20 s: (Deployment/web: 0 of 1 pods|a container fails)", text)
    assert "exit code 3" in text or "CrashLoopBackOff" in text
    assert "| no database" in text
    assert len(text.splitlines()) < 60


def test_a_program_that_runs_for_a_moment_each_time_is_not_ready(broken: Releases) -> None:
    assert "not ready after 20 s" in broken.outcome("crashes").error


def test_what_the_api_server_refuses(broken: Releases) -> None:
    error = broken.outcome("refused").error
    for said in ("No_Name", "Nor_This", "Lease/l: ", "leaseDurationSeconds", "no kind Nobodys"):
        assert said in error, error
    assert "fine" not in error


def test_a_namespace_that_the_chart_expects_is_made_and_taken_away(
    api: Api, releases: Releases
) -> None:
    assert ports(releases.outcome("expects").observed) == [8080]
    with releases.live("expects"):
        assert {"k8snet-there", "k8snet-here"} <= namespaces_of(api)
    releases.let_go("expects")
    assert wait_until_gone(api, ["k8snet-there", "k8snet-here"], 60) == []


def test_a_namespace_that_is_written_out(api: Api, releases: Releases) -> None:
    """It looks like the release's own, and is another one in the cluster."""
    assert ports(releases.outcome("written-out").observed) == [8080]
    with releases.live("written-out") as live:
        assert api.get("Deployment", "default", "web") is not None
    releases.let_go("written-out")
    assert wait_until_gone(api, [live.namespace], 60) == []
    assert api.get("Deployment", "default", "web") is None


def test_the_custom_resources_that_a_chart_brings_go_with_it(api: Api, releases: Releases) -> None:
    with releases.live("brings") as live:
        assert "sandwiches.tests.k8snet.io" in names(api.list_of("CustomResourceDefinition"))
    releases.let_go("brings")
    assert wait_until_gone(api, [live.namespace], 60) == []
    assert "sandwiches.tests.k8snet.io" not in names(api.list_of("CustomResourceDefinition"))


def test_workloads_without_pods_say_why(releases: Releases) -> None:
    observed = releases.outcome("without-pods").observed
    assert observed is not None
    reasons = {workload.name: workload.unobserved for workload in observed.workloads}
    assert reasons == {
        "web": "not observed: Deployment/web has no pods: none is wanted",
        "nightly": "not observed: CronJob/nightly is suspended",
    }


def test_a_pod_that_no_workload_made_is_a_stray(releases: Releases) -> None:
    observed = releases.outcome("narrow").observed
    assert observed is not None
    assert [stray.pod_labels["app"] for stray in observed.strays] == ["db"]


def test_it_goes_when_the_last_test_is_done(api: Api, releases: Releases) -> None:
    with releases.live("wanted") as live:
        namespace = live.namespace
    releases.stage.finish("wanted")
    with releases.live("wanted") as live:
        assert live.namespace == namespace
        releases.stage.finish("wanted too")
        assert api.get("Namespace", "", namespace) is not None
    assert wait_until_gone(api, [namespace], 60) == []


def test_a_service_is_reached_by_its_port(api: Api, releases: Releases) -> None:
    with releases.live("front") as (namespace, observed):
        assert observed.workloads[0].sockets
        with forward(api, namespace, "front", 80) as port:
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
                forward(api, namespace, name, number),
            ):
                pass


def test_the_cluster_enforces_policies_and_says_so(runtime: Session) -> None:
    assert runtime.facts()["enforcement"] is True
    assert "NetworkPolicies enforced" in runtime.header()[0]
    assert runtime.costs()["cluster"] > 0
