"""Charts that cannot be rendered, each bad in one way, and what is said of it.

In ``says`` an ellipsis stands for any words. The chart's path, which every message begins with, is
left out.
"""

from __future__ import annotations

import gzip
from typing import NamedTuple

from .places import BOMB, Files, Folder, Hole, Link, Packed, Pipe

CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
PACKED = CHART.replace("web", "packed").encode()
DB = "apiVersion: v2\nname: db\nversion: 1.0.0\n"
WANTS = "pass values with --helm-values=FILE or --helm-set=KEY=VALUE"


class Row(NamedTuple):
    """Files of a chart beside the usual ones, and what has to be said."""

    says: str
    files: Files
    values: str = "defaults"
    """The values set that is said to be at fault."""


def chart_yaml(text: str | bytes) -> Files:
    return {"Chart.yaml": text}


def needs(*dependencies: str) -> Files:
    """A chart with these dependencies."""
    entries = "".join(f"  - {{{one}}}\n" for one in dependencies)
    return {"Chart.yaml": f"{CHART}dependencies:\n{entries}"}


def template(text: str | bytes) -> Files:
    return {"templates/bad.yaml": text}


def schema(text: str) -> Files:
    return {"values.schema.json": text}


WITH_DB: Files = {"charts/db/Chart.yaml": DB}

OF_CHART_YAML = {
    "syntax": Row(
        "/Chart.yaml: not YAML: … in line 2 … correct this file", chart_yaml("name: [\n")
    ),
    "tab": Row(
        "/Chart.yaml: not YAML: … a tab … in line 2 … correct",
        chart_yaml("apiVersion: v2\n\tname: web\n"),
    ),
    "marks of a merge": Row(
        "/Chart.yaml: not YAML: … correct this file", chart_yaml(f"{CHART}<<<<<<< HEAD\na: b\n")
    ),
    "template in it": Row(
        "/Chart.yaml: line 2: … cannot be a key ({{ has a meaning in a chart's templates alone)",
        chart_yaml("apiVersion: v2\nname: {{ .Values.name }}\nversion: 1.0.0\n"),
    ),
    "two documents": Row(
        "/Chart.yaml: not YAML: … another document, in line 4 … correct this file",
        chart_yaml(f"{CHART}---\n{CHART}"),
    ),
    "not UTF-8": Row(
        "/Chart.yaml: not UTF-8: … at byte 56; correct this file",
        chart_yaml(f"{CHART}description: café\n".encode("latin-1")),
    ),
    "UTF-16": Row(
        "/Chart.yaml: not UTF-8: … at byte 0; correct", chart_yaml(CHART.encode("utf-16"))
    ),
    "control character": Row(
        "/Chart.yaml: not YAML: the control character #x0000, in line 4; correct this file",
        chart_yaml(f"{CHART}description: a\0b\n"),
    ),
    "nested without end": Row(
        "/Chart.yaml: not YAML: … nesting depth, in line 4 …",
        chart_yaml(f"{CHART}annotations: {'[' * 100_000}"),
    ),
    "alias bomb": Row(
        "/Chart.yaml: aliases that stand for more than 1,000,000 values; write them out",
        chart_yaml(CHART + BOMB),
    ),
    "large": Row("/Chart.yaml: larger than 5 MiB", {"Chart.yaml": Hole(6 << 20)}),
    "list": Row("/Chart.yaml: a list, where a mapping is expected", chart_yaml("- name: web\n")),
    "word": Row("/Chart.yaml: a string, where a mapping is expected", chart_yaml("web\n")),
    "empty": Row('/Chart.yaml: no "name": every chart needs one', chart_yaml("")),
    "no name": Row(
        '/Chart.yaml: no "name": every chart needs one',
        chart_yaml("apiVersion: v2\nversion: 1.0.0\n"),
    ),
    "name of a path": Row(
        ': Chart.yaml: name "../up" is invalid; correct it there',
        chart_yaml(CHART.replace("web", "../up")),
    ),
    "name of a list": Row(
        ": Chart.yaml: name is a list, and Helm takes a string; correct this file",
        chart_yaml(CHART.replace("web", "[web]")),
    ),
    "no version": Row(
        ": Chart.yaml: version is required; correct it there",
        chart_yaml("apiVersion: v2\nname: web\n"),
    ),
    "version of a word": Row(
        ': Chart.yaml: version "one" is invalid; correct it there',
        chart_yaml(CHART.replace("1.0.0", "one")),
    ),
    "unknown type": Row(
        ": Chart.yaml: type must be application or library; correct it there",
        chart_yaml(f"{CHART}type: database\n"),
    ),
    "kubeVersion unmet": Row(
        ": chart requires kubeVersion: <1.20.0 … Kubernetes v1.36.0; correct or widen … Chart.yaml",
        chart_yaml(f"{CHART}kubeVersion: '<1.20.0'\n"),
    ),
    "kubeVersion of a word": Row(
        ": chart requires kubeVersion: newest … Kubernetes v1. … correct or widen … Chart.yaml",
        chart_yaml(f"{CHART}kubeVersion: newest\n"),
    ),
    "kubeVersion of a list": Row(
        ": Chart.yaml: kubeVersion is a list, and Helm takes a string",
        chart_yaml(f"{CHART}kubeVersion: [1]\n"),
    ),
    "annotations of a list": Row(
        ": Chart.yaml: annotations is a list, and Helm takes a mapping",
        chart_yaml(f"{CHART}annotations: [a]\n"),
    ),
    "maintainers of words": Row(
        ": Chart.yaml: maintainers is a string, and Helm takes a mapping",
        chart_yaml(f"{CHART}maintainers: [me]\n"),
    ),
}

OF_DEPENDENCIES = {
    "a word": Row(
        ": Chart.yaml: dependencies is a string, and Helm takes a list",
        chart_yaml(f"{CHART}dependencies: redis\n"),
    ),
    "a mapping": Row(
        ": Chart.yaml: dependencies is a mapping, and Helm takes a list",
        chart_yaml(f"{CHART}dependencies: {{redis: 1}}\n"),
    ),
    "an empty entry": Row(
        ": Chart.yaml: dependencies must not contain empty or null nodes; correct it there",
        chart_yaml(f"{CHART}dependencies:\n  -\n"),
    ),
    "without a name": Row(
        '/Chart.yaml: dependencies: entry 1 has no "name"; correct this file', needs("version: 1")
    ),
    "twice": Row(
        ': Chart.yaml: more than one dependency with name or alias "db"; correct it there',
        {**WITH_DB, **needs("name: db, version: 1.0.0", "name: db, version: 1.0.0")},
    ),
    "alias with a blank": Row(
        ': Chart.yaml: dependency "db" has disallowed characters in the alias; correct it there',
        {**WITH_DB, **needs("name: db, version: 1.0.0, alias: 'a b'")},
    ),
    "condition of a list": Row(
        ": Chart.yaml: dependencies.condition is a list, and Helm takes a string",
        {**WITH_DB, **needs("name: db, version: 1.0.0, condition: [a]")},
    ),
    "missing": Row(
        ": declared in Chart.yaml and missing in charts/: redis 1.0.0 (https://charts.example.com)"
        "; run `helm dependency update charts/ … --k8snet-dependencies=download",
        needs("name: redis, version: 1.0.0, repository: https://charts.example.com"),
    ),
    "missing on this disk": Row(
        ": dependency redis is declared as file://../nowhere, and there is no chart at … nowhere",
        needs("name: redis, version: 1.0.0, repository: 'file://../nowhere'"),
    ),
    "another chart there": Row(
        ": dependency redis is declared as file://../sound, and the chart there is called sound",
        needs("name: redis, version: 1.0.0, repository: 'file://../sound'"),
    ),
    "in a circle": Row(
        ": its dependencies go round in a circle: … in-a-circle -> … in-a-circle",
        needs("name: web, version: 1.0.0, repository: 'file://../dependencies-in-a-circle'"),
    ),
    "of Helm 2, broken": Row(
        "/requirements.yaml: not YAML: … correct this file",
        {
            "Chart.yaml": CHART.replace("v2", "v1"),
            "requirements.yaml": "dependencies: [",
        },
    ),
    "of Helm 2, a word": Row(
        "/requirements.yaml: a string, where a mapping is expected; correct this file",
        {"Chart.yaml": CHART.replace("v2", "v1"), "requirements.yaml": "redis\n"},
    ),
    "broken lock file": Row(": Chart.lock: … correct this file", {"Chart.lock": "a: ["}),
}

OF_VALUES = {
    "syntax": Row(
        ": values.yaml: mapping values are not … correct this file", {"values.yaml": "a: b: c\n"}
    ),
    "list": Row(
        ": values.yaml: this is a list, and Helm takes a mapping", {"values.yaml": "- 1\n"}
    ),
    "tab": Row(": values.yaml: line 2: … correct this file", {"values.yaml": "a:\n\tb: 1\n"}),
    "template in it": Row(
        ": values.yaml: a mapping cannot be a key ({{ has a meaning in templates alone); correct",
        {"values.yaml": "a: {{ .Release.Name }}\n"},
    ),
    "alias bomb": Row(": values.yaml: document contains excessive aliasing", {"values.yaml": BOMB}),
    "not UTF-8": Row(": values.yaml: incomplete UTF-8", {"values.yaml": b"a: caf\xe9\n"}),
    "control character": Row(
        ": values.yaml: control characters are not", {"values.yaml": "a: \0\n"}
    ),
    "of a subchart, a word": Row(
        ": the values of the subchart db are no mapping; correct them",
        {**WITH_DB, "values.yaml": "db: word\n"},
    ),
    "of ci, syntax": Row(
        "/ci/a-values.yaml: mapping values are not … correct this file",
        {"ci/a-values.yaml": "a: b: c\n"},
        values="a",
    ),
    "of ci, list": Row(
        "/ci/a-values.yaml: this is a list, and Helm takes a mapping",
        {"ci/a-values.yaml": "- 1\n"},
        values="a",
    ),
    "schema unmet": Row(
        f": the values do not fit values.schema.json:\n … missing property 'host'\n … {WANTS}",
        schema('{"required": ["host"]}'),
    ),
    "schema of another type": Row(
        f": the values do not fit values.schema.json:\n … got number, want string\n{WANTS}",
        {**schema('{"properties": {"port": {"type": "string"}}}'), "values.yaml": "port: 80\n"},
    ),
    "schema no JSON": Row(": values.schema.json cannot be used: … correct this file", schema("{")),
    "schema empty": Row(": values.schema.json cannot be used: … correct this file", schema("")),
    "schema of a list": Row(
        ": values.schema.json cannot be used: … want boolean or object; correct this file",
        schema("[]"),
    ),
    "schema of no type": Row(
        ": values.schema.json cannot be used: … '/type': value must be one of … correct this file",
        schema('{"type": "strnig"}'),
    ),
    "schema with a broken pattern": Row(
        ": values.schema.json cannot be used: … '(' … correct this file",
        schema('{"patternProperties": {"(": {}}}'),
    ),
    "schema about itself": Row(
        ": values.schema.json cannot be used: … cycle; correct this file", schema('{"$ref": "#"}')
    ),
    "schema that leads nowhere": Row(
        ": values.schema.json cannot be used: … not found; correct this file",
        schema('{"$ref": "#/$defs/none"}'),
    ),
    "schema in the network": Row(
        ": values.schema.json refers to https://example.com/x.json, and nothing is fetched … $defs",
        schema('{"$ref": "https://example.com/x.json"}'),
    ),
    "schema in another file": Row(
        ": values.schema.json refers to file:///etc/passwd, and a schema is read alone … $defs",
        schema('{"$ref": "file:///etc/passwd"}'),
    ),
}

BAD = ": templates/bad.yaml:1: "
OF_TEMPLATES = {
    "no condition": Row(
        f"{BAD}missing value for if; correct this template", template("{{ if }}\n")
    ),
    "no end": Row(
        ": templates/bad.yaml:3: unexpected EOF; correct", template("{{ if true }}\na: 1\n")
    ),
    "one end more": Row(f"{BAD}unexpected {{{{end}}}}; correct", template("{{ end }}")),
    "no closing quote": Row(f"{BAD}unterminated quoted string; correct", template('{{ "x }}\n')),
    "unknown function": Row(f'{BAD}function "nope" not defined; correct', template("{{ nope 1 }}")),
    "unknown variable": Row(f'{BAD}undefined variable "$x"; correct', template("{{ $x }}")),
    "unknown template": Row(
        f'{BAD}{{{{ include "web.nope" . }}}}: no template "web.nope"; correct',
        template('{{ include "web.nope" . }}'),
    ),
    "broken helper": Row(
        ": templates/_h.tpl:2: unexpected … correct this template",
        {"templates/_h.tpl": "\n{{ define }}"},
    ),
    "include without end": Row(
        ": templates/_h.tpl:1: … nested reference name: a (included by templates/bad.yaml:1)",
        {
            "templates/_h.tpl": '{{ define "a" }}{{ include "a" . }}{{ end }}',
            "templates/bad.yaml": '{{ include "a" . }}',
        },
    ),
    "template without end": Row(
        ': templates/_h.tpl:1: {{ template "a" . }}: exceeded maximum template depth … correct',
        {
            "templates/_h.tpl": '{{ define "a" }}{{ template "a" . }}{{ end }}',
            "templates/bad.yaml": '{{ template "a" . }}',
        },
    ),
    "in a helper": Row(
        ": templates/_h.tpl:2: {{ index .Values.a 7 }}: … (included by templates/bad.yaml:1)",
        {
            "templates/_h.tpl": '\n{{ define "a" }}{{ index .Values.a 7 }}{{ end }}',
            "templates/bad.yaml": '{{ include "a" . }}',
            "values.yaml": "a: [1]\n",
        },
    ),
    "value that is not there": Row(
        f"{BAD}.Values.image.tag is read, and what it is part of has no value\n … image.tag",
        template("{{ .Values.image.tag }}"),
    ),
    "required": Row(
        f"{BAD}set .Values.host\nit asks for host\n{WANTS}",
        template('{{ required "set .Values.host" .Values.host }}'),
    ),
    "required in a subchart": Row(
        f": charts/db/templates/a.yaml:1: needs a name\nit asks for db.name\n{WANTS}",
        {**WITH_DB, "charts/db/templates/a.yaml": '{{ required "needs a name" .Values.name }}'},
    ),
    "fail": Row(f"{BAD}no such mode\n{WANTS}", template('{{ fail "no such mode" }}')),
    "fail in several lines": Row(
        f"{BAD}VALUES:\n  one\n  two\n{WANTS}", template('{{ fail "\\nVALUES:\\n  one\\n  two" }}')
    ),
    "fail without a word": Row(
        f"{BAD}it fails here, and does not say why\n{WANTS}", template('{{ fail "" }}')
    ),
    "beyond a list": Row(
        f"{BAD}{{{{ index (list 1) 7 }}}}: index out of range: 7; correct",
        template("{{ index (list 1) 7 }}"),
    ),
    "of two types": Row(
        f'{BAD}{{{{ gt "a" 1 }}}}: incompatible types for comparison … correct',
        template('{{ gt "a" 1 }}'),
    ),
    "over a fraction": Row(
        f"{BAD}{{{{ 5.5 }}}}: range can't iterate", template("{{ range 5.5 }}{{ end }}")
    ),
    "through nothing": Row(f"{BAD}{{{{ div 1 0 }}}}: … divide by zero", template("{{ div 1 0 }}")),
    "broken pattern": Row(
        f'{BAD}{{{{ mustRegexMatch "[" "a" }}}}: … missing closing ]',
        template('{{ mustRegexMatch "[" "a" }}'),
    ),
    "broken JSON": Row(
        f'{BAD}{{{{ mustFromJson "{{" }}}}: unexpected end of JSON',
        template('{{ mustFromJson "{" }}'),
    ),
    "broken text for tpl": Row(
        f"{BAD}{{{{ tpl … missing value for if; correct", template('{{ tpl "{{ if }}" . }}')
    ),
    "value in a text for tpl": Row(
        f"{BAD}.Values.b.c is read, and … has no value (in a text that tpl renders)",
        {"values.yaml": "a: '{{ .Values.b.c }}'\n", **template("{{ tpl .Values.a . }}")},
    ),
    "value of Helm 2": Row(
        f"{BAD}.Release.Time.Seconds is a value of Helm 2 … write now in its place",
        template("{{ .Release.Time.Seconds }}"),
    ),
    "notes": Row(
        ": templates/NOTES.txt:1: .Values.a.b.c is read, and what it is part of has no value",
        {"templates/NOTES.txt": "{{ .Values.a.b.c }}"},
    ),
    "memory": Row(
        ": Helm takes more than 400 MiB of memory to render this: a template … (until, repeat)",
        template("{{ until 100000000 }}"),
    ),
}

NOT_YAML = ": templates/bad.yaml: … "
OF_OUTPUT = {
    "syntax": Row(f"{NOT_YAML}did not find expected node", template("kind: [\n")),
    "tab": Row(f"{NOT_YAML}tab character", template("kind: Pod\n\tname: x\n")),
    "indentation": Row(f"{NOT_YAML}mapping values", template("kind: Pod\n  apiVersion: v1\n")),
    "no closing quote": Row(
        f"{NOT_YAML}unexpected end of stream", template('kind: Service\nmetadata: {name: "a}\n')
    ),
    "unknown alias": Row(NOT_YAML, template("kind: Pod\nmetadata: *none\n")),
    "key of a list": Row(
        f"{NOT_YAML}key",
        template("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  ? [a]\n  : b\n"),
    ),
    "control character": Row(
        f"{NOT_YAML}control character", template('kind: ConfigMap\ndata: {a: "\0"}\n')
    ),
    "bytes": Row(NOT_YAML, template(bytes(range(256)))),
    "nested without end": Row(
        f"{NOT_YAML}exceeded max", template(f"kind: Deployment\nspec: {'[' * 200_000}")
    ),
    "alias bomb": Row(
        ": templates/bad.yaml: … alias",
        template(f"apiVersion: apps/v1\nkind: Deployment\n{BOMB}"),
    ),
    "alias in its anchor": Row(
        ": templates/bad.yaml: … anchor",
        template("apiVersion: apps/v1\nkind: Deployment\nmetadata: &m\n  labels: *m\n"),
    ),
    "merge of a number": Row(
        ": templates/bad.yaml: …",
        template("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  <<: 5\n"),
    ),
    "million values": Row(
        ": … correct",  # to Helm itself it is too large
        template('kind: Deployment\napiVersion: apps/v1\nx:\n{{ repeat 1100000 "- a\\n" }}'),
    ),
    "word": Row(
        ": templates/bad.yaml: a document is a string, and Kubernetes takes objects only",
        template("just words\n"),
    ),
    "number": Row(": templates/bad.yaml: a document is … number", template("7\n")),
    "list": Row(": templates/bad.yaml: a document is a list", template("- kind: Pod\n")),
    "second document a word": Row(
        ": templates/bad.yaml: a document is a string",
        template("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\nwords\n"),
    ),
    "what is not read": Row(
        NOT_YAML, template("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: [\n")
    ),
    "in a subchart": Row(
        ": charts/db/templates/a.yaml: … node",
        {**WITH_DB, "charts/db/templates/a.yaml": "kind: [\n"},
    ),
}

OF_FILES = {
    "link out of the chart": Row(
        ": files/x is a link that leads out of the chart, to /etc/passwd; copy into the chart",
        {"files/x": Link("/etc/passwd")},
    ),
    "link to a device": Row(
        ": more.yaml is a link that leads out of the chart, to /dev/zero",
        {"more.yaml": Link("/dev/zero")},
    ),
    "link to nothing": Row(
        ": templates/b.yaml is a link that leads nowhere; take it out",
        {"templates/b.yaml": Link("gone.yaml")},
    ),
    "link to itself": Row(
        ": templates/b.yaml is a link that leads nowhere; take it out",
        {"templates/b.yaml": Link("b.yaml")},
    ),
    "link that goes round": Row(
        ": templates/again is a link to a folder that it is in, without an end",
        {"templates/again": Link("..")},
    ),
    "pipe among templates": Row(
        ": templates/b.yaml is a pipe, and no file; take it out", {"templates/b.yaml": Pipe()}
    ),
    "pipe of values": Row(
        ": ci/a-values.yaml is a pipe, and no file; take it out", {"ci/a-values.yaml": Pipe()}
    ),
    "large": Row(
        ": files/x: larger than the 5242880 bytes that Helm takes; leave it out with .helmignore",
        {"files/x": Hole((5 << 20) + 1)},
    ),
    "broken .helmignore": Row(
        ": .helmignore: syntax error in pattern; correct this file", {".helmignore": "[\n"}
    ),
    "two stars in .helmignore": Row(
        ": .helmignore: double-star (**) syntax is not supported; correct",
        {".helmignore": "**/x\n"},
    ),
    "broken archive of a subchart": Row(
        ": charts/db-1.0.0.tgz: unexpected EOF; correct it, or take it out",
        {"charts/db-1.0.0.tgz": b"half"},
    ),
    "subchart without Chart.yaml": Row(
        ": charts/db: Chart.yaml file is missing; correct it, or take it out",
        {"charts/db/values.yaml": "a: 1\n"},
    ),
    "broken Chart.yaml of a subchart": Row(
        ": charts/db/Chart.yaml: … correct this file", {"charts/db/Chart.yaml": "name: ["}
    ),
    "broken values of a subchart": Row(
        ": charts/db/values.yaml: … correct this file", {**WITH_DB, "charts/db/values.yaml": "a: ["}
    ),
}

ARCHIVES: dict[str, Row] = {
    "words": Row(": Not a gzipped file", {"": b"no archive"}),
    "nothing": Row(": no packed chart: empty file", {"": b""}),
    "packed letters": Row(": no packed chart: invalid header", {"": gzip.compress(b"x" * 2048)}),
    "cut off": Row(
        ": no packed chart: Compressed file ended", {"": Packed({"packed/Chart.yaml": PACKED}, 30)}
    ),
    "broken Chart.yaml": Row(
        ": Chart.yaml: not YAML: … correct this file",
        {"": Packed({"packed/Chart.yaml": b"name: ["})},
    ),
    "large Chart.yaml": Row(
        ": packed/Chart.yaml in it is larger than 5 MiB",
        {"": Packed({"packed/Chart.yaml": bytes(6 << 20)})},
    ),
    "large file": Row(
        ": packed/x: larger than the 5242880 bytes",
        {"": Packed({"packed/Chart.yaml": PACKED, "packed/x": bytes(6 << 20)})},
    ),
    "out of its folder": Row(
        ": chart illegally references parent directory; pack it anew",
        {"": Packed({"packed/Chart.yaml": PACKED, "packed/../../x": b"a"})},
    ),
    "bomb": Row(
        ": unpacks to more than 100 MiB",
        {"": Packed({f"packed/{number}": bytes(4 << 20) for number in range(30)})},
    ),
}

NOTHING = " renders to nothing with these values, so nothing is checked"
EMPTY: dict[str, Row] = {
    "no templates": Row(NOTHING, {"templates": Folder()}),
    "templates is a file": Row(NOTHING, {"templates": "x"}),
    "only notes": Row(NOTHING, {"templates/NOTES.txt": "thank you"}),
    "switched off": Row(NOTHING, {"templates/a.yaml": "{{ if .Values.on }}kind: List{{ end }}"}),
}

FAILING: dict[str, Row] = {
    f"{group}: {name}": row
    for group, rows in (
        ("Chart.yaml", OF_CHART_YAML),
        ("dependencies", OF_DEPENDENCIES),
        ("values", OF_VALUES),
        ("template", OF_TEMPLATES),
        ("output", OF_OUTPUT),
        ("files", OF_FILES),
        ("archive", ARCHIVES),
    )
    for name, row in rows.items()
}
