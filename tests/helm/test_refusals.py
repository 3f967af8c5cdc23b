"""What Helm refuses: one clean message with the place and the next step, the same from both."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from helm.conftest import Render
from helm.writing import write_chart

CHART_YAML = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
SCHEMA = '{"properties": {"port": {"type": "string"}, "tls": {"required": ["key"]}}}'


class Refusal(NamedTuple):
    """Files of a chart, and what its message has to say."""

    files: dict[str, str]
    says: tuple[str, ...]


REFUSALS = {
    "required": Refusal(
        {"templates/a.yaml": '\n\nx: {{ required "set .Values.host" .Values.host }}'},
        ("web: templates/a.yaml:3: set .Values.host", "--helm-values", "--helm-set", "ci/"),
    ),
    "required-in-subchart": Refusal(
        {
            "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
            "charts/db/templates/a.yaml": 'x: {{ required "needs a name" .Values.name }}',
        },
        ("charts/db/templates/a.yaml:1: needs a name", "--helm-values"),
    ),
    "fail": Refusal(
        {"templates/a.yaml": '{{ fail "\\nVALUES VALIDATION:\\n  one\\n  two" }}'},
        ("templates/a.yaml:1: VALUES VALIDATION:\n  one\n  two\n", "--helm-values"),
    ),
    "no-such-value": Refusal(
        {"templates/a.yaml": "x: {{ .Values.image.tag }}"},
        ("templates/a.yaml:1: .Values.image.tag is read", "--helm-set"),
    ),
    "template-syntax": Refusal(
        {"templates/a.yaml": "ok: 1\nx: {{ if }}\n"},
        ("templates/a.yaml:2: missing value for if", "correct this template"),
    ),
    "unknown-function": Refusal(
        {"templates/a.yaml": "x: {{ nope 1 }}"}, ('templates/a.yaml:1: function "nope"', "correct")
    ),
    "unknown-template": Refusal(
        {"templates/a.yaml": 'x: {{ include "web.nope" . }}'},
        ("templates/a.yaml:1:", 'no template "web.nope"', "correct"),
    ),
    "in-a-helper": Refusal(
        {
            "templates/a.yaml": '{{ include "web.x" . }}',
            "templates/_helpers.tpl": '\n{{ define "web.x" }}{{ index .Values.ports 7 }}{{ end }}',
            "values.yaml": "ports: [1]",
        },
        ("templates/_helpers.tpl:2: {{ index .Values.ports 7 }}", "included by templates/a.yaml:1"),
    ),
    "endless-include": Refusal(
        {
            "templates/a.yaml": '{{ include "web.x" . }}',
            "templates/_helpers.tpl": '{{ define "web.x" }}{{ include "web.x" . }}{{ end }}',
        },
        (
            "templates/_helpers.tpl:1:",
            "rendering template has a nested reference name: web.x (",
            "included by templates/a.yaml:1",
        ),
    ),
    "schema": Refusal(
        {"values.schema.json": SCHEMA, "values.yaml": "port: 80\ntls: {}\n"},
        (
            "values.schema.json:\n  web: '/port': got number, want string\n",
            "\n  web: '/tls': missing property 'key'\n",
            "--helm-values",
        ),
    ),
    "schema-unreadable": Refusal(
        {"values.schema.json": "{"}, ("values.schema.json cannot be used", "correct this file")
    ),
    "kube-version": Refusal(
        {"Chart.yaml": CHART_YAML + 'kubeVersion: "<1.20.0"\n'},
        ("requires kubeVersion: <1.20.0", "v1.36.0", "Chart.yaml"),
    ),
    "kube-version-unreadable": Refusal(
        {"Chart.yaml": CHART_YAML + 'kubeVersion: "newest"\n'},
        ("requires kubeVersion: newest", "Chart.yaml"),
    ),
    "values-yaml": Refusal({"values.yaml": "a: b: c"}, ("web: values.yaml: ", "correct this file")),
    "values-no-map": Refusal({"values.yaml": "- 1"}, ("web: values.yaml: ", "correct this file")),
    "chart-version": Refusal(
        {"Chart.yaml": "apiVersion: v2\nname: web\nversion: one\n"},
        ('Chart.yaml: version "one" is invalid', "correct"),
    ),
    "library": Refusal(
        {"Chart.yaml": CHART_YAML + "type: library\n"}, ("library charts", "depends on it")
    ),
    "large-file": Refusal({"files/x": "x" * (5 << 20) + "x"}, ("larger than", ".helmignore")),
}

GO_NOISE = ("Error:", "error calling", "execution error", "nil pointer", "unmarshal", "--debug")


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_names_the_place_and_the_next_step(
    render: Render, tmp_path: Path, refusal: Refusal
) -> None:
    chart = write_chart(tmp_path / "web", refusal.files)
    rendered = render(chart, label="web")
    assert rendered.error is not None
    assert rendered.templates == ()
    for said in refusal.says:
        assert said in rendered.error
    assert rendered.error.startswith("web: ")
    assert len(rendered.error) < 500
    assert not [noise for noise in GO_NOISE if noise in rendered.error]


def test_pre_releases_and_ranges_of_kube_version_count_as_helm_counts_them(
    render: Render, tmp_path: Path
) -> None:
    for constraint in (">=1.23.0-0", "^1.30", ">= 1.19 < 2", "1.x || 2.x", "*"):
        chart = write_chart(
            tmp_path / "web", {"Chart.yaml": CHART_YAML + f'kubeVersion: "{constraint}"\n'}
        )
        assert render(chart).error is None


def test_a_release_name_that_kubernetes_would_refuse_is_an_error(
    render: Render, tmp_path: Path
) -> None:
    error = render(write_chart(tmp_path / "web"), release="Not_A_Name").error
    assert error is not None
    assert "release name" in error
