"""The pages of the checks as HTML: as much of Markdown as they use.

Headings, paragraphs, lists, fenced code, ``code``, **strong** and links.
Everything else is text; nothing is ever markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|(?P<link>https://[^\s<>()]*[^\s<>().,;:])"
)
_ITEM = re.compile(r"\s*[-*] +(.*)")


def to_html(text: str, level: int = 3) -> Markup:
    """A page's text; ``##`` becomes a heading of ``level``."""
    return Markup("\n").join(_blocks(text.splitlines(), level))


def _blocks(lines: list[str], level: int) -> Iterator[Markup]:
    at = 0
    while at < len(lines):
        line = lines[at]
        end = at + 1
        if line.startswith("```"):
            while end < len(lines) and not lines[end].startswith("```"):
                end += 1
            yield Markup("<pre><code>{}</code></pre>").format("\n".join(lines[at + 1 : end]))
            end += 1
        elif line.startswith("#"):
            tag = f"h{level}"
            yield Markup(f"<{tag}>{{}}</{tag}>").format(_inline(line.lstrip("# ")))  # noqa: S704
        elif line.strip():
            end = _end_of_block(lines, at)
            yield from _text_block(lines[at:end])
        at = end


def _end_of_block(lines: list[str], at: int) -> int:
    while at < len(lines) and lines[at].strip() and not lines[at].startswith(("```", "#")):
        at += 1
    return at


def _text_block(lines: list[str]) -> Iterator[Markup]:
    """A paragraph, a list, or a paragraph that ends in a list."""
    paragraph: list[str] = []
    items: list[list[str]] = []
    for line in lines:
        item = _ITEM.match(line)
        if item:
            items.append([item.group(1)])
        else:
            (items[-1] if items else paragraph).append(line.strip())
    if paragraph:
        yield Markup("<p>{}</p>").format(_inline(" ".join(paragraph)))
    if items:
        texts = (Markup("<li>{}</li>").format(_inline(" ".join(item))) for item in items)
        yield Markup("<ul>{}</ul>").format(Markup().join(texts))


def _inline(text: str) -> Markup:
    out = Markup()
    at = 0
    for match in _INLINE.finditer(text):
        out += escape(text[at : match.start()])
        if match["code"]:
            out += Markup("<code>{}</code>").format(match["code"])
        elif match["strong"]:
            out += Markup("<strong>{}</strong>").format(match["strong"])
        else:
            out += Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(match["link"])
        at = match.end()
    return out + escape(text[at:])
