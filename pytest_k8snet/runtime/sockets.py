"""Read ``/proc/<pid>/net/{tcp,tcp6,udp,udp6}``: which ports are open. Pure functions.

The format is the kernel's, https://docs.kernel.org/networking/proc_net_tcp.html:
one line for each socket, addresses as hexadecimal 32 bit words in the byte
order of the machine, ports as plain hexadecimal numbers.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

ByteOrder: TypeAlias = Literal["little", "big"]

# The state that makes a socket an open port: TCP_LISTEN, and for UDP, which has
# no connections, TCP_CLOSE ("bound, no peer"). A connected UDP socket takes
# packets of its peer only and is in state 01: a server that waits for its first
# client has it, too, from then on.
_OPEN = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
_CONNECTED = "01"

# Where Linux takes ports from that nobody asked for; the default of
# net.ipv4.ip_local_port_range.
EPHEMERAL = range(32768, 61000)


class Entry(NamedTuple):
    """An open port in a network namespace, and the inode of its socket.

    ``address`` is text, ``::ffff:127.0.0.1`` for an IPv4 address that an IPv6
    socket is bound to. ``connected``: a UDP socket with a peer.
    """

    protocol: str
    address: str
    port: int
    inode: int
    connected: bool = False


def open_ports(
    lines: Iterable[str], table: str, byteorder: ByteOrder = "little"
) -> Iterator[Entry]:
    """The open ports in one table; lines of any other kind are passed over.

    :param table: ``tcp``, ``tcp6``, ``udp`` or ``udp6``.
    :param byteorder: of the machine that wrote the table.
    """
    for line in lines:
        fields = line.split()
        connected = table.startswith("udp") and fields[3:4] == [_CONNECTED]
        if len(fields) < 10 or not (connected or fields[3] == _OPEN[table]):
            continue  # a heading, or a socket that is not open
        address, _, port = fields[1].partition(":")
        yield Entry(
            table[:3].upper(),
            ip_address(address, byteorder),
            int(port, 16),
            int(fields[9]),
            connected,
        )


def ip_address(digits: str, byteorder: ByteOrder = "little") -> str:
    """The textual address of 8 (IPv4) or 32 (IPv6) hexadecimal digits.

    Each group of 8 digits is one word as the machine's processor reads it, so a
    little-endian machine shows 127.0.0.1 as ``0100007F``.
    """
    packed = bytes.fromhex(digits)
    if byteorder == "little":
        packed = b"".join(packed[at : at + 4][::-1] for at in range(0, len(packed), 4))
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed)
