"""Places, namespaces, what leads in from outside, and the rules that decide."""

from __future__ import annotations

import pickle
from textwrap import dedent

import pytest

from pytest_k8snet.manifests import read_application
from pytest_k8snet.model import Workload
from pytest_k8snet.reach import Action, Foothold, Ports, Reach, reach_of


def reach_in(*parts: str) -> Reach:
    text = "\n---\n".join(map(dedent, parts))
    return Reach(read_application([("templates/a.yaml", text)], namespace="shop"))


def pod(name: str, *, namespace: str = "shop", extra: str = "", ports: str = "[]") -> str:
    return dedent(
        f"""
        apiVersion: v1
        kind: Pod
        metadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}
        spec: {{containers: [{{name: main, image: a, ports: {ports}}}]{extra}}}
        """
    )


def policy(name: str, spec: str, namespace: str = "shop") -> str:
    return dedent(
        f"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {{name: {name}, namespace: {namespace}}}
        spec: {{podSelector: {{matchLabels: {{app: {name}}}}}, {spec}}}
        """
    )


def said(reach: Reach, source: str, target: str) -> tuple[str, str, str]:
    """Open, left to the plugin and unknown ports."""
    to = reach.place(target)
    assert isinstance(to, Workload)
    found = reach.admission(reach.place(source), to)
    return str(found.open), str(found.plugin), str(found.unknown)


def test_without_policies_every_pod_reaches_everything_and_the_world_nothing() -> None:
    reach = reach_in(pod("web"))
    assert said(reach, "namespace", "Pod/web") == ("all", "", "")
    assert said(reach, "cluster", "Pod/web") == ("all", "", "")
    assert said(reach, "world", "Pod/web") == ("", "", "")


def test_a_namespaces_label_is_that_of_the_rendered_namespace_or_its_name() -> None:
    spec = "ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]"
    named = spec.replace("team: red", "kubernetes.io/metadata.name: shop")
    rendered = """
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {team: red}}
    """
    web, db = pod("web"), pod("db")
    assert said(reach_in(web, db, policy("db", spec)), "Pod/web", "Pod/db")[0] == ""
    assert said(reach_in(web, db, policy("db", spec), rendered), "Pod/web", "Pod/db")[0] == "all"
    reach = reach_in(web, db, policy("db", named))
    assert said(reach, "namespace", "Pod/db")[0] == "all"
    assert said(reach, "cluster", "Pod/db")[0] == ""


def test_a_block_of_addresses_may_or_may_not_be_about_pods() -> None:
    rule = "ingress: [{{from: [{{ipBlock: {{cidr: {}}}}}], ports: [{{port: 80}}]}}]"
    for cidr, plugin in (("0.0.0.0/0", "TCP 80"), ("10.0.0.0/8", "TCP 80"), ("8.8.8.8/32", "")):
        reach = reach_in(pod("db"), policy("db", rule.format(cidr)))
        assert said(reach, "cluster", "Pod/db") == ("", plugin, "")


def test_a_pod_reaches_itself_and_its_replicas_only_as_others_do() -> None:
    closed = policy("db", "ingress: []")
    assert said(reach_in(pod("db"), closed), "Pod/db", "Pod/db")[0] == "all"
    two = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: db, namespace: shop}
    spec:
      replicas: 2
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: main, image: a}]}
    """
    assert said(reach_in(two, closed), "Deployment/db", "Deployment/db")[0] == ""


def test_a_policy_can_be_for_one_pod_of_a_statefulset() -> None:
    text = """
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db}
    spec:
      replicas: 3
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: main, image: a}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: first}
    spec:
      podSelector:
        matchExpressions:
          - {key: statefulset.kubernetes.io/pod-name, operator: In, values: [%s]}
    """
    assert said(reach_in(text % "db-0"), "cluster", "StatefulSet/db")[0] == "all"
    assert said(reach_in(text % "db-0, db-1, db-2"), "cluster", "StatefulSet/db")[0] == ""


def test_what_nobody_reads_is_unknown_and_never_closed() -> None:
    antrea = """
    apiVersion: crd.antrea.io/v1beta1
    kind: NetworkPolicy
    metadata: {name: a}
    spec: {}
    """
    reach = reach_in(pod("db"), policy("db", "ingress: []"), antrea)
    assert said(reach, "cluster", "Pod/db") == ("", "", "all")
    unreadable = """
    apiVersion: projectcalico.org/v3
    kind: NetworkPolicy
    metadata: {name: a}
    spec: {selector: app = 'db'}
    """
    assert said(reach_in(pod("db"), unreadable), "cluster", "Pod/db") == ("", "", "all")
    tier = unreadable.replace("selector: app = 'db'", "selector: app == 'db', tier: security")
    assert said(reach_in(pod("db"), tier), "cluster", "Pod/db") == ("", "", "all")


def test_equal_priorities_that_differ_are_unknown_where_they_do() -> None:
    text = """
    apiVersion: policy.networking.k8s.io/v1alpha1
    kind: AdminNetworkPolicy
    metadata: {{name: {name}}}
    spec:
      priority: 5
      subject: {{namespaces: {{}}}}
      ingress:
        - action: {action}
          from: [{{namespaces: {{}}}}]
          ports: [{{portNumber: {{port: {port}}}}}]
    """
    allow = text.format(name="a", action="Allow", port=80)
    deny = text.format(name="b", action="Deny", port=80)
    other = text.format(name="b", action="Deny", port=81)
    assert said(reach_in(pod("db"), allow, deny), "cluster", "Pod/db")[2] == "TCP 80"
    assert said(reach_in(pod("db"), allow, other), "cluster", "Pod/db")[2] == ""


def test_the_node_of_a_pod_is_let_in_and_others_are_not() -> None:
    reach = reach_in(
        pod("agent", extra=", hostNetwork: true"), pod("db"), policy("db", "ingress: []")
    )
    assert said(reach, "Pod/agent", "Pod/db") == ("", "all", "")
    assert said(reach, "Pod/db", "Pod/agent") == ("all", "", "")
    assert said(reach, "world", "Pod/agent") == ("all", "", "")


SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec: {{type: {type}, selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}
"""
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
"""


@pytest.mark.parametrize(
    ("objects", "rule", "expected"),
    [
        (SERVICE.format(type="ClusterIP"), "", ("", "", "")),
        (SERVICE.format(type="NodePort"), "", ("TCP 8080", "", "")),
        (SERVICE.format(type="LoadBalancer"), "ingress: []", ("", "", "")),
        (
            SERVICE.format(type="LoadBalancer"),
            "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]",
            ("TCP 8080", "", ""),
        ),
        (SERVICE.format(type="ClusterIP") + "---" + INGRESS, "", ("TCP 8080", "", "")),
        (SERVICE.format(type="ClusterIP") + "---" + INGRESS, "ingress: []", ("", "", "")),
        (
            SERVICE.format(type="ClusterIP") + "---" + INGRESS,
            "ingress: [{from: [{namespaceSelector: {matchLabels: {name: proxies}}}]}]",
            ("", "", "TCP 8080"),
        ),
    ],
)
def test_the_world_comes_in_where_something_leads_in(
    objects: str, rule: str, expected: tuple[str, str, str]
) -> None:
    parts = [pod("web"), objects, *([policy("web", rule)] if rule else [])]
    assert said(reach_in(*parts), "world", "Pod/web") == expected


def test_a_host_port_is_open_to_the_world() -> None:
    reach = reach_in(pod("web", ports="[{containerPort: 8080, hostPort: 80}]"))
    assert said(reach, "world", "Pod/web")[0] == "TCP 8080"


def test_why_names_the_rule_that_decides() -> None:
    reach = reach_in(
        pod("web"),
        pod("db"),
        policy("db", "ingress: [{}, {ports: [{port: 5432}]}]"),
        policy("web", "policyTypes: [Egress], egress: [{ports: [{port: 80}]}]"),
    )
    db = reach.place("Pod/db")
    assert isinstance(db, Workload)
    steps = list(reach.why(Foothold.CLUSTER, db, 5432, "TCP"))
    assert [(one.direction.value, one.rule, one.action) for one in steps] == [
        ("egress", "", Action.ALLOW),
        ("ingress", "ingress[0]", Action.ALLOW),
    ]
    steps = list(reach.why(reach.place("Pod/web"), db, 5432, "TCP"))
    assert [(one.direction.value, one.rule, one.action) for one in steps] == [
        ("egress", "", Action.DENY),
        ("ingress", "ingress[0]", Action.ALLOW),
    ]
    assert not reach.admits("Pod/web", "Pod/db", 5432)
    assert reach.admits("cluster", "Pod/db", 53, "UDP")
    with pytest.raises(KeyError):
        reach.admits("cluster", "Pod/gone", 1)


def test_an_application_remembers_its_reach_and_hands_nothing_of_it_on() -> None:
    application = reach_in(pod("web")).application
    assert reach_of(application) is reach_of(application)
    copy = pickle.loads(pickle.dumps(application))
    assert copy == application
    assert reach_of(copy) is not reach_of(application)


def test_ports_are_told_as_ranges() -> None:
    ports = Ports.of("TCP", 80) | Ports.of("TCP", 81, 90) | Ports.every("UDP")
    assert ports.texts() == ["TCP 80-90", "UDP 1-65535"]
    assert (ports - Ports.of("TCP", 85)).texts() == ["TCP 80-84", "TCP 86-90", "UDP 1-65535"]
    assert str(ports & Ports.of("SCTP", 80)) == ""
