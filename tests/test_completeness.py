"""Every check is complete: module, page, cases, example chart, README row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from checks.cases import find_cases, read_directives
from pytest_k8snet.checks import CHECKS, Check
from pytest_k8snet.finding import FAULT

ROOT = Path(__file__).parent.parent
SECTIONS = ["What it finds", "Why it matters", "Example", "Instead", "References"]

every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


def test_checks_are_those_of_the_taxonomy_in_its_order() -> None:
    assert [check.full_name for check in CHECKS] == [
        "M1-undeclared-port",
        "M2-dynamic-port",
        "M3-unopened-port",
        "M4A-unit-collision",
        "M4B-service-collision",
        "M4C-unit-subset-collision",
        "M4S-global-collision",
        "M5A-service-unopened-port",
        "M5B-service-undeclared-port",
        "M5C-headless-port-unavailable",
        "M5D-service-without-target",
        "M6-no-network-policy",
        "M7-host-network",
        "N1-policy-port-unavailable",
        "N2-policy-without-target",
        "N3-policy-blocks-service",
        "N4-route-without-backend",
        "N5-governing-service",
        "N6-probe-port-unavailable",
        "N7-monitor-without-target",
        "N8-exposed-service",
        "R1-reach",
        "R2-reach-differs",
    ]


@every_check
def test_it_has_a_module_of_its_name(check: Check) -> None:
    module = check.name.replace("-", "_")
    assert check.run.__module__ == f"pytest_k8snet.checks.{module}"
    assert check.run.__name__ == module


@every_check
def test_its_page_has_all_sections(check: Check) -> None:
    assert check.summary.endswith(".")
    assert re.findall(r"^## (.+)$", check.page, re.MULTILINE) == SECTIONS
    assert all(check.section(title) for title in SECTIONS)
    assert 20 < len(check.why) < 200, "one short sentence: it stands in every failure"
    assert check.section("References").count("https://") >= 2


@every_check
def test_its_page_names_every_reading(check: Check) -> None:
    text = check.section("What it finds")
    assert [reading for reading in check.readings if f"`{reading}`" not in text] == []


@every_check
def test_the_yaml_of_its_page_is_yaml(check: Check) -> None:
    assert "```yaml\n" in check.section("Example")
    for snippet in re.findall(r"```yaml\n(.*?)```", check.page, re.DOTALL):
        rendered = re.sub(r"^\s*\{\{-.*\}\}\n", "", snippet, flags=re.MULTILINE)
        rendered = rendered.replace("{{ .Release.Name }}", "release-name")
        list(yaml.safe_load_all(rendered))


@every_check
def test_every_reading_has_a_case(check: Check) -> None:
    shown = {
        (reading, path.name.split(".")[0])
        for path in find_cases(check.name)
        for reading in (line.split()[1] for line in read_directives(path).get("expect", ()))
    }
    for reading, level in check.readings.items():
        kinds = {kind for shown_reading, kind in shown if shown_reading == reading}
        assert kinds, f"no case shows {reading}"
        assert level is FAULT or "good" in kinds, f"no good case has the note {reading}"
    assert {"bad.yaml", "good.yaml"} <= {path.name for path in find_cases(check.name)}


@every_check
def test_it_has_an_example_chart(check: Check) -> None:
    chart = ROOT / "example-charts" / check.name
    assert (chart / "Chart.yaml").is_file()
    assert list((chart / "templates").glob("*.yaml"))


@every_check
def test_it_has_a_row_in_the_readme(check: Check) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^\|[^|]*\b{check.id}\b[^|]*\|[^|]*{check.name}", readme, re.MULTILINE)
