"""A chart is what lies in its folder: no links that leave it, no pipes, no devices."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from helm.writing import declare, write_chart
from pytest_k8snet.errors import ChartError
from pytest_k8snet.helm.charts import read_chart
from pytest_k8snet.helm.dependencies import Workspace

# Every file that Helm or the plugin opens.
FILES = (
    "values.yaml",
    "values.schema.json",
    "templates/a.yaml",
    "templates/_a.tpl",
    "crds/a.yaml",
    "ci/a-values.yaml",
    "charts/a.tgz",
    "charts/a/Chart.yaml",
    "Chart.lock",
    "requirements.yaml",
    ".helmignore",
    "files/a",
)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return write_chart(tmp_path / "web")


def refusal(chart: Path) -> str:
    workspace = Workspace()
    with pytest.raises(ChartError) as caught:
        workspace.prepare(read_chart(chart))
    workspace.close()
    return str(caught.value)


def place(chart: Path, name: str) -> Path:
    (chart / name).parent.mkdir(parents=True, exist_ok=True)
    (chart / name).unlink(missing_ok=True)
    return chart / name


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("to", ["/etc/passwd", "/dev/zero", "../secret", "/nowhere", "/"])
def test_a_link_out_of_the_chart_is_named(chart: Path, name: str, to: str) -> None:
    (chart.parent / "secret").write_text("foreign")
    place(chart, name).symlink_to(to if to[0] == "/" else chart / to)
    leads = os.path.realpath(chart / to)
    assert refusal(chart).startswith(
        f"{chart}: {name} is a link that leads out of the chart, to {leads}; "
    )


@pytest.mark.parametrize("name", FILES)
def test_a_pipe_is_named(chart: Path, name: str) -> None:
    os.mkfifo(place(chart, name))
    assert refusal(chart) == f"{chart}: {name} is a pipe, and no file; take it out"


def test_a_socket_is_named(chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chart)  # a socket's path has to be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert "s is a socket, and no file" in refusal(chart)


def test_a_link_that_goes_round_is_named(chart: Path) -> None:
    (chart / "templates/again").symlink_to("..")
    assert "templates/again is a link to a folder that it is in" in refusal(chart)


def test_links_within_the_chart_are_none_of_these(chart: Path) -> None:
    write_chart(chart / "charts" / "db")
    (chart / "templates/same.yaml").symlink_to("web.yaml")
    (chart / "charts/db/values.yaml").unlink()
    (chart / "charts/db/values.yaml").symlink_to("../../values.yaml")
    (chart / "more").symlink_to("templates")
    (chart / ".git").mkdir()
    (chart / ".git/alternates").symlink_to("/")
    workspace = Workspace()
    assert workspace.prepare(read_chart(chart)) == chart
    workspace.close()


def test_a_chart_may_itself_be_reached_by_a_link(chart: Path, tmp_path: Path) -> None:
    (chart / "templates/same.yaml").symlink_to("web.yaml")
    (tmp_path / "linked").symlink_to(chart)
    workspace = Workspace()
    assert workspace.prepare(read_chart(tmp_path / "linked")) == tmp_path / "linked"
    workspace.close()


def test_a_local_dependency_is_looked_through_before_it_is_copied(chart: Path) -> None:
    declare(chart, "name: db, version: 1.2.3, repository: 'file://../db'")
    dependency = write_chart(chart.parent / "db")
    (dependency / "endless").symlink_to("/dev/zero")
    assert refusal(chart).startswith(f"{dependency}: endless is a link that leads out")
