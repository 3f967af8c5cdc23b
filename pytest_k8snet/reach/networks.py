"""Blocks of addresses. A chart does not know which ones its pods will have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, TypeAlias

from .endpoints import Endpoint
from .truth import NO, PLUGIN, UNKNOWN, YES, Truth, of

Network: TypeAlias = IPv4Network | IPv6Network

# Where pods get their addresses from: private ones, and those that carriers share (RFC 6598).
_OF_PODS = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)

# What no pod can have: this network, loopback, link-local, multicast, broadcast (RFC 6890).
_NEVER = tuple(
    map(
        IPv4Network,
        ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32"),
    )
)
_MOST_BLOCKS = 100  # whose ends addresses are tried at


def address_in(blocks: Iterable[str], endpoint: Endpoint, excepted: Iterable[str] = ()) -> Truth:
    """Whether somebody's address is in one of the blocks, and in none of those excepted.

    Sure where its address is known, where they hold every one, or none that a pod could have; else
    it depends on the cluster. A pod is taken to have an IPv4 address.
    """
    try:
        networks, without = _read(tuple(blocks)), _read(tuple(excepted))
    except ValueError:
        return UNKNOWN
    if (address := endpoint.address) is not None:
        return of(
            any(address in one for one in networks) and not any(address in one for one in without)
        )
    if not networks or _every_address(without):
        return NO
    if _every_address(networks) and (not without or endpoint.world):
        return YES  # of the world some addresses are enough
    if endpoint.pod and not _may_be_of_pods(networks, without):
        return NO
    return PLUGIN


def addresses_apart(data: Any) -> list[IPv4Address]:
    """Addresses of pods, one of each kind that the blocks in some policies tell apart.

    What holds for each of them holds for every address; none where no block is written.

    :param data: manifests.
    """
    written = {*_blocks_in(data)}
    if not written:
        return []
    found = sorted(
        (one for one in written if isinstance(one, IPv4Network)), key=lambda one: one.prefixlen
    )[:_MOST_BLOCKS]
    ends = {int(one.network_address) for one in (*found, *_NEVER)}
    ends |= {int(one.broadcast_address) + 1 for one in (*found, *_NEVER)} - {1 << 32}
    tried = map(IPv4Address, sorted(ends))
    return [one for one in tried if not any(one in block for block in _NEVER)]


def _blocks_in(data: Any) -> Iterator[Network]:
    if isinstance(data, (dict, list, tuple)):
        for entry in data.values() if isinstance(data, dict) else data:
            yield from _blocks_in(entry)
    elif isinstance(data, str) and ("." in data or ":" in data):
        with contextlib.suppress(ValueError):
            yield ip_network(data.strip(), strict=False)


@lru_cache(maxsize=1 << 12)
def _read(blocks: tuple[str, ...]) -> list[Network]:
    return [ip_network(block.strip(), strict=False) for block in blocks]


def _may_be_of_pods(networks: Sequence[Network], without: Sequence[Network]) -> bool:
    return any(
        one.version == other.version
        and one.overlaps(other)
        and not any(within(smaller, bigger) for bigger in without)
        for one in networks
        for other in _OF_PODS
        for smaller in (min(one, other, key=lambda network: -network.prefixlen),)
    )


def _every_address(networks: Sequence[Network]) -> bool:
    found = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    return any(network.prefixlen == 0 for network in found)


def within(one: Network, other: Network) -> bool:
    """Whether all addresses of the one are in the other."""
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]
