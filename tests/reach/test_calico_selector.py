"""What is no selector of Calico's is refused, not guessed at."""

from __future__ import annotations

import pytest

from pytest_k8snet.reach.calico_selector import SelectorError, parse_selector


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("", True),
        ("  ", True),
        ("a == 'x'", True),
        ('a=="x"&&!has(b)', True),
        ("!!has(a)", True),
        ("! has(a) || a != 'y'", True),
        ("has( a )", True),
        ("all( )", True),
        ("global()", False),
        ("a in {'x', 'y'} && (b not in {'z'})", True),
        ("a notin {'x',}", False),
        ("a startswith 'x'", True),
        ("in in {'x'}", False),
        ("has(a) && has(b) || has(a)", True),
        ("a in {}", False),
    ],
)
def test_a_selector_takes_labels(text: str, taken: bool) -> None:  # noqa: FBT001
    assert parse_selector(text).matches({"a": "x"}) is taken


@pytest.mark.parametrize(
    "text",
    ["a = 'x'", "a", "a ==", "a == x", "a == 'x", "(a == 'x'", "a == 'x')", "has()", "all(a)",
     "a in 'x'", "a in {'x' 'y'}", "&& has(a)", "has(a) has(b)", "a inx {'y'}"],
)  # fmt: skip
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(SelectorError):
        parse_selector(text)
