"""An evaluator of policies that is slow and obvious: one connection at a time, address by address.

It shares no code with the package. A world is plain data::

    {"namespaces": {"red": {"team": "red"}},
     "pods": [{"name": "a", "namespace": "red", "labels": {...}, "address": "10.0.0.1",
               "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
               "account": "default", "host": False}],
     "policies": [<manifests>]}

:func:`connects` says True, False, or None where the APIs leave it open.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

Data = dict[str, Any]
NAME = "kubernetes.io/metadata.name"


def connects(world: Data, source: Data, target: Data, protocol: str, port: int) -> bool | None:
    """Whether a connection from one pod to another is let through."""
    if source is target:
        return True
    out = allowed(world, source, target, "egress", target, protocol, port)
    into = allowed(world, target, source, "ingress", target, protocol, port)
    if out is False or into is False:
        return False
    return None if out is None or into is None else True


def allowed(
    world: Data, pod: Data, peer: Data, direction: str, target: Data, protocol: str, port: int
) -> bool | None:
    """What the policies of one of the two say."""
    if pod["host"]:
        return True
    for policy in world["policies"]:
        if policy["apiVersion"].startswith("cilium"):
            for rule in policy["spec"].get(direction + "Deny") or []:
                if cilium_selects(policy, pod) and cilium_rule(
                    world, policy, rule, peer, direction, target, protocol, port
                ):
                    return False
    asked = (world, pod, peer, direction, target, protocol, port)

    def after_admin() -> bool | None:
        default = default_tier(*asked)
        if default in (True, False):
            return bool(default)
        return one_of(tiered("Baseline", *asked), passed=True)

    return one_of(tiered("Admin", *asked), passed=after_admin())


def one_of(actions: set[str], *, passed: bool | None) -> bool | None:
    """What one of these actions leads to; None where it matters which one it is."""
    results = {{"Allow": True, "Deny": False}.get(one, passed) for one in actions or {"Pass"}}
    return results.pop() if len(results) == 1 else None


# -- Kubernetes's own selectors


def matches(selector: Data | None, labels: Data) -> bool:
    selector = selector or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for one in selector.get("matchExpressions") or []:
        there = one["key"] in labels
        among = there and labels[one["key"]] in (one.get("values") or [])
        fits = {"In": among, "NotIn": not among, "Exists": there, "DoesNotExist": not there}
        if not fits[one["operator"]]:
            return False
    return True


def namespace_labels(world: Data, pod: Data) -> Data:
    return {**world["namespaces"][pod["namespace"]], NAME: pod["namespace"]}


def numbers_of(pod: Data, name: str, protocol: str) -> list[int]:
    return [
        one["containerPort"]
        for one in pod["ports"]
        if one["name"] == name and one["protocol"] == protocol
    ]


# -- the default tier: NetworkPolicies, Cilium's allow rules, Calico's policies


def default_tier(
    world: Data, pod: Data, peer: Data, direction: str, target: Data, protocol: str, port: int
) -> bool | str:
    ordered = sorted(
        world["policies"],
        key=lambda one: (
            one["spec"].get("order", float("inf")) if "calico" in one["apiVersion"] else 1000,
            one["metadata"]["name"],
        ),
    )
    isolated = False
    for policy in ordered:
        version = policy["apiVersion"]
        if version.startswith("networking"):
            if not network_policy_selects(policy, pod, direction):
                continue
            isolated = True
            for rule in policy["spec"].get(direction) or []:
                if network_policy_rule(
                    world, policy, rule, peer, direction, target, protocol, port
                ):
                    return True
        elif version.startswith("cilium"):
            if not cilium_selects(policy, pod):
                continue
            said = (policy["spec"].get("enableDefaultDeny") or {}).get(direction)
            has = policy["spec"].get(direction) or policy["spec"].get(direction + "Deny")
            isolated = isolated or (bool(has) if said is None else said)
            for rule in policy["spec"].get(direction) or []:
                if cilium_rule(world, policy, rule, peer, direction, target, protocol, port):
                    return True
        elif "calico" in version and not policy["kind"].startswith("Staged"):
            if not calico_selects(world, policy, pod, direction):
                continue
            isolated = True
            for rule in policy["spec"].get(direction) or []:
                if calico_rule(world, policy, rule, pod, peer, direction, target, protocol, port):
                    if rule["action"] == "Pass":
                        return "next"
                    if rule["action"] != "Log":
                        return bool(rule["action"] == "Allow")
    return False if isolated else "next"


# -- NetworkPolicy


def network_policy_selects(policy: Data, pod: Data, direction: str) -> bool:
    spec = policy["spec"]
    types = spec.get("policyTypes") or (
        ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    )
    return (
        direction.title() in types
        and policy["metadata"]["namespace"] == pod["namespace"]
        and matches(spec.get("podSelector"), pod["labels"])
    )


def network_policy_rule(
    world: Data,
    policy: Data,
    rule: Data,
    peer: Data,
    direction: str,
    target: Data,
    protocol: str,
    port: int,
) -> bool:
    peers = rule.get("from" if direction == "ingress" else "to")
    if peers and not any(network_policy_peer(world, policy, one, peer) for one in peers):
        return False
    ports = rule.get("ports")
    if not ports:
        return True
    for one in ports:
        if one.get("protocol", "TCP") != protocol:
            continue
        wanted = one.get("port")
        if wanted is None:
            return True
        if isinstance(wanted, str):
            if port in numbers_of(target, wanted, protocol):
                return True
        elif wanted <= port <= one.get("endPort", wanted):
            return True
    return False


def network_policy_peer(world: Data, policy: Data, one: Data, peer: Data) -> bool:
    if "ipBlock" in one:
        address = ip_address(peer["address"])
        excepted = any(address in ip_network(each) for each in one["ipBlock"].get("except", []))
        return address in ip_network(one["ipBlock"]["cidr"]) and not excepted
    if peer["host"]:
        return False
    if one.get("namespaceSelector") is None:
        if peer["namespace"] != policy["metadata"]["namespace"]:
            return False
    elif not matches(one["namespaceSelector"], namespace_labels(world, peer)):
        return False
    return one.get("podSelector") is None or matches(one["podSelector"], peer["labels"])


# -- Admin-, Baseline- and ClusterNetworkPolicy


def tiered(
    tier: str,
    world: Data,
    pod: Data,
    peer: Data,
    direction: str,
    target: Data,
    protocol: str,
    port: int,
) -> set[str]:
    verdicts: dict[int, set[str]] = {}
    for policy in world["policies"]:
        if not policy["apiVersion"].startswith("policy.networking"):
            continue
        own = {"AdminNetworkPolicy": "Admin", "BaselineAdminNetworkPolicy": "Baseline"}
        if own.get(policy["kind"], policy["spec"].get("tier")) != tier:
            continue
        subject = policy["spec"]["subject"]
        if not admin_pods(world, subject, pod, pod):
            continue
        for rule in policy["spec"].get(direction) or []:
            peers = rule["from" if direction == "ingress" else "to"]
            if any(admin_peer(world, one, pod, peer) for one in peers) and admin_port(
                rule, target, protocol, port
            ):
                action = {"Accept": "Allow"}.get(rule["action"], rule["action"])
                verdicts.setdefault(policy["spec"].get("priority", 0), set()).add(action)
                break
    return verdicts[min(verdicts)] if verdicts else set()


def admin_pods(world: Data, said: Data, pod: Data, subject: Data) -> bool:
    if pod["host"]:
        return False
    labels = namespace_labels(world, pod)
    if "namespaces" in said:
        return admin_namespaces(world, said["namespaces"], labels, subject)
    inner = said["pods"]
    namespaces = inner.get("namespaces", inner.get("namespaceSelector"))
    return admin_namespaces(world, namespaces, labels, subject) and matches(
        inner["podSelector"], pod["labels"]
    )


def admin_namespaces(world: Data, said: Data, labels: Data, subject: Data) -> bool:
    mine = namespace_labels(world, subject)
    for field in ("sameLabels", "notSameLabels"):
        if field in said:
            keys = said[field]
            if not keys or any(key not in labels for key in keys):
                return False
            equal = all(mine.get(key) == labels[key] for key in keys)
            return equal == (field == "sameLabels")
    return matches(said.get("namespaceSelector", said), labels)


def admin_peer(world: Data, one: Data, subject: Data, peer: Data) -> bool:
    if "networks" in one:
        return any(ip_address(peer["address"]) in ip_network(net) for net in one["networks"])
    if "nodes" in one:
        return bool(peer["host"])  # only the selector of all nodes is made up here
    return admin_pods(world, one, peer, subject)


def admin_port(rule: Data, target: Data, protocol: str, port: int) -> bool:
    ports = [*(rule.get("ports") or []), *(rule.get("protocols") or [])]
    if not ports:
        return True
    for one in ports:
        if "portNumber" in one:
            said = one["portNumber"]
            if (said.get("protocol", "TCP"), said["port"]) == (protocol, port):
                return True
        elif "portRange" in one:
            said = one["portRange"]
            if said.get("protocol", "TCP") == protocol and said["start"] <= port <= said["end"]:
                return True
        elif "namedPort" in one or "destinationNamedPort" in one:
            name = one.get("namedPort") or one["destinationNamedPort"]
            if port in numbers_of(target, name, protocol):
                return True
        elif protocol.lower() in one:
            said = one[protocol.lower()].get("destinationPort")
            if not said or said.get("number") == port:
                return True
            if "range" in said and said["range"]["start"] <= port <= said["range"]["end"]:
                return True
    return False


# -- Cilium


def cilium_labels(world: Data, pod: Data) -> Data:
    spaces = {
        f"io.cilium.k8s.namespace.labels.{key}": value
        for key, value in namespace_labels(world, pod).items()
    }
    return {**pod["labels"], **spaces, "io.kubernetes.pod.namespace": pod["namespace"]}


def without_source(selector: Data) -> Data:
    def plain(key: str) -> str:
        return key.split(":", 1)[-1]

    return {
        "matchLabels": {plain(k): v for k, v in (selector.get("matchLabels") or {}).items()},
        "matchExpressions": [
            {**one, "key": plain(one["key"])} for one in selector.get("matchExpressions") or []
        ],
    }


def cilium_selects(policy: Data, pod: Data) -> bool:
    namespace = policy["metadata"].get("namespace")
    if pod["host"] or (namespace and namespace != pod["namespace"]):
        return False
    return matches(without_source(policy["spec"]["endpointSelector"]), pod["labels"])


def cilium_rule(
    world: Data,
    policy: Data,
    rule: Data,
    peer: Data,
    direction: str,
    target: Data,
    protocol: str,
    port: int,
) -> bool:
    word = "from" if direction == "ingress" else "to"
    lists = {key: value for key, value in rule.items() if key.startswith(word) and key != "toPorts"}
    if any(value == [] for value in lists.values()):
        return False
    if not lists and not rule.get("toPorts"):
        return False
    if lists and not any(
        cilium_peer(world, policy, key.removeprefix(word), one, peer)
        for key, value in lists.items()
        for one in value
    ):
        return False
    if not rule.get("toPorts"):
        return True
    for entry in rule["toPorts"]:
        for one in entry["ports"]:
            if one.get("protocol", "ANY") not in ("ANY", protocol):
                continue
            if not one["port"].isdigit():
                if port in numbers_of(target, one["port"], protocol):
                    return True
            elif one["port"] == "0" or int(one["port"]) <= port <= one.get(
                "endPort", int(one["port"])
            ):
                return True
    return False


def cilium_peer(world: Data, policy: Data, kind: str, one: Any, peer: Data) -> bool:
    if kind == "Entities":
        return one in ("all", "cluster")
    if kind in ("CIDR", "CIDRSet", "FQDNs") or peer["host"]:
        return False
    selector = without_source(one)
    keys = [*selector["matchLabels"], *(each["key"] for each in selector["matchExpressions"])]
    elsewhere = any(key.startswith(("io.kubernetes.pod.namespace", "io.cilium")) for key in keys)
    namespace = policy["metadata"].get("namespace")
    if namespace and not elsewhere and peer["namespace"] != namespace:
        return False
    return matches(selector, cilium_labels(world, peer))


# -- Calico; selectors are made up as nested tuples, which the manifest keeps beside the text


def selector_holds(node: Any, labels: Data) -> bool:
    if node is None or node[0] == "all":
        return True
    kind, *rest = node
    if kind == "not":
        return not selector_holds(rest[0], labels)
    if kind == "and":
        return all(selector_holds(one, labels) for one in rest)
    if kind == "or":
        return any(selector_holds(one, labels) for one in rest)
    if kind == "global":
        return False
    value = labels.get(rest[0])
    if kind == "has":
        return value is not None
    if kind in ("==", "!="):
        return (value == rest[1]) == (kind == "==")
    if kind in ("in", "not in"):
        return (value in rest[1]) == (kind == "in")
    if value is None:
        return False
    if kind == "contains":
        return rest[1] in value
    return bool(value.startswith(rest[1]) if kind == "starts with" else value.endswith(rest[1]))


def calico_labels(pod: Data) -> Data:
    return {
        **pod["labels"],
        "projectcalico.org/namespace": pod["namespace"],
        "projectcalico.org/orchestrator": "k8s",
        "projectcalico.org/serviceaccount": pod["account"],
    }


def calico_namespace(world: Data, pod: Data) -> Data:
    return {**namespace_labels(world, pod), "projectcalico.org/name": pod["namespace"]}


def calico_selects(world: Data, policy: Data, pod: Data, direction: str) -> bool:
    spec, trees = policy["spec"], policy["trees"]
    types = spec.get("types")
    if types is None:
        types = ["Egress"] if spec.get("egress") else []
        if spec.get("ingress") or not spec.get("egress"):
            types.append("Ingress")
    if direction.title() not in types:
        return False
    namespace = policy["metadata"].get("namespace")
    if namespace and namespace != pod["namespace"]:
        return False
    if not selector_holds(trees.get("namespaceSelector"), calico_namespace(world, pod)):
        return False
    return selector_holds(trees.get("selector"), calico_labels(pod))


def calico_rule(
    world: Data,
    policy: Data,
    rule: Data,
    pod: Data,
    peer: Data,
    direction: str,
    target: Data,
    protocol: str,
    port: int,
) -> bool:
    source, destination = (peer, pod) if direction == "ingress" else (pod, peer)
    if "protocol" in rule and rule["protocol"] not in (protocol, number_of(protocol)):
        return False
    if rule.get("notProtocol") == protocol:
        return False
    for side, who in (("source", source), ("destination", destination)):
        said = rule.get(side) or {}
        trees = rule["trees"].get(side) or {}
        if not calico_entity(world, policy, said, trees, who):
            return False
    said = rule.get("destination") or {}
    if said.get("ports") and not calico_port(said["ports"], target, protocol, port):
        return False
    return not (said.get("notPorts") and calico_port(said["notPorts"], target, protocol, port))


def number_of(protocol: str) -> int:
    return {"TCP": 6, "UDP": 17, "SCTP": 132}[protocol]


def calico_entity(world: Data, policy: Data, said: Data, trees: Data, who: Data) -> bool:
    address = ip_address(who["address"])
    if said.get("nets") and not any(address in ip_network(net) for net in said["nets"]):
        return False
    if any(address in ip_network(net) for net in said.get("notNets") or []):
        return False
    namespace = policy["metadata"].get("namespace")
    names = (said.get("serviceAccounts") or {}).get("names")
    positive = "selector" in trees or names or "namespaceSelector" in trees
    if positive or (namespace and "notSelector" in trees):
        if who["host"]:
            return False
        if "namespaceSelector" in trees:
            if not selector_holds(trees["namespaceSelector"], calico_namespace(world, who)):
                return False
        elif namespace and who["namespace"] != namespace:
            return False
    if "selector" in trees and not selector_holds(trees["selector"], calico_labels(who)):
        return False
    if names and who["account"] not in names:
        return False
    return not (
        "notSelector" in trees
        and not who["host"]
        and selector_holds(trees["notSelector"], calico_labels(who))
    )


def calico_port(ports: list[Any], target: Data, protocol: str, port: int) -> bool:
    for one in ports:
        if isinstance(one, int):
            if one == port:
                return True
        elif ":" in one:
            first, last = one.split(":")
            if int(first) <= port <= int(last):
                return True
        elif port in numbers_of(target, one, protocol):
            return True
    return False
