"""A values.schema.json that wants something from the network is refused, unless Helm may fetch."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helm.conftest import Render
from helm.writing import pack, write_chart
from pytest_k8snet.helm.engine import Engine
from pytest_k8snet.helm.renderer import Renderer
from pytest_k8snet.helm.request import RenderRequest
from pytest_k8snet.helm.schema import foreign_addresses

DRAFT = "http://json-schema.org/draft-07/schema#"


class Server(ThreadingHTTPServer):
    """Serves a schema that takes all and one that takes nothing; remembers what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked.append(self.path)
        self.send_response(404 if self.path == "/gone" else 200)
        self.end_headers()
        self.wfile.write(b"false" if self.path == "/nothing.json" else b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("place", ["", "charts/sub/"])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "archive"])
@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"port": {"$ref": "{address}/port.json"}}},
        {"$id": "{address}/own.json", "properties": {"port": {"$ref": "port.json#/x"}}},
        {"$schema": "{address}/port.json"},
    ],
    ids=["ref", "id", "schema"],
)
def test_an_address_is_named_and_nobody_asks_there(
    render: Render,
    server: Server,
    tmp_path: Path,
    schema: dict[str, object],
    place: str,
    *,
    packed: bool,
) -> None:
    text = json.dumps(schema).replace("{address}", server.address)
    chart = write_chart(tmp_path / "web")
    write_chart(chart / "charts" / "sub")
    (chart / f"{place}values.schema.json").write_text(text)
    error = render(pack(chart, tmp_path / "web.tgz") if packed else chart, label="web").error
    assert error is not None
    assert f"{place}values.schema.json refers to {server.address}/port.json" in error
    assert "$defs" in error
    assert server.asked == []


def test_what_helm_may_fetch_is_fetched_and_used(
    engine: Engine, server: Server, tmp_path: Path
) -> None:
    def chart(name: str, reference: str) -> RenderRequest:
        text = json.dumps({"properties": {"port": {"$ref": reference}}})
        return RenderRequest(write_chart(tmp_path / name, {"values.schema.json": text}))

    requests = [
        chart("there", f"{server.address}/port.json"),
        chart("wrong", f"{server.address}/nothing.json"),
        chart("gone", f"{server.address}/gone"),
        chart("file", "file:///etc/passwd"),
    ]
    with Renderer(replace(engine, online=True), processes=1) as renderer:
        there, wrong, gone, file = (one.error for one in renderer.render(requests))
    assert there is None
    assert wrong is not None
    assert "the values do not fit" in wrong
    assert gone is not None
    assert f"refers to {server.address}/gone, which Helm cannot fetch: correct the" in gone
    assert "a schema is read alone, without other files" in (file or "")
    assert set(server.asked) == {"/port.json", "/nothing.json", "/gone"}


@pytest.mark.parametrize("scheme", ["file:", "FILE:", "\\u0066ile:"])
def test_another_file_is_not_read(render: Render, tmp_path: Path, scheme: str) -> None:
    (tmp_path / "secret.json").write_text('{"type": "the key"}')
    text = f'{{"$ref": "{scheme}//{tmp_path}/secret.json"}}'
    chart = write_chart(tmp_path / "web", {"values.schema.json": text})
    error = render(chart, label="web").error or ""
    assert "a schema is read alone, without other files" in error
    assert "the key" not in error


def test_a_packed_subchart_is_looked_into(render: Render, server: Server, tmp_path: Path) -> None:
    sub = write_chart(
        tmp_path / "src" / "sub", {"values.schema.json": f'{{"$ref": "{server.address}/a"}}'}
    )
    chart = write_chart(tmp_path / "web")
    pack(sub, chart / "charts" / "sub-1.2.3.tgz")
    assert f"refers to {server.address}/a" in (render(chart).error or "")
    whole = pack(chart, tmp_path / "web.tgz")
    assert f"refers to {server.address}/a" in (render(whole).error or "")
    assert server.asked == []


def test_a_schema_that_stands_alone_is_used(render: Render, tmp_path: Path) -> None:
    schema = {
        "$schema": DRAFT,
        "$id": "https://example.com/web.json",
        "properties": {
            "port": {"$ref": "#/definitions/port", "default": {"$ref": "http://example.com/"}},
            "host": {"$ref": "https://example.com/host.json"},
        },
        "definitions": {
            "port": {"type": "integer", "description": "see http://example.com"},
            "host": {"$id": "host.json", "type": "string"},
        },
    }
    chart = write_chart(tmp_path / "web", {"values.schema.json": json.dumps(schema)})
    assert render(chart).error is None
    assert "got string, want integer" in (render(chart, sets=("port=http",)).error or "")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.just("http://example.com/x"),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["$ref", "$id", "id", "$schema", "default", "properties", "x"]),
                inner,
            )
        ),
    )
)
def test_any_json_has_an_answer(document: object) -> None:
    addresses = foreign_addresses(json.dumps(document).encode())
    assert set(addresses) <= {"http://example.com/x"} or all(
        address.startswith("http") for address in addresses
    )


@given(st.binary())
def test_any_bytes_have_an_answer(text: bytes) -> None:
    assert foreign_addresses(b"http" + text) == []
