"""Which cluster a run gets, and what it says when there is none to be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_k8snet.errors import ClusterError
from pytest_k8snet.runtime import start
from pytest_k8snet.runtime.cluster import clusters, obtain, own_name, sweep
from pytest_k8snet.runtime.images import load_images
from pytest_k8snet.runtime.owner import new_run

from .conftest import settings
from .test_owner import ended_process

KUBECONFIG = """
current-context: work
contexts: [{name: work, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
"""


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG, encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.delenv("CI", raising=False)
    return path


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **texts: str) -> None:
    """Only these programs are on PATH."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_no_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path / "bin", monkeypatch)
    with pytest.raises(ClusterError, match=r"kind, and it is not on PATH(.|\n)*Install it"):
        obtain(settings("kind"), new_run(), tmp_path, print)


def test_no_container_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path / "bin", monkeypatch, kind="exit 0")
    with pytest.raises(ClusterError, match="no docker, podman or nerdctl on PATH"):
        obtain(settings("kind"), new_run(), tmp_path, print)


def test_an_engine_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = "echo 'Cannot connect to the Docker daemon' >&2; exit 1"
    programs(tmp_path / "bin", monkeypatch, kind="exit 0", docker=docker)
    with pytest.raises(ClusterError, match=r"Cannot connect to the Docker daemon(.|\n)*Start it"):
        obtain(settings("kind"), new_run(), tmp_path, print)


def test_a_cluster_of_a_killed_run_that_another_one_deletes_just_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = own_name(str(ended_process()))
    kind = f"""case "$1" in
    get) echo {gone};;
    delete) echo 'removal is already in progress' >&2; exit 1;;
    esac"""
    programs(tmp_path / "bin", monkeypatch, kind=kind, docker="exit 0")
    sweep(print)
    assert "removal is already in progress" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ERROR: failed to pull image x", "--k8snet-kind-image"),
        ("no space left on device", "docker system df"),
        ("too many open files", "inotify"),
    ],
)
def test_what_to_do_when_kind_cannot_make_a_cluster(
    said: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = f"""case "$1" in create) echo '{said}'; exit 1;; esac"""
    programs(tmp_path / "bin", monkeypatch, kind=kind, docker="exit 0")
    with pytest.raises(ClusterError, match=said) as raised:
        obtain(settings("kind"), new_run(), tmp_path, print)
    assert advice in str(raised.value)


def test_what_kind_pulls_is_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = " - Ensuring node image (kindest/node:v9) ..."
    kind = f"""case "$1" in create) echo '{line}'; exit 1;; esac"""
    programs(tmp_path / "bin", monkeypatch, kind=kind, docker='[ "$1" != image ]')
    said: list[str] = []
    with pytest.raises(ClusterError):
        obtain(settings("kind"), new_run(), tmp_path, said.append)
    assert "kind pulls the node image kindest/node:v9: docker does not have it yet" in said


def test_the_named_context(kubeconfig: Path, tmp_path: Path) -> None:
    cluster = obtain(settings("context:work"), new_run(), tmp_path, print)
    assert (cluster.kind, cluster.name, cluster.ours) == ("context", "work", False)
    assert cluster.kubeconfig != kubeconfig
    assert cluster.kubeconfig.stat().st_mode & 0o777 == 0o600


def test_the_current_context_only_where_somebody_looks(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert obtain(settings("context"), new_run(), tmp_path, print).name == "work"
    monkeypatch.setenv("CI", "true")
    with pytest.raises(ClusterError, match="context:NAME"):
        obtain(settings("context"), new_run(), tmp_path, print)


def test_a_context_that_does_not_exist(kubeconfig: Path, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no context 'home'; known are work"):
        obtain(settings("context:home"), new_run(), tmp_path, print)


def test_no_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    with pytest.raises(ClusterError, match="there is no kubeconfig"):
        obtain(settings("context:work"), new_run(), tmp_path, print)


def test_a_cluster_that_does_not_answer_leaves_nothing(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ClusterError, match="does not answer"):
        start(settings("context:work"), (), report=print)
    assert [file.name for file in tmp_path.iterdir()] == ["config"]


def test_images_are_for_kind_clusters(kubeconfig: Path, tmp_path: Path) -> None:
    cluster = obtain(settings("context:work"), new_run(), tmp_path, print)
    with pytest.raises(ClusterError, match="--k8snet-image=web:1"):
        load_images(cluster, ["web:1"], tmp_path, print)


@pytest.mark.kind
def test_a_kept_cluster_that_does_not_exist(kind: None, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="kind:no-such-one: kind has no such cluster"):
        obtain(settings("kind:no-such-one"), new_run(), tmp_path, print)
    assert "no-such-one" not in clusters()


@pytest.mark.kind
def test_a_kept_cluster_is_used_again(cluster_name: str, tmp_path: Path) -> None:
    cluster = obtain(
        settings(f"kind:{cluster_name}", keep_cluster=True), new_run(), tmp_path, print
    )
    assert not cluster.ours
    assert f"kind delete cluster --name {cluster_name}" in cluster.farewell


@pytest.mark.kind
def test_an_image_is_loaded_by_name_or_from_an_archive(cluster_name: str, tmp_path: Path) -> None:
    from pytest_k8snet.runtime.command import run

    cluster = obtain(settings(f"kind:{cluster_name}"), new_run(), tmp_path, print)
    image = "k8snet-tests/loaded:1"
    run([cluster.engine, "tag", "busybox:1.36", image], timeout=60)
    try:
        archive = tmp_path / "image.tar"
        run([cluster.engine, "save", "-o", str(archive), image], timeout=60)
        load_images(cluster, [image, "image.tar"], tmp_path, print)
    finally:
        run([cluster.engine, "rmi", image], timeout=60)
    with pytest.raises(ClusterError, match=f"has no such image(.|\n)*pull {image}"):
        load_images(cluster, [image], tmp_path, print)
    node = f"{cluster_name}-control-plane"
    listed = run([cluster.engine, "exec", node, "crictl", "images"], timeout=60)
    assert "k8snet-tests/loaded" in listed
