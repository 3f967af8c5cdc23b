"""Documents as data, each text only once: values sets of a chart have most of them in common."""

from __future__ import annotations

from typing import Any

from .. import yamltext


class Documents:
    """The documents that were read so far. Their data is shared: nobody may change it."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str], Any] = {}
        self._scanned: set[tuple[str, str]] = set()

    def load(self, text: str, source: str) -> Any:
        """As :func:`.yamltext.load`."""
        key = (source, text)
        if key not in self._loaded:
            self._loaded[key] = yamltext.load(text, source)
        return self._loaded[key]

    def scan(self, text: str, source: str) -> None:
        """As :func:`.yamltext.scan`."""
        key = (source, text)
        if key not in self._scanned:
            yamltext.scan(text, source)
            self._scanned.add(key)
