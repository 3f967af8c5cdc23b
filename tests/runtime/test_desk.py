"""The desk, without a cluster."""

from __future__ import annotations

import socket
from contextlib import closing
from multiprocessing.connection import Client
from typing import Any, cast

import pytest

from pytest_k8snet.errors import ClusterError
from pytest_k8snet.runtime.desk import Desk, Visitor
from pytest_k8snet.runtime.stage import Outcome, Stage


class Still:
    """A stage on which nothing goes on."""

    def outcome(self, key: str) -> Outcome:
        return Outcome(error=key)


def desk() -> Desk:
    return Desk(cast("Stage", Still()))


def test_somebody_who_says_nothing_keeps_nobody_waiting() -> None:
    with closing(desk()) as opened:
        handle = opened.handle()
        with socket.create_connection(("127.0.0.1", handle["port"]), timeout=60) as silent:
            asked = Visitor(handle).outcome("web")
            assert silent.fileno() != -1
        assert asked == Outcome(error="web")


def test_nobody_is_answered_without_the_secret() -> None:
    with closing(desk()) as opened:
        handle: dict[str, Any] = {**opened.handle(), "secret": b"another"}
        with pytest.raises(ClusterError, match="does not answer"):
            Visitor(handle).outcome("web")
        with Client(("127.0.0.1", handle["port"])) as stranger:
            stranger.send(("outcome", "web"))
            assert b"#CHALLENGE#" in stranger.recv_bytes()
            assert stranger.recv_bytes() == b"#FAILURE#"
