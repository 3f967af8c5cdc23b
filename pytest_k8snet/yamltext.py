"""YAML text -> plain data, as Helm and Kubernetes read it, and fast.

libyaml scans and composes; the scalars get their types here, by the rules of
the Go library that Helm and the API server use (sigs.k8s.io/yaml over
goyaml.v2). They differ from PyYAML's: a date is a string, ``1:30`` is a
string, a plain ``=`` is a string, an unknown tag is ignored, the last of
repeated keys wins, every key becomes a string.
"""

from __future__ import annotations

import operator
import re
from base64 import b64decode
from functools import lru_cache
from typing import Any

import yaml
from yaml import MarkedYAMLError, YAMLError
from yaml.composer import Composer
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from .errors import ManifestError

# PyYAML may be built without libyaml: then the results are the same, ten times slower.
CParser: Any = getattr(yaml.cyaml, "CParser", None) if yaml.__with_libyaml__ else None

_PLAIN = "plain"
_QUOTED = "quoted"

_BOOLS = {
    word: value
    for value, words in ((True, "y yes on true"), (False, "n no off false"))
    for lower in words.split()
    for word in (lower, lower.title(), lower.upper())
}
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_INT = re.compile(r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
# What a few lines of aliases can stand for fills any memory as soon as somebody walks over it.
MOST_NODES = 1_000_000
_DEEPEST = 1_000
_DEEP = "exceeded maximum nesting depth"
# A text that is shorter holds fewer than fill the memory, and is not counted before it is composed.
_SHORT = 4 << 20
# What may be an alias; only with one does a document have a value twice.
_ALIAS = re.compile(r"(?:^|[\s,\[{:])\*[\w-]")
_SEPARATOR = re.compile(r"^---(?=[\s#]|\Z)", re.MULTILINE)


def split_documents(text: str) -> list[str]:
    """The documents of a YAML stream.

    Split where Helm does: on a line that begins with ``---``, also where a
    comment follows without a blank.
    """
    if not text.startswith("---") and "\n---" not in text:
        return [text]
    return _SEPARATOR.split(text)


@lru_cache(maxsize=1 << 14)
def _typed(text: str) -> Any:
    """The value of a plain scalar."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    first = text[0]
    if not (first.isdigit() or first in "+-."):
        return text
    if _INT.match(text):
        return _integer(text.replace("_", ""))
    if _FLOAT.match(text):
        number = float(text.replace("_", ""))
        return int(number) if number.is_integer() else number  # JSON, the next step, knows no 8.0
    return float(text.replace(".", "")) if _NOT_FINITE.match(text) else text


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits[1] not in "box"
    return int(text, 8 if octal else 0)


class _Resolves:
    """Tells plain scalars from quoted ones; their types are found later."""

    def resolve(self, kind: type, _value: Any, implicit: Any) -> str:
        return _PLAIN if kind is ScalarNode and implicit[0] else _QUOTED

    # Called for every node, for nothing: built-in functions cost less than empty ones.
    descend_resolver = operator.is_
    ascend_resolver = tuple


if CParser is not None:

    class _Reader(_Resolves, CParser):  # type: ignore[misc]
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)

else:
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Reader(Reader, Scanner, Parser, _Resolves, Composer):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)


def load(text: str, where: str) -> Any:
    """The data of one document; None where there is nothing but comments.

    Mappings have string keys. ``where`` names the text in errors.

    :raises ManifestError: no YAML, or YAML that no JSON can be made of.
    """
    try:
        if len(text) > _SHORT or _may_be_deep(text):
            _refuse_large(text, where)
        reader = _Reader(text)
        try:
            node = reader.get_single_node()
        finally:
            reader.dispose()
        if node is None:
            return None
        aliases = "*" in text and _ALIAS.search(text) is not None
        if aliases and _expanded(node, {}) > MOST_NODES:
            raise ManifestError(
                f"{where}: aliases that stand for more than {MOST_NODES:,} values; write them out"
            )
        return _Builder(where, aliases=aliases).build(node)
    except (YAMLError, ValueError) as error:
        raise ManifestError(_explained(error, text, where)) from None
    except RecursionError:
        raise ManifestError(f"{where}: YAML that is nested too deeply to be a manifest") from None


def scan(text: str, where: str) -> None:
    """Find out whether a text is YAML, without making data of it.

    :raises ManifestError: it is not.
    """
    if CParser is None:
        load(text, where)
        return
    try:
        CParser(text).raw_parse()
    except (YAMLError, ValueError) as error:
        raise ManifestError(_explained(error, text, where)) from None


def _may_be_deep(text: str) -> bool:
    """Whether a short text may be nested deeply: in brackets, or with entries on one line."""
    return text.count("[") + text.count("{") > _DEEPEST or "- - - - " in text or "? ? ? ? " in text


def _refuse_large(text: str, where: str) -> None:
    """Refuse a document of more values than fit into memory at once, or nested too deeply.

    libyaml's composer calls itself for each level, and runs out of the processor's stack.

    :raises ManifestError: it is one.
    """
    reader, left, depth = _Reader(text), MOST_NODES, 0
    try:
        while reader.check_event():
            event = reader.get_event()
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > _DEEPEST:
                # Newer versions of libyaml say the same.
                raise MarkedYAMLError(problem=_DEEP, problem_mark=event.start_mark)
            left -= 1
            if left < 0:
                raise ManifestError(
                    f"{where}: one document of more than {MOST_NODES:,} values, which no cluster"
                    " takes; split it, or correct what makes so many"
                )
    finally:
        reader.dispose()


def _expanded(node: Any, known: dict[int, int]) -> int:
    """How many values a node stands for when every alias is written out."""
    if type(node) is ScalarNode:
        return 1
    if id(node) not in known:
        known[id(node)] = 1  # an alias inside its own anchor is refused later
        below = node.value
        if type(node) is MappingNode:
            below = [part for pair in below for part in pair]
        known[id(node)] = 1 + sum(_expanded(part, known) for part in below)
    return known[id(node)]


class _Builder:
    """Makes data of composed nodes; where there are aliases, each node once."""

    def __init__(self, where: str, *, aliases: bool) -> None:
        self._where = where
        self._aliases = aliases
        self._made: dict[int, Any] = {}

    def build(self, node: Any) -> Any:
        kind = type(node)
        if kind is ScalarNode:
            return _typed(node.value) if node.tag == _PLAIN else self._tagged(node)
        if not self._aliases:
            return self._collection(kind, node)
        made = self._made
        key = id(node)
        if key in made:
            if made[key] is None:
                raise ManifestError(f"{self._where}: an alias stands inside its own anchor")
            return made[key]
        made[key] = None
        made[key] = self._collection(kind, node)
        return made[key]

    def _collection(self, kind: type, node: Any) -> Any:
        return self._mapping(node) if kind is MappingNode else [*map(self.build, node.value)]

    def _tagged(self, node: Any) -> Any:
        """A quoted scalar, or one with a tag: only those that change what it is count."""
        tag, text = node.tag.removeprefix("tag:yaml.org,2002:"), node.value
        if tag in ("int", "bool", "null"):
            return _typed(text)
        if tag == "float":
            value = _typed(text)
            return float(value) if isinstance(value, int) else value
        if tag != "binary":
            return text
        try:
            return b64decode(text).decode(errors="replace")
        except ValueError:
            line = node.start_mark.line + 1
            raise ManifestError(f"{self._where}: line {line}: !!binary takes base64") from None

    def _mapping(self, node: Any) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[Any] = []
        for key_node, value_node in node.value:
            if type(key_node) is not ScalarNode:
                raise ManifestError(
                    f"{self._where}: line {key_node.start_mark.line + 1}: a mapping or a list"
                    " cannot be a key ({{ has a meaning in a chart's templates alone)"
                )
            key = key_node.value
            if key_node.tag == _PLAIN and key == "<<":
                merged.append(value_node)
                continue
            if value_node.tag == _PLAIN:  # most are, and a call for each takes its time
                result[key] = _typed(value_node.value)
            else:
                result[key] = self.build(value_node)
        for value_node in merged:
            self._merge(result, value_node)
        return result

    def _merge(self, result: dict[str, Any], node: Any) -> None:
        """``<<``: keys that stand in the mapping itself win, then the first of a list."""
        sources = node.value if type(node) is SequenceNode else [node]
        for source in sources:
            value = self.build(source)
            if not isinstance(value, dict):
                raise ManifestError(f"{self._where}: << takes a mapping or a list of mappings")
            for key, entry in value.items():
                result.setdefault(key, entry)


def _explained(error: Exception, text: str, where: str) -> str:
    if isinstance(error, ReaderError):  # knows bytes, and no lines
        line = text.encode(errors="replace")[: error.position].count(b"\n") + 1
        return f"{where}: not YAML: the control character #x{error.character:04x}, in line {line}"
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return f"{where}: not YAML: {error}"
    line = error.problem_mark.line
    lines = text.splitlines()
    shown = f"\n    {lines[line].strip()[:120]}" if line < len(lines) else ""
    return f"{where}: not YAML: {error.problem}, in line {line + 1} of the document{shown}"
