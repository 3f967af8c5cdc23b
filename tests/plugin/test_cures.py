"""A value of the chart that would cure a finding is named, once rendering has shown it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plugin.charts import NO_POLICY, POLICY, WEB

MakeChart = Callable[..., Path]


def test_a_policy_that_is_switched_off_is_named(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    policy = f"{{{{- if .Values.networkPolicy.enabled }}}}\n{POLICY}\n    {{{{- end }}}}\n"
    values = "networkPolicy:\n  enabled: false\n  allowExternal: false\n"
    make_chart("charts/web", {**NO_POLICY, "policy.yaml": policy}, **{"values.yaml": values})
    result = pytester.runpytest("--helm-chart=charts", "-k", "M6")
    result.stdout.fnmatch_lines(["  values   networkPolicy.enabled: true"])


def test_of_several_values_the_one_that_cures_is_named(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    policy = f"{{{{- if .Values.web.networkPolicy.on }}}}\n{POLICY}\n    {{{{- end }}}}\n"
    values = "networkPolicy: {one: false, two: false}\nweb: {networkPolicy: {on: false}}\n"
    make_chart("charts/web", {**NO_POLICY, "policy.yaml": policy}, **{"values.yaml": values})
    result = pytester.runpytest("--helm-chart=charts", "-k", "M6")
    result.stdout.fnmatch_lines(["  values   web.networkPolicy.on: true"])


def test_a_value_that_only_sounds_right_is_not_named(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    values = "networkPolicy:\n  enabled: false\n"
    make_chart("charts/web", NO_POLICY, **{"values.yaml": values})
    result = pytester.runpytest("--helm-chart=charts", "-k", "M6")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("  values *")


def test_the_host_network_of_a_subchart_can_be_switched_off(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    agent = WEB.replace("name: web", "name: agent").replace(
        "        spec:\n", "        spec:\n          hostNetwork: {{ .Values.hostNetwork }}\n"
    )
    make_chart("charts/web", NO_POLICY)
    make_chart(
        "charts/web/charts/agent", {"a.yaml": agent}, **{"values.yaml": "hostNetwork: true\n"}
    )
    result = pytester.runpytest("--helm-chart=charts", "-k", "M7", "-n2")
    result.stdout.fnmatch_lines(["  values   agent.hostNetwork: false"])


def test_a_note_may_stay_where_a_fault_was(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    """Off the host's network the port is one of the node all the same."""
    agent = WEB.replace(
        "        spec:\n", "        spec:\n          hostNetwork: {{ .Values.hostNetwork }}\n"
    ).replace("containerPort: 8080\n", "containerPort: 8080\n                  hostPort: 8080\n")
    make_chart("charts/web", {"a.yaml": agent}, **{"values.yaml": "hostNetwork: true\n"})
    result = pytester.runpytest("--helm-chart=charts", "-k", "M7")
    result.stdout.fnmatch_lines(["  values   hostNetwork: false"])


def test_a_value_that_moves_pods_to_the_node_is_no_cure_for_a_missing_policy(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    network = "        spec:\n          hostNetwork: {{ .Values.hostNetwork }}\n"
    web = WEB.replace("        spec:\n", network)
    agent = WEB.replace("name: web", "name: agent").replace("        spec:\n", network)
    agent = agent.replace("{{ .Values.hostNetwork }}", "true")
    values = "hostNetwork: false\n"
    make_chart("charts/web", {"web.yaml": web, "agent.yaml": agent}, **{"values.yaml": values})
    result = pytester.runpytest("--helm-chart=charts", "-k", "M6 or M7")
    result.assert_outcomes(failed=2, passed=1, skipped=1)
    result.stdout.no_fnmatch_line("  values *")


def test_a_value_that_is_not_meant_for_users_is_not_named(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    policy = f"{{{{- if .Values._defaults.networkPolicy }}}}\n{POLICY}\n    {{{{- end }}}}\n"
    values = "_defaults:\n  networkPolicy: false\n"
    make_chart("charts/web", {**NO_POLICY, "policy.yaml": policy}, **{"values.yaml": values})
    result = pytester.runpytest("--helm-chart=charts", "-k", "M6")
    result.stdout.no_fnmatch_line("  values *")
