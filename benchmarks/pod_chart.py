"""Charts with a given number of pods, each a small HTTP server."""

from __future__ import annotations

from pathlib import Path

_CHART = """\
apiVersion: v2
name: {name}
version: 0.1.0
"""
_TEMPLATE = """\
{{{{- range $number := until {pods} }}}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{{{ $.Release.Name }}}}-{{{{ $number }}}}
spec:
  selector:
    matchLabels: &labels
      app.kubernetes.io/instance: {{{{ $.Release.Name }}}}
      app.kubernetes.io/component: server-{{{{ $number }}}}
  template:
    metadata:
      labels: *labels
    spec:
      containers:
        - name: server
          image: registry.k8s.io/e2e-test-images/agnhost:2.53
          imagePullPolicy: IfNotPresent
          args: [netexec, --http-port=8080, --udp-port=-1]
          ports:
            - containerPort: 8080
{{{{- end }}}}
"""


def write_pod_chart(path: Path, pods: int) -> Path:
    """Write a chart of so many Deployments with one pod each."""
    (path / "templates").mkdir(parents=True)
    (path / "Chart.yaml").write_text(_CHART.format(name=path.name), encoding="utf-8")
    text = _TEMPLATE.format(pods=pods)
    (path / "templates" / "deployments.yaml").write_text(text, encoding="utf-8")
    return path
