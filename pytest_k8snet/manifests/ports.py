"""Numbers and protocols of ports, wherever they stand."""

from __future__ import annotations

from typing import Any

from ..values import Manifest, is_int, text_of
from .objects import KubernetesObject


def protocol_of(data: Manifest) -> str:
    """TCP where the manifest says nothing."""
    return text_of(data.get("protocol")) or "TCP"


def port_number(obj: KubernetesObject, value: Any, field: str) -> int | None:
    """A port as the API takes it; one in quotes is refused, yet clear in meaning."""
    if is_int(value) and 0 < value < 1 << 16:
        return int(value)
    obj.refuse(f"{field} is {value!r}, and Kubernetes takes a number from 1 to 65535", "ports:")
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and 0 < int(value[:6]) < 1 << 16
    ):
        return int(value)
    return None
