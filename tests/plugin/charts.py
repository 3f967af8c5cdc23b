"""Templates that several tests render, and how many tests there are for them."""

from __future__ import annotations

WEB = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      selector:
        matchLabels:
          app: "{{ .Release.Name }}"
      template:
        metadata:
          labels:
            app: "{{ .Release.Name }}"
        spec:
          containers:
            - name: web
              image: web:1
              ports:
                - name: http
                  containerPort: 8080
"""

SERVICE = """
    apiVersion: v1
    kind: Service
    metadata:
      name: web
    spec:
      selector:
        app: "{{ .Release.Name }}"
      ports:
        - port: 80
          targetPort: {{ .Values.target | default "http" }}
"""

POLICY = """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: web
    spec:
      podSelector:
        matchLabels:
          app: "{{ .Release.Name }}"
      ingress:
        - from:
            - podSelector: {}
          ports:
            - port: http
"""

SOUND = {"web.yaml": WEB, "service.yaml": SERVICE, "policy.yaml": POLICY}
"""A chart without any static finding."""

NO_POLICY = {"web.yaml": WEB, "service.yaml": SERVICE}
"""The same without its policy: one fault, M6."""

# A further check is counted here.
RAN = 17
"""Tests of SOUND that need no cluster: ``renders``, and what is asked of the three objects."""
BARE = 15
"""The same of NO_POLICY."""
WAITING = 6
"""Tests of either that are skipped without a cluster."""
