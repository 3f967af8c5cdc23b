"""What a chart depends on: there, absent, or on the same disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from helm.conftest import Render, engine_or_skip
from helm.writing import contents, declare, pack, write_chart
from pytest_k8snet.errors import ChartError
from pytest_k8snet.gather import Gathering
from pytest_k8snet.helm.charts import Chart, find_charts
from pytest_k8snet.helm.dependencies import Workspace
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.settings import Settings

REMOTE = "name: redis, version: 18.x, repository: https://charts.example.com"


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with closing(Workspace()) as workspace:
        yield workspace


def chart_at(path: Path) -> Chart:
    return find_charts([str(path)], path)[0]


def refusal(workspace: Workspace, path: Path) -> str:
    with pytest.raises(ChartError) as caught:
        workspace.prepare(chart_at(path))
    return str(caught.value)


def absence(workspace: Workspace, render: Render, path: Path, *sets: str) -> str:
    """What is absent, by Helm's error with these values."""
    chart = chart_at(path)
    return workspace.absence(chart, render(workspace.prepare(chart), sets=sets).error or "")


def test_a_chart_without_dependencies_is_rendered_where_it_is(
    workspace: Workspace, tmp_path: Path
) -> None:
    web = write_chart(tmp_path / "web")
    assert workspace.prepare(chart_at(web)) == web


def test_an_absent_dependency_names_the_command_to_run(
    workspace: Workspace, tmp_path: Path
) -> None:
    web = declare(write_chart(tmp_path / "web"), REMOTE, "name: db, version: 1.0.0")
    said = refusal(workspace, web)
    assert said.startswith(f"{web}: ")
    assert "redis 18.x (https://charts.example.com), db 1.0.0" in said
    assert f"helm dependency update {web}" in said


def test_a_password_in_an_address_is_not_shown(workspace: Workspace, tmp_path: Path) -> None:
    address = "name: redis, version: 1.0.0, repository: https://me:hush@charts.example.com/x"
    said = refusal(workspace, declare(write_chart(tmp_path / "web"), address))
    assert "hush" not in said
    assert "https://charts.example.com/x" in said


@pytest.mark.parametrize(
    "version",
    ["18.x", "^1.2.3", "~2.4", ">=3.1.0 <4.0.0", ">1.0.0, <1.0.2", "1.2 - 1.4", "5.0.0-rc.1", ""],
)
def test_an_absent_dependency_that_is_switched_off_changes_nothing(
    workspace: Workspace, render: Render, tmp_path: Path, version: str
) -> None:
    optional = f"name: absent, version: '{version}', condition: absent.enabled"
    web = declare(write_chart(tmp_path / "web"), optional)
    off = render(workspace.prepare(chart_at(web)), sets=("absent.enabled=false",))
    assert [template for template, _ in off.templates] == ["templates/web.yaml"]
    on = absence(workspace, render, web, "absent.enabled=true")
    assert on.startswith(f"{web}: declared in Chart.yaml and missing in charts/: absent")


def test_an_absent_dependency_whose_templates_are_called_is_what_the_error_is_about(
    workspace: Workspace, render: Render, tmp_path: Path
) -> None:
    calling = {"templates/web.yaml": 'kind: {{ include "absent.kind" . }}\n'}
    web = declare(
        write_chart(tmp_path / "web", calling), "name: absent, version: 18.x, tags: [cache]"
    )
    assert "absent 18.x" in absence(workspace, render, web, "tags.cache=false")
    assert not workspace.absence(chart_at(web), "execution error at (templates/x.yaml): another")


def test_an_absent_dependency_is_named_before_the_values_that_it_would_have_brought(
    workspace: Workspace, render: Render, tmp_path: Path
) -> None:
    """Else a maintainer goes and looks for values that the dependency has."""
    deep = {"templates/a/b/c/d/web.yaml": "kind: {{ .Values.absent.service.port }}\n"}
    web = declare(
        write_chart(tmp_path / "web", deep), "name: absent, version: 1.x, condition: absent.enabled"
    )
    said = absence(workspace, render, web, "absent.enabled=true")
    assert "missing in charts/: absent 1.x" in said


def test_many_absent_dependencies_have_a_line_each(
    workspace: Workspace, render: Render, tmp_path: Path
) -> None:
    address = "https://charts.example.com/of/somebody/with/a/long/address/for/a/dependency"
    names = [f"absent-{number}" for number in range(30)]
    entries = (
        f"name: {name}, version: 1.0.0, repository: {address}, condition: some.enabled"
        for name in names
    )
    web = declare(write_chart(tmp_path / "web"), *entries)
    head, *listed, how = absence(workspace, render, web, "some.enabled=true").splitlines()
    assert head == f"{web}: declared in Chart.yaml and missing in charts/:"
    assert listed == [f"  {name} 1.0.0 ({address})" for name in names]
    assert how.startswith("run `helm dependency update")


def test_an_absent_dependency_that_nothing_switches_off_is_refused_with_those_that_are(
    workspace: Workspace, tmp_path: Path
) -> None:
    optional = f"{REMOTE}, condition: absent.enabled"
    web = declare(write_chart(tmp_path / "web"), optional, "name: db, version: 1.0.0")
    assert "redis 18.x (https://charts.example.com), db 1.0.0" in refusal(workspace, web)


@pytest.mark.parametrize("place", ["charts/redis", "charts/another-name"])
def test_a_folder_counts_by_the_name_in_its_chart_yaml(
    workspace: Workspace, tmp_path: Path, place: str
) -> None:
    web = declare(write_chart(tmp_path / "web"), REMOTE)
    write_chart(web / place, {"Chart.yaml": "version: 1.0.0\nname: 'redis'\napiVersion: v2\n"})
    assert workspace.prepare(chart_at(web)) == web


def test_an_archive_counts_by_the_name_in_its_chart_yaml(
    workspace: Workspace, tmp_path: Path
) -> None:
    web = declare(write_chart(tmp_path / "web"), REMOTE)
    redis = write_chart(tmp_path / "src" / "redis")
    archive = pack(redis, web / "charts" / "x.tgz")
    assert workspace.prepare(chart_at(web)) == web
    archive.rename(archive.with_name("_x.tgz"))  # Helm leaves these out
    assert "redis" in refusal(Workspace(), web)


def test_an_alias_needs_the_chart_only_once(
    workspace: Workspace, render: Render, tmp_path: Path
) -> None:
    web = write_chart(tmp_path / "web")
    declare(web, "name: redis, version: 1.2.3, alias: a", "name: redis, version: 1.2.3, alias: b")
    write_chart(web / "charts" / "redis")
    assert workspace.prepare(chart_at(web)) == web
    assert [path for path, _ in render(web).templates] == [
        "charts/a/templates/web.yaml",
        "charts/b/templates/web.yaml",
        "templates/web.yaml",
    ]


def test_an_archive_says_what_it_lacks_and_what_it_has(
    workspace: Workspace, tmp_path: Path
) -> None:
    web = declare(write_chart(tmp_path / "web"), REMOTE)
    lacking = pack(web, tmp_path / "lacking.tgz")
    assert "package it again" in refusal(workspace, lacking)
    write_chart(web / "charts" / "redis")
    assert workspace.prepare(chart_at(pack(web, tmp_path / "folder.tgz"))).is_file()
    packed = declare(write_chart(tmp_path / "other" / "web"), REMOTE)
    pack(write_chart(tmp_path / "redis"), packed / "charts" / "redis-18.0.1.tgz")
    assert workspace.prepare(chart_at(pack(packed, tmp_path / "packed.tgz"))).is_file()


class TestLocal:
    """``file://``: completed in a private copy, the user's tree is only read."""

    def test_it_is_rendered_and_the_users_tree_stays_as_it_is(
        self, workspace: Workspace, render: Render, tmp_path: Path
    ) -> None:
        web = write_chart(tmp_path / "repo" / "web")
        declare(web, "name: redis, version: 1.2.3, repository: 'file://../lib/redis'")
        redis = write_chart(tmp_path / "repo" / "lib" / "redis")
        declare(redis, "name: common, version: 1.2.3, repository: 'file://../common'")
        write_chart(tmp_path / "repo" / "lib" / "common")
        before = contents(tmp_path / "repo")
        path = workspace.prepare(chart_at(web))
        assert [path for path, _ in render(path).templates] == [
            "charts/redis/charts/common/templates/web.yaml",
            "charts/redis/templates/web.yaml",
            "templates/web.yaml",
        ]
        assert contents(tmp_path / "repo") == before

    def test_the_copy_is_made_once_and_gone_at_the_end(self, tmp_path: Path) -> None:
        web = write_chart(tmp_path / "web")
        declare(web, "name: redis, version: 1.2.3, repository: 'file://../redis'")
        write_chart(tmp_path / "redis")
        with closing(Workspace()) as workspace:
            copy = workspace.prepare(chart_at(web))
            assert workspace.prepare(chart_at(web)) == copy
            assert tmp_path not in copy.parents
        assert not copy.exists()

    def test_a_run_renders_from_copies_and_removes_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        web = write_chart(tmp_path / "web")
        declare(web, "name: redis, version: 1.2.3, repository: 'file://../redis'")
        write_chart(tmp_path / "redis")
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(scratch))
        with Renderer(engine_or_skip("embedded")) as renderer:
            (one,) = Gathering(Settings(tmp_path, (str(web),)), renderer).run()
        assert one.application is not None
        assert not any(scratch.iterdir())

    def test_a_chart_that_cannot_be_copied_is_named(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        web = write_chart(tmp_path / "web")
        declare(web, "name: redis, version: 1.2.3, repository: 'file://../redis'")
        write_chart(tmp_path / "redis")
        (web / "charts").write_text("no folder")
        assert "cannot be copied" in refusal(workspace, web)

    def test_an_archive_and_an_absolute_path_will_do(
        self, workspace: Workspace, render: Render, tmp_path: Path
    ) -> None:
        redis = pack(write_chart(tmp_path / "src" / "redis"), tmp_path / "my redis.tgz")
        web = write_chart(tmp_path / "web")
        address = str(redis).replace(" ", "%20")
        declare(web, f"name: redis, version: 1.2.3, repository: 'file://{address}'")
        paths = [path for path, _ in render(workspace.prepare(chart_at(web))).templates]
        assert paths == ["charts/redis/templates/web.yaml", "templates/web.yaml"]

    def test_what_is_in_charts_already_is_taken(self, workspace: Workspace, tmp_path: Path) -> None:
        web = write_chart(tmp_path / "web")
        declare(web, "name: redis, version: 1.2.3, repository: 'file://../nowhere'")
        write_chart(web / "charts" / "redis")
        assert workspace.prepare(chart_at(web)) == web

    @pytest.mark.parametrize(
        ("address", "reason"),
        [
            ("file://../nowhere", "there is no chart at"),
            ("file://../other", "is called other"),
            ("file://../broken", "not YAML"),
            ("file://../needy", "helm dependency update"),
            ("file://../web", "round in a circle"),
            ("file://../back", "round in a circle"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, workspace: Workspace, tmp_path: Path, address: str, reason: str
    ) -> None:
        write_chart(tmp_path / "other")
        write_chart(tmp_path / "broken", {"Chart.yaml": "name: ["})
        declare(write_chart(tmp_path / "needy"), REMOTE)
        declare(tmp_path / "back", "name: web, version: 1, repository: 'file://../web'")
        web = write_chart(tmp_path / "web")
        name = address.rpartition("/")[2].replace("other", "redis")
        declare(web, f"name: {name}, version: 1, repository: '{address}'")
        assert reason in refusal(workspace, web)
