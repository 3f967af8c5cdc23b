"""Whatever Helm says comes out short, without secrets, and beginning with the chart."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_k8snet.helm.messages import clean, crashed, ended, explained, warnings
from pytest_k8snet.helm.request import RenderRequest

REQUEST = RenderRequest(Path("/charts/web"), label="charts/web")
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"

PIECES = st.sampled_from(
    [
        "Error: ",
        "INSTALLATION FAILED: ",
        "execution error at (",
        "web/templates/a.yaml:1:6",
        "): ",
        "parse error at (",
        "template: ",
        ' executing "x" at <',
        ".Values.a>: ",
        "error calling include: ",
        "values don't meet the specifications of the schema(s) in the chart(s):\n",
        "web:\n",
        "- at '/a': no\n",
        "YAML parse error on ",
        "cannot load values.yaml: ",
        "nil pointer evaluating",
        "validation: chart.metadata.",
        "\n\nUse --debug flag to render out invalid YAML",
        "\n",
    ]
)


@given(st.lists(PIECES | st.text(max_size=5)).map("".join))
def test_any_text_becomes_a_short_message_about_the_chart(raw: str) -> None:
    said = clean(REQUEST, raw)
    assert said.startswith("charts/web: ")
    assert len(said) < 3000
    assert len(said.splitlines()) < 40


def test_a_long_message_is_cut() -> None:
    said = explained("\n".join(f"line {number}" for number in range(1000)))
    assert said.splitlines()[0] == "line 0"
    assert said.endswith("…")
    assert len(explained("x" * 100_000)) < 3000


@pytest.mark.parametrize("frame", ["{}", "Authorization: Bearer {}", "x={};", "bearer {}\n"])
def test_tokens_are_not_shown(frame: str) -> None:
    for said in (explained(frame.format(TOKEN)), warnings(frame.format(TOKEN))):
        assert TOKEN not in said
        assert "eyJ" not in said
    assert "opaque" not in explained("Authorization: Bearer opaque-token")


def test_the_end_of_helm_is_told_by_what_it_wrote() -> None:
    go = "panic: no way\n\ngoroutine 1 [running]:\n"
    python = "Traceback (most recent call last):\n  File …\nUnicodeDecodeError: bad byte\n"
    assert "SIGABRT: panic: no way" in ended(-6, go)
    assert "exit code 1: UnicodeDecodeError: bad byte" in ended(1, python)
    assert "SIGKILL" in ended(-9, "")
    assert "--k8snet-helm=" in crashed(REQUEST, ended(1, go))


@pytest.mark.parametrize(
    "written",
    [
        "Traceback (most recent call last):\n  File …\nMemoryError\n",
        "fatal error: runtime: out of memory\n",
        "fatal error: runtime: C malloc failed\n",
        "runtime: cannot allocate memory\n",
    ],
)
def test_no_other_helm_is_advised_where_memory_is_short(written: str) -> None:
    said = crashed(REQUEST, ended(-6, written))
    assert "more than 400 MiB of memory" in said
    assert "--k8snet-helm=" not in said


def test_warnings_lose_the_time_of_day() -> None:
    assert warnings("2026/01/02 03:04:05 INFO one\n2026/01/02 03:04:05 two\n") == "one\ntwo"


def test_broken_rules_of_a_schema_come_in_one_order() -> None:
    head = "values don't meet the specifications of the schema(s) in the following chart(s):\n"
    rules = ["web:", "- at '/a': no", "- at '/b': no"]
    said = explained(head + "\n".join(rules))
    assert explained(head + "\n".join([rules[0], rules[2], rules[1]])) == said
    assert said.index("/a") < said.index("/b")
