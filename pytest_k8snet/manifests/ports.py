"""Numbers and protocols of ports, wherever they stand."""

from __future__ import annotations

from typing import Any

from ..values import Manifest, described, is_int, text_of
from .objects import KubernetesObject


def protocol_of(data: Manifest) -> str:
    """TCP where the manifest says nothing."""
    return text_of(data.get("protocol")) or "TCP"


def port_number(obj: KubernetesObject, value: Any, field: str) -> int | None:
    """A port as the API takes it; one in quotes is refused, yet clear in meaning."""
    if is_int(value) and 0 < value < 1 << 16:
        return int(value)
    number = _number_in(value)
    if value is None:
        said = "has no number"
    elif number:
        said = f"is {value} in quotes: write it without"
    else:
        shown = (
            value if is_int(value) else repr(value) if isinstance(value, str) else described(value)
        )
        said = f"is {shown}, and Kubernetes takes a number from 1 to 65535"
    obj.refuse(f"{field} {said}", "ports:")
    return number


def _number_in(value: Any) -> int | None:
    """The port that a text means."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        number = int(value[:6])
        return number if 0 < number < 1 << 16 else None
    return None
