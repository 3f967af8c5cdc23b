"""Dependencies that lie on this disk already, or that Helm may fetch."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from helm.conftest import engine_or_skip
from helm.writing import contents, declare, pack, write_chart
from pytest_k8snet.errors import ChartError
from pytest_k8snet.helm.charts import Chart, find_charts
from pytest_k8snet.helm.dependencies import Workspace
from pytest_k8snet.helm.fetch import fetch_with, pull

NEEDS = "name: redis, version: 1.x.x, repository: https://charts.example.com"


def chart_at(path: Path) -> Chart:
    return find_charts([str(path)], path)[0]


def version(path: Path, number: str) -> Path:
    """The chart with another version."""
    file = path / "Chart.yaml"
    text = file.read_text(encoding="utf-8").replace("1.2.3", number)
    file.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = Workspace()
    yield made
    made.close()


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A chart of a repository that needs redis."""
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    return declare(write_chart(tmp_path / "repo" / "charts" / "apps" / "web"), NEEDS)


@pytest.mark.parametrize("place", ["apps/redis", "apps/cache", "redis", "library/redis"])
def test_a_chart_nearby_will_do_and_nothing_is_written_beside_it(
    workspace: Workspace, web: Path, place: str
) -> None:
    redis = write_chart(web.parents[1] / place)
    if redis.name != "redis":
        text = (redis / "Chart.yaml").read_text(encoding="utf-8").replace("cache", "redis")
        (redis / "Chart.yaml").write_text(text, encoding="utf-8")
    before = contents(web.parents[1])
    copy = workspace.prepare(chart_at(web))
    assert (copy / "charts" / "redis" / "Chart.yaml").is_file()
    assert contents(web.parents[1]) == before
    assert list(workspace.notes) == [f"{web}: redis 1.x.x taken from {redis} (1.2.3)"]


def test_a_version_out_of_range_will_not_do(workspace: Workspace, web: Path) -> None:
    version(write_chart(web.parent / "redis"), "2.0.0")
    with pytest.raises(ChartError, match=r"redis 1\.x\.x"):
        workspace.prepare(chart_at(web))


def test_a_chart_of_the_run_comes_first(web: Path, tmp_path: Path) -> None:
    far = write_chart(tmp_path / "elsewhere" / "redis")
    write_chart(web.parent / "redis")
    workspace = Workspace(known=[chart_at(far)])
    workspace.prepare(chart_at(web))
    assert str(far) in workspace.notes[0]
    workspace.close()


def test_the_newest_of_helms_cache_is_taken(
    workspace: Workspace, web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    for number in ("1.9.0", "1.10.0", "2.0.0"):
        redis = version(write_chart(tmp_path / number / "redis"), number)
        pack(redis, cache / f"redis-{number}.tgz")
    monkeypatch.setenv("HELM_REPOSITORY_CACHE", str(cache))
    copy = workspace.prepare(chart_at(web))
    assert [file.name for file in (copy / "charts").iterdir()] == ["redis-1.10.0.tgz"]


def test_a_copy_that_another_chart_keeps_will_do(
    workspace: Workspace, web: Path, tmp_path: Path
) -> None:
    other = write_chart(web.parent / "other")
    pack(write_chart(tmp_path / "redis"), other / "charts" / "redis-1.2.3.tgz")
    copy = workspace.prepare(chart_at(web))
    assert (copy / "charts" / "redis-1.2.3.tgz").is_file()


def test_charts_that_need_each_other_end_in_an_error(workspace: Workspace, web: Path) -> None:
    declare(
        write_chart(web.parent / "redis"),
        "name: web, version: 1.x.x, repository: https://charts.example.com",
    )
    with pytest.raises(ChartError, match="missing in charts/: web"):
        workspace.prepare(chart_at(web))


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A chart repository on this machine, never added to Helm, with redis 1.9.0 and 1.10.0."""
    there = tmp_path_factory.mktemp("repository") / "far" / "away"
    folder = there / "repository"
    entries = []
    for number in ("1.9.0", "1.10.0"):
        redis = version(write_chart(there / number / "redis"), number)
        pack(redis, folder / f"redis-{number}.tgz")
        entries.append(
            f"  - {{apiVersion: v2, name: redis, version: {number}, urls: [redis-{number}.tgz]}}"
        )
    index = "apiVersion: v1\nentries:\n  redis:\n" + "\n".join(entries) + "\n"
    (folder / "index.yaml").write_text(index, encoding="utf-8")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("engine", ["embedded", "helm"])
@pytest.mark.parametrize(("lock", "taken"), [("", "1.10.0"), ("1.9.0", "1.9.0")])
def test_helm_fetches_what_is_missing_where_it_may(
    tmp_path: Path, repository: str, engine: str, lock: str, taken: str
) -> None:
    (tmp_path / ".git").mkdir()  # the charts of other tests lie beside this folder
    web = write_chart(tmp_path / "web")
    declare(web, f"name: redis, version: 1.x.x, repository: {repository}")
    if lock:
        text = f"dependencies:\n- {{name: redis, repository: {repository}, version: {lock}}}\n"
        (web / "Chart.lock").write_text(text, encoding="utf-8")
    before = contents(web)
    workspace = Workspace(fetch=fetch_with(engine_or_skip(engine)))
    copy = workspace.prepare(chart_at(web))
    assert [file.name for file in (copy / "charts").iterdir()] == [f"redis-{taken}.tgz"]
    assert contents(web) == before
    workspace.close()


def test_what_cannot_be_fetched_is_named_in_helms_words(tmp_path: Path, repository: str) -> None:
    web = write_chart(tmp_path / "web")
    declare(web, f"name: redis, version: 3.x.x, repository: {repository}")
    workspace = Workspace(fetch=fetch_with(engine_or_skip("embedded")))
    with pytest.raises(ChartError, match=r"redis cannot be fetched: .*3\.x\.x"):
        workspace.prepare(chart_at(web))
    workspace.close()


@pytest.mark.parametrize("engine", ["embedded", "helm"])
def test_a_repository_that_does_not_answer_is_named(tmp_path: Path, engine: str) -> None:
    web = write_chart(tmp_path / "web")
    declare(web, "name: redis, version: 9.x.x, repository: http://127.0.0.1:9/charts")
    workspace = Workspace(fetch=fetch_with(engine_or_skip(engine)))
    reason = r"http://127\.0\.0\.1:9/charts/index\.yaml.*connection refused"
    with pytest.raises(ChartError, match=f"redis cannot be fetched: .*{reason}"):
        workspace.prepare(chart_at(web))
    workspace.close()


@pytest.mark.parametrize("engine", ["embedded", "helm"])
def test_a_chart_is_pulled_from_an_address(tmp_path: Path, repository: str, engine: str) -> None:
    found = pull(engine_or_skip(engine), f"{repository}/redis-1.9.0.tgz", tmp_path)
    assert chart_at(found).version == "1.9.0"
