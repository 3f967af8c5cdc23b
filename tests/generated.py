"""Objects of the model made at random: small, so that their labels and ports meet."""

from __future__ import annotations

from hypothesis import strategies as st

from pytest_k8snet.model import (
    Application,
    Blank,
    Container,
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
    st.sampled_from(("", *NAMESPACES)),
    st.just("templates/policy.yaml"),
    group=st.just("networking.k8s.io"),
    selector=st.none() | selectors,
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
