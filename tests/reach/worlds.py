"""Small random worlds: a few pods in a few namespaces, and policies of one family over them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from pytest_k8snet.manifests import read_application
from pytest_k8snet.model import Application

from .brute import Data

NAMESPACES = ("red", "blue", "green")
APPS = ("a", "b", "c")
NAMES = ("http", "dns", "sync")
NUMBERS = (53, 80, 81, 443, 8080)
PROTOCOLS = ("TCP", "UDP", "SCTP")
PROBED = (1, 52, 53, 54, 79, 80, 81, 82, 443, 444, 8079, 8080, 8081, 65535)
EVERYBODY = "0.0.0.0/0"
BLOCKS = ("10.0.0.0/30", "10.0.0.4/30", "10.0.0.0/8", "8.8.8.0/24", "192.168.0.0/16")


def make_world(random: Random, family: str) -> Data:
    """A world with policies of a family; NetworkPolicies are in every one, now and then."""
    namespaces = {
        name: random.choice(({}, {"team": "x"}, {"team": "y"}, {"team": "x", "zone": "z"}))
        for name in NAMESPACES[: random.randint(1, 3)]
    }
    pods = [_pod(random, f"pod-{n}", n, namespaces) for n in range(random.randint(2, 4))]
    make = FAMILIES[family]
    policies = [make(random, f"p{n}", list(namespaces)) for n in range(random.randint(0, 3))]
    if random.random() < 0.3:
        policies.append(network_policy(random, "n", list(namespaces)))
    return {"namespaces": namespaces, "pods": pods, "policies": policies}


def read_world(world: Data) -> Application:
    """The same world as a chart would render it."""
    objects: list[Data] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        for name, labels in world["namespaces"].items()
    ]
    objects += [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {key: pod[key] for key in ("name", "namespace", "labels")},
            "spec": {
                "hostNetwork": pod["host"],
                "serviceAccountName": pod["account"],
                "containers": [{"name": "main", "image": "example.org/a", "ports": pod["ports"]}],
            },
        }
        for pod in world["pods"]
    ]
    objects += world["policies"]
    text = "\n---\n".join(json.dumps(one) for one in map(_without_trees, objects))
    application = read_application([("templates/world.yaml", text)], namespace="red")
    assert not [one for one in application.invalid if "hostPort" not in one.message]
    return application


def _without_trees(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_trees(entry) for key, entry in value.items() if key != "trees"}
    return [_without_trees(entry) for entry in value] if isinstance(value, list) else value


def _pod(random: Random, name: str, number: int, namespaces: Data) -> Data:
    labels = {"app": random.choice(APPS)}
    if random.random() < 0.4:
        labels["tier"] = random.choice(("front", "back"))
    ports = [
        {
            "name": port,
            "containerPort": random.choice(NUMBERS),
            "protocol": random.choice(PROTOCOLS),
        }
        for port in random.sample(NAMES, random.randint(0, 2))
    ]
    host = random.random() < 0.05
    return {
        "name": name,
        "namespace": random.choice(list(namespaces)),
        "labels": labels if random.random() < 0.9 else {},
        "address": f"192.168.7.{number}" if host else f"10.0.0.{random.randint(1, 7)}",
        "ports": ports,
        "account": random.choice(("default", "robot")),
        "host": host,
    }


def _selector(random: Random, keys: dict[str, tuple[str, ...]]) -> Data:
    key = random.choice(list(keys))
    values = random.sample(keys[key], random.randint(1, len(keys[key])))
    return random.choice(
        (
            dict,
            lambda: {"matchLabels": {key: values[0]}},
            lambda: {"matchExpressions": [{"key": key, "operator": "In", "values": values}]},
            lambda: {"matchExpressions": [{"key": key, "operator": "NotIn", "values": values}]},
            lambda: {"matchExpressions": [{"key": key, "operator": "Exists"}]},
            lambda: {
                "matchLabels": {key: values[0]},
                "matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}],
            },
        )
    )()  # type: ignore[no-any-return]


def pod_selector(random: Random) -> Data:
    return _selector(random, {"app": APPS, "tier": ("front", "back")})


def namespace_selector(random: Random) -> Data:
    return _selector(random, {"team": ("x", "y"), "kubernetes.io/metadata.name": NAMESPACES})


def _some(random: Random, make: Callable[[Random], Any], most: int = 2) -> list[Any]:
    return [make(random) for _ in range(random.randint(1, most))]


# -- NetworkPolicy


def network_policy(random: Random, name: str, namespaces: list[str]) -> Data:
    spec: Data = {"podSelector": pod_selector(random)}
    if random.random() < 0.7:
        spec["policyTypes"] = random.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        if random.random() < 0.6:
            spec[direction] = [_rule(random, peers) for _ in range(random.randint(0, 2))]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": random.choice(namespaces)},
        "spec": spec,
    }


def _rule(random: Random, field: str) -> Data:
    rule: Data = {}
    if random.random() < 0.7:
        rule[field] = random.choice(([], *[_some(random, _peer)] * 5))
    if random.random() < 0.6:
        rule["ports"] = random.choice(([], *[_some(random, _policy_port)] * 5))
    return rule


def _peer(random: Random) -> Data:
    chosen = random.random()
    if chosen < 0.1:
        block: Data = {"cidr": random.choice((EVERYBODY, *BLOCKS))}
        if block["cidr"] == EVERYBODY and random.random() < 0.5:
            block["except"] = [random.choice(BLOCKS)]
        return {"ipBlock": block}
    if chosen < 0.4:
        return {"podSelector": pod_selector(random)}
    if chosen < 0.7:
        return {"namespaceSelector": namespace_selector(random)}
    return {
        "namespaceSelector": namespace_selector(random),
        "podSelector": pod_selector(random),
    }


def _policy_port(random: Random) -> Data:
    port: Data = {}
    if random.random() < 0.7:
        port["protocol"] = random.choice(PROTOCOLS)
    chosen = random.random()
    if chosen < 0.3:
        port["port"] = random.choice(NAMES)
    elif chosen < 0.9:
        port["port"] = random.choice(NUMBERS)
        if random.random() < 0.3:
            port["endPort"] = random.choice([n for n in NUMBERS if n >= port["port"]])
    return port


# -- Admin-, Baseline- and ClusterNetworkPolicy


def admin_policy(random: Random, name: str, _: list[str]) -> Data:
    kind = random.choice(
        ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
    )
    newer = kind == "ClusterNetworkPolicy"
    spec: Data = {"subject": _admin_subject(random)}
    if kind != "BaselineAdminNetworkPolicy":
        spec["priority"] = random.randint(0, 3)
    if newer:
        spec["tier"] = random.choice(("Admin", "Baseline"))
    actions = ["Accept" if newer else "Allow", "Deny", "Pass"]
    if kind == "BaselineAdminNetworkPolicy":
        actions.pop()
    for direction in ("ingress", "egress"):
        if random.random() < 0.7:
            spec[direction] = [
                _admin_rule(random, direction, actions, newer=newer)
                for _ in range(random.randint(1, 3))
            ]
    return {
        "apiVersion": f"policy.networking.k8s.io/v1alpha{2 if newer else 1}",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def _admin_subject(random: Random) -> Data:
    if random.random() < 0.5:
        return {"namespaces": namespace_selector(random)}
    return {
        "pods": {
            "namespaceSelector": namespace_selector(random),
            "podSelector": pod_selector(random),
        }
    }


def _admin_rule(random: Random, direction: str, actions: list[str], *, newer: bool) -> Data:
    rule: Data = {"action": random.choice(actions)}

    def peer(random: Random) -> Data:
        return _admin_peer(random, outward=direction == "egress")

    rule["from" if direction == "ingress" else "to"] = _some(random, peer)
    if random.random() < 0.5:
        rule["protocols" if newer else "ports"] = _some(
            random, _admin_protocol if newer else _admin_port
        )
    return rule


def _admin_peer(random: Random, *, outward: bool) -> Data:
    chosen = random.random()
    if outward and chosen < 0.1:
        return {"networks": [random.choice((EVERYBODY, *BLOCKS))]}
    if outward and chosen < 0.15:
        return {"nodes": {}}
    if chosen < 0.3:
        field = random.choice(("sameLabels", "notSameLabels"))
        old: Data = {field: random.choice((["team"], ["team", "zone"], []))}
        return random.choice(
            (
                {"namespaces": old},
                {"pods": {"namespaces": old, "podSelector": pod_selector(random)}},
            )
        )
    if chosen < 0.4:
        return {"namespaces": {"namespaceSelector": namespace_selector(random)}}
    return _admin_subject(random)


def _admin_port(random: Random) -> Data:
    protocol = random.choice(PROTOCOLS)
    return random.choice(
        (
            {"portNumber": {"protocol": protocol, "port": random.choice(NUMBERS)}},
            {"portNumber": {"port": random.choice(NUMBERS)}},
            {"portRange": {"protocol": protocol, "start": 80, "end": random.choice((81, 8080))}},
            {"namedPort": random.choice(NAMES)},
        )
    )


def _admin_protocol(random: Random) -> Data:
    protocol = random.choice(("tcp", "udp", "sctp"))
    return random.choice(
        (
            {protocol: {"destinationPort": {"number": random.choice(NUMBERS)}}},
            {protocol: {"destinationPort": {"range": {"start": 79, "end": 443}}}},
            {protocol: {}},
            {"destinationNamedPort": random.choice(NAMES)},
        )
    )


# -- Cilium


def cilium_policy(random: Random, name: str, namespaces: list[str]) -> Data:
    wide = random.random() < 0.3
    spec: Data = {"endpointSelector": _prefixed(random, pod_selector(random))}
    for direction in ("ingress", "egress"):
        for suffix in ("", "", "Deny"):
            if random.random() < 0.35:
                spec[direction + suffix] = [
                    _cilium_rule(random, direction) for _ in range(random.randint(0, 2))
                ]
    if random.random() < 0.2:
        spec["enableDefaultDeny"] = {
            random.choice(("ingress", "egress")): random.choice((True, False))
        }
    metadata = {"name": name} if wide else {"name": name, "namespace": random.choice(namespaces)}
    kind = "CiliumClusterwideNetworkPolicy" if wide else "CiliumNetworkPolicy"
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, "spec": spec}


def _prefixed(random: Random, selector: Data) -> Data:
    prefix = random.choice(("", "k8s:", "any:"))
    made: Data = {}
    if "matchLabels" in selector:
        made["matchLabels"] = {prefix + k: v for k, v in selector["matchLabels"].items()}
    if "matchExpressions" in selector:
        made["matchExpressions"] = [
            {**one, "key": prefix + one["key"]} for one in selector["matchExpressions"]
        ]
    return made


def _cilium_rule(random: Random, direction: str) -> Data:
    word = "from" if direction == "ingress" else "to"
    rule: Data = {}
    chosen = random.random()
    if chosen < 0.5:
        rule[f"{word}Endpoints"] = random.choice(([], *[_some(random, _cilium_endpoints)] * 4))
    elif chosen < 0.65:
        rule[f"{word}Entities"] = [random.choice(("all", "cluster", "world", "init"))]
    elif chosen < 0.75:
        rule[f"{word}CIDR"] = [random.choice((EVERYBODY, *BLOCKS))]
    elif chosen < 0.8:
        rule[f"{word}CIDRSet"] = [{"cidr": EVERYBODY, "except": ["10.0.0.0/8"]}]
    if random.random() < 0.5:
        rule["toPorts"] = [{"ports": _some(random, _cilium_port)}]
    return rule


def _cilium_endpoints(random: Random) -> Data:
    selector = _prefixed(random, pod_selector(random))
    if random.random() < 0.4:
        key = random.choice(
            ("k8s:io.kubernetes.pod.namespace", "k8s:io.cilium.k8s.namespace.labels.team")
        )
        value = random.choice(NAMESPACES) if key.endswith("namespace") else "x"
        selector.setdefault("matchLabels", {})[key] = value
    return selector


def _cilium_port(random: Random) -> Data:
    port: Data = {"port": random.choice((*map(str, NUMBERS), "0", *NAMES))}
    if random.random() < 0.7:
        port["protocol"] = random.choice((*PROTOCOLS, "ANY"))
    if port["port"] == "80" and random.random() < 0.5:
        port["endPort"] = random.choice((81, 443))
    return port


# -- Calico


def calico_policy(random: Random, name: str, namespaces: list[str]) -> Data:
    wide = random.random() < 0.5
    kind = "GlobalNetworkPolicy" if wide else "NetworkPolicy"
    if random.random() < 0.05:
        kind = f"Staged{kind}"
    policy: Data = {
        "apiVersion": random.choice(("projectcalico.org/v3", "crd.projectcalico.org/v1")),
        "kind": kind,
        "metadata": {"name": name}
        if wide
        else {"name": name, "namespace": random.choice(namespaces)},
        "spec": {},
        "trees": {},
    }
    spec = policy["spec"]
    if random.random() < 0.8:
        _put(random, spec, policy["trees"], "selector", _pod_tree)
    if wide and random.random() < 0.4:
        _put(random, spec, policy["trees"], "namespaceSelector", _namespace_tree)
    if random.random() < 0.6:
        spec["order"] = random.choice((1, 10, 999, 1001, 2000.5))
    if random.random() < 0.5:
        spec["types"] = random.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    for direction in ("ingress", "egress"):
        if random.random() < 0.6:
            spec[direction] = [_calico_rule(random) for _ in range(random.randint(0, 3))]
    return policy


def _put(
    random: Random, data: Data, trees: Data, field: str, make: Callable[[Random], Any]
) -> None:
    trees[field] = make(random)
    data[field] = _written(random, trees[field])


def _pod_tree(random: Random, depth: int = 2) -> Any:
    return _tree(random, {"app": APPS, "tier": ("front", "back")}, depth)


def _namespace_tree(random: Random, depth: int = 1) -> Any:
    return _tree(random, {"team": ("x", "y"), "projectcalico.org/name": NAMESPACES}, depth)


def _tree(random: Random, keys: dict[str, tuple[str, ...]], depth: int) -> Any:
    if depth and random.random() < 0.5:
        kind = random.choice(("not", "and", "or"))
        count = 1 if kind == "not" else random.randint(2, 3)
        return (kind, *(_tree(random, keys, depth - 1) for _ in range(count)))
    key = random.choice(list(keys))
    value = random.choice(keys[key])
    values = random.sample(keys[key], random.randint(1, len(keys[key])))
    return random.choice(
        (
            ("all",), ("has", key), ("==", key, value), ("!=", key, value), ("in", key, values),
            ("not in", key, values), ("contains", key, value[:2]), ("starts with", key, value[:1]),
            ("ends with", key, value[-1:]),
        )
    )  # fmt: skip


def _written(random: Random, tree: Any) -> str:
    kind, *rest = tree
    if kind == "all":
        return "all()"
    if kind == "has":
        return f"has({rest[0]})"
    if kind == "not":
        return f"!({_written(random, rest[0])})"
    if kind in ("and", "or"):
        sign = random.choice((" && ", "&&")) if kind == "and" else random.choice((" || ", "||"))
        return sign.join(f"({_written(random, one)})" for one in rest)
    quote = random.choice("\"'")
    if kind in ("in", "not in"):
        listed = ", ".join(f"{quote}{one}{quote}" for one in rest[1])
        return f"{rest[0]} {kind} {{{listed}}}"
    return f"{rest[0]} {kind} {quote}{rest[1]}{quote}"


def _calico_rule(random: Random) -> Data:
    rule: Data = {
        "action": random.choice(("Allow", "Allow", "Deny", "Pass", "Log")),
        "trees": {"source": {}, "destination": {}},
    }
    chosen = random.random()
    if chosen < 0.6:
        rule["protocol"] = random.choice((*PROTOCOLS, 6, 17))
    elif chosen < 0.7:
        rule["notProtocol"] = random.choice(PROTOCOLS)
    for side in ("source", "destination"):
        if random.random() < 0.6:
            rule[side] = _calico_entity(random, rule["trees"][side])
    if random.random() < 0.5:
        rule.setdefault("destination", {})[random.choice(("ports", "notPorts"))] = [
            random.choice((*NUMBERS, "80:443", *NAMES)) for _ in range(random.randint(1, 2))
        ]
    return rule


def _calico_entity(random: Random, trees: Data) -> Data:
    entity: Data = {}
    if random.random() < 0.5:
        _put(random, entity, trees, "selector", _pod_tree)
    if random.random() < 0.2:
        _put(random, entity, trees, "notSelector", _pod_tree)
    if random.random() < 0.3:
        _put(random, entity, trees, "namespaceSelector", _namespace_tree)
    if random.random() < 0.1:
        entity["serviceAccounts"] = {"names": [random.choice(("default", "robot"))]}
    if random.random() < 0.1:
        entity[random.choice(("nets", "notNets"))] = [random.choice((EVERYBODY, *BLOCKS))]
    return entity


FAMILIES: dict[str, Callable[[Random, str, list[str]], Data]] = {
    "network-policy": network_policy,
    "admin": admin_policy,
    "cilium": cilium_policy,
    "calico": calico_policy,
}


def mentions_addresses(value: Any) -> bool:
    """Whether some policy is about addresses, which a chart does not know."""
    text = json.dumps(value)
    return any(word in text for word in ("ipBlock", "networks", "nets", "notNets"))


def connections(world: Data) -> Iterator[tuple[Data, Data]]:
    """Every pair of pods, a pod with itself included."""
    for source in world["pods"]:
        for target in world["pods"]:
            yield source, target
