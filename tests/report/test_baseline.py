"""A baseline expects what is there, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_k8snet.baseline import Baseline, Entry, read_baseline
from pytest_k8snet.identity import Identity
from pytest_k8snet.model import Reference
from pytest_k8snet.report.baseline import write_baseline
from pytest_k8snet.report.results import ChartResult, Result

from .samples import finding, result, results, run, shop

DEPLOYMENT = Reference("Deployment", "default", "other")
HERE = ("M6", "charts/shop", "defaults", "Deployment/web")
ABOUT = ("M6", "charts/shop", "Deployment/web")


def lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8").splitlines()
    return [line for line in text if not line.startswith("#")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "k8snet.baseline"


def test_all_present_findings_are_expected_by_what_was_written(file: Path) -> None:
    found = results(shop(), shop(values="ha"))
    write_baseline(found, file)
    baseline = read_baseline(file)
    faults = 0
    for item in found.results:
        subject = item.nodeid.split("::")[2]
        where = (item.check, item.chart, item.values, subject)
        assert not baseline.fixed(*where, item.findings)
        for one in item.findings:
            assert bool(baseline.entry_for(item.check, item.chart, subject, one)) == one.fault
            faults += one.fault
    assert faults > 10


def test_lines_are_sorted_and_say_what_a_person_needs(file: Path) -> None:
    write_baseline(results(shop(), shop(values="ha")), file)
    written = lines(file)
    assert written == sorted(written)
    assert (
        "M5B-service-undeclared-port charts/shop Service/web name port=82/TCP in=defaults,ha"
        in written
    )


def test_the_same_finding_in_other_words_at_another_line_is_expected(file: Path) -> None:
    write_baseline(run(result(finding(message="one", line=3, source="templates/a.yaml"))), file)
    moved = finding(message="two", line=30, source="templates/b.yaml", container="c", process="p")
    assert read_baseline(file).entry_for(*ABOUT, moved)


@pytest.mark.parametrize(
    ("check", "before", "after"),
    [
        ("M6", finding(), finding(reading="missed")),
        ("M1", finding(port=80, protocol="TCP"), finding(port=81, protocol="TCP")),
        ("M1", finding(port=53, protocol="TCP"), finding(port=53, protocol="UDP")),
        ("M4A", finding(), finding(related=(DEPLOYMENT,))),
        (
            "M2",
            finding(reading="dynamic", container="a"),
            finding(reading="dynamic", container="b"),
        ),
    ],
)
def test_what_is_new_is_not_expected(file: Path, check: str, before: object, after: object) -> None:
    write_baseline(run(result(before, check=check)), file)  # type: ignore[arg-type]
    baseline = read_baseline(file)
    assert baseline.entry_for(check, *ABOUT[1:], before)  # type: ignore[arg-type]
    assert not baseline.entry_for(check, *ABOUT[1:], after)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "before", "after"),
    [
        ("M2", finding(reading="dynamic", port=40000), finding(reading="dynamic", port=50000)),
        ("M6", finding(), finding(related=(DEPLOYMENT,))),
    ],
)
def test_what_changes_by_chance_is_still_expected(
    file: Path, check: str, before: object, after: object
) -> None:
    write_baseline(run(result(before, check=check)), file)  # type: ignore[arg-type]
    assert read_baseline(file).entry_for(check, *ABOUT[1:], after)  # type: ignore[arg-type]


def test_an_entry_whose_finding_is_gone_says_which_line_to_remove(file: Path) -> None:
    write_baseline(run(result(finding())), file)
    baseline = read_baseline(file)
    (entry,) = baseline.fixed(*HERE, [])
    advice = baseline.advice(entry, "defaults")
    assert "fixed: remove this line" in advice
    assert f"{file}:{entry.line}" in advice
    assert file.read_text(encoding="utf-8").splitlines()[entry.line - 1] in advice


def test_an_entry_that_one_values_set_no_longer_shows_says_so(file: Path) -> None:
    write_baseline(run(result(finding()), result(finding(), values="ha")), file)
    baseline = read_baseline(file)
    (entry,) = baseline.fixed("M6", "charts/shop", "ha", "Deployment/web", [])
    assert "take ha out of in=" in baseline.advice(entry, "ha")


def test_entries_of_objects_and_charts_that_are_gone_are_found(file: Path) -> None:
    write_baseline(run(result(finding()), result(finding(), chart="charts/old")), file)
    baseline = read_baseline(file)
    assert not baseline.without_object("charts/shop", "defaults", {"Deployment/web"})
    (gone,) = baseline.without_object("charts/shop", "defaults", {"Deployment/new"})
    assert gone.identity.subject == "Deployment/web"
    (left,) = baseline.without_run({("charts/shop", "defaults")})
    assert left.identity.chart == "charts/old"


def test_writing_again_keeps_reasons_and_drops_what_is_fixed(file: Path) -> None:
    two = result(finding(), finding(reading="missed"))
    write_baseline(run(two), file)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(" none\n", " none  # until 2.0\n"), encoding="utf-8")
    write_baseline(run(replace(two, findings=two.findings[:1])), file)
    assert lines(file) == ["M6-no-network-policy charts/shop Deployment/web none  # until 2.0"]


def test_writing_again_keeps_what_the_baseline_itself_made_expected(file: Path) -> None:
    write_baseline(run(result(finding())), file)
    before = lines(file)
    write_baseline(run(result(finding(), outcome="xfailed", reason="known")), file)
    assert lines(file) == before


def test_a_finding_that_an_annotation_expects_is_not_written(file: Path) -> None:
    write_baseline(run(result(finding(), outcome="xfailed", reason="known")), file)
    assert lines(file) == []


def test_writing_for_one_chart_keeps_the_lines_of_the_others(file: Path) -> None:
    write_baseline(run(result(finding()), result(finding(), chart="charts/b")), file)
    write_baseline(run(result(finding(reading="missed"), chart="charts/b")), file)
    assert [line.split()[1:4] for line in lines(file)] == [
        ["charts/b", "Deployment/web", "missed"],
        ["charts/shop", "Deployment/web", "none"],
    ]


@pytest.mark.parametrize(
    "now",
    [
        result(outcome="skipped", reason="needs a cluster"),
        result(check="M7", name="host-network", outcome="passed"),
    ],
)
def test_lines_about_what_was_not_judged_are_kept(file: Path, now: Result) -> None:
    write_baseline(run(result(finding())), file)
    before = lines(file)
    write_baseline(run(now), file)
    assert lines(file) == before
    write_baseline(run(result(outcome="passed")), file)
    assert lines(file) == []


def test_a_chart_that_kubernetes_refuses_is_a_line_of_its_own(file: Path) -> None:
    broken = ChartResult("charts/bad", "bad", "", "defaults", "failed", "no selector")
    found = results(broken=[broken])
    write_baseline(found, file)
    assert lines(file) == ["renders charts/bad - failed"]
    baseline = read_baseline(file)
    assert baseline.entry_for_chart("renders", "charts/bad", "defaults")
    assert not baseline.entry_for_chart("installs", "charts/bad", "defaults")
    assert not baseline.entry_for_chart("renders", "charts/bad", "ha")
    assert not baseline.without_object("charts/bad", "defaults", {"Deployment/web"})
    known = replace(found, results=tuple(replace(r, outcome="xfailed") for r in found.results))
    write_baseline(known, file)
    assert lines(file) == ["renders charts/bad - failed"]
    fine = replace(found, results=tuple(replace(r, outcome="passed") for r in found.results))
    write_baseline(fine, file)
    assert lines(file) == []


def test_notes_are_written_only_where_they_fail(file: Path) -> None:
    note = result(finding(level="note"), outcome="passed")
    write_baseline(run(note), file, strict=True)
    assert lines(file) == []
    strict = run(replace(note, outcome="failed"))
    write_baseline(strict, file)
    assert lines(file) == []
    write_baseline(strict, file, strict=True)
    assert len(lines(file)) == 1


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1).filter(
    str.strip
)


@given(
    chart=NAMES,
    subject=NAMES,
    others=st.sets(NAMES),
    values=st.sets(NAMES, min_size=1),
    port=st.sampled_from(["", "80/TCP"]),
    reason=st.sampled_from(["", "see #12, and 100 % sure"]),
)
def test_any_name_survives_the_way_to_the_file_and_back(  # noqa: PLR0917
    tmp_path_factory: pytest.TempPathFactory,
    chart: str,
    subject: str,
    others: set[str],
    values: set[str],
    port: str,
    reason: str,
) -> None:
    identity = Identity("M4A", chart, subject, "selector", port, "", tuple(sorted(others)))
    entry = Entry(identity, tuple(sorted(values)), reason, "unit-collision")
    file = tmp_path_factory.mktemp("baseline") / "b"
    file.write_text(f"{entry}\n", encoding="utf-8")
    assert list(read_baseline(file).entries) == [replace(entry, line=1)]


def test_a_baseline_of_nothing_expects_nothing(tmp_path: Path) -> None:
    assert not Baseline.of(tmp_path, ()).entry_for(*ABOUT, finding())
