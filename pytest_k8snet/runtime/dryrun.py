"""What the API server says to all objects of a release, of which it keeps none.

Helm stops at the first object that is refused. A dry run on the server goes
through its defaulting, validation and admission for each of them, so that a
chart's mistakes are told in one run and not one in each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import ManifestError
from ..helm.engine import Engine
from ..helm.renderer import Renderer
from ..helm.request import RenderRequest
from ..yamltext import load, split_documents
from .api import Api, Refused

# Helm has made some objects before it stopped.
_THERE_ALREADY = 409
# What a webhook with side effects is answered with.
_NO_DRY_RUN = "does not support dry run"


def refusals(api: Api, engine: Engine, request: RenderRequest, error: str) -> list[str]:
    """What else is refused than what Helm's ``error`` says: an object and the reason each."""
    with Renderer(engine, processes=1) as renderer:
        templates = [pair for one in renderer.render([request]) for pair in one.templates]
    objects = list(_objects(templates))
    own = {_kind(one) for one in objects if one.get("kind") == "CustomResourceDefinition"}
    said: dict[str, None] = {}
    for one in objects:
        try:
            api.dry_run(one, request.namespace)
        except Refused as refused:
            # Those of the chart's own kinds and namespaces come when these are there.
            made_first = one["kind"] in own or refused.message.startswith("namespaces ")
            if made_first or refused.status == _THERE_ALREADY or _NO_DRY_RUN in refused.message:
                continue
            if refused.message not in error:
                name = one["metadata"].get("name", "")
                said[f"{one['kind']}/{name}: {refused.message}"] = None
    return list(said)


def _objects(templates: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The objects of the rendered templates, those of lists, too."""
    for source, text in templates:
        for document in split_documents(text):
            try:
                found = load(document, source)
            except ManifestError:
                continue  # Helm says so
            if not isinstance(found, dict):
                continue
            for one in found.get("items") or [found] if found.get("kind") == "List" else [found]:
                if isinstance(one, dict) and one.get("kind") and one.get("metadata"):
                    yield one


def _kind(definition: dict[str, Any]) -> str:
    """The kind that a CustomResourceDefinition defines."""
    names: Any = definition.get("spec", {}).get("names", {})
    return str(names.get("kind", ""))
