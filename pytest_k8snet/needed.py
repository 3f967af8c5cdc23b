"""Which releases the collected tests need, and what for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pytest

from .fixtures import RELEASE, target_of
from .items import ChartItem, CheckItem, InstallsItem
from .runtime.stage import Need, Plan, key_of
from .target import Gathered


def needed(items: Iterable[pytest.Item], gathered: Sequence[Gathered]) -> Plan:
    """What is needed of each release; items that were deselected count no more.

    A test that asks for its fixtures while it runs is not seen here: its
    release is installed when it asks.
    """
    plan: dict[str, Need] = defaultdict(Need)
    for item in items:
        if isinstance(item, ChartItem):
            one: Gathered | None = item.gathered
            if isinstance(item, InstallsItem):
                need = Need()
            elif isinstance(item, CheckItem) and item.observed:
                need = Need(observe=True)
            else:
                continue
        elif RELEASE in getattr(item, "fixturenames", ()):
            one = target_of(item, gathered)
            need = Need(observe=True, users=frozenset({item.nodeid}))
        else:
            continue
        if one is not None and one.application is not None and one.target.manifests is None:
            plan[key_of(one)] |= need
    return dict(plan)
