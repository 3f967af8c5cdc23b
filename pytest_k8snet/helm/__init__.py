"""Helm: find charts, render them, install them. The only package that imports the Helm SDK.

Names are loaded when they are asked for: the process with the SDK imports this
package, too, and needs next to nothing of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .charts import Chart, Dependency, find_charts
    from .dependencies import Workspace
    from .engine import Engine, choose_engine
    from .release import install, uninstall
    from .renderer import Renderer
    from .request import Definition, Rendered, RenderRequest
    from .values import ValuesSet, values_sets

__all__ = [
    "Chart",
    "Definition",
    "Dependency",
    "Engine",
    "RenderRequest",
    "Rendered",
    "Renderer",
    "ValuesSet",
    "Workspace",
    "choose_engine",
    "find_charts",
    "install",
    "uninstall",
    "values_sets",
]

_HOME = {
    "Chart": "charts",
    "Definition": "request",
    "Dependency": "charts",
    "Engine": "engine",
    "RenderRequest": "request",
    "Rendered": "request",
    "Renderer": "renderer",
    "ValuesSet": "values",
    "Workspace": "dependencies",
    "choose_engine": "engine",
    "find_charts": "charts",
    "install": "release",
    "uninstall": "release",
    "values_sets": "values",
}


def __getattr__(name: str) -> Any:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(import_module(f".{home}", __name__), name)
