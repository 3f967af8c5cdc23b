"""Renders charts to files, for programs that read rendered manifests."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from pytest_k8snet.helm.charts import find_charts
from pytest_k8snet.helm.dependencies import Workspace
from pytest_k8snet.helm.engine import choose_engine
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.helm.request import RenderRequest


def write_manifests(charts: Path, folder: Path) -> tuple[list[Path], list[str]]:
    """Render every chart with its default values into one file in ``folder``.

    Returns the files, and the charts that do not render.
    """
    folder.mkdir()
    found = find_charts([str(charts)], charts)
    files: list[Path] = []
    refused: list[str] = []
    with Renderer(choose_engine()) as renderer, closing(Workspace()) as workspace:
        requests = [RenderRequest(workspace.prepare(chart)) for chart in found]
        for chart, rendered in zip(found, renderer.render(requests), strict=True):
            name = "-".join(chart.path.relative_to(charts.parent).parts)
            if rendered.error is not None:
                refused.append(name)
                continue
            file = folder / f"{name}.yaml"
            texts = (f"---\n# {path}\n{text.rstrip()}\n" for path, text in rendered.templates)
            file.write_text("".join(texts), encoding="utf-8")
            files.append(file)
    return files, refused
