"""Verdicts that need more than what a chart renders to: other charts, blank templates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MakeChart = Callable[..., Path]

REDIS = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: "{{ .Release.Name }}-redis"
    spec:
      selector:
        matchLabels: {app: redis}
      template:
        metadata:
          labels: {app: redis}
        spec:
          containers: [{name: redis, image: redis}]
"""
SERVICE = """
    apiVersion: v1
    kind: Service
    metadata:
      name: web
    spec:
      ports: [{port: 80}]
      selector:
        %s
"""
HELPER = """{{ define "web.labels" }}app: web{{ end }}
{{- define "web.all" -}}
version: "1"
app: web
{{- end -}}"""
BLANK = """{{ if .Values.enabled }}
apiVersion: %s
kind: %s
metadata:
  name: web
spec:
  %s
{{ end }}"""


def readings(pytester: pytest.Pytester, check: str) -> set[str]:
    """The readings of a check in all charts."""
    pytester.runpytest("--helm-chart=charts", "--k8snet-json=all.json")
    document: Any = json.loads(Path("all.json").read_text(encoding="utf-8"))
    return {
        finding["reading"]
        for result in document["results"]
        if result["check"] == check
        for finding in result["findings"]
    }


def test_two_charts_with_the_same_labels_take_each_others_pods(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/one", {"redis.yaml": REDIS})
    make_chart("charts/two", {"redis.yaml": REDIS})
    assert "application" in readings(pytester, "M4S")


def test_among_many_charts_with_the_same_labels_the_first_are_named(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    for number in range(10, 35):
        make_chart(f"charts/c{number}", {"redis.yaml": REDIS})
    result = pytester.runpytest("--helm-chart=charts", "-k", "M4S and c34")
    result.stdout.fnmatch_lines(
        ["*takes the pods of *redis of the chart charts/c10, *charts/c14 and 15 or more others,*"]
    )


def test_a_chart_and_its_own_dependency_are_not_two_charts(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/part", {"redis.yaml": REDIS})
    whole = (
        "apiVersion: v2\nname: whole\nversion: 1.0.0\ndependencies:\n"
        "  - {name: part, version: 1.0.0, repository: 'file://../part'}\n"
    )
    make_chart("charts/whole", {}, **{"Chart.yaml": whole})
    assert readings(pytester, "M4S") == {"release"}


def test_two_versions_of_a_chart_are_not_two_charts(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    old = {"Chart.yaml": "apiVersion: v2\nname: redis\nversion: 0.9.0\n"}
    make_chart("charts/redis", {"redis.yaml": REDIS})
    make_chart("charts/old", {"redis.yaml": REDIS}, **old)
    assert readings(pytester, "M4S") == {"release"}


def test_what_tells_aliases_of_one_chart_apart_is_no_word_of_its_template(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    whole = (
        "apiVersion: v2\nname: whole\nversion: 1.0.0\ndependencies:\n"
        "  - {name: part, version: 1.2.3, alias: orders}\n"
        "  - {name: part, version: 1.2.3, alias: stock}\n"
    )
    part = REDIS.replace("-redis", "-{{ .Chart.Name }}")
    make_chart("charts/whole", {}, **{"Chart.yaml": whole})
    make_chart("charts/whole/charts/part", {"part.yaml": part})
    result = pytester.runpytest("--helm-chart=charts", "-k", "M4A")
    # There is no file charts/orders/templates/part.yaml.
    result.stdout.fnmatch_lines(["  where    charts/whole/charts/part/templates/part.yaml:7 (*)"])
    result.stdout.fnmatch_lines(['*app.kubernetes.io/component: "{{ .Chart.Name }}"*'])


@pytest.mark.parametrize(
    ("selector", "labels", "reading"),
    [
        ('{{ include "web.labels" . }}', '{{ include "web.labels" . }}', "values-incomplete"),
        ('{{ include "web.labels" . }}', '{{ include "web.all" . }}', "values-incomplete"),
        ("app: web", '{{ include "web.all" . }}', "values-incomplete"),
        ("app: web", "app: web", "values-incomplete"),
        ("app: web", "app: other", "no-target"),
        ('{{ include "web.labels" . }}', "app: other", "no-target"),
    ],
    ids=[
        "helper",
        "lines of the helper",
        "literal in a helper",
        "literal",
        "other literal",
        "no helper",
    ],
)
def test_a_blank_workload_excuses_the_service_whose_labels_it_has(
    pytester: pytest.Pytester, make_chart: MakeChart, selector: str, labels: str, reading: str
) -> None:
    template = f"template:\n    metadata:\n      labels:\n        {labels}"
    templates = {
        "service.yaml": SERVICE % selector,
        "web.yaml": BLANK % ("apps/v1", "Deployment", template),
        "_helpers.tpl": HELPER,
    }
    make_chart("charts/web", templates, **{"values.yaml": "enabled: false\n"})
    assert readings(pytester, "M5D") == {reading}


def test_a_long_word_and_expressions_without_an_end_are_looked_at_once(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    """Looked at again from each place they would never come to an end."""
    word, expressions = "a" * 1_000_000, "a: {{ " * 100_000
    labels = f"# {word}\n  word: {{ {word} }}\n  {{{{/* {expressions} */}}}}\n  app: web"
    templates = {"service.yaml": SERVICE % "app: web", "web.yaml": BLANK % ("v1", "Pod", labels)}
    make_chart("charts/web", templates, **{"values.yaml": "enabled: false\n"})
    assert readings(pytester, "M5D") == {"values-incomplete"}


IN_BRACES = {
    "service": """
    apiVersion: v1
    kind: Service
    metadata: {name: jobs}
    spec: {selector: {app: "jobs", tier: back}, ports: [{port: 80}]}
    """,
    "policy": """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: jobs}
    spec:
      {ingress: [{from: [{podSelector: {}}]}], podSelector: {matchLabels: {tier: back, app: jobs}}}
    """,
    "route": """
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: other}
    spec: {rules: [{backendRefs: [{name: "{{ .Release.Name }}-jobs", port: 80}]}]}
    """,
}
JOBS = """{{ if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: jobs}
spec: {template: {metadata: {labels: {tier: 'back', app: jobs, more: yes}}}}
---
apiVersion: v1
kind: Service
metadata: {labels: {a: b}, name: '{{ .Release.Name }}-jobs'}
{{ end }}"""


@pytest.mark.parametrize(("kind", "check"), [("service", "M5D"), ("policy", "N2"), ("route", "N4")])
def test_mappings_in_braces_are_read_as_those_in_lines(
    pytester: pytest.Pytester, make_chart: MakeChart, kind: str, check: str
) -> None:
    templates = {"jobs.yaml": JOBS, "one.yaml": IN_BRACES[kind]}
    make_chart("charts/web", templates, **{"values.yaml": "enabled: false\n"})
    assert readings(pytester, check) == {"values-incomplete"}
    make_chart("charts/web", {**templates, "jobs.yaml": JOBS.replace("jobs", "other")})
    (fault,) = readings(pytester, check)
    assert fault in ("no-target", "no-service")


def test_the_selector_of_something_else_in_the_file_is_not_the_services(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    """A template is no excuse for a Service whose labels it lacks."""
    canary = BLANK % ("apps/v1", "Deployment", "selector: {matchLabels: {app: redis}}")
    templates = {"all.yaml": f"{REDIS}---{SERVICE % 'app: web'}", "canary.yaml": canary}
    make_chart("charts/web", templates, **{"values.yaml": "enabled: false\n"})
    assert readings(pytester, "M5D") == {"no-target"}


def test_a_blank_autoscaler_makes_no_pods(pytester: pytest.Pytester, make_chart: MakeChart) -> None:
    target = "scaleTargetRef:\n    kind: Deployment\n    name: web  # app: web"
    templates = {
        "service.yaml": SERVICE % "app: web",
        "hpa.yaml": BLANK % ("autoscaling/v2", "HorizontalPodAutoscaler", target),
    }
    make_chart("charts/web", templates, **{"values.yaml": "enabled: false\n"})
    assert readings(pytester, "M5D") == {"no-target"}


@pytest.mark.parametrize(
    ("hook", "reading"), [("test", "no-target"), ("test,post-install", "values-incomplete")]
)
def test_a_blank_test_makes_no_pods_of_the_application(
    pytester: pytest.Pytester, make_chart: MakeChart, hook: str, reading: str
) -> None:
    pod = f'hostname: web\n  # app: web\nmore:\n  "helm.sh/hook": {hook}\n  labels:\n    app: web'
    templates = {
        "service.yaml": SERVICE % "app: web",
        "tests/pod.yaml": BLANK % ("v1", "Pod", pod),
    }
    make_chart("charts/web", templates, **{"values.yaml": "enabled: false\n"})
    assert readings(pytester, "M5D") == {reading}
