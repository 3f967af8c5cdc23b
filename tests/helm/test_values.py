"""Which values sets a chart has, and what they are called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helm.writing import write_chart
from pytest_k8snet.helm.charts import Chart
from pytest_k8snet.helm.values import ValuesSet, values_sets


@pytest.fixture
def chart(tmp_path: Path) -> Chart:
    return Chart(write_chart(tmp_path / "web"), "web")


def test_a_chart_is_rendered_with_its_own_values(chart: Chart) -> None:
    assert values_sets(chart) == (ValuesSet("defaults"),)


def test_each_ci_values_file_is_a_set_beside_the_defaults(chart: Chart) -> None:
    for name in ("tls-values.yaml", "ha-values.yaml", "kind-config.yaml", "README.md"):
        (chart.path / "ci").mkdir(exist_ok=True)
        (chart.path / "ci" / name).touch()
    ci = chart.path / "ci"
    assert values_sets(chart) == (
        ValuesSet("defaults"),
        ValuesSet("ha", (ci / "ha-values.yaml",)),
        ValuesSet("tls", (ci / "tls-values.yaml",)),
    )


def test_the_users_values_are_one_set_and_the_only_one(chart: Chart, tmp_path: Path) -> None:
    write_chart(chart.path, {"ci/tls-values.yaml": ""})
    base, prod = tmp_path / "base.yaml", tmp_path / "prod.yml"
    base.touch()
    prod.touch()
    asked = ValuesSet("", (base, prod), ("a=b",))
    assert values_sets(chart, asked) == (replace(asked, name="base+prod"),)
    for asked in (
        ValuesSet("", sets=("a=b", "c=d")),
        ValuesSet("", set_strings=("a=b",)),
        ValuesSet("", set_files=("a=b",)),
    ):
        assert values_sets(chart, asked) == (replace(asked, name="set"),)


def test_groups_of_files_are_a_set_each_with_the_expressions(chart: Chart, tmp_path: Path) -> None:
    write_chart(chart.path, {"ci/tls-values.yaml": ""})
    base, prod, other = (tmp_path / name for name in ("base.yaml", "prod.yaml", "x/prod.yaml"))
    groups = [(base, prod), (prod,), (other,)]
    asked = ValuesSet("", sets=("a=b",))
    assert values_sets(chart, asked, groups) == (
        ValuesSet("base+prod", (base, prod), ("a=b",)),
        ValuesSet("prod", (prod,), ("a=b",)),
        ValuesSet("prod-2", (other,), ("a=b",)),
    )
    asked = ValuesSet("", (base,))
    assert values_sets(chart, asked, groups) == (ValuesSet("base", (base,)),)


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
    sets = values_sets(Chart(folder, "web"))
    assert len({one.name for one in sets}) == len(sets) == len(set(names)) + 1
    for one in sets:
        assert one.name
        assert one.name.isascii()
        assert not set(one.name) & set("@[]:/ \t\n")
