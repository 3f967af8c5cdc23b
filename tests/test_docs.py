"""The documentation is in step with the code, and what it shows can be used."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from documents import PAGES, README, ROOT, WRITTEN, anchors, links, read, snippets
from pytest_k8snet.baseline import read_baseline
from pytest_k8snet.checks import CHECKS
from pytest_k8snet.explain import page
from pytest_k8snet.ignores import read_ignores
from pytest_k8snet.settings import OPTIONS, read_settings

DOCS = ROOT / "docs"
AGAIN = "run: python docs/make.py"

every_document = pytest.mark.parametrize(
    "path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def test_there_is_a_page_for_every_check_and_no_other() -> None:
    pages = {path.name: read(path) for path in PAGES.glob("*.md")}
    assert pages == {f"{check.full_name}.md": f"{page(check)}\n" for check in CHECKS}, AGAIN


def test_the_tables_of_the_readme_are_made_from_the_code() -> None:
    assert read(README) == _make("with_tables")(read(README)), AGAIN


def test_make_writes_what_is_missing_and_removes_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "docs" / "checks").mkdir(parents=True)
    (tmp_path / "docs" / "checks" / "M99-gone.md").write_text("old")
    text = re.sub(r"^\| M7 .*\n", "", read(README), flags=re.MULTILINE)
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    _make("write")(tmp_path)
    assert read(tmp_path / "README.md") == read(README)
    assert {path.name: read(path) for path in (tmp_path / "docs" / "checks").iterdir()} == {
        path.name: read(path) for path in PAGES.iterdir()
    }


def test_every_document_is_linked_from_the_index() -> None:
    listed = set(links(DOCS / "README.md"))
    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= listed
    assert "checks" in listed


@every_document
def test_links_lead_somewhere(path: Path) -> None:
    for link in links(path):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@every_document
def test_options_that_are_mentioned_exist(path: Path) -> None:
    flags = {option.flag for option in OPTIONS if not option.ini_only}
    for word in re.findall(r"(?<![\w-])--(?:helm|k8snet)-[a-z0-9-]*[a-z0-9]", read(path)):
        assert word in flags, word


@every_document
def test_checks_that_are_mentioned_exist(path: Path) -> None:
    names = {check.full_name for check in CHECKS}
    for word in re.findall(r"\bM\d[A-Z]?-[a-z]+[a-z-]*", read(path)):
        assert word in names, word


@every_document
def test_snippets_can_be_read(path: Path) -> None:
    for text in snippets(path, "yaml"):
        assert list(yaml.safe_load_all(text)), text
    for text in snippets(path, "json"):
        assert json.loads(text), text
    for text in snippets(path, "python"):
        compile(text, str(path), "exec")
    for text in snippets(path, "sh"):
        assert "\t" not in text, "tabs do not survive pasting into a shell"


@every_document
def test_configuration_that_is_shown_can_be_used(path: Path, pytester: pytest.Pytester) -> None:
    for text in snippets(path, "toml"):
        values = (f"values/{name}.yaml" for name in ("base", "prod", "test", "vendor"))
        for name in (*values, "charts/web/Chart.yaml"):
            file = pytester.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("name: web\n")
        file = pytester.makepyprojecttoml(text)
        known = {option.ini for option in OPTIONS if not option.flag_only}
        used = set(re.findall(r"^((?:helm|k8snet)_\w+) =", text, re.MULTILINE))
        assert used <= known
        settings = read_settings(pytester.parseconfig("-c", str(file)))
        assert len(read_ignores(settings.ignore_findings)) == len(settings.ignore_findings)


def test_the_baseline_that_is_shown_is_one(tmp_path: Path) -> None:
    (text,) = (text for text in snippets(DOCS / "adopting.md", "text") if "M6-" in text)
    file = tmp_path / "k8snet-baseline.txt"
    file.write_text(text, encoding="utf-8")
    entries = list(read_baseline(file).entries)
    assert [str(entry) for entry in entries] == text.splitlines()
    assert entries[1].reason == "fixed in 2.0"
    assert entries[2].values == ("defaults", "ha")


def test_the_example_tests_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_shop="\n\n".join(snippets(DOCS / "api.md", "python")))
    chart = ROOT / "example-charts" / "shop"
    result = pytester.runpytest_subprocess(f"--helm-chart={chart}", "test_shop.py", "-k", "test_")
    # Three values sets: what is static passes for each, what needs a cluster is skipped.
    result.assert_outcomes(passed=3 + 2, skipped=2 * 3)


def _make(function: str) -> Callable[..., str]:
    made: Callable[..., str] = runpy.run_path(str(DOCS / "make.py"))[function]
    return made
