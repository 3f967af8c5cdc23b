"""Which charts a path, an archive, a folder and a glob lead to."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helm.writing import declare, pack, write_chart
from pytest_k8snet.errors import ChartError
from pytest_k8snet.helm.charts import Chart, Dependency, find_charts
from pytest_k8snet.helm.dependencies import Workspace


def names(charts: tuple[Chart, ...]) -> list[str]:
    return [chart.name for chart in charts]


def test_a_chart_folder_is_one_chart(tmp_path: Path) -> None:
    write_chart(tmp_path / "web")
    assert find_charts(["web"], tmp_path) == (Chart(tmp_path / "web", "web", "1.2.3"),)


@pytest.mark.parametrize(
    "pattern", ["web/", "./web", "x/../web", "web/Chart.yaml", "{base}/web", "~/web"]
)
def test_all_ways_to_write_its_path_are_the_same_chart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_chart(tmp_path / "web")
    (tmp_path / "x").mkdir()
    assert find_charts([pattern.format(base=tmp_path)], tmp_path)[0].path == tmp_path / "web"


def test_an_archive_is_one_chart(tmp_path: Path) -> None:
    archive = pack(write_chart(tmp_path / "src" / "web"), tmp_path / "web-1.2.3.tgz")
    (chart,) = find_charts(["web-1.2.3.tgz"], tmp_path)
    assert (chart.path, chart.name, chart.version, chart.packed) == (archive, "web", "1.2.3", True)


def test_a_folder_of_charts_is_searched_at_any_depth(tmp_path: Path) -> None:
    for name in ("b", "a", "deep/er/c"):
        write_chart(tmp_path / "charts" / name)
    pack(write_chart(tmp_path / "src" / "d"), tmp_path / "charts" / "d-1.tgz")
    assert names(find_charts(["charts"], tmp_path)) == ["a", "b", "d", "c"]


def test_what_belongs_to_a_chart_is_no_chart_of_its_own(tmp_path: Path) -> None:
    web = write_chart(tmp_path / "charts" / "web")
    write_chart(web / "charts" / "redis")
    pack(write_chart(tmp_path / "src" / "db"), web / "charts" / "db-1.tgz")
    write_chart(tmp_path / "charts" / ".cache" / "old")
    assert names(find_charts(["charts"], tmp_path)) == ["web"]


def test_what_a_chart_takes_out_of_its_own_folder_is_a_part_of_it(tmp_path: Path) -> None:
    web = tmp_path / "charts" / "web"
    for name in ("web", "web/subcharts/api", "web/examples/shop", "db"):
        write_chart(tmp_path / "charts" / name)
    declare(
        web,
        "name: api, version: 1.x, repository: 'file://./subcharts/api'",
        "name: db, version: 1.x, repository: 'file://../db'",
    )
    assert names(find_charts(["charts"], tmp_path)) == ["db", "web", "shop"]
    assert names(find_charts(["charts/web/subcharts/*"], tmp_path)) == ["api"]


def test_an_archive_of_a_chart_that_lies_there_unpacked_is_an_old_release(tmp_path: Path) -> None:
    web, api = (write_chart(tmp_path / "charts" / name) for name in ("web", "api"))
    (tmp_path / "docs").mkdir()
    old = pack(web, tmp_path / "docs" / "web-1.2.2.tgz")
    gone = pack(write_chart(tmp_path / "elsewhere" / "gone"), tmp_path / "docs" / "gone-1.0.0.tgz")
    shutil.rmtree(tmp_path / "elsewhere")
    assert [one.path for one in find_charts([str(tmp_path)], tmp_path)] == [api, web, gone]
    named = find_charts([str(tmp_path), str(tmp_path / "docs" / "*.tgz")], tmp_path)
    assert [one.path for one in named] == [api, web, gone, old]


def test_a_library_chart_in_a_folder_is_left_out_and_by_name_a_problem(tmp_path: Path) -> None:
    library = "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n"
    write_chart(tmp_path / "common", {"Chart.yaml": library})
    write_chart(tmp_path / "web")
    assert names(find_charts(["."], tmp_path)) == ["web"]
    assert "library chart" in find_charts(["common"], tmp_path)[0].problem


def test_a_glob_takes_charts_and_leaves_other_files(tmp_path: Path) -> None:
    for name in ("web-a", "web-b", "db"):
        write_chart(tmp_path / name)
    (tmp_path / "web-notes.md").touch()
    assert names(find_charts(["web-*"], tmp_path)) == ["web-a", "web-b"]
    assert names(find_charts(["**/d?"], tmp_path)) == ["db"]


def test_a_folder_with_brackets_in_its_name_is_taken_as_written(tmp_path: Path) -> None:
    write_chart(tmp_path / "web[1]")
    assert len(find_charts(["web[1]"], tmp_path)) == 1


def test_each_chart_comes_once_and_in_the_order_of_paths(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_chart(tmp_path / name)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert names(find_charts(["b", ".", "a", "link", "[ab]"], tmp_path)) == ["a", "b"]


@given(data=st.data())
def test_a_damaged_archive_is_a_chart_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    archive = pack(declare(write_chart(folder / "web"), "name: redis"), folder / "web.tgz")
    content = bytearray(archive.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    archive.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    (chart,) = find_charts(["web.tgz"], folder)
    assert chart.name
    with closing(Workspace()) as workspace:
        try:
            workspace.prepare(chart)
        except ChartError as error:
            assert str(archive) in str(error)  # noqa: PT017 - both outcomes are right


def test_dependencies_are_read_as_declared(tmp_path: Path) -> None:
    declare(tmp_path / "web", "name: redis, version: 1.x, alias: cache", "name: db, version: 2")
    assert find_charts(["web"], tmp_path)[0].dependencies == (
        Dependency("redis", "1.x", alias="cache"),
        Dependency("db", "2"),
    )


@pytest.mark.parametrize(
    "head", ["apiVersion: v1\n", "", "apiVersion: v2\n", "apiVersion: v1\ndependencies: []\n"]
)
def test_a_chart_of_helm_2_declares_them_in_requirements_yaml(tmp_path: Path, head: str) -> None:
    """Helm reads the file whatever the apiVersion is, and what it says wins."""
    write_chart(
        tmp_path / "web",
        {
            "Chart.yaml": f"{head}name: web\nversion: 1.0.0\n",
            "requirements.yaml": "dependencies:\n  - {name: redis, version: 1.0.0}\n",
        },
    )
    assert find_charts(["web"], tmp_path)[0].dependencies == (Dependency("redis", "1.0.0"),)


def test_requirements_yaml_without_any_leaves_those_of_chart_yaml(tmp_path: Path) -> None:
    declare(tmp_path / "web", "name: db, version: 2")
    (tmp_path / "web/requirements.yaml").write_text("# none\n", encoding="utf-8")
    assert find_charts(["web"], tmp_path)[0].dependencies == (Dependency("db", "2"),)
