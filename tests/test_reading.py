"""Files of others neither hang nor fill a run, and lie where they should."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_k8snet.reading import MOST_BYTES, Refused, read_bytes, read_text


def test_a_file_is_read_whole_and_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x\xff" * 1000)
    assert read_bytes(tmp_path / "a") == b"x\xff" * 1000
    assert read_text(tmp_path / "a") == "x\ufffd" * 1000


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "endless", Path("/dev/null")):
        with pytest.raises(Refused, match="no regular file"):
            read_bytes(path)
    with pytest.raises(OSError, match="folder"):
        read_bytes(tmp_path)


def test_what_is_too_large_is_refused_whatever_size_it_says_to_have(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, MOST_BYTES)
    assert len(read_bytes(large)) == MOST_BYTES
    os.truncate(large, 1 << 40)  # sparse: it takes no room
    with pytest.raises(Refused, match="larger than 5 MiB"):
        read_bytes(large)
    with pytest.raises(Refused, match="larger than 0 MiB"):
        read_bytes(Path("/proc/self/status"), most=10)  # its size is 0


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "chart"
    folder.mkdir()
    (folder / "real").write_text("own")
    (folder / "link").symlink_to("real")
    (tmp_path / "secret").write_text("foreign")
    (folder / "out").symlink_to("../secret")
    assert read_bytes(folder / "link", inside=folder) == b"own"
    with pytest.raises(Refused, match=r"leads out of .*chart, to .*secret"):
        read_bytes(folder / "out", inside=folder)
