"""Releases in a real cluster: ready, refused, sharing, and gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_k8snet.errors import ClusterError, InstallError, K8sNetError
from pytest_k8snet.model import Application
from pytest_k8snet.runtime import Need, Session
from pytest_k8snet.runtime.api import Api
from pytest_k8snet.runtime.desk import Desk, Visitor
from pytest_k8snet.runtime.release import our_namespaces, wait_until_gone
from pytest_k8snet.runtime.stage import Stage, key_of
from pytest_k8snet.target import Gathered

from .conftest import AGNHOST, BUSYBOX, observe, settings, write_chart

pytestmark = pytest.mark.kind

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
def one(gather: Gather, tmp_path: Path) -> Callable[..., Gathered]:
    """A chart of one template."""

    def one(text: str, *, name: str = "web", **files: str) -> Gathered:
        (found,) = gather(write_chart(tmp_path / name, text, **files))
        assert found.application is not None, found.error
        return found

    return one


@pytest.fixture
def staged(runtime: Session) -> Iterator[Callable[..., Stage]]:
    """A stage for some charts; what a test leaves on it goes away."""
    stages: list[Stage] = []

    def staged(*gathered: Gathered, **settings: Any) -> Stage:
        stages.append(runtime.new_stage(gathered, **settings))
        return stages[-1]

    yield staged
    for stage in stages:
        stage.close()


def namespaces_of(api: Api) -> set[str]:
    return {item["metadata"]["name"] for item in our_namespaces(api)}


def ports(application: Application | None) -> list[int]:
    assert application is not None
    (web,) = application.workloads
    assert web.sockets is not None, web.unobserved
    assert web.sockets_again is not None, web.unobserved
    return [socket.port for socket in web.sockets]


Staged = Callable[..., Stage]


def test_a_container_that_cannot_start_is_told_at_once(api: Api, one: Any, staged: Staged) -> None:
    broken = one(deployment(image="no/such:image"), name="no-image")
    stage = staged(broken)
    (outcome,) = observe(stage, broken)
    assert "container web of Pod/web-" in outcome.error
    assert "ErrImageNeverPull" in outcome.error
    assert outcome.observed is None
    with pytest.raises(InstallError, match="ErrImageNeverPull"), stage.live(key_of(broken)):
        pass
    stage.close()
    mine = [name for name in namespaces_of(api) if name.startswith("k8snet-no-image-")]
    assert wait_until_gone(api, mine, 60) == []


def test_a_program_that_fails_shows_its_last_words(one: Any, staged: Staged) -> None:
    broken = one(deployment("echo no database; exit 3"))
    (outcome,) = observe(staged(broken, timeout=20.0), broken)
    text = outcome.error
    assert "not ready after 20 s: Deployment/web: 0 of 1 pods ready" in text
    assert "exit code 3" in text or "CrashLoopBackOff" in text
    assert "| no database" in text
    assert len(text.splitlines()) < 60


def test_a_program_that_runs_for_a_moment_each_time_is_not_ready(one: Any, staged: Staged) -> None:
    text = deployment("[ -e /kept/x ] && sleep 1; touch /kept/x; exit 3")
    mount = "volumeMounts: [{name: kept, mountPath: /kept}], imagePullPolicy"
    volume = "volumes: [{name: kept, emptyDir: {}}]\n      containers:"
    text = text.replace("imagePullPolicy", mount).replace("containers:", volume)
    crashing = one(text)
    (outcome,) = observe(staged(crashing, timeout=15.0), crashing)
    assert "not ready after 15 s" in outcome.error


def test_what_the_api_server_refuses(one: Any, staged: Staged) -> None:
    names = ("No_Name", "fine", "Nor_This")
    config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n".format
    lease = "---\napiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: l}\n"
    text = "".join(map(config, names)) + lease + "spec: {leaseDurationSeconds: -1}\n"
    refused = one(text + "---\napiVersion: example.com/v1\nkind: Nobodys\nmetadata: {name: mine}\n")
    (outcome,) = observe(staged(refused), refused, observe=False)
    for said in ("No_Name", "Nor_This", "Lease/l: ", "leaseDurationSeconds", "no kind Nobodys"):
        assert said in outcome.error, outcome.error
    assert "fine" not in outcome.error


def test_a_namespace_that_the_chart_expects_is_made_and_taken_away(
    api: Api, one: Any, staged: Staged
) -> None:
    config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: k8snet-here}\n"
    chart = one(deployment(namespace="k8snet-there") + config)
    stage = staged(chart)
    (outcome,) = observe(stage, chart)
    assert ports(outcome.observed) == [8080]
    with stage.live(key_of(chart)):
        assert {"k8snet-there", "k8snet-here"} <= namespaces_of(api)
    assert wait_until_gone(api, ["k8snet-there", "k8snet-here"], 60) == []


def test_a_namespace_that_is_written_out(api: Api, one: Any, staged: Staged) -> None:
    """It looks like the release's own, and is another one in the cluster."""
    chart = one(deployment(namespace="default"))
    stage = staged(chart)
    (outcome,) = observe(stage, chart)
    assert ports(outcome.observed) == [8080]
    stage.close()
    assert api.get("Deployment", "default", "web") is None


def test_the_custom_resources_that_a_chart_brings_go_with_it(
    api: Api, one: Any, staged: Staged
) -> None:
    chart = one(deployment(), **{"crds/sandwich.yaml": CRD})
    stage = staged(chart)
    observe(stage, chart, observe=False)
    with stage.live(key_of(chart)):
        assert "sandwiches.tests.k8snet.io" in api.definition_names()
    stage.close()
    assert "sandwiches.tests.k8snet.io" not in api.definition_names()


def test_workloads_without_pods_say_why(one: Any, staged: Staged) -> None:
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
    chart = one(f"{none}---{job}")
    (outcome,) = observe(staged(chart), chart)
    assert outcome.observed is not None
    reasons = {workload.name: workload.unobserved for workload in outcome.observed.workloads}
    assert reasons == {
        "web": "not observed: Deployment/web has no pods: none is wanted",
        "nightly": "not observed: CronJob/nightly is suspended",
    }


def test_a_pod_that_no_workload_made_is_a_stray(one: Any, staged: Staged) -> None:
    chart = one(deployment() + "---" + deployment().replace("web", "db"))
    assert chart.application is not None
    web = replace(chart.application, workloads=chart.application.workloads[:1])
    narrow = replace(chart, application=web)
    (outcome,) = observe(staged(narrow), narrow)
    assert outcome.observed is not None
    assert [stray.pod_labels["app"] for stray in outcome.observed.strays] == ["db"]


# Two charts with this cannot be in a cluster together, and nobody can know of it beforehand.
SHARED = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared, namespace: default}\n"
ROLE = """---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: k8snet-tests-role}
"""


class TestSideBySide:
    """Releases of one run that are in the cluster at the same time, or cannot be."""

    @pytest.mark.parametrize("common", [SHARED, ROLE], ids=["not known", "known"])
    def test_one_after_the_other_where_they_share_a_name(
        self, one: Any, staged: Staged, common: str
    ) -> None:
        charts = [one(deployment() + common, name=name) for name in ("one", "two", "three")]
        outcomes = observe(staged(*charts), *charts)
        assert [ports(outcome.observed) for outcome in outcomes] == [[8080]] * 3

    def test_one_that_a_test_wants_makes_way_and_comes_back(self, one: Any, staged: Staged) -> None:
        charts = [one(deployment() + ROLE, name=name) for name in ("one", "two")]
        stage = staged(*charts)
        stage.plan({key_of(chart): Need(observe=True, users=frozenset("t")) for chart in charts})
        stage.run(print)
        for chart in charts:
            with stage.live(key_of(chart)) as live:
                assert ports(live.application) == [8080]
                pods = stage.outcome(key_of(chart))
                assert pods.observed == live.application

    def test_it_goes_when_the_last_test_is_done(self, api: Api, one: Any, staged: Staged) -> None:
        chart = one(deployment())
        stage = staged(chart)
        stage.plan({key_of(chart): Need(observe=True, users=frozenset({"a", "b"}))})
        stage.run(print)
        with stage.live(key_of(chart)) as live:
            namespace = live.namespace
        stage.finish("a")
        with stage.live(key_of(chart)) as live:
            assert live.namespace == namespace
            stage.finish("b")
            assert api.namespace(namespace) is not None
        assert wait_until_gone(api, [namespace], 60) == []

    def test_a_test_may_ask_for_one_that_was_not_planned(self, one: Any, staged: Staged) -> None:
        chart = one(deployment())
        stage = staged(chart)
        with pytest.raises(ClusterError, match="nothing needed it"):
            stage.outcome(key_of(chart))
        with stage.live(key_of(chart)) as live:
            assert ports(live.application) == [8080]

    def test_a_worker_is_told_the_same(self, api: Api, one: Any, staged: Staged) -> None:
        chart = one(deployment())
        key = key_of(chart)
        stage = staged(chart)
        with closing(Desk(stage)) as desk:
            worker = Visitor(desk.handle())
            worker.plan({key: Need(observe=True, users=frozenset({"test"}))})
            stage.run(print)
            assert worker.outcome(key) == stage.outcome(key)
            with worker.live(key) as live:
                stage.finish("test")
                assert api.namespace(live.namespace) is not None
            assert wait_until_gone(api, [live.namespace], 60) == []
            with pytest.raises(ClusterError, match="does not answer"):
                Visitor({**desk.handle(), "secret": b"guessed"}).outcome(key)
            assert worker.outcome(key) == stage.outcome(key)


class TestAnyCluster:
    """Through an ephemeral container, as in a cluster whose nodes nobody can enter."""

    @pytest.fixture
    def elsewhere(self, runtime: Session, tmp_path: Path) -> Iterator[Session]:
        cluster = replace(runtime.cluster, kind="context", engine="")
        session = Session(
            settings("context:any", probe_image=AGNHOST),
            (tmp_path, "tests"),
            cluster,
            runtime.known,
            gathered=(),
            report=print,
        )
        yield session
        session.close()

    def test_it_sees_the_same(self, elsewhere: Session, one: Any) -> None:
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
        chart = one(text)
        with closing(elsewhere.new_stage([chart])) as stage:
            (outcome,) = observe(stage, chart)
        assert outcome.observed is not None, outcome
        for name, expected in {
            "two": {(8080, "web", "httpd"), (5353, "udp", "nc")},
            "node": {(19101, "agent", "httpd")},
        }.items():
            found = next(one for one in outcome.observed.workloads if one.name == name)
            for sockets in (found.sockets, found.sockets_again):
                assert sockets is not None, found.unobserved
                assert {(one.port, one.container, one.process) for one in sockets} == expected
        # And it is dialled from pods of ours; only by TCP.
        assert {
            (one.source, one.target.name, one.port)
            for one in outcome.observed.dialled
            if one.through
        } == {
            (place, name, port)
            for place in ("namespace", "cluster")
            for name, port in (("two", 8080), ("node", 19101))
        }

    def test_pods_that_fail_once_and_ports_that_come_and_go(
        self, elsewhere: Session, one: Any
    ) -> None:
        text = f"""
apiVersion: v1
kind: Pod
metadata: {{name: failed}}
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{{name: kept, emptyDir: {{}}}}]
  containers:
  - name: web
    image: "{BUSYBOX}"
    command: [sh, -c, "[ -e /kept/x ] && exec httpd -f -p 8080; touch /kept/x; sleep 3; exit 3"]
    volumeMounts: [{{name: kept, mountPath: /kept}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: blinking}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: web
    image: "{BUSYBOX}"
    command: [sh, -c, "while :; do timeout 1 httpd -f -p 8016; sleep 2; done"]
"""
        chart = one(text)
        with closing(elsewhere.new_stage([chart], watch=15.0)) as stage:
            (outcome,) = observe(stage, chart)
        assert outcome.observed is not None, outcome
        for workload, port in zip(outcome.observed.workloads, (8080, 8016), strict=True):
            assert workload.sockets is not None, workload.unobserved
            assert {one.port for one in workload.sockets} == {port}, workload.name
            assert {one.port for one in workload.sockets_again or ()} == {port}


class TestForward:
    """The port that a user's own test reaches a pod by."""

    def test_a_service_by_its_port(self, api: Api, one: Any, staged: Staged) -> None:
        from urllib.request import urlopen

        from pytest_k8snet.runtime.forward import forward

        service = (
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: front}\n"
            "spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n"
        )
        chart = one(deployment("echo hello > /index.html; exec httpd -f -p 8080 -h /") + service)
        with staged(chart).live(key_of(chart)) as (namespace, observed):
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
