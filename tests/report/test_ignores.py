"""Ignore lines: who they are about, and that none of them lingers."""

from __future__ import annotations

import pytest

from pytest_k8snet.errors import SettingsError
from pytest_k8snet.ignores import Asked, ignore_for, read_ignores, unmatched


def test_a_line_gives_its_reason_to_what_it_matches() -> None:
    ignores = read_ignores(
        [
            "# comment",
            "",
            "M6 charts/vendor-* *: their namespace: has policies",
            "host-network * DaemonSet/*: agents",
        ]
    )
    found = ignore_for(ignores, "M6-no-network-policy", "charts/vendor-x/y", "Deployment/web")
    assert found is not None
    assert found.reason == "their namespace: has policies"
    assert ignore_for(ignores, "M7", "any", "DaemonSet/agent")
    assert not ignore_for(ignores, "M7", "any", "Deployment/agent")
    assert not ignore_for(ignores, "M6", "charts/own", "Deployment/web")


def test_a_prefix_means_all_checks_that_begin_so() -> None:
    ignores = read_ignores(["M4 * *: shards"])
    assert ignore_for(ignores, "M4B", "c", "Service/web")
    assert not ignore_for(ignores, "M5B", "c", "Service/web")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("M6 * *", "expected 'check chart-glob object-glob: reason'"),
        ("M6 *: why", "expected 'check chart-glob object-glob: reason'"),
        ("M6 * Deployment/web:  ", "a reason is missing"),
        ("M99 * *: why", "no check is called 'M99'"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_by_its_text(line: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_ignores([line])
    assert says in str(caught.value)
    assert repr(line.strip()) in str(caught.value)


def test_lines_that_silence_nothing_are_reported() -> None:
    ignores = read_ignores(
        ["M6 a *: used", "M6 b *: fixed", "M6 typo *: none", "M1 a *: not looked"]
    )
    asked = [
        Asked("M6", "a", "Deployment/web", found=True),
        Asked("M6", "a", "Deployment/db", found=False),
        Asked("M6", "b", "Deployment/web", found=False),
        Asked("M1", "a", "Deployment/web", found=False, judged=False),
    ]
    fixed, typo = unmatched(ignores, asked)
    assert "'M6 b *: fixed' is not needed" in fixed
    assert "'M6 typo *: none' matches nothing" in typo
