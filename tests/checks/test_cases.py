"""Every case file is read by the real parser and must give exactly the findings it lists."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from checks.cases import FOLDER, SOURCE, find_cases, read_case, read_directives
from pytest_k8snet.checks import CHECKS, Check
from pytest_k8snet.errors import NotApplicable, NotObserved
from pytest_k8snet.finding import FAULT, Finding
from pytest_k8snet.manifests import read_application
from pytest_k8snet.model import Application

BY_NAME = {check.name: check for check in CHECKS}


def run(
    check: Check, application: Application
) -> tuple[dict[str, tuple[Finding, ...]], dict[str, str]]:
    """Findings and skip reasons under each object's name."""
    found: dict[str, tuple[Finding, ...]] = {}
    skipped: dict[str, str] = {}
    for subject in application.subjects:
        if not isinstance(subject, check.on):
            continue
        name = application.subject(subject.reference)
        try:
            found[name] = check.findings(subject, application)
        except (NotApplicable, NotObserved) as reason:
            skipped[name] = str(reason)
    return found, skipped


def line(name: str, finding: Finding) -> str:
    """A finding as a case lists it."""
    port = f" {finding.port}/{finding.protocol}" if finding.port is not None else ""
    return f"{name} {finding.reading}{port}"


@pytest.mark.parametrize("path", find_cases(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case_gives_the_findings_it_lists(path: Path) -> None:
    check, application, directives = (
        BY_NAME[path.parent.name],
        read_case(path),
        read_directives(path),
    )
    found, skipped = run(check, application)
    findings = [finding for several in found.values() for finding in several]

    listed = sorted(line(name, finding) for name, several in found.items() for finding in several)
    assert listed == sorted(directives.get("expect", []))
    if path.name.startswith("good"):
        assert not [finding for finding in findings if check.readings[finding.reading] is FAULT]
    else:
        assert findings, "a bad case shows something"
    for text in directives.get("says", ()):
        assert any(text in finding.message for finding in findings), [f.message for f in findings]
    for text in directives.get("instead", ()):
        assert any(text in finding.instead for finding in findings), [f.instead for f in findings]
    for name in directives.get("related", ()):
        related = {application.subject(one) for finding in findings for one in finding.related}
        assert name in related
    for expected in directives.get("skipped", ()):
        name, _, reason = expected.partition(" ")
        assert reason in skipped.pop(name)
    for expected in directives.get("invalid", ()):
        name, _, text = expected.partition(" ")
        assert any(
            application.subject(one.reference) == name and text in one.message
            for one in application.invalid
        ), application.invalid
    if directives.get("sockets") or not check.needs_sockets:
        assert not {name for name in skipped if not directives.get("skipped")}


@pytest.mark.parametrize("path", find_cases(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_findings_say_where_and_what_to_write_instead(path: Path) -> None:
    check, application = BY_NAME[path.parent.name], read_case(path)
    text = path.read_text(encoding="utf-8")
    found, _ = run(check, application)
    for finding in (finding for several in found.values() for finding in several):
        assert finding.at.source == SOURCE
        assert finding.at.key in text, f"{finding.at.key} is nowhere in the template"
        if not check.needs_review:  # it has lines of its file instead
            list(yaml.safe_load_all(finding.instead))
        assert finding.message[-1] not in ".:", "messages are one sentence without a full stop"


@pytest.mark.parametrize("path", find_cases("no-network-policy"), ids=lambda path: path.stem)
def test_the_policy_to_write_instead_is_enough(path: Path) -> None:
    application, text = read_case(path), path.read_text(encoding="utf-8")
    check = BY_NAME["no-network-policy"]
    for name, several in run(check, application)[0].items():
        for finding in several:
            if (
                finding.reading in ("unread", "allow-all", "any-peer")
                or "\n---\n" in finding.instead
            ):
                continue  # replaced or labelled first, not just added
            mended = read_application([(SOURCE, f"{text}\n---\n{finding.instead}\n")])
            left = run(check, mended)[0][name]
            # What the application opens to the world a policy opens to any pod, too: a note.
            assert not [one for one in left if one.fault]


def test_every_folder_is_a_check() -> None:
    folders = {
        path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    assert folders == set(BY_NAME)
