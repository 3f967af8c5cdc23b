"""Which values sets a chart has, and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helm.writing import write_chart
from pytest_k8snet.errors import SettingsError
from pytest_k8snet.helm.charts import Chart
from pytest_k8snet.helm.values import ValuesSet, values_sets


@pytest.fixture
def chart(tmp_path: Path) -> Chart:
    return Chart(write_chart(tmp_path / "web"), "web")


def test_a_chart_is_rendered_with_its_own_values(chart: Chart) -> None:
    assert values_sets(chart, [], []) == (ValuesSet("defaults"),)


def test_each_ci_values_file_is_a_set_beside_the_defaults(chart: Chart) -> None:
    for name in ("tls-values.yaml", "ha-values.yaml", "kind-config.yaml", "README.md"):
        (chart.path / "ci").mkdir(exist_ok=True)
        (chart.path / "ci" / name).touch()
    ci = chart.path / "ci"
    assert values_sets(chart, [], []) == (
        ValuesSet("defaults"),
        ValuesSet("ha", (ci / "ha-values.yaml",)),
        ValuesSet("tls", (ci / "tls-values.yaml",)),
    )


def test_the_users_values_are_one_set_and_the_only_one(chart: Chart, tmp_path: Path) -> None:
    write_chart(chart.path, {"ci/tls-values.yaml": ""})
    base, prod = tmp_path / "base.yaml", tmp_path / "prod.yml"
    base.touch()
    prod.touch()
    assert values_sets(chart, [base, prod], ["a=b"]) == (
        ValuesSet("base+prod", (base, prod), ("a=b",)),
    )
    assert values_sets(chart, [], ["a=b", "c=d"]) == (ValuesSet("set", (), ("a=b", "c=d")),)


def test_a_values_file_that_is_not_there_is_named(chart: Chart, tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(SettingsError, match=reason) as caught:
            values_sets(chart, [path], [])
        assert f"--helm-values={path}" in str(caught.value)


def test_an_expression_without_a_value_is_named(chart: Chart) -> None:
    with pytest.raises(SettingsError, match=r"--helm-set=image\.tag: expected KEY=VALUE"):
        values_sets(chart, [], ["image.tag"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(
        st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), max_size=30),
        max_size=6,
    )
)
def test_names_are_unique_and_safe_in_node_ids(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("chart")
    (folder / "ci").mkdir()
    for name in names:
        (folder / "ci" / f"{name}-values.yaml").touch()
    sets = values_sets(Chart(folder, "web"), [], [])
    assert len({one.name for one in sets}) == len(sets) == len(set(names)) + 1
    for one in sets:
        assert one.name
        assert one.name.isascii()
        assert not set(one.name) & set("@[]:/ \t\n")
