"""Does a values.schema.json want something that is not in it: from the network, or from this disk?

Both kinds of Helm would get it while they render. A verdict must not depend on a
server, unless the user lets Helm fetch, and a chart has no business with other
files, so such a chart is refused before. Imported by the child, too.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urldefrag, urljoin

from ..reading import opened, read_bytes
from .archives import ARCHIVES, Unpacking

FILE = "values.schema.json"
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef", "$schema")
# What stands in these is data, not schema.
_DATA = frozenset(("default", "const", "enum", "examples"))
# Helm's validator brings the published drafts along.
_BUILT_IN = ("http://json-schema.org/", "https://json-schema.org/")


def foreign_reference(chart: Path, *, online: bool) -> str:
    """Why a chart is refused: which schema refers to which address; "" if none does.

    :param online: addresses in the network are none to refuse.
    """
    for path, text in _schemas(chart):
        for address in foreign_addresses(text):
            if not online or address.lower().startswith("file:"):
                return f"{path} refers to {address}"
    return ""


def foreign_addresses(text: bytes) -> list[str]:
    """The addresses that validating with this schema would fetch or read, sorted.

    A text that is no JSON has none: Helm itself reports that.
    """
    lower = text.lower()
    if not any(sign in lower for sign in (b"http", b"file:", b"\\u")):
        return []
    try:
        schema = json.loads(text)
    except ValueError:
        return []
    own: set[str] = set()
    referred: set[str] = set()
    _walk(schema, "", own, referred)
    return sorted(
        address
        for address in referred - own
        if address.lower().startswith(("http://", "https://", "file:"))
        and not address.startswith(_BUILT_IN)
    )


def _walk(node: Any, base: str, own: set[str], referred: set[str]) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(item, base, own, referred)
    elif isinstance(node, dict):
        name = node.get("$id", node.get("id"))
        if isinstance(name, str):
            base = _address(base, name)
            own.add(base)
        for key in _REFERENCES:
            if isinstance(node.get(key), str):
                referred.add(_address(base, node[key]))
        for key, item in node.items():
            if key not in _DATA:
                _walk(item, base, own, referred)


def _address(base: str, reference: str) -> str:
    try:
        return urldefrag(urljoin(base, reference)).url
    except ValueError:  # no address at all
        return ""


def _schemas(chart: Path, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """The schemas of a chart and of the charts in it, with their inner paths."""
    if not chart.is_dir():
        # Helm says what is wrong with it.
        with contextlib.suppress(OSError), opened(chart) as file:
            yield from _schemas_in_archive(Unpacking(chart), file, prefix)
        return
    with contextlib.suppress(OSError):
        yield prefix + FILE, read_bytes(chart / FILE)
    charts = chart / "charts"
    if not charts.is_dir():
        return
    for below in sorted(charts.iterdir()):
        if below.is_dir() or below.name.endswith(ARCHIVES):
            yield from _schemas(below, f"{prefix}charts/{below.name}/")


def _schemas_in_archive(
    unpacking: Unpacking, file: IO[bytes], prefix: str
) -> Iterator[tuple[str, bytes]]:
    for member in unpacking.members(file, FILE):
        path = prefix + member.path.partition("/")[2]
        if path.endswith(FILE):
            yield path, member.content
        elif path.split("/")[-2:-1] == ["charts"]:
            with contextlib.suppress(OSError):
                yield from _schemas_in_archive(unpacking, io.BytesIO(member.content), f"{path}/")
