"""Templates that rendered to nothing, and who may wait for what they make.

With other values such a template makes pods. Whether they would be those of a
Service or a policy is told by the templates' own text: the lines that the
selector is written with, or the helper that they call, stand in it or in a
helper that it calls. A template of a Service is what a route waits for if both
write the name with the same expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .helm.charts import Chart
from .index import pod_index, service_called
from .kinds import KIND_NAMES
from .matching import takes
from .model import Application, Blank, NetworkPolicy, Reference, Route, Service
from .reading import read_text
from .yamltext import split_documents

# A kind that begins its line is the object's own: that of a scaleTargetRef is indented. Knative's
# Service is left out: nearly all templates of that kind make no pods.
_MAKES_WORKLOAD = re.compile(
    rf"^kind:\s*[\"']?(?:{'|'.join(sorted(KIND_NAMES - {'Service'}))})\b", re.MULTILINE
)
_TEST_HOOK = re.compile(r"helm\.sh/hook[\"']?:[ \t]*[\"']?test(?:-success|-failure)?\b(?!,)")
_MAKES_SERVICE = re.compile(r"^kind:\s*[\"']?Service\b", re.MULTILINE)
# No expression is within another one, and no key within a word: what is tried from each place of a
# long line again takes the square of its length.
_VALUE = r"((?:\{\{(?:(?!\{\{|\}\}).)*\}\}|[^,{}\[\]\n])+)"
_OWN_NAME = re.compile(rf"^(?:  |metadata:[^\n#]*?[{{,][ \t]*)name:[ \t]+{_VALUE}", re.MULTILINE)
_OTHER_NAME = re.compile(
    rf"(?:^ {{3,}}(?:- )?|[{{,][ \t]*)(?:name|serviceName|host):[ \t]+{_VALUE}", re.MULTILINE
)
_OWN_METADATA = re.compile(r"^metadata:.*", re.MULTILINE)
_ENTRY = re.compile(rf"(?<![\w./-])([\w./-]+)[\"']?:[ \t]+{_VALUE}")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_VARIABLE = re.compile(r"\{\{-?\s*\$(\w+)\s*:=\s*(.*?)\s*-?\}\}")
_SELECTOR = re.compile(r"(?:^[ \t-]*|[{,][ \t]*)selector:[ \t]*", re.MULTILINE)
_POLICY_SELECTOR = re.compile(
    r"(?:^[ \t]*|[{,][ \t]*)(?:pod|endpoint)Selector:[ \t]*(?:\n[ \t]*matchLabels:[ \t]*)?",
    re.MULTILINE,
)
_HELPER = re.compile(r"\b(?:include|template)\s+\"([^\"]+)\"")
_DEFINITION = re.compile(
    r"\{\{-?\s*define\s+\"([^\"]+)\"\s*-?\}\}(.*?)(?=\{\{-?\s*define\s|\Z)", re.DOTALL
)
_END = re.compile(r"\{\{-?\s*end\s*-?\}\}")
_LABEL = re.compile(r"\s*(?:[\w./-]+:\s|\{\{-?\s*(?:include|template)\s)")
_INDENT = re.compile(r"\|\s*n?indent\s+\d+\s*")


def blank_templates(
    application: Application, chart: Chart, blank: Iterable[str]
) -> tuple[Blank, ...]:
    """The templates among ``blank`` that would make with other values what something waits for.

    Only asked where a Service or policy finds no pods, or a route no Service. A packed chart shows
    no templates.
    """
    owners: tuple[Service | NetworkPolicy, ...] = (*application.services, *application.policies)
    waiting = [one for one in owners if one.namespace and _waits(one, application)]
    routes = [one for one in application.routes if _leads_nowhere(one, application)]
    if chart.packed or not (waiting or routes):
        return ()
    texts = {path: _text(chart, path) for path in blank}
    able = _makers(waiting, chart, texts) if waiting else {}
    for path, route in _services(routes, chart, texts):
        able.setdefault(path, []).append(route.reference)
    return tuple(Blank(path, tuple(able[path])) for path in texts if path in able)


def _makers(
    waiting: Iterable[Service | NetworkPolicy], chart: Chart, texts: Mapping[str, str]
) -> dict[str, list[Reference]]:
    """The templates of workloads, each with whom it could make the pods of."""
    texts = {path: text for path, text in texts.items() if _makes_workload(text)}
    if not texts:
        return {}
    selectors = {one.reference: list(_selectors(one, _text(chart, one.source))) for one in waiting}
    helpers = _helpers(chart)
    found: dict[str, list[Reference]] = {}
    for path, text in texts.items():
        written = _written(text, helpers)
        found[path] = [
            reference
            for reference, several in selectors.items()
            if any(_has(wanted, written, helpers) for wanted in several if wanted)
        ]
    return found


def _makes_workload(text: str) -> bool:
    """Whether a template has a workload that is more than a test of Helm's."""
    return any(
        _MAKES_WORKLOAD.search(document) and not _TEST_HOOK.search(document)
        for document in split_documents(text)
    )


def _leads_nowhere(route: Route, application: Application) -> bool:
    return any(
        service_called(backend.service, backend.namespace, application) is None
        for backend in route.backends
    )


def _services(
    routes: Iterable[Route], chart: Chart, texts: Mapping[str, str]
) -> Iterator[tuple[str, Route]]:
    """The templates of Services, each with a route that writes the name of one as it does."""
    named = {
        path: set(_spelled(_OWN_NAME, text))
        for path, text in texts.items()
        if _MAKES_SERVICE.search(text)
    }
    for route in routes if named else ():
        text = _OWN_METADATA.sub("", _text(chart, route.source))
        meant = set(_spelled(_OTHER_NAME, text))
        for path, names in named.items():
            if names & meant:
                yield path, route


def _spelled(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """What names are written with: expressions, in which variables stand for what they are."""
    variables = dict(_VARIABLE.findall(text))
    for value in pattern.findall(text):
        yield _expression(
            re.sub(r"\$(\w+)", lambda found: variables.get(found[1], found[0]), value)
        )


def _expression(value: str) -> str:
    """What a value is written with, however it is quoted and spaced."""
    plain = re.sub(r"\{\{-?|-?\}\}|\|\s*quote", "", value.strip("\"' "))
    return "".join(plain.split()).replace("$.", ".")


def _waits(owner: Service | NetworkPolicy, application: Application) -> bool:
    """Whether it asks for labels that no pod of its namespace has."""
    if owner.selector is None or owner.selector.empty:
        return False
    near = application.once(pod_index).candidates(owner.selector, owner.namespace)
    return not any(takes(owner.selector, workload) for workload in near)


def _has(wanted: Iterable[str], written: frozenset[str], helpers: Mapping[str, str]) -> bool:
    """Whether all that a selector is made of is written, a helper by its name or by its lines."""
    for part in wanted:
        lines = set(_parts(_labels(helpers.get(part, ""))))
        if part not in written and not (lines and lines <= written):
            return False
    return True


def _written(text: str, helpers: Mapping[str, str]) -> frozenset[str]:
    """The lines of a template and of every helper that it calls, and the helpers' names."""
    lines: set[str] = set()
    asked, known = [text], set[str]()
    while asked:
        text = asked.pop()
        lines.update(_parts(text.splitlines()))
        called = set(_HELPER.findall(text)) - known
        known |= called
        asked += [helpers[name] for name in called if name in helpers]
    return frozenset(lines | known)


def _helpers(chart: Chart) -> dict[str, str]:
    """What the helpers of the chart and of its unpacked subcharts are defined as."""
    files = sorted(chart.path.glob("**/templates/**/*.tpl"))
    texts = (_text(chart, str(file.relative_to(chart.path))) for file in files)
    return {
        name: _END.sub("\n", body) for text in texts for name, body in _DEFINITION.findall(text)
    }


def _labels(body: str) -> list[str]:
    """The lines of a helper that say something, without what it decides or comments."""
    return [line for line in body.splitlines() if _LABEL.match(line)]


def _selectors(owner: Service | NetworkPolicy, text: str) -> Iterator[frozenset[str]]:
    """What each selector in a template that may be the owner's is written with.

    Of a policy's the outermost: those further in say who may come.
    """
    pattern = _SELECTOR if isinstance(owner, Service) else _POLICY_SELECTOR
    found = [(_depth(match), match) for match in pattern.finditer(text)]
    if not isinstance(owner, Service):
        outermost = min((depth for depth, _ in found), default=0)
        found = [(depth, match) for depth, match in found if depth == outermost]
    for (indent, _), match in found:
        lines = list(_block(match, indent))
        if _may_be(owner, lines):
            yield frozenset(_parts(lines))


def _depth(selector: re.Match[str]) -> tuple[int, int]:
    """How far in a selector stands: its line, and itself among the brackets of that line."""
    begins = selector.string.index("elector:", selector.start())
    line = selector.string[:begins].rpartition("\n")[2]
    inside = sum(map(line.count, "{[")) - sum(map(line.count, "}]"))
    return len(line) - len(line.lstrip(" \t-")), inside


def _block(selector: re.Match[str], indent: int) -> Iterator[str]:
    """The lines of a selector; of one in braces what stands between them."""
    first, *lines = selector.string[selector.end() :].splitlines() or [""]
    if re.match(r"\{(?!\{)", first):
        first = _in_braces(first)
        lines = [] if first.endswith("}") else lines
    yield first
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) <= indent and "{{" not in line:
            return
        if line.strip() and line.startswith("{{") and not _HELPER.search(line):
            return
        yield line


def _in_braces(text: str) -> str:
    """A mapping in braces, without what follows it on its line."""
    depth = 0
    for index, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if not depth:
            return text[: index + 1]
    return text


def _may_be(owner: Service | NetworkPolicy, lines: Iterable[str]) -> bool:
    """Whether the lines do not write another label than the owner's selector asks for."""
    labels = owner.selector.labels if owner.selector is not None else {}
    return all(
        key in labels and ("{{" in value or labels[key] == _expression(value))
        for line in lines
        for key, value in _ENTRY.findall(_COMMENT.sub("", line))
    )


def _parts(lines: Iterable[str]) -> Iterator[str]:
    """What lines consist of: entries of mappings, and the names of the helpers that they call."""
    for line in lines:
        said = _COMMENT.sub("", line)
        helpers = _HELPER.findall(said)
        entries = [(key, value) for key, value in _ENTRY.findall(said) if not _HELPER.search(value)]
        yield from helpers
        yield from (f"{key}: {_expression(value)}" for key, value in entries)
        if not (helpers or entries) and (plain := _plain(said)):
            yield plain


def _plain(line: str) -> str:
    """A line without its indentation, which differs from place to place."""
    return _INDENT.sub("", line.strip().removeprefix("- "))


def _text(chart: Chart, path: str) -> str:
    try:
        return read_text(chart.path / path)
    except OSError:  # of a dependency that was resolved elsewhere
        return ""
