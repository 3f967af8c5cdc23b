"""Text of a chart is text: no terminal and no runner takes it for anything else."""

from __future__ import annotations

import pytest

from pytest_k8snet.plaintext import plain

HOSTILE = {
    "colour": ("\x1b[31mred", r"\x1b[31mred"),
    "title": ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
    "carriage return": ("good\rbad", r"good\x0dbad"),
    "eight-bit sequence": ("\x9b2J", r"\x9b2J"),
    "delete": ("a\x7f", r"a\x7f"),
    "null": ("a\0b", r"a\x00b"),
    "order turned round": ("a\u202eb", r"a\u202eb"),
    "another line end": ("a\u2028::error::x", r"a\u2028::error::x"),
    "command": ("::error::x", r"\::error::x"),
    "command in a later line": ("a\n::set-output name=x::y", "a\n\\::set-output name=x::y"),
    "command after blanks": ("  \t::error::x", "  \t\\::error::x"),
    "old command": ("a ##[error]x", r"a #\#[error]x"),
    "Azure's command": ("##vso[task.complete]", r"#\#vso[task.complete]"),
    "TeamCity's command": ("##teamcity[testFailed]", r"#\#teamcity[testFailed]"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_would_be_obeyed_is_written_out(case: str) -> None:
    text, expected = HOSTILE[case]
    assert plain(text) == expected
    assert plain(expected) == expected


@pytest.mark.parametrize(
    "text", ["", "web", "a::b", "- port: 80\n  protocol: TCP\n", "Größe", "## heading", "a\tb"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text
