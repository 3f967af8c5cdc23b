"""Which Helm is taken, and what its process loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helm.conftest import engine_or_skip
from pytest_k8snet.errors import HelmMissing
from pytest_k8snet.helm import engine as engines
from pytest_k8snet.helm.engine import choose_engine

BOTH_WAYS = ("pip install 'pytest-k8snet[helm]'", "--k8snet-helm=/path/to/helm")


def no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only ``helm`` on PATH."""
    program = tmp_path / "bin" / "helm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def test_auto_takes_the_sdk_where_it_is_installed(program: Path) -> None:
    assert choose_engine("auto") == engine_or_skip("embedded")


def test_auto_takes_the_program_on_path_where_there_is_no_sdk(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_sdk(monkeypatch)
    assert choose_engine("auto").name == str(program)


@pytest.mark.parametrize("choice", ["auto", "embedded", "/nowhere/helm"])
def test_none_at_all_is_an_error_that_names_both_ways_to_get_one(
    choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_sdk(monkeypatch)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(HelmMissing) as caught:
        choose_engine(choice)
    for way in BOTH_WAYS:
        assert way in str(caught.value)


def test_a_path_is_taken_as_it_is(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(program.parent)
    monkeypatch.setenv("HOME", str(program.parent))
    for choice in (str(program), "./helm", "~/helm", "helm"):
        assert choose_engine(choice).name == str(program)


def test_choosing_loads_no_helm() -> None:
    code = (
        "import sys\nfrom pytest_k8snet.helm.engine import choose_engine\n"
        "choose_engine.__name__\nprint(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "pytest_k8snet.helm.engine" in loaded
    assert not {"helm_python", "yaml", "kubernetes"} & set(loaded)


def test_the_process_with_the_sdk_loads_little_beside_it() -> None:
    engine = engine_or_skip("embedded")
    assert isinstance(engine, engines.EmbeddedEngine)
    command = engine.command("render", 0)
    boot = command.index("-c") + 1
    command[boot] = command[boot].replace(
        "main()", "import pytest_k8snet.helm.embedded; print(*sys.modules)"
    )
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    unwanted = {"site", "yaml", "pytest", "dataclasses", "kubernetes"}
    assert "helm_python" in loaded
    assert not unwanted & set(loaded)


def test_what_renders_is_told_of_no_cluster_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM_KUBETOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    for choice in ("embedded", "helm"):
        engine = engine_or_skip(choice)
        render, release = engine.environment("render"), engine.environment("release")
        assert render["KUBECONFIG"] == os.devnull
        assert "example.com" not in render["HTTPS_PROXY"]
        assert "example.com" in release["HTTPS_PROXY"]
        assert "HELM_KUBETOKEN" not in render.keys() | release.keys()
