"""Helm: find charts, render them, install them. The only package that imports the Helm SDK.

Names are loaded when they are asked for: a worker process imports this package,
too, and needs next to nothing of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .charts import Chart, Dependency, find_charts
    from .dependencies import Workspace
    from .engine import Engine, choose_engine
    from .job import Definition, Job, Rendered
    from .pool import Pool, open_pool
    from .release import install, uninstall
    from .values import ValuesSet, values_sets

__all__ = [
    "Chart",
    "Definition",
    "Dependency",
    "Engine",
    "Job",
    "Pool",
    "Rendered",
    "ValuesSet",
    "Workspace",
    "choose_engine",
    "find_charts",
    "install",
    "open_pool",
    "uninstall",
    "values_sets",
]

_HOME = {
    "Chart": "charts",
    "Definition": "job",
    "Dependency": "charts",
    "Engine": "engine",
    "Job": "job",
    "Pool": "pool",
    "Rendered": "job",
    "ValuesSet": "values",
    "Workspace": "dependencies",
    "choose_engine": "engine",
    "find_charts": "charts",
    "install": "release",
    "open_pool": "pool",
    "uninstall": "release",
    "values_sets": "values",
}


def __getattr__(name: str) -> Any:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(import_module(f".{home}", __name__), name)
