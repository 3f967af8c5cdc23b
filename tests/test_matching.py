"""Matching against the API's rules stated once more, plainly, on generated labels and selectors."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated import PORTS, applications, labels, policies, selectors, services, workloads
from pytest_k8snet import matching
from pytest_k8snet.checks import CHECKS
from pytest_k8snet.errors import NotApplicable, NotObserved
from pytest_k8snet.model import (
    Application,
    Container,
    Labels,
    NetworkPolicy,
    Port,
    Requirement,
    Selector,
    Service,
    ServicePort,
    Workload,
)


def naively_holds(requirement: Requirement, pod: Labels) -> bool:
    """One entry of matchExpressions, as the API's reference words it."""
    if requirement.operator == "Exists":
        return requirement.key in pod
    if requirement.operator == "DoesNotExist":
        return requirement.key not in pod
    among = requirement.key in pod and pod[requirement.key] in requirement.values
    return among if requirement.operator == "In" else not among


def naively_matches(selector: Selector, pod: Labels) -> bool:
    """matchLabels are entries with In and one value, and all entries have to hold."""
    equalities = [Requirement(key, "In", (value,)) for key, value in selector.labels.items()]
    return all(naively_holds(one, pod) for one in (*equalities, *selector.expressions))


def every_pod(workload: Workload) -> list[Labels]:
    """The labels of each single pod, with all that its controller adds."""
    added: list[dict[str, str]] = [{}]
    if workload.kind == "StatefulSet":
        first = workload.first_ordinal
        added = [
            {
                "statefulset.kubernetes.io/pod-name": f"{workload.name}-{index}",
                "apps.kubernetes.io/pod-index": str(index),
                "controller-revision-hash": "made-in-the-cluster",
            }
            for index in range(first, first + max(workload.replicas, 1))
        ]
    elif workload.kind == "Job":
        added = [{"job-name": workload.name, "batch.kubernetes.io/job-name": workload.name}]
    elif workload.kind == "CronJob":
        added = [{"job-name": f"{workload.name}-29000000"}]
    elif workload.kind == "Deployment":
        added = [{"pod-template-hash": "made-in-the-cluster"}]
    return [{**workload.pod_labels, **one} for one in added]


@given(selectors, labels)
def test_a_selector_matches_what_the_api_says(selector: Selector, pod: Labels) -> None:
    assert matching.matches(selector, pod) is naively_matches(selector, pod)


@given(labels)
def test_an_empty_selector_matches_every_pod(pod: Labels) -> None:
    assert matching.matches(Selector(), pod)


@given(selectors, workloads)
def test_a_selector_takes_a_workload_if_it_takes_one_of_its_pods(
    selector: Selector, workload: Workload
) -> None:
    expected = any(naively_matches(selector, pod) for pod in every_pod(workload))
    assert matching.takes(selector, workload) is expected


@given(services, workloads)
def test_a_service_ends_at_its_namespace(service: Service, workload: Workload) -> None:
    expected = (
        service.selector is not None
        and service.namespace == workload.namespace
        and matching.takes(service.selector, workload)
    )
    assert matching.selects(service, workload) is expected


@given(policies, workloads)
def test_a_policy_holds_in_its_namespace_or_everywhere_but_not_on_the_node(
    policy: NetworkPolicy, workload: Workload
) -> None:
    taken = matching.policy_takes(policy, workload)
    if policy.selector is None or workload.host_network:
        assert not taken
    elif policy.namespace in ("", workload.namespace):
        assert taken is matching.takes(policy.selector, workload)
    else:
        assert not taken


@given(selectors, workloads)
def test_a_selector_that_needs_a_value_takes_nobody_without_it(
    selector: Selector, workload: Workload
) -> None:
    needed = set(matching.needed_values(selector))
    if matching.takes(selector, workload):
        assert any(needed <= set(pod.values()) for pod in every_pod(workload)) or not needed


@given(
    st.builds(ServicePort, st.sampled_from(PORTS), st.sampled_from((80, "http", "80"))), workloads
)
def test_a_target_port_is_a_number_or_the_first_port_of_that_name_and_protocol(
    port: ServicePort, workload: Workload
) -> None:
    main = [one for one in workload.containers if not one.init]
    beside = [one for one in workload.containers if one.init and one.sidecar]
    declared = [entry for container in (*main, *beside) for entry in container.ports]
    named = [
        entry.number
        for entry in declared
        if entry.name == port.target and entry.protocol == port.protocol
    ]
    if isinstance(port.target, int):
        assert matching.target_number(port, workload) == port.target
    else:
        assert matching.target_number(port, workload) == next(iter(named), None)


def test_a_port_of_a_container_goes_before_that_of_a_sidecar_of_the_same_name() -> None:
    proxy = Container("proxy", ports=(Port(9000, name="http"),), init=True, sidecar=True)
    web = Container("web", ports=(Port(8080, name="http"),))
    workload = Workload("Pod", "web", "default", "", containers=(proxy, web))
    assert matching.target_number(ServicePort(80, "http"), workload) == 8080


def test_a_stateful_set_of_any_size_costs_no_more_than_the_selector() -> None:
    many = Workload("StatefulSet", "db", "default", "templates/db.yaml", replicas=10**9)
    last = Selector({"statefulset.kubernetes.io/pod-name": f"db-{10**9 - 1}"})
    beyond = Selector({"statefulset.kubernetes.io/pod-name": f"db-{10**9}"})
    assert matching.takes(last, many)
    assert not matching.takes(beyond, many)
    assert len(list(islice(matching.pod_labels(many, beyond), 5))) == 1


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        (Requirement("job-name", "Exists"), True),
        (Requirement("job-name", "DoesNotExist"), False),
        (Requirement("job-name", "In", ("report",)), False),
        (Requirement("job-name", "NotIn", ("report",)), True),
    ],
)
def test_a_cron_jobs_pods_have_a_job_name_that_nobody_knows(
    expression: Requirement, *, taken: bool
) -> None:
    report = Workload("CronJob", "report", "default", "templates/report.yaml")
    assert matching.takes(Selector(expressions=(expression,)), report) is taken


@given(applications())
def test_checks_never_crash_and_name_only_what_there_is(application: Application) -> None:
    workloads_here = {one.reference for one in application.workloads}
    others = (
        *application.services,
        *application.policies,
        *(n.workload for n in application.neighbours),
    )
    known = workloads_here | {one.reference for one in others}
    for check in CHECKS:
        for subject in application.subjects:
            if not isinstance(subject, check.on):
                continue
            try:
                found = check.findings(subject, application)
            except (NotApplicable, NotObserved):
                continue
            for finding in found:
                assert finding.reading in check.readings
                assert finding.message
                assert set(finding.related) <= known
                assert finding.port is None or 0 < finding.port < 1 << 16
            levels = [check.readings[finding.reading].value for finding in found]
            assert levels == sorted(levels), "faults come first"
