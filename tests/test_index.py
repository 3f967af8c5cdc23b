"""What the index finds is what asking every pair finds, in the same order."""

from __future__ import annotations

import pickle

from hypothesis import given

from generated import applications
from pytest_k8snet import index, matching
from pytest_k8snet.model import Application


@given(applications())
def test_whom_a_selector_takes(application: Application) -> None:
    for subject in application.subjects:
        asked = tuple(one for one in application.workloads if matching.selects(subject, one))
        assert index.selected(subject, application) == asked


@given(applications())
def test_who_takes_a_workload_of_this_or_of_another_release(application: Application) -> None:
    strangers = application.second.workloads if application.second is not None else ()
    for workload in (*application.workloads, *strangers):
        services = tuple(one for one in application.services if matching.selects(one, workload))
        units = tuple(one for one in application.workloads if matching.selects(one, workload))
        policies = tuple(
            one for one in application.policies if matching.policy_takes(one, workload)
        )
        assert index.services_of(workload, application) == services
        assert index.units_of(workload, application) == units
        assert index.policies_of(workload, application) == policies


@given(applications())
def test_who_has_the_same_labels(application: Application) -> None:
    for workload in application.workloads:
        near = [one for one in application.workloads if one.namespace == workload.namespace]
        same = [one for one in near if one.labels == workload.labels]
        twins = [one for one in near if one.pod_labels == workload.pod_labels]
        assert list(index.with_labels(workload, application)) == same
        assert list(index.with_pod_labels(workload, application)) == twins


@given(applications())
def test_who_lacks_one_label_only(application: Application) -> None:
    for service in application.services:
        if service.selector is None:
            continue
        wanted = service.selector.labels
        nearly = list(application.once(index.pod_index).nearly(wanted, service.namespace))
        for workload in application.workloads:
            if workload.namespace == service.namespace and any(
                sum(pod.get(key) != value for key, value in wanted.items()) == 1
                for pod in matching.pod_labels(workload, service.selector)
            ):
                assert workload in nearly


@given(applications())
def test_another_process_is_not_sent_the_index(application: Application) -> None:
    before = len(pickle.dumps(application))
    application.once(index.pod_index)
    assert len(pickle.dumps(application)) == before
    assert pickle.loads(pickle.dumps(application)) == application
