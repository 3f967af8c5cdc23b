"""What /proc/net says, as a Linux machine really wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_k8snet.runtime.sockets import ByteOrder, Entry, ip_address, open_ports

# Written by the kernel in a network namespace in which a program had opened these, and others
# that are no open ports: an established connection and a UDP socket with a peer. "big" is the same
# as a big-endian machine prints it: each word of an address the other way round.
PROC = Path(__file__).with_name("proc")


def entries(table: str, byteorder: ByteOrder) -> list[tuple[str, str, int]]:
    lines = (PROC / byteorder / table).read_text(encoding="ascii").splitlines()
    return [entry[:3] for entry in open_ports(lines, table, byteorder) if not entry.connected]


@pytest.mark.parametrize("byteorder", ["little", "big"])
class TestTables:
    def test_tcp_sockets_that_listen(self, byteorder: ByteOrder) -> None:
        assert entries("tcp", byteorder) == [
            ("TCP", "127.0.0.1", 8001),
            ("TCP", "0.0.0.0", 8003),
            ("TCP", "0.0.0.0", 8003),
            ("TCP", "0.0.0.0", 8002),
        ]

    def test_addresses_of_version_6_and_mapped_ones(self, byteorder: ByteOrder) -> None:
        assert entries("tcp6", byteorder) == [
            ("TCP", "::1", 8081),
            ("TCP", "::ffff:127.0.0.1", 8082),
            ("TCP", "::ffff:10.9.8.7", 8083),
            ("TCP", "::", 8080),
            ("TCP", "fd00::2", 8084),
        ]

    def test_udp_sockets_without_a_peer(self, byteorder: ByteOrder) -> None:
        assert entries("udp", byteorder) == [("UDP", "0.0.0.0", 5353), ("UDP", "127.0.0.1", 5354)]
        assert entries("udp6", byteorder) == [("UDP", "::", 5355), ("UDP", "::1", 5356)]

    def test_a_udp_socket_with_a_peer_is_told_apart(self, byteorder: ByteOrder) -> None:
        lines = (PROC / byteorder / "udp").read_text(encoding="ascii").splitlines()
        connected = [entry for entry in open_ports(lines, "udp", byteorder) if entry.connected]
        assert [entry[:3] for entry in connected] == [("UDP", "127.0.0.1", 40000)]


def test_the_inode_says_whose_socket_it_is() -> None:
    lines = (PROC / "little" / "tcp").read_text(encoding="ascii").splitlines()
    assert next(open_ports(lines, "tcp")) == Entry("TCP", "127.0.0.1", 8001, 582001)


@pytest.mark.parametrize(
    "line", ["", "  sl  local_address rem_address   st", "   0: 0100007F:1F41"]
)
def test_a_line_that_is_no_socket_is_passed_over(line: str) -> None:
    assert list(open_ports([line], "tcp")) == []


@pytest.mark.parametrize(
    ("digits", "address"),
    [
        ("00000000", "0.0.0.0"),
        ("0100007F", "127.0.0.1"),
        ("0B00007F", "127.0.0.11"),
        ("00000000000000000000000000000000", "::"),
        ("B80D01200000000000000000010000A0", "2001:db8::a000:1"),
    ],
)
def test_addresses(digits: str, address: str) -> None:
    assert ip_address(digits) == address
