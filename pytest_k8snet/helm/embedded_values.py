"""Values files and expressions as the embedded SDK takes them: one dict.

Imported in the child only.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import helm_python as helm

from ..reading import Refused, not_utf8, read_bytes
from .request import RenderRequest

# From here on Go prints a number as 1e+06; helm --set would keep it whole.
FLOAT_FROM = 1_000_000
KEY = re.compile(r"(?:^|,)((?:\\.|[^=,{}\\])*)=")
ABSENT = object()
PLACE = re.compile(r"\[(\d+)\]")


class ValuesError(Exception):
    """A values file or expression that Helm cannot read."""


PARSERS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "--helm-set": helm.parse_set_string,
    "--helm-set-string": helm.parse_set_string_values,
    "--helm-set-file": helm.parse_set_file,
}


def read_values(request: RenderRequest) -> dict[str, Any]:
    """What ``helm -f FILE … --set EXPRESSION …`` means.

    :raises ValuesError: Helm cannot read one of them.
    """
    values: dict[str, Any] = {}
    for file in request.values:
        values = merge(values, _read_values(file))
    # Helm's own order, whatever the order of the command line.
    given = (request.sets, request.set_strings, request.set_files)
    for option, expressions in zip(PARSERS, given, strict=True):
        for text in expressions:
            expression = _Expression(option, text)
            values = expression.over(values, expression.parsed)
    return values


def _read_values(file: Path) -> dict[str, Any]:
    try:
        return helm.values_from_yaml(read_bytes(file).decode())
    except UnicodeDecodeError as error:
        raise ValuesError(f"cannot load {file}: {not_utf8(error)}") from error
    except Refused as error:
        raise ValuesError(f"cannot load {file}: {error.strerror}") from error
    except (OSError, helm.HelmError) as error:
        raise ValuesError(f"cannot load {file}: {error}") from error


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``base`` as Helm lays files: maps deeply, all else as a whole."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[key] = merge(below, value)
        else:
            merged[key] = value
    return merged


class _Expression:
    """One ``--set`` on its way into values: it changes single places of maps and lists."""

    def __init__(self, option: str, text: str) -> None:
        self._said = f"{option}={text}"
        self._places = _places(text)
        try:
            self.parsed = PARSERS[option](text)
        except helm.HelmError as error:
            raise ValuesError(f"{self._said}: {error}") from error
        _warn_of_large_numbers(self.parsed, self._said)

    def over(self, below: Any, value: Any, path: str = "") -> Any:
        """What becomes of ``below`` at a path where the expression has ``value``.

        :raises ValuesError: ``a.b=1`` where ``a`` is no map; Helm refuses that.
        """
        places = self._places.get(path, frozenset())
        if below is ABSENT or not (isinstance(value, dict) or places):
            return value
        if type(below) is not type(value):
            if path.endswith("]") and (below is None or isinstance(value, dict)):
                return value  # in a list Helm begins a map anew
            raise ValuesError(f"{self._said}: {path} is something else before it")
        if isinstance(below, list):
            return self._over_list(below, value, places, path)
        merged = dict(below)
        for key, item in value.items():
            merged[key] = self.over(below.get(key, ABSENT), item, f"{path}.{key}" if path else key)
        return merged

    def _over_list(
        self, below: list[Any], value: list[Any], places: frozenset[int], path: str
    ) -> list[Any]:
        merged = below + [None] * (len(value) - len(below))
        for place in places:
            merged[place] = self.over(merged[place], value[place], f"{path}[{place}]")
        return merged


def _places(expression: str) -> dict[str, frozenset[int]]:
    """Which places of which lists it names: ``a.b[1]=x`` is place 1 of ``a.b``."""
    found: dict[str, frozenset[int]] = {}
    for key in KEY.findall(expression):
        for place in PLACE.finditer(key):
            path = key[: place.start()].replace("\\", "")
            found[path] = found.get(path, frozenset()) | {int(place[1])}
    return found


def _warn_of_large_numbers(parsed: Any, said: str) -> None:
    if any(abs(number) >= FLOAT_FROM for number in _integers(parsed)):
        sys.stderr.write(
            f"{said}: templates see this number as a float (1e+06); where that"
            " matters, use --helm-set-string or a helm binary (--k8snet-helm=PATH)\n"
        )
        sys.stderr.flush()


def _integers(value: Any) -> Iterator[int]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _integers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _integers(item)
