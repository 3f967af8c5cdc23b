"""Manifests that Kubernetes refuses, each bad in one place, and what is said of it.

In ``says`` an ellipsis stands for any words.
"""

from __future__ import annotations

from typing import NamedTuple

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: web:1
          ports:
            - containerPort: 8080
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - port: 80
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {}
      ports:
        - port: 80
"""
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
    - host: a.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port: {number: 80}
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {rules: []}
"""
MONITOR = """\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web}
spec: {selector: {}, endpoints: []}
"""
CILIUM = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web}
spec: {endpointSelector: {}, ingress: []}
"""
CALICO = """\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web}
spec: {selector: all(), ingress: []}
"""


class Row(NamedTuple):
    """A file of manifests, and what has to be said of it."""

    says: str
    text: str


def instead(text: str, old: str, new: str) -> str:
    """The text with one place changed."""
    before, found, after = text.partition(old)
    assert found, old
    return before + new + after


def cut(text: str, at: str, new: str = "") -> str:
    """The text up to a place, and something else from there on."""
    before, found, _ = text.partition(at)
    assert found, at
    return before + new


def of(name: str, text: str, *changes: tuple[str, str, str]) -> dict[str, Row]:
    """Rows about one kind of object: what is changed, into what, and what is said then.

    A place that ends in ``…`` is cut off there.
    """
    kind = name.partition(" ")[0]
    rows = {}
    for old, new, says in changes:
        bare = old.removesuffix("…")
        made = cut(text, bare, new) if bare != old else instead(text, old, new)
        changed = " ".join((new or f"no {bare}").split())
        rows[f"{name}: {changed[:70]}"] = Row(f"{kind}/{says}", made)
    return rows


NAME = "  name: web\nspec"
TEMPLATE = "spec.template.spec.containers[0]"
DEPLOYMENTS = {
    **of(
        "Deployment",
        DEPLOYMENT,
        ("apiVersion: apps/v1\n", "", "? has no apiVersion"),
        ("apps/v1", "1", "? apiVersion is the number 1: write a string"),
        ("apps/v1", "v1", "web is a Deployment of v1, which … write apiVersion: apps/v1 and kind:"),
        ("metadata:\n  name: web\n", "", " has no metadata.name"),
        ("metadata:\n  name: web\n", "metadata: 5\n", " metadata is the number 5, and … a mapping"),
        (NAME, "  name: [web]\nspec", "['web'] metadata.name is a list, and … a string"),
        (NAME, "  name: 7\nspec", "7 metadata.name is the number 7: write it in quotes"),
        (NAME, "  name: Web\nspec", "Web metadata.name has other characters than a-z"),
        (NAME, "  name: ''\nspec", " metadata.name is empty"),
        (NAME, "  name: web\n  namespace: 7\nspec", "7.web metadata.namespace is the number 7"),
        (NAME, "  name: web\n  namespace: My_NS\nspec", "… metadata.namespace My_NS has other"),
        (NAME, "  name: web\n  labels: [a]\nspec", "web metadata.labels is a list; … a map of"),
        (
            NAME,
            "  name: web\n  labels: {a: true}\nspec",
            'web metadata.labels: a is the boolean true … write a: "true"',
        ),
        (NAME, "  name: web\n  labels: {a: {b: c}}\nspec", "web metadata.labels: a is a mapping"),
        (NAME, "  name: web\n  labels: {a: 1+b}\nspec", "web … '1+b', has other characters"),
        (
            NAME,
            f"  name: web\n  labels: {{a: {'x' * 64}}}\nspec",
            "web … 64 characters, and 63 are",
        ),
        (NAME, "  name: web\n  labels: {my key: x}\nspec", "web … the key 'my key' has other"),
        (NAME, "  name: web\n  annotations: a\nspec", "web metadata.annotations is a string"),
        (NAME, "  name: web\n  annotations: {a: 1}\nspec", 'web … write a: "1"'),
        ("spec:…", "spec: word\n", "web spec is a string, and Kubernetes takes a mapping"),
        ("spec:…", "spec: []\n", "web spec is a list, and Kubernetes takes a mapping"),
        ("spec:…", "", "web has no spec.selector, which Kubernetes requires"),
        ("  selector:\n    matchLabels: {app: web}\n", "", "web has no spec.selector"),
        (
            "selector:\n    matchLabels: {app: web}",
            "selector: 5",
            "web spec.selector is the number",
        ),
        (
            "matchLabels: {app: web}",
            "matchLabels: [app]",
            "web spec.selector.matchLabels is a list",
        ),
        ("matchLabels: {app: web}", "matchLabels: {}", "web spec.selector is empty, which"),
        ("matchLabels: {app: web}", "app: web", "web spec.selector is empty, which Kubernetes"),
        ("{app: web}", "{app: db}", "web spec.selector (app=db) does not match the labels of its"),
        (
            "matchLabels: {app: web}",
            "matchExpressions: {key: a}",
            "web … matchExpressions is a map",
        ),
        (
            "matchLabels: {app: web}",
            "matchExpressions: [{key: app, operator: Has}]",
            "web spec.selector.matchExpressions: operator Has is none of DoesNotExist",
        ),
        (
            "matchLabels: {app: web}",
            "matchExpressions: [{key: app, operator: In, values: web}]",
            "web spec.selector.matchExpressions[0].values is a string, and Kubernetes takes a list",
        ),
        (
            "matchLabels: {app: web}",
            "matchExpressions: [{key: app, operator: In}]",
            "web spec.selector.matchExpressions: operator In takes values",
        ),
        (
            "matchLabels: {app: web}",
            "matchExpressions: [{key: app, operator: Exists, values: [a]}]",
            "web spec.selector.matchExpressions: operator Exists takes no values",
        ),
        (
            "  selector:",
            "  replicas: '2'\n  selector:",
            "web spec.replicas is a string, and … whole",
        ),
        ("  template:…", "", "web … has no containers, and every pod needs one"),
        ("  template:…", "  template: x\n", "web spec.template is a string"),
        (
            "labels: {app: web}\n    spec",
            "labels: app\n    spec",
            "web template labels is a string",
        ),
        ("    spec:\n…", "    spec: x\n", "web spec.template.spec is a string"),
        ("    spec:\n…", "", "web has no containers, and every pod needs one"),
        ("containers:…", "containers: {a: b}\n", "web spec.template.spec.containers is a mapping"),
        ("containers:…", "containers: []\n", "web has no containers"),
        ("containers:…", "containers: [web]\n", f"web {TEMPLATE} is a string, and … a mapping"),
        ("containers:…", "containers: [null]\n", "web has a container without a name"),
        ("      cont", "      initContainers: x\n      cont", "web … initContainers is a string"),
        (
            "      cont",
            "      hostNetwork: 'yes'\n      cont",
            "web … hostNetwork is a string, and",
        ),
        ("- name: web\n          image", "- image", "web has a container without a name"),
        ("- name: web\n", "- name: 7\n", f"web {TEMPLATE}.name is the number 7"),
        ("- name: web\n", "- name: My_web\n", "web container My_web: its name has other"),
        ("- name: web\n", "- {name: web}\n        - name: web\n", "web has two containers of"),
    ),
    **of(
        "Deployment port",
        DEPLOYMENT,
        (
            "ports:…",
            "ports: {containerPort: 80}\n",
            f"… {TEMPLATE}.ports is a mapping, and … a list",
        ),
        (
            "ports:…",
            "ports: '80'\n",
            f"… {TEMPLATE}.ports is a string, and Kubernetes takes a list",
        ),
        ("ports:…", "ports: [80]\n", f"… {TEMPLATE}.ports[0] is the number 80, and … a mapping"),
        ("8080", "'8080'", "… container web: containerPort is 8080 in quotes: write it without"),
        ("8080", "http", "… containerPort is 'http', and … a number from 1 to 65535"),
        ("8080", "80.5", "… containerPort is the number 80.5, and … from 1 to 65535"),
        ("8080", "70000", "… containerPort is 70000, and … from 1 to 65535"),
        ("8080", "true", "… containerPort is the boolean true, and … from 1 to 65535"),
        ("containerPort: 8080", "name: http", "… containerPort has no number"),
        ("8080", "80\n              name: prometheus-exporter", "… 19 characters, and 15 are"),
        ("8080", "80\n              name: '8080'", "… the port name 8080 has no letter"),
        ("8080", "80\n              name: HTTP", "… the port name HTTP has other characters"),
        ("8080", "80\n              name: [a]", f"… {TEMPLATE}.ports[0].name is a list"),
        (
            "- containerPort: 8080",
            (
                "- {name: dns, containerPort: 53}\n"
                "            - {name: dns, containerPort: 53, protocol: UDP}"
            ),
            "… two of its ports are called dns",
        ),
        ("8080", "80\n              protocol: tcp", "… protocol tcp is none of TCP, UDP, SCTP"),
        ("8080", "80\n              protocol: 6", f"… {TEMPLATE}.ports[0].protocol is the number"),
        (
            "8080",
            "80\n              hostPort: '80'",
            "… hostPort is 80 in quotes: write it without",
        ),
        ("8080", "80\n              hostPort: 70000", "… hostPort is 70000, and Kubernetes takes"),
        (
            "- containerPort: 8080",
            "- {containerPort: 80, hostPort: 80}\n            - {containerPort: 81, hostPort: 80}",
            "… takes hostPort 80/TCP twice in one pod",
        ),
        (
            "containers:\n        - name: web\n          image: web:1\n          ports:",
            (
                "hostNetwork: true\n      containers:\n        - name: web\n          ports:\n"
                "            - {containerPort: 81, hostPort: 8080}"
            ),
            "… hostPort 8080 is not containerPort 81",
        ),
        ("8080\n", "80\n          readinessProbe: x\n", f"… {TEMPLATE}.readinessProbe is a string"),
        (
            "8080\n",
            "80\n          livenessProbe: {httpGet: {port: [1]}}\n",
            f"… {TEMPLATE}.livenessProbe.httpGet.port is a list, and … a number or a name",
        ),
        (
            "8080\n",
            "80\n          livenessProbe: {tcpSocket: {port: 70000}}\n",
            "… livenessProbe: port is 70000, and Kubernetes takes a number from 1 to 65535",
        ),
        (
            "8080\n",
            "80\n          livenessProbe: {httpGet: {port: '80'}}\n",
            "… livenessProbe: the port name 80 has no letter: write port: 80 without quotes",
        ),
        (
            "8080\n",
            "80\n          readinessProbe: {httpGet: {port: prometheus-exporter}}\n",
            "… the port name prometheus-exporter has 19 characters, and 15 are allowed",
        ),
        (
            "8080\n",
            "80\n          startupProbe: {httpGet: {path: /}}\n",
            "… container web: startupProbe has no port",
        ),
    ),
}

SERVICES = of(
    "Service",
    SERVICE,
    ("spec:…", "spec: word\n", "web spec is a string, and Kubernetes takes a mapping"),
    ("name: web", "name: 8ball", "8ball metadata.name does not begin with a letter"),
    ("  ports:…", "", "web has no spec.ports, which only a headless Service can be without"),
    ("ports:…", "ports: {port: 80}\n", "web spec.ports is a mapping, and Kubernetes takes a list"),
    ("ports:…", "ports: [http]\n", "web spec.ports[0] is a string, and … a mapping"),
    ("port: 80", "port: '80'", "web spec.ports: port is 80 in quotes: write it without"),
    ("port: 80", "port: http", "web spec.ports: port is 'http', and … from 1 to 65535"),
    ("port: 80", "port: 0", "web spec.ports: port is 0, and … from 1 to 65535"),
    ("port: 80", "targetPort: 80", "web spec.ports: port has no number"),
    ("port: 80", "port: 80\n      targetPort: [80]", "web targetPort is a list; write a number"),
    ("port: 80", "port: 80\n      targetPort: '80'", "… write targetPort: 80 without quotes"),
    ("port: 80", "port: 80\n      targetPort: 70000", "web spec.ports: 80: targetPort is 70000"),
    ("port: 80", "port: 80\n      targetPort: prometheus-exporter", "… has 19 characters, and 15"),
    ("port: 80", "port: 80\n      protocol: HTTP", "web spec.ports: 80: protocol HTTP is none of"),
    ("port: 80", "port: 80\n      nodePort: x", "web spec.ports[0].nodePort is a string"),
    ("port: 80", "port: 80\n      nodePort: 70000", "web spec.ports: nodePort 70000 is no number"),
    ("spec:", "spec:\n  type: NodePort\n  clusterIP: None", "web spec.clusterIP None is not for"),
    ("port: 80", "port: 80\n    - port: 81", "web spec.ports: 80/TCP has no name, which every"),
    (
        "- port: 80",
        "- {port: 80, name: a}\n    - {port: 81, name: a}",
        "web spec.ports: two ports are called a",
    ),
    (
        "- port: 80",
        "- {port: 80, name: a}\n    - {port: 80, name: b}",
        "web spec.ports: 80/TCP is there twice",
    ),
    ("selector: {app: web}", "selector: [app]", "web spec.selector is a list; … a map of strings"),
    ("selector: {app: web}", "selector: app=web", "web spec.selector is a string; … a map of"),
    ("{app: web}", "{matchLabels: {app: web}}", "web spec.selector: matchLabels is a mapping"),
    ("{app: web}", "{app: 1}", 'web spec.selector: app is the number 1 … write app: "1"'),
    ("spec:", "spec:\n  type: Loadbalancer", "web spec.type Loadbalancer is none of ClusterIP"),
    ("spec:", "spec:\n  type: 1", "web spec.type is the number 1, and Kubernetes takes a string"),
    ("spec:", "spec:\n  clusterIP: 7", "web spec.clusterIP is the number 7"),
    ("spec:", "spec:\n  clusterIP: none", "web spec.clusterIP none is no address; a headless"),
    ("spec:", "spec:\n  type: ExternalName", "web spec.externalName '' is empty"),
    (
        "spec:",
        "spec:\n  type: ExternalName\n  externalName: .svc",
        "web spec.externalName '.svc' has other characters",
    ),
    (
        "spec:",
        "spec:\n  type: LoadBalancer\n  loadBalancerSourceRanges: x",
        "web spec.loadBalancerSourceRanges is a string, and Kubernetes takes a list",
    ),
)

PEER = "podSelector: {}\n      ports"
FROM = "web spec.ingress[0].from"
POLICIES = of(
    "NetworkPolicy",
    POLICY,
    ("spec:…", "spec: word\n", "web spec is a string, and Kubernetes takes a mapping"),
    ("podSelector: {}\n  policy", "podSelector: []\n  policy", "web spec.podSelector is a list"),
    ("[Ingress]", "Ingress", "web spec.policyTypes is a string, and Kubernetes takes a list"),
    ("[Ingress]", "[ingress]", "web spec.policyTypes: ingress is none of Ingress, Egress"),
    ("ingress:…", "ingress: {from: []}\n", "web spec.ingress is a mapping, and … a list"),
    ("    - podSelector: {}\n", "    podSelector: {}\n", f"{FROM} is a mapping, and … a list"),
    (PEER, "web\n      ports", f"{FROM}[0] is a string, and Kubernetes takes a mapping"),
    (PEER, "{}\n      ports", f"{FROM} has an entry without podSelector, namespaceSelector or"),
    (PEER, "ipBlock: {cidr: 10.0.0.0}\n      ports", f"{FROM}: cidr '10.0.0.0' is no range"),
    (PEER, "ipBlock: {}\n      ports", f"{FROM}: cidr '' is no range such as 10.0.0.0/8"),
    (
        PEER,
        "ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}\n      ports",
        f"{FROM}: except '11.0.0.0/16' is no part of 10.0.0.0/8",
    ),
    (
        PEER,
        "{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}\n      ports",
        f"{FROM}: an ipBlock stands beside a selector, not with it",
    ),
    (
        PEER,
        "podSelector: {matchExpressions: [{key: a, operator: 5}]}\n      ports",
        f"{FROM}[0].podSelector.matchExpressions[0].operator is the number 5",
    ),
    (
        PEER,
        "podSelector: {matchExpressions: [{key: a, operator: Has}]}\n      ports",
        f"{FROM}.podSelector.matchExpressions: operator Has is none of DoesNotExist",
    ),
    (
        PEER,
        "namespaceSelector: {matchLabels: {a: 1}}\n      ports",
        f'{FROM}.namespaceSelector.matchLabels: a is the number 1 … write a: "1"',
    ),
    (
        PEER,
        "podSelector: {matchExpressions: [{operator: Exists}]}\n      ports",
        f"{FROM}.podSelector.matchExpressions: the key '' has other characters",
    ),
    ("ports:…", "ports: [80]\n", "web spec.ingress[0].ports[0] is the number 80"),
    ("port: 80", "port: '80'", "… the port name 80 has no letter: write port: 80 without quotes"),
    ("port: 80", "port: [80]", "web spec.ingress[0].ports[0].port is a list"),
    ("port: 80", "port: 70000", "web spec.ingress[0].ports: port 70000 is no number from 1 to"),
    ("port: 80", "{port: 80, protocol: tcp}", "… protocol tcp is none of TCP, UDP, SCTP"),
    ("port: 80", "{port: 80, endPort: 70}", "… endPort 70 does not follow a port with a number"),
    ("port: 80", "{port: http, endPort: 90}", "… endPort 90 does not follow a port with a number"),
)

BACKEND = "web spec.rules[0].http.paths[0].backend"
ROUTES = {
    **of(
        "Ingress",
        INGRESS,
        ("  rules:…", "  ingressClassName: x\n", "web has neither spec.rules nor spec.defaultBack"),
        ("rules:…", "rules: {host: a}\n", "web spec.rules is a mapping, and … a list"),
        ("http:…", "http: x\n", "web spec.rules[0].http is a string, and … a mapping"),
        ("paths:…", "paths: x\n", "web spec.rules[0].http.paths is a string, and … a list"),
        ("backend:…", "backend: web\n", f"{BACKEND} is a string, and Kubernetes takes a mapping"),
        ("{number: 80}", "80", f"{BACKEND}.service.port is the number 80, and … a mapping"),
        ("{number: 80}", "{number: 70000}", "web leads to port 70000, which is no number from 1"),
        ("{number: 80}", "{number: '80'}", f"{BACKEND}.service.port.number is a string"),
        ("a.example", "A_b.example", "web the host 'A_b.example' has other characters"),
        ("a.example", "a.*.example", "web the host 'a.*.example' has other characters"),
        ("a.example", "7", "web spec.rules[0].host is the number 7, and … a string"),
        ("  rules:", "  tls: [{hosts: a}]\n  rules:", "web spec.tls[0].hosts is a string, and"),
        ("  rules:", "  tls: [{hosts: ['']}]\n  rules:", "web the host '' is empty"),
    ),
    **of(
        "HTTPRoute", ROUTE, ("[]", "x", "web spec.rules is a string, and Kubernetes takes a list")
    ),
    **of("HTTPRoute rule", ROUTE, ("[]", "[{backendRefs: x}]", "web … backendRefs is a string")),
    **of("ServiceMonitor", MONITOR, ("{}, e", "x, e", "web spec.selector is a string, and")),
    **of("ServiceMonitor list", MONITOR, ("[]", "x", "web spec.endpoints is a string, and")),
    **of("CiliumNetworkPolicy", CILIUM, ("[]", "x", "web spec.ingress is a string, and")),
    **of("NetworkPolicy of Calico", CALICO, ("[]", "x", "web spec.ingress is a string, and")),
}

OTHERS = {
    "StatefulSet: serviceName of a list": Row(
        "StatefulSet/web spec.serviceName is a list, and Kubernetes takes a string",
        instead(
            instead(DEPLOYMENT, "Deployment", "StatefulSet"),
            "  selector:",
            "  serviceName: [a]\n  selector:",
        ),
    ),
    "ReplicationController: other labels": Row(
        "ReplicationController/web … does not match the labels of its own pod template",
        DEPLOYMENT.replace("apps/v1", "v1")
        .replace("Deployment", "ReplicationController")
        .replace("    matchLabels: {app: web}", "    app: db"),
    ),
    "CronJob: template of a word": Row(
        "CronJob/a spec.jobTemplate is a string, and Kubernetes takes a mapping",
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: x}\n",
    ),
    "ConfigMap: label of a number": Row(
        'ConfigMap/web metadata.labels: version is the number 1.1 … write version: "1.1"',
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  labels:\n    version: 1.1\n",
    ),
    "custom resource: annotation of a boolean": Row(
        'Certificate/web metadata.annotations: a is the boolean true … write a: "true"',
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata:\n  name: web\n"
        "  annotations:\n    a: yes  # always\n",
    ),
    "kind: in small letters": Row(
        "deployment/web is a deployment of apps/v1, which … and kind: Deployment",
        instead(DEPLOYMENT, "kind: Deployment", "kind: deployment"),
    ),
    "kind: of a group without it": Row(
        "NetworkPolicy/web is a NetworkPolicy of v1, which … apiVersion: networking.k8s.io/v1",
        instead(POLICY, "networking.k8s.io/v1", "v1"),
    ),
    "kind: none": Row("?/? has no kind", "a: 1\n"),
    "kind: a list": Row("?/? kind is a list: write a string", "apiVersion: v1\nkind: [Pod]\n"),
    "List: of a word": Row(
        "List/? items is a string, and Kubernetes takes a list",
        "apiVersion: v1\nkind: List\nitems: x\n",
    ),
    "List: of words": Row(
        "List/? items[0] is a string, and Kubernetes takes an object",
        "apiVersion: v1\nkind: List\nitems: [words]\n",
    ),
    "object: twice": Row(
        "Deployment/web is rendered more than once", f"{DEPLOYMENT}---\n{DEPLOYMENT}"
    ),
    "file: of docker compose": Row("?/? has no kind", "services: {web: {image: web:1}}\n"),
    "file: a kubeconfig": Row("Config/ has no metadata.name", "apiVersion: v1\nkind: Config\n"),
}

REFUSED = {**DEPLOYMENTS, **SERVICES, **POLICIES, **ROUTES, **OTHERS}

# Texts that hold no manifests at all: said of the file, which stands before it.
NO_MANIFESTS = {
    "words": Row(": a document is a string, and Kubernetes takes objects only", "just words\n"),
    "a list": Row(": a document is a list, and Kubernetes takes objects only", "- a\n"),
    "not YAML": Row(": not YAML: … in line 2", "kind: [\n"),
    "cut off JSON": Row(": not YAML: … in line 2", '{"kind": "Pod"\n'),
    "control character": Row(": not YAML: the control character #x0000, in line 1", "a: \0\n"),
    "nothing": Row(": there is no Kubernetes object in it", ""),
    "comments": Row(": there is no Kubernetes object in it", "# to do\n---\n"),
    "template of Helm": Row(
        " … \na template of Helm is checked with its chart: --helm-chart=PATH",
        "a: {{ .Values.a }}\n",
    ),
    "Latin-1": Row(": not UTF-8: … at byte 0", "\udcff\udcfe"),
}
