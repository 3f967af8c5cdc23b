"""The JSON report is what its schema says, and carries a result there and back."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_k8snet.report.json import SCHEMA, write_json
from pytest_k8snet.report.results import Results, result_from_json, result_to_json
from report.samples import finding, result, results, run, shop

FORM: dict[str, Any] = json.loads(
    files("pytest_k8snet.report").joinpath("schema.json").read_text(encoding="utf-8")
)
CLUSTER = {"kind": "kind", "context": "", "version": "v1.34.4", "enforcement": True}


def written(what: Results, folder: Path) -> Any:
    write_json(what, folder / "results.json")
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(FORM)
    assert FORM["properties"]["schema"]["const"] == SCHEMA


@pytest.mark.parametrize("cluster", [{}, CLUSTER], ids=["without a cluster", "with a cluster"])
def test_what_is_written_is_what_the_schema_says(tmp_path: Path, cluster: dict[str, Any]) -> None:
    everything = results(shop())
    document = written(replace(everything, cluster=cluster), tmp_path)
    jsonschema.validate(document, _closed(FORM))
    assert any(one["findings"] for one in document["results"])


def test_a_finding_says_what_to_write_and_which_value_cures_it(tmp_path: Path) -> None:
    found = finding(instead="hostNetwork: false", cure="agent.hostNetwork: false")
    (only,) = written(run(result(found)), tmp_path)["results"]
    assert only["findings"][0]["instead"] == "hostNetwork: false"
    assert only["findings"][0]["cure"] == "agent.hostNetwork: false"


def test_a_result_is_the_same_after_its_way_to_the_controller() -> None:
    for one in results(shop()).results:
        assert result_to_json(result_from_json(result_to_json(one))) == result_to_json(one)


def _closed(form: Any) -> Any:
    """The schema without room for keys that it does not describe."""
    if isinstance(form, list):
        return [_closed(one) for one in form]
    if not isinstance(form, dict):
        return form
    closed = {key: _closed(value) for key, value in form.items()}
    return {**closed, "additionalProperties": False} if "properties" in form else closed
