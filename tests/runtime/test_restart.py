"""What is made again from a live object, without what the cluster added to it."""

from __future__ import annotations

from pytest_k8snet.model import Workload
from pytest_k8snet.runtime.pods import COPY_OF
from pytest_k8snet.runtime.restart import job_copy, pod_manifest

from .live import manifest


def test_a_bare_pod_is_made_again_without_the_clusters_additions() -> None:
    token = {"name": "kube-api-access-x7", "projected": {}}
    data = {"name": "data", "emptyDir": {}}
    mounts = [{"name": "kube-api-access-x7"}, {"name": "data"}]
    live = manifest(
        nodeName="node-1",
        priority=0,
        ephemeralContainers=[{"name": "k8snet-web"}],
        volumes=[token, data],
        containers=[{"name": "web", "volumeMounts": mounts}],
        initContainers=[{"name": "init"}],
    )
    made = pod_manifest(live)
    assert made["metadata"] == {"name": "web", "namespace": "ns", "labels": {"app": "web"}}
    assert made["spec"] == {
        "volumes": [data],
        "containers": [{"name": "web", "volumeMounts": [{"name": "data"}]}],
        "initContainers": [{"name": "init", "volumeMounts": []}],
    }
    assert live["spec"]["nodeName"] == "node-1"


def test_a_job_runs_once_more_under_another_name() -> None:
    labels = {
        "app": "work",
        "controller-uid": "1",
        "job-name": "work",
        "batch.kubernetes.io/job-name": "work",
    }
    template = {"metadata": {"labels": labels, "annotations": {"a": "b"}}, "spec": {"x": 1}}
    spec = {"selector": {}, "backoffLimit": 2, "template": template}
    live = {"metadata": {"name": "work"}, "spec": spec}
    copy = job_copy(Workload("Job", "work", "default", ""), "ns", live)
    assert copy["metadata"]["generateName"] == "work-"
    assert copy["metadata"]["annotations"] == {COPY_OF: "Job/work"}
    assert copy["spec"] == {
        "backoffLimit": 2,
        "template": {
            "metadata": {"labels": {"app": "work"}, "annotations": {"a": "b"}},
            "spec": {"x": 1},
        },
    }


def test_a_scaled_job_runs_what_it_makes_jobs_of() -> None:
    template = {"spec": {"containers": []}}
    spec = {"jobTargetRef": {"parallelism": 1, "template": template}, "triggers": []}
    live = {"metadata": {"name": "queue"}, "spec": spec}
    copy = job_copy(Workload("ScaledJob", "queue", "default", "", group="keda.sh"), "ns", live)
    assert copy["kind"] == "Job"
    assert copy["spec"]["parallelism"] == 1
    assert copy["spec"]["template"]["spec"] == {"containers": []}


def test_a_cron_job_runs_its_template_now() -> None:
    live = {
        "metadata": {"name": "n" * 60},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {}}}}},
    }
    copy = job_copy(Workload("CronJob", "n" * 60, "default", ""), "ns", live)
    assert copy["spec"] == {"template": {"metadata": {"labels": {}}, "spec": {}}}
    assert len(copy["metadata"]["generateName"]) < 58
