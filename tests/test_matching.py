"""Matching against the API's rules stated once more, plainly, on generated labels and selectors."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_k8snet import matching
from pytest_k8snet.checks import CHECKS
from pytest_k8snet.errors import NotApplicable, NotObserved
from pytest_k8snet.model import (
    Application,
    Blank,
    Container,
    Labels,
    Neighbour,
    NetworkPolicy,
    Port,
    Requirement,
    Selector,
    Service,
    ServicePort,
    Socket,
    Workload,
)

# Few keys and values, so that they meet; those that controllers add among them.
KEYS = ("app", "tier", "job-name", "statefulset.kubernetes.io/pod-name", "pod-template-hash")
VALUES = ("web", "db", "", "release-name", "unit-0", "unit-1", "unit", "7", "unit-07")
NAMES = ("unit", "web", "release-name-web")
NAMESPACES = ("default", "other")
PORTS = (80, 8080, 65535)
PROTOCOLS = ("TCP", "UDP", "SCTP")
PORT_NAMES = ("", "http", "80")

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3)
requirements = st.builds(
    Requirement,
    st.sampled_from(KEYS),
    st.sampled_from(("In", "NotIn", "Exists", "DoesNotExist")),
    st.lists(st.sampled_from(VALUES), max_size=2).map(tuple),
)
selectors = st.builds(Selector, labels, st.lists(requirements, max_size=2).map(tuple))
ports = st.builds(
    Port,
    st.sampled_from(PORTS),
    st.sampled_from(PROTOCOLS),
    st.sampled_from(PORT_NAMES),
    st.sampled_from((None, 80)),
)
containers = st.builds(
    Container,
    st.sampled_from(("web", "proxy")),
    st.sampled_from(("", "auto", "example.org/web")),
    st.lists(ports, max_size=2).map(tuple),
    init=st.booleans(),
    sidecar=st.booleans(),
)
sockets = st.none() | st.lists(
    st.builds(
        Socket,
        st.sampled_from(PORTS),
        st.sampled_from(("TCP", "UDP")),
        st.sampled_from(("0.0.0.0", "::", "127.0.0.1", "::1")),
        st.sampled_from(("", "web", "gone")),
        st.sampled_from(("", "nginx")),
        st.sampled_from(("a", "b")),
    ),
    max_size=3,
).map(tuple)
workloads = st.builds(
    Workload,
    st.sampled_from(
        ("Deployment", "StatefulSet", "Job", "CronJob", "Pod", "ReplicationController")
    ),
    st.sampled_from(NAMES),
    st.sampled_from(NAMESPACES),
    st.just("templates/unit.yaml"),
    labels=labels,
    pod_labels=labels,
    pod_annotations=labels,
    selector=st.none() | selectors,
    containers=st.lists(containers, max_size=2).map(tuple),
    host_network=st.booleans(),
    replicas=st.integers(0, 9),
    first_ordinal=st.integers(0, 2),
    sockets=sockets,
    sockets_again=sockets,
    pods=st.sampled_from((None, 0, 1)),
)
services = st.builds(
    Service,
    st.just("Service"),
    st.sampled_from(NAMES),
    st.sampled_from(NAMESPACES),
    st.just("templates/service.yaml"),
    selector=st.none() | labels.filter(bool).map(Selector),
    ports=st.lists(
        st.builds(
            ServicePort,
            st.sampled_from(PORTS),
            st.sampled_from((80, 8080, "http", "80", "9" * 5000)),
            st.sampled_from(PROTOCOLS),
        ),
        max_size=2,
    ).map(tuple),
    headless=st.booleans(),
)
policies = st.builds(
    NetworkPolicy,
    st.sampled_from(("NetworkPolicy", "CiliumClusterwideNetworkPolicy")),
    st.sampled_from(NAMES),
    st.sampled_from(NAMESPACES),
    st.just("templates/policy.yaml"),
    selector=selectors,
    cluster_wide=st.booleans(),
    ingress=st.booleans(),
    egress=st.booleans(),
    admits_all=st.booleans(),
    understood=st.booleans(),
)


def applications(*, nested: bool = True) -> st.SearchStrategy[Application]:
    return st.builds(
        Application,
        st.just("chart"),
        st.just("defaults"),
        st.just("release-name"),
        st.just("default"),
        workloads=st.lists(workloads, max_size=4).map(tuple),
        services=st.lists(services, max_size=2).map(tuple),
        policies=st.lists(policies, max_size=2).map(tuple),
        custom_kinds=st.sampled_from(((), ("Postgres",))),
        blank=st.sampled_from(((), (Blank("templates/web.yaml"),))),
        second=applications(nested=False) | st.none() if nested else st.none(),
        neighbours=st.lists(
            st.builds(Neighbour, st.just("charts/other"), workloads), max_size=1
        ).map(tuple),
        strays=st.lists(workloads, max_size=1).map(tuple),
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
    assert matching.service_takes(service, workload) is expected


@given(policies, workloads)
def test_a_policy_holds_in_its_namespace_or_everywhere_but_not_on_the_node(
    policy: NetworkPolicy, workload: Workload
) -> None:
    taken = matching.policy_takes(policy, workload)
    if not policy.understood or workload.host_network:
        assert not taken
    elif policy.cluster_wide or policy.namespace == workload.namespace:
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
    declared = [
        entry
        for container in workload.containers
        if not container.init or container.sidecar
        for entry in container.ports
    ]
    named = [
        entry.number
        for entry in declared
        if entry.name == port.target and entry.protocol == port.protocol
    ]
    if isinstance(port.target, int):
        assert matching.target_number(port, workload) == port.target
    else:
        assert matching.target_number(port, workload) == next(iter(named), None)


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
