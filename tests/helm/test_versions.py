"""Ranges as Helm reads them."""

from __future__ import annotations

import pytest

from pytest_k8snet.helm.versions import newest, satisfies

INSIDE = [
    ("1.2.3", ""), ("1.2.3", "*"), ("1.2.3", "1.x.x"), ("1.2.3", "1.2.x"), ("1.2.3", "1"),
    ("1.2.3", "1.2.3"), ("v1.2.3", "1.2.3"), ("1.2.3", "=1.2.3"), ("1.2.3", "~1.2"),
    ("1.2.9", "~1.2.3"), ("1.9.0", "^1.2.3"), ("0.2.9", "^0.2.3"), ("0.0.3", "^0.0.3"),
    ("1.2.3", ">=1.0.0 <2.0.0"), ("1.2.3", ">= 1.0, < 2"), ("1.4.5", "1.2 - 1.4"),
    ("3.0.0", "^1 || ^3"), ("1.2.3", "!=1.2.4"), ("1.9.9", "~1"), ("1.2.3-rc.1", ">=1.2.3-0"),
    ("1.2.3-rc.1", "1.2.3-rc.1"), ("2.0.0", ">1"), ("1.2.9", "<=1.2"),
]  # fmt: skip
OUTSIDE = [
    ("2.0.0", "1.x.x"), ("1.3.0", "~1.2"), ("2.0.0", "^1.2.3"), ("0.3.0", "^0.2.3"),
    ("0.0.4", "^0.0.3"), ("1.2.3", ">=1.2.4"), ("1.5.0", "1.2 - 1.4"), ("2.0.0", "^1 || ^3"),
    ("1.2.3-rc.1", ">=1.0.0"), ("1.2.4", "!=1.2.4"), ("1.9.9", ">1"), ("1.2", "~1.2"),
    ("latest", "*"), ("1.2.3", "main"), ("1.2.3", "1.2.3-rc.1"),
]  # fmt: skip


@pytest.mark.parametrize(("version", "wanted"), INSIDE)
def test_a_version_in_the_range(version: str, wanted: str) -> None:
    assert satisfies(version, wanted)


@pytest.mark.parametrize(("version", "wanted"), OUTSIDE)
def test_a_version_outside(version: str, wanted: str) -> None:
    assert not satisfies(version, wanted)


def test_the_newest_is_found_by_numbers_and_a_final_one_is_after_its_candidates() -> None:
    assert newest(iter(["1.9.0", "1.10.0", "1.10.0-rc.2", "none"])) == "1.10.0"
    assert newest(iter([])) == ""
