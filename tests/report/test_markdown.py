"""The pages of the checks as HTML."""

from __future__ import annotations

import pytest

from pytest_k8snet.checks import CHECKS, Check
from pytest_k8snet.report.markdown import to_html


def test_what_a_page_may_use() -> None:
    text = (
        "## Title `x`\nOne **bold**\nline.\n\n```yaml\na: <b>\n\n## no title\n```\n"
        "Items:\n- one\n  more `code`\n- https://example.org/a_b.\n"
    )
    assert str(to_html(text, 4)).split("\n\n")[0].splitlines()[0] == "<h4>Title <code>x</code></h4>"
    html = str(to_html(text, 4))
    assert "<p>One <strong>bold</strong> line.</p>" in html
    assert "<pre><code>a: &lt;b&gt;\n\n## no title</code></pre>" in html
    assert "<p>Items:</p>" in html
    assert "<li>one more <code>code</code></li>" in html
    assert (
        '<li><a href="https://example.org/a_b" rel="noreferrer">https://example.org/a_b</a>.</li>'
        in html
    )


def test_nothing_becomes_markup() -> None:
    html = str(to_html("# <i>\n<img src=x> `<b>` **<u>** https://x.org/<s>\n- <p>\n"))
    assert {tag for tag in ("<i>", "<img", "<b>", "<u>", "<s>", "<p>&lt;p") if tag in html} == set()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_page_can_be_shown(check: Check) -> None:
    html = str(to_html(check.page))
    for title in ("What it finds", "Why it matters", "Instead"):
        assert f"<h3>{title}</h3>" in html
    assert "```" not in html
    assert "## " not in html
