"""Both kinds of Helm, as far as they are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_k8snet.errors import HelmMissing
from pytest_k8snet.helm.engine import Engine, choose_engine
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.helm.request import Rendered, RenderRequest

Render = Callable[..., Rendered]
ENGINES = ("embedded", "helm")


def engine_or_skip(choice: str) -> Engine:
    """The engine, or a skip that says why there is none."""
    try:
        return choose_engine(choice)
    except HelmMissing as error:
        pytest.skip(str(error).partition(":")[0])


@pytest.fixture(scope="session", params=ENGINES, ids=("embedded", "binary"))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each kind of Helm in turn."""
    return engine_or_skip(request.param)


@pytest.fixture(scope="session")
def renderer(engine: Engine) -> Iterator[Renderer]:
    """One warm renderer for each kind of Helm."""
    with Renderer(engine, processes=1) as renderer:
        yield renderer


@pytest.fixture(scope="session")
def both() -> Iterator[tuple[Renderer, Renderer]]:
    """The two kinds of Helm beside each other."""
    first, second = (engine_or_skip(choice) for choice in ENGINES)
    with Renderer(first, processes=1) as one, Renderer(second, processes=1) as other:
        yield one, other


@pytest.fixture
def render(renderer: Renderer) -> Render:
    """Render one chart: its path, and a request's other fields by name."""

    def render(path: Path, **fields: object) -> Rendered:
        (rendered,) = renderer.render([RenderRequest(path, **fields)])  # type: ignore[arg-type]
        return rendered

    return render
