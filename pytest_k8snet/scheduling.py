"""Which worker runs what: with a cluster, a release stays on one worker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .gather import Gathered
from .model import Application
from .settings import Settings

if TYPE_CHECKING:
    import pytest


def make_scheduler(
    config: pytest.Config, log: Any, settings: Settings, gathered: Iterable[Gathered]
) -> Any:
    """A scheduler that hands out whole releases, or None for pytest-xdist's choice.

    Results are right in every mode; on several workers a release would be
    installed several times.
    """
    chosen = any(str(argument).startswith("--dist") for argument in config.invocation_params.args)
    if settings.cluster == "none" or chosen:
        return None
    from xdist.scheduler import LoadScopeScheduling

    slow = {
        f"{one.target.nodeid}::{one.target.values.name}"
        for one in gathered
        if one.application is not None and takes_long(one.application)
    }

    class ReleaseScheduling(LoadScopeScheduling):  # type: ignore[misc]
        """Items of one chart with one values set go to one worker."""

        def _split_scope(self, nodeid: str) -> str:
            return "::".join(nodeid.split("::")[:2])

        def _assign_work_unit(self, node: Any) -> None:
            """The longest first, so that no worker is alone with one at the end."""
            first = next((scope for scope in self.workqueue if scope in slow), None)
            if first is not None:
                self.workqueue.move_to_end(first, last=False)
            super()._assign_work_unit(node)

        def remove_node(self, node: Any) -> Any:
            """After a crash: units that are done would keep a worker from those that are not."""
            crashed = super().remove_node(node)
            for scope, unit in list(self.workqueue.items()):
                if all(unit.values()):
                    del self.workqueue[scope]
            return crashed

        def _reschedule(self, node: Any) -> None:
            """A worker keeps its last item until it knows that no other comes: tell it."""
            super()._reschedule(node)
            if not self.workqueue and not node.shutting_down:
                node.shutdown()

    return ReleaseScheduling(config, log)


def takes_long(application: Application) -> bool:
    """Whether its sockets may have to be waited for.

    A container without a readiness probe is ready as soon as it runs, so a port that it has
    not opened yet is waited for (:class:`.runtime.settle.Patience`).
    """
    return any(
        container.runs and not container.probed
        for workload in application.workloads
        for container in workload.containers
    )
