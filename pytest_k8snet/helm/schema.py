"""Does a values.schema.json want something from the network?

Both kinds of Helm would fetch it while they render. A verdict must not depend
on a server, so such a chart is refused before. Imported by the child, too.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urldefrag, urljoin

FILE = "values.schema.json"
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef", "$schema")
# What stands in these is data, not schema.
_DATA = frozenset(("default", "const", "enum", "examples"))
# Helm's validator brings the published drafts along.
_BUILT_IN = ("http://json-schema.org/", "https://json-schema.org/")
_ARCHIVES = (".tgz", ".tar.gz")


def remote_reference(chart: Path) -> str:
    """Why a chart is refused: which schema refers to which address; "" if none does."""
    for path, text in _schemas(chart):
        for address in remote_addresses(text):
            return f"{path} refers to {address}"
    return ""


def remote_addresses(text: bytes) -> list[str]:
    """The addresses that validating with this schema would fetch, sorted.

    A text that is no JSON has none: Helm itself reports that.
    """
    if b"http" not in text:
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
        if address.startswith(("http://", "https://")) and not address.startswith(_BUILT_IN)
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
    if chart.is_file():
        with chart.open("rb") as file:
            yield from _schemas_in_archive(file, prefix)
        return
    with contextlib.suppress(OSError):
        yield prefix + FILE, (chart / FILE).read_bytes()
    charts = chart / "charts"
    if not charts.is_dir():
        return
    for below in sorted(charts.iterdir()):
        if below.is_dir() or below.name.endswith(_ARCHIVES):
            yield from _schemas(below, f"{prefix}charts/{below.name}/")


def _schemas_in_archive(file: IO[bytes], prefix: str) -> Iterator[tuple[str, bytes]]:
    import tarfile
    import zlib

    try:
        with tarfile.open(fileobj=file, mode="r:*") as archive:
            for member in archive:
                content = archive.extractfile(member) if _wanted(member.name) else None
                if content is None:
                    continue
                path = prefix + member.name.partition("/")[2]
                if path.endswith(_ARCHIVES):
                    yield from _schemas_in_archive(content, f"{path}/")
                else:
                    yield path, content.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        return  # Helm says what is wrong with it


def _wanted(name: str) -> bool:
    parts = name.split("/")
    return parts[-1] == FILE or (parts[-2:-1] == ["charts"] and name.endswith(_ARCHIVES))
