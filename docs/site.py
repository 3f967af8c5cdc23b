"""Build the documentation as a site: ``python docs/site.py FOLDER`` (extra ``docs``).

The pages are those that GitHub shows. README.md is the home page, so links
between docs/ and the top of the repository are led to where the site has
them. Every warning of Sphinx ends the build: a link to nowhere, a heading
that is gone, a page that no menu lists.
"""
# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
TOP = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
GUIDES = (
    "adopting",
    "ci",
    "runtime",
    "reach",
    "reviewing-reach",
    "manifests",
    "configuration",
    "api",
    "json",
    "faq",
)
# What the repository has and the site does not; the words of the link stay.
WITHOUT_PAGE = re.compile(
    r"\[([^\[\]]+)\]\((?:\.\./)?(?:LICENSE|pytest_k8snet|example-charts)[^)]*\)"
)


def write_sources(folder: Path) -> None:
    """Put every page of the site into a folder, with links that hold there."""
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.py", "README.md", "__pycache__"))
    for page in folder.glob("*.md"):
        page.write_text(_led(page.read_text(encoding="utf-8")), encoding="utf-8")
    for name in TOP:
        (folder / name).write_text(_led((ROOT / name).read_text("utf-8")), encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    checks = sorted(f"checks/{path.stem}" for path in (DOCS / "checks").glob("*.md"))
    menus = [
        _menu("Guides", GUIDES),
        _menu("Checks", checks),
        _menu("Project", [name.removesuffix(".md") for name in TOP]),
    ]
    (folder / "index.md").write_text("\n".join([_led(readme), *menus]), encoding="utf-8")


def _led(text: str) -> str:
    text = WITHOUT_PAGE.sub(r"\1", text).replace("](docs/", "](").replace("](../", "](")
    return re.sub(r"\]\(README\.md(#[^)]*)?\)", r"](index.md\1)", text)


def _menu(caption: str, pages: tuple[str, ...] | list[str]) -> str:
    listed = "\n".join(pages)
    return f"```{{toctree}}\n:caption: {caption}\n:hidden:\n\n{listed}\n```\n"


def build(out: str) -> int:
    """Build the site into a folder; returns Sphinx's exit code."""
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory() as parent:
        sources = Path(parent) / "docs"
        write_sources(sources)
        return build_main(
            ["-q", "-W", "--keep-going", "-b", "dirhtml", "-c", str(DOCS), str(sources), out]
        )


if __name__ == "__main__":
    sys.exit(build(*sys.argv[1:]))
