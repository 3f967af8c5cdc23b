"""The engine against an evaluator that is slow and obvious, on small random worlds.

``K8SNET_WORLDS=10000 pytest tests/reach/test_worlds.py`` tries as many of each family.
"""

from __future__ import annotations

import json
import os
from random import Random

import pytest

from pytest_k8snet.model import Workload
from pytest_k8snet.reach import PROTOCOLS, Admission, reach_of

from .brute import Data, connects
from .worlds import FAMILIES, PROBED, connections, make_world, mentions_addresses, read_world

WORLDS = int(os.environ.get("K8SNET_WORLDS", "150"))


def said_of(admission: Admission, protocol: str, port: int) -> str:
    for word in ("open", "plugin", "unknown"):
        if (protocol, port) in getattr(admission, word):
            return word
    return "closed"


def agrees(said: str, *, truth: bool | None, addresses: bool, host: bool) -> bool:
    """Whether the engine's word is right, and no vaguer than it has to be."""
    if host and truth is False:
        return said in ("plugin", "unknown")  # from the pod's own node it is let through
    if truth is None:
        return said == "unknown" or (addresses and said == "plugin")
    if said in ("plugin", "unknown"):
        return addresses or host
    return (said == "open") is truth


@pytest.mark.parametrize("family", FAMILIES)
def test_every_connection_of_a_random_world_is_right(family: str) -> None:
    for seed in range(WORLDS):
        world = make_world(Random(f"{family} {seed}"), family)
        check_world(world, f"{family} {seed}")


def check_world(world: Data, name: str) -> None:
    reach = reach_of(read_world(world))
    addresses = mentions_addresses(world["policies"])
    for source, target in connections(world):
        places = [
            reach.place(f"Pod/{pod['name']}")
            if pod["namespace"] == "red"
            else reach.place(f"Pod/{pod['namespace']}.{pod['name']}")
            for pod in (source, target)
        ]
        assert isinstance(places[1], Workload)
        admission = reach.admission(places[0], places[1])
        host = source["host"] or target["host"]
        for protocol in PROTOCOLS:
            for port in PROBED:
                truth = connects(world, source, target, protocol, port)
                said = said_of(admission, protocol, port)
                assert agrees(said, truth=truth, addresses=addresses, host=host), (
                    f"{name}: {source['name']} -> {target['name']} {protocol} {port}:"
                    f" {said}, and it is {truth}\n{json.dumps(world, indent=1)}"
                )
