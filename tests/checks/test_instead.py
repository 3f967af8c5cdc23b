"""What is written instead: short, and still the YAML that is meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from checks.cases import FOLDER, read_case
from pytest_k8snet.checks import CHECKS
from pytest_k8snet.checks._instead import container_ports, unit_labels
from pytest_k8snet.checks._policies import network_policy
from pytest_k8snet.manifests import read_application
from pytest_k8snet.model import Backend, Port, Route, Selector, ServicePort
from pytest_k8snet.reach import reach_of
from report.samples import application, service, workload

BY_ID = {check.id: check for check in CHECKS}


def test_a_policy_has_short_labels_and_ports_in_lines_of_their_own_keys() -> None:
    web = workload("web", Port(8080), Port(53, "UDP"))
    rule = "{from: [{podSelector: {}}], ports: [{port: 8080}, {port: 53, protocol: UDP}]}"
    assert network_policy(web, application(workloads=(web,))).splitlines() == [
        "apiVersion: networking.k8s.io/v1",
        "kind: NetworkPolicy",
        "metadata: {name: web}",
        "spec:",
        "  podSelector: {matchLabels: {app: web}}",
        "  ingress:",
        f"    - {rule}  # this namespace; name the callers where you can",
    ]


def test_what_does_not_fit_a_line_has_several() -> None:
    labels = {f"example.org/label-{number}": f"a value: {number}" for number in range(5)}
    ports = tuple(Port(8000 + number) for number in range(20))
    web = workload("w" * 60, *ports, pod_labels=labels, selector=Selector(labels))
    text = network_policy(web, application(workloads=(web,), namespace="elsewhere"))
    assert max(map(len, text.splitlines())) <= 110
    read = yaml.safe_load(text)
    assert read["metadata"] == {"name": "w" * 60, "namespace": "default"}
    assert read["spec"]["podSelector"] == {"matchLabels": labels}
    assert [one["port"] for one in read["spec"]["ingress"][0]["ports"]] == [*range(8000, 8020)]


def test_only_a_protocol_that_is_not_tcp_is_written_out() -> None:
    text = container_ports("web", (Port(80, name="http"), Port(53, "UDP")))
    assert yaml.safe_load(text) == {
        "containers": [
            {
                "name": "web",
                "ports": [
                    {"name": "http", "containerPort": 80},
                    {"containerPort": 53, "protocol": "UDP"},
                ],
            }
        ]
    }


def test_labels_stand_where_the_kind_has_them() -> None:
    added = {"app.kubernetes.io/component": "web"}
    read = yaml.safe_load(unit_labels(workload("web"), added))
    wanted = {"app": "web", **added}
    assert read["spec"]["selector"] == {"matchLabels": wanted}
    assert read["spec"]["template"]["metadata"]["labels"] == wanted


def test_jobs_get_labels_that_the_selector_of_a_deployment_does_not_take() -> None:
    """Nobody can change that selector without deleting the Deployment."""
    case = read_case(FOLDER / "unit-collision" / "bad.job-labels.yaml")
    check = BY_ID["M4A"]
    web = case.workloads[0]
    (finding,) = check.run(web, case)
    said = [text.split("\n", 1) for text in finding.instead.split("\n---\n")]
    assert [subject for subject, _ in said] == ["# Job/create", "# Job/patch"]
    labels = {
        subject: yaml.safe_load(text)["spec"]["template"]["metadata"]["labels"]
        for subject, text in said
    }
    mended = replace(
        case,
        workloads=tuple(
            replace(one, pod_labels=labels.get(f"# {one}", one.pod_labels))
            for one in case.workloads
        ),
    )
    assert not [found for one in mended.workloads for found in check.run(one, mended)]


def test_a_selector_that_cannot_be_changed_says_so() -> None:
    added = {"app.kubernetes.io/component": "web"}
    assert "cannot be changed later" in unit_labels(workload("web"), added)
    rollout = workload("web", kind="Rollout", group="argoproj.io")
    assert "cannot be changed later" not in unit_labels(rollout, added)


def test_a_policy_lets_services_in_whose_ports_nobody_declares() -> None:
    web = workload("web", Port(8080))
    api = service("api", ServicePort(443, 9443), ServicePort(53, 53, "UDP"), app="web")
    text = network_policy(web, application(workloads=(web,), services=(api,)))
    (rule,) = yaml.safe_load(text)["spec"]["ingress"]
    assert rule["ports"] == [{"port": 8080}, {"port": 9443}, {"port": 53, "protocol": "UDP"}]


_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}]}]}
---
"""
_OPEN = {
    "CiliumNetworkPolicy": (
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: open}\n"
        "spec: {endpointSelector: {}, ingress: [{fromEntities: [cluster]}]}\n"
    ),
    "Calico": (
        "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: open}\n"
        "spec: {selector: all(), ingress: [{action: Allow}]}\n"
    ),
    "CiliumClusterwideNetworkPolicy": (
        "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: open}\n"
        "spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}\n"
    ),
}


def test_a_headless_service_is_not_given_a_port_twice() -> None:
    case = read_case(FOLDER / "headless-port-unavailable" / "bad.yaml")
    service = case.services[0]
    snippets = {one.port: one.instead for one in BY_ID["M5C"].findings(service, case)}
    ports = yaml.safe_load(snippets[80])["ports"]
    assert [(one["name"], one["port"]) for one in ports] == [("http", 8080)]
    ports = yaml.safe_load(snippets[5433])["ports"]
    assert [one["name"] for one in ports] == ["http", "same", "unresolved"]


def test_a_selector_asks_for_no_label_that_only_the_cluster_knows() -> None:
    rollout = workload("web", kind="Rollout", group="argoproj.io", pod_labels={"app": "web"})
    wanted = Selector({"app": "web", "rollouts-pod-template-hash": "x"})
    asking = replace(service("web", ServicePort(80, 80), app="web"), selector=wanted)
    shop = application(workloads=(rollout,), services=(asking,))
    (found,) = BY_ID["M5D"].findings(asking, shop)
    assert "get that label from their controller" in found.message
    assert yaml.safe_load(found.instead)["spec"]["selector"] == {"app": "web"}


@pytest.mark.parametrize("name", _OPEN)
def test_a_policy_comes_in_the_place_of_one_in_the_same_language(name: str) -> None:
    """What Cilium or Calico admit is admitted whatever a NetworkPolicy says beside it."""
    case = read_application([("web.yaml", _POD + _OPEN[name])])
    (found,) = BY_ID["M6"].findings(case.workloads[0], case)
    assert found.reading == "allow-all"
    mended = read_application([("web.yaml", _POD + found.instead)])
    assert mended.policies[0].group == case.policies[0].group
    assert mended.invalid == ()
    assert not BY_ID["M6"].findings(mended.workloads[0], mended)
    reach = reach_of(mended)
    assert reach.admits("namespace", "Pod/web", 80)
    assert reach.admits("namespace", "Pod/web", 53, "UDP")
    assert not reach.admits("cluster", "Pod/web", 80)
    assert ("# in place of" in found.instead) == (name == "CiliumClusterwideNetworkPolicy")


def test_a_policy_asks_for_no_version_of_the_chart() -> None:
    """With the next one it would select nothing any more."""
    labels = {"app": "web", "helm.sh/chart": "web-1.2.3", "version": "canary"}
    web = workload("web", pod_labels=labels, selector=Selector(labels))
    text = network_policy(web, application(workloads=(web,)))
    wanted = {"app": "web", "version": "canary"}
    assert yaml.safe_load(text)["spec"]["podSelector"] == {"matchLabels": wanted}


def test_labels_of_versions_are_left_to_the_template() -> None:
    labels = {"app": "web", "app.kubernetes.io/version": "1.2.3"}
    text = unit_labels(workload("web", pod_labels=labels), {"release": "x"})
    template = yaml.safe_load(text)["spec"]["template"]
    assert template["metadata"]["labels"] == {"app": "web", "release": "x"}
    assert "# and those of versions, as they are" in text


def test_releases_are_told_apart_by_a_label_that_the_pods_have() -> None:
    """A label more in the pods would be one to roll out, too."""
    first, second = (
        workload(f"{name}-web", pod_labels={"app": "web", "of": name}, selector=Selector(labels))
        for name, labels in (("release-name", {"app": "web"}), ("other", {"app": "web"}))
    )
    whole = application(
        release="release-name",
        workloads=(first,),
        second=application(release="other", workloads=(second,)),
    )
    (finding,) = BY_ID["M4S"].findings(first, whole)
    written = yaml.safe_load(finding.instead)["spec"]
    assert written["selector"]["matchLabels"] == {"app": "web", "of": "release-name"}
    assert written["template"]["metadata"]["labels"] == first.pod_labels


def test_a_route_is_led_to_a_service_whose_own_name_is_alike() -> None:
    """All names begin with the release's: that says nothing."""
    there = tuple(service(f"release-name-shop-{one}") for one in ("headless", "metastore"))

    def instead(wanted: str) -> str:
        backend = Backend(f"release-name-shop-{wanted}", 80, "default")
        route = Route("Ingress", "web", "default", "templates/web.yaml", backends=(backend,))
        (finding,) = BY_ID["N4"].findings(route, application(services=there, routes=(route,)))
        return finding.instead

    assert not instead("indexer")
    assert "release-name-shop-metastore" in instead("metastores")


@pytest.mark.parametrize(("many", "said"), [(3, 3), (30, 1)])
def test_a_finding_says_all_ports_that_are_lacking_unless_they_are_many(
    many: int, said: int
) -> None:
    """Each of thousands of findings with thousands of ports is more than memory holds."""
    web = workload("web", Port(80))
    whole = service("web", *(ServicePort(9000 + number, 9000 + number) for number in range(many)))
    found = BY_ID["M5B"].findings(whole, application(workloads=(web,), services=(whole,)))
    assert len(found) == many
    for number, finding in enumerate(found):
        (container,) = yaml.safe_load(finding.instead)["containers"]
        ports = [port["containerPort"] for port in container["ports"]]
        assert len(ports) == 1 + said
        assert 9000 + number in ports


def test_what_is_declared_for_one_service_has_the_ports_of_the_others() -> None:
    """A container that declares one port is taken to declare all of them."""
    found = read_application([("svc.yaml", TWO_SERVICES)])
    (finding,) = BY_ID["M5B"].findings(found.services[0], found)
    (container,) = yaml.safe_load(finding.instead)["containers"]
    assert container["ports"] == [{"containerPort": 8080}, {"containerPort": 50000}]


TWO_SERVICES = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: example.org/web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: agents}
spec: {selector: {app: web}, ports: [{port: 50000}]}
"""
