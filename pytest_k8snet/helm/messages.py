"""Helm's errors in words for the maintainer of a chart.

Every message begins with the chart, names the template and line or the file,
and ends in what to do. Both engines come out alike.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from ..leash import TooMuch
from .charts import shown
from .engine import HOW_TO_GET_ONE, MEMORY
from .request import RenderRequest

MOST_CHARACTERS = 2000
MOST_LINES = 12

WANTS_VALUES = (
    "pass values with --helm-values=FILE or --helm-set=KEY=VALUE,"
    " or keep some in the chart's ci/<name>-values.yaml"
)

_TOO_LARGE = "a template may make a list or a text without measure (until, repeat); correct it"
OUT_OF_MEMORY = f"Helm takes more than {MEMORY >> 20} MiB of memory to render this: {_TOO_LARGE}"

_FRAME = re.compile(r"\A(?:Error: |INSTALLATION FAILED: |UPGRADE FAILED: )+")
_DEBUG = re.compile(r"\n+Use --debug flag to render out invalid YAML\s*\Z")
# Each of them starts at the beginning of a word only: a text may have no blanks at all.
_CHART_NAME = re.compile(r"(?<![\w./-])[\w.-]+/((?:charts/[^\s/]+/)*templates/)")
_EXECUTION = re.compile(r"execution error at \(([^\s:]+):(\d+)(?::\d+)?\):\s*(.*)", re.DOTALL)
_PLACE = re.compile(
    r"(?<![^\s:])([^\s:]+):(\d+)(?::\d+)?:?\s+executing \"[^\"]*\" at <(.{0,500}?)>:\s*", re.DOTALL
)
# https://helm.sh/docs/topics/v2_v3_migration/: what templates of old charts still ask for.
_HELM_2 = {".Release.Time": "now", ".Capabilities.TillerVersion": ".Capabilities.HelmVersion"}
_SCHEMA = re.compile(
    r"values don't meet the specifications of the schema\(s\)[^\n]*\n(.*)", re.DOTALL
)
# Where the schema itself is.
_METASCHEMA = "is not valid against metaschema"
_AT_FAULT = re.compile(f"{_METASCHEMA}|causing reference cycle")
_UNFETCHED = re.compile(r"failing loading \"(https?://[^\"]+)\"")
_REFERS = re.compile(r"(\S{0,300}values\.schema\.json) refers to (\S+)")
_OWN_PART = "put that part into the schema itself ($defs)"
_YAML = re.compile(r"YAML parse error on ([^\s:]+): (.*)", re.DOTALL)
_LOAD = re.compile(r"(?:cannot load|failed to parse) (\S+): (.*)", re.DOTALL)
_LARGE = re.compile(r"(?:decompressed )?chart file \"([^\"]*)\" is larger .* file size (\d+)")
_CALLING = re.compile(r"error calling \w+: |: unable to execute template\Z")
_NO_TEMPLATE = re.compile(r"template: (no template \S+) associated with .*")
_GO = re.compile(
    r"cannot unmarshal yaml document: |error converting YAML to JSON: |(?<![.\w])yaml: "
    r"|error unmarshaling JSON: |while decoding JSON: |json: "
)
_UNMARSHAL = re.compile(
    r"cannot unmarshal (\w+) into Go (?:value|struct field \w+\.(\S+)) of type (\S+).*"
)
# Go's types, and JSON's, by how their names begin.
_TYPES = {
    "[]": "a list",
    "array": "a list",
    "string": "a string",
    "number": "a number",
    "bool": "true or false",
    "": "a mapping",
}
_NUMBER = re.compile(r"strconv\.\w+: parsing (\"[^\"]*\"): .*")
_HEAD = re.compile(r"cannot unmarshal (\w+) into Go value of type \S*SimpleHead")
_KEY = re.compile(r"invalid map key: .*")
_SUBCHART = re.compile(r"error unpacking subchart (\S+) in \S+: (.*)", re.DOTALL)
_TPL = "gotpl"  # what Go calls a text that is given to tpl
_SET_DATA = re.compile(r"failed parsing --set(?P<kind>|-string|-file) data: ")
# Python's words for it, and Go's.
_NO_MEMORY = re.compile(r"MemoryError|out of memory|cannot allocate memory|malloc failed")
_SECRET = re.compile(r"(?<=[Bb]earer )\S+|\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_TIMESTAMP = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:(?:INFO|WARN|ERROR) )?", re.MULTILINE)


def clean(request: RenderRequest, raw: str) -> str:
    """Helm's message without Go's words around it, and the next step."""
    said = explained(raw)
    if unread := _SET_DATA.match(said):  # the command line does not say which one
        given = {"": request.sets, "-string": request.set_strings, "-file": request.set_files}
        kind = unread["kind"]
        said = f"--helm-set{kind}={' '.join(given[kind])}: {said[unread.end() :]}"
    if large := _LARGE.match(unframed(raw)):  # nor does this say in which folder
        said = f"{_folder_of(request.path, large[1], int(large[2]))}{said}"
    return f"{request.title}: {said}"


def _folder_of(chart: Path, name: str, most: int) -> str:
    """The folder of a file that is larger, with a slash; "" where it lies in the chart's own."""
    for root, _, files in os.walk(chart):
        if name in files and os.stat(os.path.join(root, name)).st_size > most:  # noqa: PTH116, PTH118
            return os.path.join(os.path.relpath(root, chart), "").removeprefix("./")  # noqa: PTH118
    return ""


def explained(raw: str) -> str:
    """As :func:`clean`, without the chart in front."""
    text = _CHART_NAME.sub(r"\1", _redacted(unframed(raw)))
    for rule in _RULES:
        if said := rule(text):
            return said
    return _bounded(_without_go(text))


def unframed(raw: str) -> str:
    """A message of the command line as the SDK has it."""
    return _DEBUG.sub("", _FRAME.sub("", raw.strip())).strip()


def timed_out(request: RenderRequest, timeout: float) -> str:
    """Helm was killed after ``timeout`` seconds."""
    return (
        f"{request.title}: not rendered within {timeout:g} s: a template may never end;"
        " if it only needs longer: --k8snet-render-timeout=SECONDS"
    )


def crashed(request: RenderRequest, how: str) -> str:
    """Helm ended while it rendered; ``how`` is of :func:`ended`."""
    if how == OUT_OF_MEMORY:  # any Helm would
        return f"{request.title}: {how}"
    return f"{request.title}: {how} while it rendered this chart; try another: --k8snet-helm=PATH"


def too_much(error: TooMuch) -> str:
    """Helm printed more than is read."""
    return f"Helm {error}: {_TOO_LARGE}"


def ended(code: int, written: str) -> str:
    """How a process of Helm's ended that should not have."""
    if _NO_MEMORY.search(written):
        return OUT_OF_MEMORY
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    lines = written.strip().splitlines() or [""]
    # Python says what happened at the end, Go at the beginning.
    told = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return f"Helm ended ({how}{': ' + _bounded(_redacted(told)) if told else ''})"


def cannot_start(engine: str, code: int, written: str) -> str:
    """The process ended before it had loaded Helm."""
    last = written.strip().rpartition("\n")[2] or f"exit code {code}"
    return f"{engine} cannot be used ({_redacted(last)}): {HOW_TO_GET_ONE}"


def warnings(written: str) -> str:
    """What was written to standard error, without the times of day."""
    return _TIMESTAMP.sub("", _redacted(written)).strip()


def _redacted(text: str) -> str:
    return _SECRET.sub("…", text)


def _execution(text: str) -> str:
    """``required`` and ``fail``: the chart's own words."""
    if not (found := _EXECUTION.match(text)):
        return ""
    said = _bounded(found[3].strip()) or "it fails here, and does not say why"
    return f"{found[1]}:{found[2]}: {said}\n{WANTS_VALUES}"


def _template(text: str) -> str:
    """An error while a template runs: the innermost place, and where it came from."""
    places = list(_PLACE.finditer(text))
    if not places:
        return ""
    path, line, code = places[-1].groups()
    code = code.removeprefix("{{").removesuffix("}}")
    outer = f"{places[0][1]}:{places[0][2]}"
    if path == _TPL:
        place, by = outer, " (in a text that tpl renders)"
    else:
        place = f"{path}:{line}"
        by = "" if outer == place else f" (included by {outer})"
    what = _NO_TEMPLATE.sub(r"\1", _CALLING.sub("", _joined(text[places[-1].end() :])))
    gone = next((name for name in _HELM_2 if code.lstrip("$").startswith(name)), "")
    if gone:
        told = f"{code} is a value of Helm 2, which there is no more"
        return f"{place}: {told}{by}; write {_HELM_2[gone]} in its place"
    if what.startswith("nil pointer evaluating"):
        return f"{place}: {code} is read, and what it is part of has no value{by}\n{WANTS_VALUES}"
    return _bounded(f"{place}: {{{{ {code} }}}}: {what}{by}; correct this template or the values")


def _schema(text: str) -> str:
    if not (found := _SCHEMA.match(text)):
        return ""
    if unfetched := _UNFETCHED.search(text):
        why = "which Helm cannot fetch: correct the address"
        return f"values.schema.json refers to {unfetched[1]}, {why}, or {_OWN_PART}"
    broken = _bounded("\n".join(_schema_lines(found[1].splitlines())))
    if _AT_FAULT.search(found[1]) or "- at '" not in found[1]:  # nothing about a value
        return f"values.schema.json cannot be used: {broken.strip()}; correct this file"
    return f"the values do not fit values.schema.json:\n{broken}\n{WANTS_VALUES}"


def _schema_lines(lines: Iterable[str]) -> list[str]:
    """One line for each broken rule, with the chart whose schema it is; Go's order is random."""
    chart, said = "", []
    for line in lines:
        if re.fullmatch(r"[\w.-]+:", line):
            chart = line.rstrip(":")
        elif line.strip():
            said.append(f"  {chart}: {re.sub(r'^- (?:at )?', '', line.strip())}")
    about = [line for line in said if _METASCHEMA not in line]
    return sorted(about or said)


def _refers(text: str) -> str:
    if not (found := _REFERS.match(text)):
        return ""
    said = f"{found[1]} refers to {found[2]}, and"
    if found[2].lower().startswith("file:"):
        return f"{said} a schema is read alone, without other files; {_OWN_PART}"
    fetch = "let Helm fetch it: --k8snet-dependencies=download"
    return f"{said} nothing is fetched to render a chart; {_OWN_PART}, or {fetch}"


def _yaml(text: str) -> str:
    if not (found := _YAML.match(text)):
        return ""
    if head := _HEAD.search(found[2]):
        given = _type(head[1])
        what = f"a document is {given}, and Kubernetes takes objects only"
        return f"{found[1]}: {what} (a mapping with apiVersion and kind)"
    what = _plain_yaml(found[2])
    return f"{found[1]}: rendered to text that is no YAML: {what}; correct this template"


def _load(text: str) -> str:
    if not (found := _LOAD.match(text)):
        return ""
    return f"{shown(Path(found[1]))}: {_plain_yaml(found[2])}; correct this file"


def _subchart(text: str) -> str:
    if not (found := _SUBCHART.match(text)):
        return ""
    if said := _load(found[2]):
        return f"charts/{found[1]}/{said}"
    return f"charts/{found[1]}: {_joined(found[2])}; correct it, or take it out"


# Errors that need no more than other words, and what to do.
_IN_OTHER_WORDS = {
    r"parse error at \(([^\s:]+):(\d+)(?::\d+)?\):\s*(.*)": r"\1:\2: \3; correct this template",
    _LARGE.pattern: r"\1: larger than the \2 bytes that Helm takes; leave it out with .helmignore",
    r"type mismatch on (\S+): ": r"the values of the subchart \1 are no mapping; correct them",
    r"(?:syntax error in pattern|double-star [^\n]* is not supported).*": (
        r".helmignore: \g<0>; correct this file"
    ),
    r"library charts.*": r"\g<0>; name a chart that depends on it",
    r"chart illegally.*": r"\g<0>; pack it anew",
    r"chart requires kubeVersion.*": r"\g<0>; correct or widen kubeVersion in Chart.yaml",
    r"validation: (?:chart\.metadata\.)?(.*)": r"Chart.yaml: \1; correct it there",
    r".*?found in Chart.yaml, but missing in charts/ directory: (.*)": (
        r"declared in Chart.yaml and missing in charts/: \1; run `helm dependency build` in the"
        r" chart's folder"
    ),
}


def _in_other_words(text: str) -> str:
    for pattern, words in _IN_OTHER_WORDS.items():
        if found := re.match(pattern, text, re.DOTALL):
            return found.expand(words)
    return ""


_RULES: tuple[Callable[[str], str], ...] = (
    _execution,
    _schema,
    _refers,
    _yaml,
    _load,
    _subchart,
    _in_other_words,
    _template,
)


def _plain_yaml(text: str) -> str:
    return _joined(_without_go(text))


def _without_go(text: str) -> str:
    text = _NUMBER.sub(r"\1 is no number", text)
    text = _KEY.sub("a mapping cannot be a key ({{ has a meaning in templates alone)", text)
    return _UNMARSHAL.sub(_wrong_type, _GO.sub("", text))


def _wrong_type(found: re.Match[str]) -> str:
    return f"{found[2] or 'this'} is {_type(found[1])}, and Helm takes {_type(found[3])}"


def _type(name: str) -> str:
    return next(said for begins, said in _TYPES.items() if name.startswith(begins))


def _joined(text: str) -> str:
    return " ".join(text.split())


def _bounded(text: str) -> str:
    """The first lines of it."""
    lines = [line.rstrip() for line in text.rstrip().splitlines() if line.strip()]
    short = "\n".join(lines[:MOST_LINES])[:MOST_CHARACTERS]
    return short if short == "\n".join(lines) else f"{short} …"
