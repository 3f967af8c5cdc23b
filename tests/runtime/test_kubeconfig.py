"""A private kubeconfig made of the user's."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_k8snet.errors import ClusterError
from pytest_k8snet.runtime.kubeconfig import write_private

SECRET = "the key"


def config(name: str, **user: Any) -> dict[str, Any]:
    return {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}"}}],
        "users": [{"name": name, "user": user}],
    }


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    return folder


def written(path: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def test_one_context_with_its_secrets_in_private_files(private: Path) -> None:
    text = json.dumps(
        config("a", **{"client-key-data": base64.b64encode(SECRET.encode()).decode()})
    )
    name, path = write_private(private, text)
    assert name == "a"
    user = written(path)["users"][0]["user"]
    assert Path(user["client-key"]).read_text(encoding="ascii") == SECRET
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in private.iterdir())
    assert SECRET not in path.read_text(encoding="utf-8")


def test_contexts_of_several_files_and_paths_that_count_from_theirs(
    tmp_path: Path, private: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two" / "config"
    two.parent.mkdir()
    one.write_text(json.dumps(config("a")), encoding="utf-8")
    helper = {"apiVersion": "v1", "command": "./login"}
    two.write_text(json.dumps(config("b", exec=helper, tokenFile="token")), encoding="utf-8")
    _, path = write_private(private, Path(f"{one}{os.pathsep}{two}"), "b")
    user = written(path)["users"][0]["user"]
    assert user["tokenFile"] == str(two.parent / "token")
    assert user["exec"]["command"] == str(two.parent / "login")
    assert written(path)["clusters"][0]["cluster"]["server"] == "https://b"
    name, _ = write_private(private, Path(f"{one}{os.pathsep}{two}"))
    assert name == "a"


def test_a_context_that_is_not_there(private: Path) -> None:
    with pytest.raises(ClusterError, match="no context 'b'; known are a"):
        write_private(private, json.dumps(config("a")), "b")


def test_a_file_that_is_no_kubeconfig(tmp_path: Path, private: Path) -> None:
    file = tmp_path / "config"
    file.write_text("a: [", encoding="utf-8")
    with pytest.raises(ClusterError, match="config"):
        write_private(private, file)
