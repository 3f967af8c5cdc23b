"""Calico's selector language.

https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#selectors:
``a == 'x'``, ``a != 'x'``, ``a in {'x', 'y'}``, ``a not in {…}``, ``has(a)``, ``a contains 'x'``,
``a starts with 'x'``, ``a ends with 'x'``, ``all()``, ``global()``, joined by ``!``, ``&&``, ``||``
and parentheses, in that order of binding. The empty selector takes everybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ..model import Labels

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<text>"[^"]*"|'[^']*')
      | (?P<sign>==|!=|&&|\|\||[!(){},])
      | (?P<call>has|all|global)\([ \t]*(?P<label>[\w./-]*)[ \t]*\)
      | (?P<word>[\w./-]+)
    )""",
    re.VERBOSE,
)
_OPERATOR = re.compile(
    r"[ \t]*(==|!=|contains\b|starts[ \t]*with\b|ends[ \t]*with\b|not[ \t]*in\b|in\b)"
)

Test: TypeAlias = Callable[[Labels], bool]
Part: TypeAlias = tuple[Test, Mapping[str, str]]
"""A test, and labels without which it takes nobody."""


class SelectorError(ValueError):
    """The text is no selector of Calico's."""


@dataclass(frozen=True, slots=True)
class CalicoSelector:
    """A selector that was read.

    :ivar keys: the label keys that it asks about.
    :ivar outside: it asks for what is in no namespace: ``global()``.
    :ivar labels: labels without which it takes nobody, as far as that is plain.
    :ivar understood: False where the text is none of Calico's language.
    """

    matches: Test
    keys: frozenset[str] = frozenset()
    outside: bool = False
    labels: Labels = field(default_factory=dict)
    understood: bool = True


def parse_selector(text: str) -> CalicoSelector:
    """Read a selector.

    :raises SelectorError: it is none.
    """
    reader = _Reader(text)
    if reader.rest().isspace() or not reader.rest():
        return CalicoSelector(lambda _: True)
    test, labels = reader.alternatives()
    if reader.rest().strip():
        raise SelectorError(f"unexpected: {reader.rest().strip()}")
    return CalicoSelector(test, frozenset(reader.keys), reader.outside, labels)


class _Reader:
    """Reads from left to right, one method for each level of binding."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.keys: set[str] = set()
        self.outside = False

    def rest(self) -> str:
        return self._text[self._at :]

    def _take(self, sign: str) -> bool:
        match = _TOKEN.match(self._text, self._at)
        if match is None or match["sign"] != sign:
            return False
        self._at = match.end()
        return True

    def alternatives(self) -> Part:
        parts = [self._conjunction()]
        while self._take("||"):
            parts.append(self._conjunction())
        if len(parts) == 1:
            return parts[0]
        return lambda labels: any(test(labels) for test, _ in parts), {}

    def _conjunction(self) -> Part:
        parts = [self._operation()]
        while self._take("&&"):
            parts.append(self._operation())
        needed = {key: value for _, labels in parts for key, value in labels.items()}
        return lambda labels: all(test(labels) for test, _ in parts), needed

    def _operation(self) -> Part:
        if self._take("!"):
            test, _ = self._operation()
            return lambda labels: not test(labels), {}
        if self._take("("):
            part = self.alternatives()
            if not self._take(")"):
                raise SelectorError(f"a closing parenthesis is missing before: {self.rest()}")
            return part
        match = _TOKEN.match(self._text, self._at)
        if match is None or not (match["call"] or match["word"]):
            raise SelectorError(f"unexpected: {self.rest().strip() or 'the end'}")
        self._at = match.end()
        if match["call"]:
            return self._call(match["call"], match["label"]), {}
        return self._comparison(match["word"])

    def _call(self, name: str, label: str) -> Test:
        if name == "has" and label:
            self.keys.add(label)
            return lambda labels: label in labels
        if name == "has" or label:
            raise SelectorError(f"{name}({label})")
        self.outside |= name == "global"
        return lambda _: name == "all"

    def _comparison(self, label: str) -> Part:
        self.keys.add(label)
        match = _OPERATOR.match(self._text, self._at)
        if match is None:
            raise SelectorError(f"an operator is missing after {label}")
        self._at = match.end()
        operator = "".join(match[1].split())
        if operator in ("in", "notin"):
            values = self._values()
            if operator == "in":
                needed = dict.fromkeys((label,), *values) if len(values) == 1 else {}
                return lambda labels: label in labels and labels[label] in values, needed
            return lambda labels: labels.get(label) not in values, {}
        value = self._literal()
        if operator == "==":
            return lambda labels: labels.get(label) == value, {label: value}
        if operator == "!=":
            return lambda labels: labels.get(label) != value, {}
        tests = {
            "contains": lambda found: value in found,
            "startswith": lambda found: found.startswith(value),
            "endswith": lambda found: found.endswith(value),
        }
        test: Callable[[str], bool] = tests[operator]
        return lambda labels: label in labels and test(labels[label]), {}

    def _literal(self) -> str:
        match = _TOKEN.match(self._text, self._at)
        if match is None or match["text"] is None:
            raise SelectorError(f"a text in quotes is missing before: {self.rest().strip()}")
        self._at = match.end()
        return match["text"][1:-1]

    def _values(self) -> frozenset[str]:
        values: set[str] = set()
        if not self._take("{"):
            raise SelectorError(f"a set in braces is missing before: {self.rest().strip()}")
        while not self._take("}"):
            values.add(self._literal())
            if not self._take(",") and not self.rest().lstrip().startswith("}"):
                raise SelectorError(f"a closing brace is missing before: {self.rest().strip()}")
        return frozenset(values)
