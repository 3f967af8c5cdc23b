"""YAML is read as Helm and Kubernetes read it, and whatever cannot be read is a K8sNetError."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_k8snet import yamltext
from pytest_k8snet.errors import ManifestError

# What sigs.k8s.io/yaml makes of a plain scalar; PyYAML differs in those marked so.
SCALARS = {
    "word": "word",
    "true": True,
    "Yes": True,
    "off": False,
    "null": None,
    "~": None,
    "80": 80,
    "+80": 80,
    "0x1F": 31,
    "0o755": 493,  # PyYAML: a string
    "0755": 493,
    "1_000": 1000,
    "1.10": 1.1,
    "1e3": 1000,  # PyYAML: a string
    ".5": 0.5,
    "1:30": "1:30",  # PyYAML: 90
    "2026-01-02": "2026-01-02",  # PyYAML: a date
    "=": "=",  # PyYAML: an error
    "1.2.3": "1.2.3",
    "08": 8,
    "8080.0": 8080,
    '"80"': "80",
    "'true'": "true",
    "!!str 80": "80",
    '!!int "80"': 80,
    "!!string 80": "80",  # a tag that nobody knows
    "!custom word": "word",
    "!!binary d2Vi": "web",
}


@pytest.mark.parametrize("text", SCALARS)
def test_scalars_have_the_types_that_kubernetes_gives_them(text: str) -> None:
    value = yamltext.load(f"key: {text}\n", "here")["key"]
    assert value == SCALARS[text]
    assert type(value) is type(SCALARS[text])


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("a: 1\n", 1),
        ("---\na: 1\n---\nb: 2\n", 3),
        ("a: 1\n---# comment\nb: 2\n", 2),
        ("a: 1\n--- # comment\nb: 2\n", 2),
        ("a: |\n  ---\n  x\n", 1),
        ("a: b---c\n", 1),
    ],
)
def test_documents_are_split_where_helm_splits_them(text: str, documents: int) -> None:
    assert len(yamltext.split_documents(text)) == documents


def test_repeated_keys_anchors_and_merges() -> None:
    text = (
        "base: &base {a: 1, b: 2}\nown: {<<: *base, b: 3}\nsame: *base\n"
        "twice: 1\ntwice: 2\n8080: x\n"
    )
    assert yamltext.load(text, "here") == {
        "base": {"a": 1, "b": 2},
        "own": {"a": 1, "b": 3},
        "same": {"a": 1, "b": 2},
        "twice": 2,
        "8080": "x",
    }


def test_a_few_lines_of_aliases_cannot_stand_for_more_than_memory_holds() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(ManifestError, match=r"^here: aliases that stand for more than 1,000,000"):
        yamltext.load("\n".join(lines), "here")
    assert len(yamltext.load("\n".join(lines[:5]), "here")) == 5


def test_comments_alone_are_nothing() -> None:
    assert yamltext.load("# nothing\n", "here") is None


@pytest.mark.parametrize(
    "text", ["a: [\n", "a: b: c\n", "\t", "{a: 1}: 2\n", "&a [*a]\n", "a: \x00\n"]
)
def test_what_is_no_data_is_an_error_that_says_where(text: str) -> None:
    with pytest.raises(ManifestError, match=r"^templates/a\.yaml: "):
        yamltext.load(text, "templates/a.yaml")


def test_what_says_that_it_is_binary_is_base64() -> None:
    with pytest.raises(ManifestError, match=r"^templates/a\.yaml: line 2: !!binary takes base64$"):
        yamltext.load("a: b\nb: !!binary a\n", "templates/a.yaml")


@pytest.mark.parametrize("text", ["a: [\n", "a: b: c\n"])
def test_a_scan_finds_what_is_not_yaml(text: str) -> None:
    with pytest.raises(ManifestError, match=r"^templates/a\.yaml: not YAML: .* line \d"):
        yamltext.scan(text, "templates/a.yaml")
    yamltext.scan("a: 1\n", "templates/a.yaml")


@given(st.text())
def test_any_text_is_data_or_an_error(text: str) -> None:
    for document in yamltext.split_documents(text):
        try:
            yamltext.load(document, "here")
        except ManifestError as error:
            assert str(error).startswith("here: ")  # noqa: PT017 - both outcomes are right


JSON: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="ascii", categories="LN")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc.-/", min_size=1), inner),
    max_leaves=20,
)


@given(JSON)
def test_data_comes_back_as_it_was(data: Any) -> None:
    assert yamltext.load(json.dumps({"data": data}), "here") == {"data": data}


def test_without_libyaml_the_results_are_the_same(tmp_path: Path) -> None:
    program = tmp_path / "pure.py"
    program.write_text(
        "import yaml\n"
        "yaml.__with_libyaml__ = False\n"
        "from pytest_k8snet import yamltext\n"
        "print(yamltext.load('a: [1, yes, &x {b: 0o7}, *x]', 'here'))\n"
        "yamltext.scan('a: 1', 'here')\n"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert done.stdout == "{'a': [1, True, {'b': 7}, {'b': 7}]}\n"
