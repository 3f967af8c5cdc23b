"""Services that the API server calls: webhooks and aggregated APIs.

It calls them from no pod: it runs on a node's own network, or outside of the cluster.
https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#service-reference
https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..model import Backend
from ..values import Manifest, integer, mapping, mappings, text_of

_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_DEFINITION = "CustomResourceDefinition"
CALLED = frozenset((*_WEBHOOKS, _DEFINITION, "APIService"))
_HTTPS = 443  # where no port is named
_CONVERSION = re.compile(r"^  conversion:[^\n]*\n(?:   [^\n]*\n?)*", re.MULTILINE)


def text_to_read(kind: str, text: str) -> str:
    """What of an object's text has to be data for :func:`api_backends`, "" for nothing.

    A definition may have megabytes, and says in a few lines who converts its objects.
    """
    if kind not in CALLED or "service" not in text:
        return ""
    if kind != _DEFINITION:
        return text
    found = _CONVERSION.search(text)
    return f"spec:\n{found.group()}" if found else ""


def api_backends(kind: str, data: Manifest) -> Iterator[Backend]:
    """The Services that an object of one of the kinds :data:`CALLED` tells the API server."""
    for one in _services(kind, data):
        service = mapping(one)
        if name := text_of(service.get("name")):
            port = integer(service.get("port"), _HTTPS)
            yield Backend(name, port, text_of(service.get("namespace")))


def _services(kind: str, data: Manifest) -> Iterator[Any]:
    spec = mapping(data.get("spec"))
    if kind in _WEBHOOKS:
        for webhook in mappings(data.get("webhooks")):
            yield mapping(webhook.get("clientConfig")).get("service")
    elif kind == "APIService":
        yield spec.get("service")
    elif kind == _DEFINITION:
        webhook = mapping(mapping(spec.get("conversion")).get("webhook"))
        yield mapping(webhook.get("clientConfig")).get("service")
