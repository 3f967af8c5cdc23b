"""Documents as data, each text only once: values sets of a chart have most of them in common."""

from __future__ import annotations

from functools import cache

from .. import yamltext


class Documents:
    """The functions of :mod:`.yamltext`, which read each text once.

    Their data is shared: nobody may change it.
    """

    def __init__(self) -> None:
        self.load, self.scan = cache(yamltext.load), cache(yamltext.scan)
