"""Blocks of addresses. A chart does not know which ones its pods will have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import TypeAlias

from .endpoints import Endpoint
from .truth import NO, PLUGIN, UNKNOWN, YES, Truth

Network: TypeAlias = IPv4Network | IPv6Network

# Where pods get their addresses from: private ones, and those that carriers share (RFC 6598).
_OF_PODS = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)


def address_in(blocks: Iterable[str], endpoint: Endpoint, excepted: Iterable[str] = ()) -> Truth:
    """Whether somebody's address is in one of the blocks, and in none of those excepted.

    Sure where they hold every address, or none that a pod could have; else it depends on the
    cluster. A pod is taken to have an IPv4 address.
    """
    try:
        networks, without = _read(blocks), _read(excepted)
    except ValueError:
        return UNKNOWN
    if not networks or _every_address(without):
        return NO
    if _every_address(networks):
        if not without or endpoint.world:
            return YES  # of the world some addresses are enough
    elif endpoint.every:
        return NO
    if endpoint.every or (endpoint.pod and not _may_be_of_pods(networks, without)):
        return NO
    return PLUGIN


def _read(blocks: Iterable[str]) -> list[Network]:
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
