"""A packed chart is unpacked no further than a budget, whatever it claims to be."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from helm.conftest import Render
from helm.writing import pack, write_chart
from pytest_k8snet.helm.archives import members
from pytest_k8snet.helm.charts import read_chart

ZEROS = gzip.compress(bytes(64 << 20))
CHART = b"apiVersion: v2\nname: web\nversion: 1.0.0\n"


def archive(path: Path, entries: Iterable[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        for entry, content in entries:
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, to
    return made


def test_the_files_that_are_wanted_come_in_their_order(tmp_path: Path) -> None:
    chart = write_chart(tmp_path / "web", {"charts/db/Chart.yaml": "name: db\n"})
    packed = pack(chart, tmp_path / "web.tgz")
    found = [member.path for member in members(packed, "Chart.yaml")]
    assert found == ["web/Chart.yaml", "web/charts/db/Chart.yaml"]


def test_a_bomb_is_an_error_and_not_unpacked(tmp_path: Path) -> None:
    header = entry("web/large")
    header.size = 1 << 40
    bomb = tmp_path / "web.tgz"
    # Three times 64 MiB, in a few kilobytes.
    bomb.write_bytes(gzip.compress(header.tobuf()) + ZEROS * 3)
    assert bomb.stat().st_size < 1 << 20
    assert "unpacks to more than 100 MiB" in read_chart(bomb).problem


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_only_files_count(tmp_path: Path, kind: bytes) -> None:
    packed = archive(tmp_path / "web.tgz", [(entry("web/Chart.yaml", kind, "/etc/passwd"), b"")])
    assert "no <chart>/Chart.yaml" in read_chart(packed).problem


def test_a_template_cannot_print_what_a_link_in_an_archive_leads_to(
    render: Render, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the key")
    packed = archive(
        tmp_path / "web.tgz",
        [
            (entry("web/Chart.yaml"), CHART),
            (entry("web/leak", tarfile.SYMTYPE, str(secret)), b""),
            (entry("web/templates/a.yaml"), b'{{ fail (printf "read: %s" (.Files.Get "leak")) }}'),
        ],
    )
    error = render(packed).error or ""
    assert "read:" in error
    assert "the key" not in error
