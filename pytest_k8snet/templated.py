"""The release's name in YAML that is pasted into a chart, as templates write it.

A chart was rendered as one release. What is to be written into its templates is
for every release: with the rendered name a policy would protect no other one,
and a route would lead nowhere.
"""

from __future__ import annotations

import re

from .model import DEFAULT_RELEASE, RELEASE

# A comment, which is about the objects that were rendered; a quoted word; a plain one. Each is
# taken whole, with the name in it or without, so that no letter is looked at again.
_WORD = re.compile(
    r"""(?P<comment>(?:^|(?<=\s))\#.*)
      |  (?P<quoted>"(?:[^"\\\n]|\\.)*")
      |  (?P<plain>(?:[^\s,{}\[\]"'\#:]|:(?=\S))+)""",
    re.MULTILINE | re.VERBOSE,
)


def templated(text: str) -> str:
    """YAML with :data:`.model.DEFAULT_RELEASE` as a template has it, quoted where it was plain.

    A name that the user chose may stand in a chart by chance, so this is for
    releases that have the default one.
    """
    return _WORD.sub(_with_name, text) if DEFAULT_RELEASE in text else text


def _with_name(match: re.Match[str]) -> str:
    if match["comment"] or DEFAULT_RELEASE not in match[0]:
        return match[0]
    word = match[0].replace(DEFAULT_RELEASE, RELEASE)
    return word if match["quoted"] else f'"{word}"'
