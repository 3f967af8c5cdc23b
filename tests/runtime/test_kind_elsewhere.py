"""Through an ephemeral container, as in a cluster whose nodes nobody can enter."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from pytest_k8snet.model import Application
from pytest_k8snet.runtime import Session
from pytest_k8snet.target import Gathered

from .conftest import AGNHOST, BUSYBOX, observe, settings
from .test_kind_reach import CHART, findings, unit

pytestmark = pytest.mark.kind

SEEN = f"""
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
CHANGING = f"""
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


# As https://kubernetes.io/docs/concepts/security/pod-security-standards/ has them.
STRICT = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: k8snet-strict, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: strict, namespace: k8snet-strict}}
spec:
  selector: {{matchLabels: {{app: strict}}}}
  template:
    metadata: {{labels: {{app: strict}}}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext:
        {{runAsUser: 4242, runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}
      containers:
      - name: web
        image: "{BUSYBOX}"
        command: [httpd, -f, -p, "8080"]
        securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"""


@pytest.fixture(scope="module")
def observed(
    runtime: Session, one: Callable[..., Gathered], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Application]:
    """The charts, observed side by side."""
    session = Session(
        settings("context:any", probe_image=AGNHOST),
        (tmp_path_factory.mktemp("elsewhere"), "tests"),
        replace(runtime.cluster, kind="context", engine=""),
        runtime.known,
        gathered=(),
        report=print,
    )
    units = [
        unit("six", "exec /odd v6 8012", 8012),
        unit("six-udp", "exec /odd v6 8013 udp", (8013, "UDP")),
        unit("device-udp", "exec /odd lo 8014 udp", (8014, "UDP")),
        unit("server", "while :; do nc -u -l -p 8015; done", (8015, "UDP")),
    ]
    values = json.dumps({"units": units, "policies": {}})
    charts = {
        "seen": one(SEEN, name="seen"),
        "changing": one(CHANGING, name="changing"),
        "strict": one(STRICT, name="strict"),
        "odd": one(CHART.read_text(encoding="utf-8"), name="odd", **{"values.yaml": values}),
    }
    with closing(session), closing(session.new_stage(charts.values(), watch=15.0)) as stage:
        outcomes = observe(stage, *charts.values())
    found = {}
    for name, outcome in zip(charts, outcomes, strict=True):
        assert outcome.observed is not None, outcome
        found[name] = outcome.observed
    return found


def test_it_sees_the_same(observed: dict[str, Application]) -> None:
    for name, expected in {
        "two": {(8080, "web", "httpd"), (5353, "udp", "nc")},
        "node": {(19101, "agent", "httpd")},
    }.items():
        found = next(one for one in observed["seen"].workloads if one.name == name)
        for sockets in (found.sockets, found.sockets_again):
            assert sockets is not None, found.unobserved
            assert {(one.port, one.container, one.process) for one in sockets} == expected
    # And it is dialled from pods of ours; of datagrams nobody knows whether they arrive.
    assert {
        (one.source, one.target.name, one.port) for one in observed["seen"].dialled if one.through
    } == {
        (place, name, port)
        for place in ("namespace", "cluster")
        for name, port in (("two", 8080), ("node", 19101))
    }


def test_a_namespace_that_lets_nobody_do_more_than_the_pod(
    observed: dict[str, Application],
) -> None:
    (strict,) = observed["strict"].workloads
    for sockets in (strict.sockets, strict.sockets_again):
        assert sockets is not None, strict.unobserved
        assert [(one.port, one.process) for one in sockets] == [(8080, "httpd")]


def test_pods_that_fail_once_and_ports_that_come_and_go(observed: dict[str, Application]) -> None:
    for workload, port in zip(observed["changing"].workloads, (8080, 8016), strict=True):
        assert workload.sockets is not None, workload.unobserved
        assert {one.port for one in workload.sockets} == {port}, workload.name
        assert {one.port for one in workload.sockets_again or ()} == {port}


@pytest.mark.parametrize("name", ["six", "six-udp", "device-udp"])
def test_a_socket_that_refuses_even_its_own_pod_is_open_to_nobody(
    observed: dict[str, Application], name: str
) -> None:
    (message,) = findings(observed["odd"], "M3")[f"Deployment/{name}"]
    assert message.startswith("loopback: ")


def test_a_server_of_datagrams_that_nobody_forbids_is_no_finding(
    observed: dict[str, Application],
) -> None:
    assert "Deployment/server" not in findings(observed["odd"], "M3")
    assert findings(observed["odd"], "R2") == {}
