"""Charts to run the plugin on, and what its JSON says about them."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# pytester forgets what a run in this process imported; an extension module cannot be loaded anew.
import yaml  # noqa: F401
from hypothesis import settings

pytest_plugins = ["pytester"]

# No deadlines: the machine may be busy. CI tries the same examples each time; elsewhere new ones.
settings.register_profile("here", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("here")

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of the cluster first: they mostly wait, and workers with other tests go on.

    A file with one that has to be alone is the last of them, or a worker waits for all others.
    """
    alone = {item.path for item in items if item.get_closest_marker("alone")}
    items.sort(key=lambda item: (item.get_closest_marker("kind") is None, item.path in alone))


@pytest.fixture
def examples() -> Path:
    """The folder of the example charts."""
    return REPOSITORY / "example-charts"


@pytest.fixture
def make_chart(pytester: pytest.Pytester) -> Callable[..., Path]:
    """Write a chart below the test's folder: a path and the text of each of its files."""

    def make(path: str, templates: dict[str, str], **files: str) -> Path:
        folder = pytester.path / path
        texts = {
            "Chart.yaml": f"apiVersion: v2\nname: {folder.name}\nversion: 1.2.3\n",
            "values.yaml": "{}\n",
            **{name.replace("__", "/"): text for name, text in files.items()},
            **{f"templates/{name}": text for name, text in templates.items()},
        }
        for name, text in texts.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text), encoding="utf-8")
        return folder

    return make


@pytest.fixture
def read_json(pytester: pytest.Pytester) -> Callable[..., Any]:
    """What ``--k8snet-json=out.json`` wrote."""

    def read(name: str = "out.json") -> Any:
        return json.loads((pytester.path / name).read_text(encoding="utf-8"))

    return read
