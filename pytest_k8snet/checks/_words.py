"""How findings speak of objects, ports and lists of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from ..model import Application, Reference, Subject

_SHOWN = 5
T = TypeVar("T")


def listing(items: Iterable[T], text: Callable[[T], str] = str, *, complete: bool = True) -> str:
    """``a``, ``a and b``, ``a, b and c``; what is beyond five is counted.

    :param complete: whether there are no others than these.
    """
    known = list(items)
    shown = [text(item) for item in known[: _SHOWN + 1]]
    if len(known) > _SHOWN + 1:
        more = "more" if complete else "or more others"
        shown[_SHOWN] = f"{len(known) - _SHOWN} {more}"
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def subjects(objects: Iterable[Subject], application: Application) -> str:
    """The objects' names as they stand in node ids, as a list."""
    return listing(objects, lambda obj: application.subject(obj.reference))


def references(objects: Iterable[Subject]) -> tuple[Reference, ...]:
    """The objects' references, each once, in order."""
    return tuple(dict.fromkeys(obj.reference for obj in objects))


def port_text(number: int, protocol: str) -> str:
    """``8080/TCP``."""
    return f"{number}/{protocol}"


def verb(items: Collection[object], one: str) -> str:
    """The verb in the form that goes with so many: ``takes``, ``take``."""
    return one if len(items) == 1 else one.removesuffix("s")
