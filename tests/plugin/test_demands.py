"""Charts that demand values: what ci/ files give, and all that is asked for at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.charts import RAN, SOUND, WAITING

MakeChart = Callable[..., Path]

DEMANDING = """
    {{ required "set a host" .Values.host }}
    {{ required "and a port" (.Values.service.port) }}
    {{ .Values.image.tag.name }}
"""


def test_the_sets_of_ci_decide_where_the_defaults_demand_a_value(
    pytester: pytest.Pytester, make_chart: MakeChart, read_json: Callable[..., Any]
) -> None:
    demanding = {**SOUND, "demand.yaml": '{{ $_ := required "set a host" .Values.host }}'}
    make_chart("charts/web", demanding, **{"ci/a-values.yaml": "host: web.example\n"})
    result = pytester.runpytest("--helm-chart=charts", "-rs", "--k8snet-json=out.json")
    result.assert_outcomes(passed=RAN, skipped=WAITING + 1)
    result.stdout.fnmatch_lines(["SKIPPED*the values of ci/ decide: *set a host*"])
    outcomes = {chart["values"]: chart["outcome"] for chart in read_json()["charts"]}
    assert outcomes == {"defaults": "skipped", "a": "passed"}


def test_all_values_that_a_chart_asks_for_are_named_at_once(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    values = "service: {}\nimage: {}\n"
    make_chart("charts/web", {"demand.yaml": DEMANDING}, **{"values.yaml": values})
    result = pytester.runpytest("--helm-chart=charts")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*set a host", "it asks for host, service.port, image.tag.name", "pass values with*"]
    )


def test_a_value_that_a_helper_asks_for_is_taken_from_what_it_says(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    """Helm names the line that calls the helper. A word that is no value is not named."""
    helper = """
        {{- define "web.tag" }}
        {{- required ".Values.image.tag is required" .Values.image.tag }}{{ end }}
        {{- define "web.host" }}{{ required "something is required" .Values.host }}{{ end }}
    """
    demand = '{{ $_ := include "web.tag" . }}{{ $_ := include "web.host" . }}'
    make_chart(
        "charts/web", {"_helper.tpl": helper, "demand.yaml": demand}, **{"values.yaml": "image: {}"}
    )
    result = pytester.runpytest("--helm-chart=charts")
    result.stdout.fnmatch_lines(["*.Values.image.tag is required", "it asks for image.tag"])


def test_a_schema_names_all_that_it_misses(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    schema = (
        '{"type": "object", "required": ["host"], "properties": {"image": {"required": ["tag"]}}}'
    )
    files = {"values.schema.json": schema, "values.yaml": "image: {}\n"}
    make_chart("charts/web", SOUND, **files)
    result = pytester.runpytest("--helm-chart=charts")
    result.stdout.fnmatch_lines(["it asks for *host*", "pass values with*"])
    assert "image.tag" in result.stdout.str()


def test_a_chart_that_does_not_render_can_be_expected(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", {"demand.yaml": DEMANDING})
    pytester.runpytest("--helm-chart=charts", "--k8snet-write-baseline=known.txt")
    result = pytester.runpytest("--helm-chart=charts", "--k8snet-baseline=known.txt")
    result.assert_outcomes(xfailed=1)


def test_a_chart_that_does_not_render_can_be_expected_in_the_configuration(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", {"demand.yaml": DEMANDING})
    make_chart("charts/api", SOUND)
    lines = ["renders charts/web *: needs our values", "renders charts/api *: it once did not"]
    ini = "".join(f"\n    {line}" for line in lines)
    pytester.makeini(f"[pytest]\nk8snet_ignore_findings ={ini}\n")
    result = pytester.runpytest("--helm-chart=charts", "-rx")
    result.assert_outcomes(xfailed=1, passed=RAN, skipped=WAITING)
    result.stdout.fnmatch_lines(["XFAIL *web*renders*needs our values"])
    result.stdout.fnmatch_lines(["*renders charts/api*is not needed*"])
    assert "renders charts/web *: needs our values' " not in result.stdout.str()


def test_a_missing_dependency_is_told_once_for_all_values_sets(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    needy = (
        "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n"
        "  - {name: redis, version: 1.0.0, repository: https://charts.example.com}\n"
    )
    files = {"Chart.yaml": needy, "ci/a-values.yaml": "{}\n", "ci/b-values.yaml": "{}\n"}
    make_chart("charts/web", SOUND, **files)
    result = pytester.runpytest("--helm-chart=charts")
    result.assert_outcomes(failed=1)
    failures = result.stdout.str().partition("short test summary info")[0]
    assert failures.count("declared in Chart.yaml and missing") == 1


def test_only_the_values_that_need_an_absent_dependency_are_told_so(
    pytester: pytest.Pytester, make_chart: MakeChart, read_json: Callable[..., Any]
) -> None:
    needy = (
        "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n"
        "  - {name: redis, version: 1.x.x, condition: redis.enabled}\n"
    )
    files = {"values.yaml": "redis: {enabled: false}\n", "Chart.yaml": needy}
    files |= {f"ci/{name}-values.yaml": "redis: {enabled: true}\n" for name in "ab"}
    make_chart("charts/web", SOUND, **files)
    result = pytester.runpytest("--helm-chart=charts", "--k8snet-json=out.json")
    result.assert_outcomes(passed=RAN, skipped=WAITING, failed=1)
    result.stdout.fnmatch_lines(
        ["charts/web: declared in Chart.yaml and missing in charts/: redis*"]
    )
    outcomes = {chart["values"]: chart["outcome"] for chart in read_json()["charts"]}
    assert outcomes == {"defaults": "passed", "a": "failed"}


def test_a_chart_next_door_stands_for_the_dependency_and_is_named(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    needy = (
        "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n"
        "  - {name: redis, version: 1.x.x, repository: https://charts.example.com}\n"
    )
    make_chart("charts/web", SOUND, **{"Chart.yaml": needy})
    make_chart("charts/redis", {})
    result = pytester.runpytest("--helm-chart=charts/web")
    result.assert_outcomes(passed=RAN, skipped=WAITING)
    result.stdout.fnmatch_lines(["k8snet: *web: redis 1.x.x taken from *redis (1.2.3)"])
