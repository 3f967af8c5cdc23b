"""``k8snet why``: which rule of which policy lets a connection through, or does not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from .errors import SettingsError
from .gather import Gathering
from .helm.engine import choose_engine
from .helm.renderer import Renderer
from .model import Application, Workload
from .plaintext import plain
from .reach import PROTOCOLS, Action, Direction, Foothold, Step, Truth, reach_of
from .settings import Settings

USAGE = "why: k8snet why CHART FROM TO PORT[/PROTOCOL], such as why charts/web cluster Pod/db 5432"
_SIDES = {Direction.EGRESS: "leaving", Direction.INGRESS: "entering"}
_DOES = {Action.ALLOW: "allows", Action.DENY: "denies", Action.PASS: "passes on"}
_DOUBT = {
    Truth.PLUGIN: " - if the network plugin takes it so, or by addresses that a chart lacks",
    Truth.UNKNOWN: " - if it is about this at all, which was not understood",
}


def explain_connection(chart: str, source: str, target: str, port: str) -> None:
    """Print the verdict for each values set of a chart, and the rules that lead to it.

    :raises K8sNetError: there is no such chart, place or port.
    """
    number, protocol = _port(port)
    settings = Settings(root=Path.cwd(), charts=(chart,))
    with Renderer(choose_engine(), timeout=settings.render_timeout) as renderer:
        gathered = Gathering(settings, renderer).run()
    for one in gathered:
        sys.stdout.write(f"{one.target.id} [{one.target.values.name}]\n")
        if one.application is None:
            sys.stdout.write(f"  {plain(one.error)}\n")
            continue
        for line in connection_lines(one.application, source, target, number, protocol):
            sys.stdout.write(f"  {plain(line)}\n")


def connection_lines(
    application: Application, source: str, target: str, port: int, protocol: str
) -> Iterator[str]:
    """The verdict, and under it what decides on either side.

    :raises SettingsError: one of the two is no place of the application.
    """
    reach = reach_of(application)
    try:
        sender, receiver = reach.place(source), reach.place(target)
    except KeyError as error:
        raise SettingsError(str(error.args[0])) from None
    if not isinstance(receiver, Workload):
        raise SettingsError(f"why: {target} is no workload; name one, such as Deployment/web")
    found = reach.admission(sender, receiver)
    words = {"open": found.open, "left to the plugin": found.plugin, "unknown": found.unknown}
    verdict = next((word for word, ports in words.items() if (protocol, port) in ports), "closed")
    yield f"{source} -> {target} {port}/{protocol}: {verdict}"
    led_in = reach.led_in(receiver)
    ways = led_in.direct | led_in.routed
    if sender is Foothold.WORLD and verdict == "closed" and (protocol, port) not in ways:
        yield "  no node port, load balancer, port of its node or route leads there"
        return
    for step in reach.why(sender, receiver, port, protocol):
        yield f"  {step_text(step, application)}"


def step_text(step: Step, application: Application) -> str:
    """One thing that had a say, in words."""
    side = _SIDES[step.direction]
    if step.policy is None:
        return f"{side}: nothing denies it"
    name = application.subject(step.policy.reference)
    if not step.rule and step.action is Action.DENY and step.truth is Truth.YES:
        return f"{side}: {name} ({step.policy.source}) selects the pods, and no rule admits it"
    what = f"{step.rule} of {name}" if step.rule else name
    doubt = _DOUBT.get(step.truth, "")
    return f"{side}: {what} ({step.policy.source}) {_DOES[step.action]} it{doubt}"


def _port(text: str) -> tuple[int, str]:
    number, _, protocol = text.partition("/")
    protocol = protocol.upper() or "TCP"
    if not (number.isascii() and number.isdigit()) or protocol not in PROTOCOLS:
        raise SettingsError(f"why: {text} is no port; write 5432 or 53/UDP")
    return int(number), protocol
