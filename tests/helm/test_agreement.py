"""Both kinds of Helm make the same of a chart and its values."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from helm.writing import declare, write_chart
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.helm.request import Rendered, RenderRequest

DEPLOYMENT = """\
{{- range $name, $port := .Values.parts }}
---# {{ $name }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" $ }}-{{ $name }}
  labels: {{- include "web.labels" $ | nindent 4 }}
spec:
  selector: {matchLabels: {part: {{ $name }}}}
  template:
    metadata: {labels: {part: {{ $name }}}}
    spec:
      containers:
        - name: {{ $name }}
          args: ["{{ tpl $.Values.greeting $ }}"]
          ports: [{containerPort: {{ $port }}}]
{{- end }}
"""
HELPERS = """\
{{- define "web.name" }}{{ .Release.Name }}-{{ .Chart.Name | trunc 63 }}{{ end }}
{{- define "web.labels" -}}
app: {{ .Chart.Name }}
version: {{ .Chart.AppVersion | default "none" | quote }}
{{- end }}
"""
MIXED = """\
# before the first document
---
apiVersion: v1
kind: Service
metadata: {name: z}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  annotations: {helm.sh/hook: post-install}
data:
  text: |
    ---
    # Source: web/templates/inside.yaml
    kind: none
---
{{ if .Values.never }}
kind: Never
{{ end }}
"""


def documents(rendered: Rendered) -> dict[str, list[str]]:
    """What each template says, in any order, as data."""
    found: dict[str, list[str]] = {}
    for path, text in rendered.templates:
        pieces = re.split(r"^---(?:\s|$|(?=#))", text, flags=re.MULTILINE)
        objects = [yaml.safe_load(piece) for piece in pieces]
        said = sorted(json.dumps(item, sort_keys=True) for item in objects if item is not None)
        if said:
            found[path] = said
    return found


def agreed(both: tuple[Renderer, Renderer], request: RenderRequest) -> Rendered:
    """Render with both, compare, give one of the results."""
    (one,), (other,) = (list(renderer.render([request])) for renderer in both)
    assert one.error == other.error
    assert documents(one) == documents(other)
    assert one.blank == other.blank
    assert sorted(one.definitions) == sorted(other.definitions)
    return one


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chart = write_chart(
        tmp_path_factory.mktemp("agreement") / "web",
        {
            "values.yaml": "parts: {api: 80, db: 5432}\ngreeting: '{{ .Release.Name }}'\nport: 1\n",
            "templates/_helpers.tpl": HELPERS,
            "templates/deployment.yaml": DEPLOYMENT,
            "templates/deep/er/mixed.yaml": MIXED,
            "templates/blank.yaml": "{{ if .Values.never }}kind: Deployment{{ end }}",
            "templates/NOTES.txt": "thank you",
            "crds/foo.yaml": "kind: CustomResourceDefinition\nmetadata:\n  name: foos.e.com\n",
        },
    )
    declare(
        chart,
        "name: cache, version: 1.2.3, alias: redis, condition: redis.enabled",
        "name: off, version: 1.2.3, tags: [extra]",
    )
    write_chart(chart / "charts" / "cache", {"templates/empty.yaml": "\n"})
    write_chart(chart / "charts" / "off")
    return chart


@pytest.mark.parametrize(
    "sets",
    [(), ("tags.extra=false",), ("redis.enabled=false",), ("parts=null",), ("parts.api=http",)],
)
def test_a_realistic_chart(
    both: tuple[Renderer, Renderer], chart: Path, sets: tuple[str, ...]
) -> None:
    rendered = agreed(both, RenderRequest(chart, sets=sets, release="blue", namespace="shop"))
    assert "templates/deep/er/mixed.yaml" in dict(rendered.templates)
    assert rendered.definitions


def test_the_example_charts(both: tuple[Renderer, Renderer]) -> None:
    folder = Path(__file__).resolve().parents[2] / "example-charts"
    for chart in sorted(folder.glob("*/Chart.yaml")):
        agreed(both, RenderRequest(chart.parent))


KEYS = st.sampled_from(["a", "b", "c"])
LEAVES = st.none() | st.booleans() | st.integers(-999, 999) | st.sampled_from(["", "x", "0", "no"])
TREES = st.dictionaries(
    KEYS,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner)),
)
# Helm 4 drops a null of values.yaml itself, Helm 3 keeps it.
DEFAULTS = st.dictionaries(KEYS, st.integers(0, 9) | st.dictionaries(KEYS, st.integers(0, 9)))
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(".".join)
EXPRESSIONS = st.builds(
    lambda path, index, value: f"{path}{index}={value}",
    PATHS,
    st.sampled_from(["", "", "[0]", "[1]", "[0].a", "[0][1]"]),
    st.sampled_from(["1", "x", "null", "true", "{1,2}", "", "-5", "007", "1.5", "a\\,b"]),
)
# To be taken as --set-string.
TEXT = "text:"
TEXTS = EXPRESSIONS | EXPRESSIONS.map(TEXT.__add__)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example({}, [], ["a={1,2}", "a[0].b=3"])
@example({}, [], ["a[1]=x", "a[0][1]=y"])
@example({}, [], ["a={1,2}", "a[1][0]=z"])
@example({}, [{"a": None}], ["a.b=1"])
@given(
    defaults=DEFAULTS,
    files=st.lists(TREES, max_size=2),
    sets=st.lists(TEXTS, max_size=3),
)
def test_values_from_anywhere_are_merged_alike(
    both: tuple[Renderer, Renderer],
    tmp_path: Path,
    defaults: dict[str, Any],
    files: list[dict[str, Any]],
    sets: list[str],
) -> None:
    chart = write_chart(
        tmp_path / "web",
        {
            "values.yaml": json.dumps(defaults),
            "templates/web.yaml": "kind: ConfigMap\nvalues: {{ toJson .Values | quote }}\n",
        },
    )
    paths = []
    for number, values in enumerate(files):
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(json.dumps(values))
    plain = tuple(text for text in sets if not text.startswith(TEXT))
    texts = tuple(text.removeprefix(TEXT) for text in sets if text.startswith(TEXT))
    request = RenderRequest(chart, values=tuple(paths), sets=plain, set_strings=texts)
    (one,), (other,) = (list(renderer.render([request])) for renderer in both)
    assert (one.error is None) == (other.error is None)
    if one.error is None:
        assert documents(one) == documents(other)
