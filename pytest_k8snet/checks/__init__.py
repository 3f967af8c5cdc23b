"""The checks, in the order of the taxonomy."""

from __future__ import annotations

from ._check import Check
from .dynamic_port import dynamic_port
from .exposed_service import exposed_service
from .global_collision import global_collision
from .governing_service import governing_service
from .headless_port_unavailable import headless_port_unavailable
from .host_network import host_network
from .monitor_without_target import monitor_without_target
from .no_network_policy import no_network_policy
from .policy_blocks_service import policy_blocks_service
from .policy_port_unavailable import policy_port_unavailable
from .policy_without_target import policy_without_target
from .probe_port_unavailable import probe_port_unavailable
from .reach import reach
from .reach_differs import reach_differs
from .route_without_backend import route_without_backend
from .service_collision import service_collision
from .service_undeclared_port import service_undeclared_port
from .service_unopened_port import service_unopened_port
from .service_without_target import service_without_target
from .undeclared_port import undeclared_port
from .unit_collision import unit_collision
from .unit_subset_collision import unit_subset_collision
from .unopened_port import unopened_port

__all__ = ["CHECKS", "Check"]

CHECKS: tuple[Check, ...] = (
    undeclared_port,
    dynamic_port,
    unopened_port,
    unit_collision,
    service_collision,
    unit_subset_collision,
    global_collision,
    service_unopened_port,
    service_undeclared_port,
    headless_port_unavailable,
    service_without_target,
    no_network_policy,
    host_network,
    policy_port_unavailable,
    policy_without_target,
    policy_blocks_service,
    route_without_backend,
    governing_service,
    probe_port_unavailable,
    monitor_without_target,
    exposed_service,
    reach,
    reach_differs,
)
