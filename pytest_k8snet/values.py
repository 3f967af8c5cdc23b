"""Values of any type, as YAML may hold them where Kubernetes wants a certain one."""

from __future__ import annotations

from typing import Any, TypeAlias

Manifest: TypeAlias = dict[str, Any]


def mapping(value: Any) -> Manifest:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: Any) -> list[Manifest]:
    """The entries of a list as mappings."""
    return [*map(mapping, sequence(value))]


def is_int(value: Any) -> bool:
    """Whether it is a number without a fraction; Python calls booleans numbers, too."""
    return isinstance(value, int) and not isinstance(value, bool)


def integer(value: Any, default: int) -> int:
    """The value where it is such a number."""
    return int(value) if is_int(value) else default


def text_of(value: Any) -> str:
    """The value as it would stand in YAML; null is nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def described(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {text_of(value)}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "a mapping"
