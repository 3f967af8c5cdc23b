"""The hooks of items during which nobody prints or logs.

pytest switches what captures output and log records on and off around each of the three phases
of a test. That costs more than most verdicts, and there is nothing to capture where no fixture
and no plugin but pytest's own takes part in them: a verdict is computed from what was gathered
before, in silence.
"""

from __future__ import annotations

from typing import Any

import pytest

_PHASES = ("pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_teardown")
_CAPTURING = ("capturemanager", "logging-plugin")


class QuietHooks:
    """The hooks of a collector's items, without capturing where that has nothing to do."""

    def __init__(self, collector: pytest.Collector) -> None:
        self._collector, self._manager = collector, collector.config.pluginmanager

    def __getattr__(self, name: str) -> Any:
        if name in _PHASES:
            # All at once: what captures expects every phase or none.
            self.__dict__.update(self._phases())
        else:
            self.__dict__[name] = getattr(self._collector.ihook, name)
        return self.__dict__[name]

    def _phases(self) -> dict[str, Any]:
        """The callers of the phases, decided by the plugins that are there at the first test."""
        # Not earlier: a conftest that is loaded later may not be this collector's.
        hooks = self._collector.ihook
        callers = {name: getattr(hooks, name) for name in _PHASES}
        taking_part = [
            implementation.plugin
            for caller in callers.values()
            for implementation in caller.get_hookimpls()
        ]
        if not all(map(_of_pytest, taking_part)):
            return callers
        kept = [one for one in taking_part if self._manager.get_name(one) not in _CAPTURING]
        return {
            name: self._manager.subset_hook_caller(
                name,
                [
                    implementation.plugin
                    for implementation in getattr(self._manager.hook, name).get_hookimpls()
                    if implementation.plugin not in kept
                ],
            )
            for name in _PHASES
        }


def _of_pytest(plugin: Any) -> bool:
    """Whether a plugin, a module or an object, is part of pytest itself."""
    module: str = getattr(plugin, "__name__", type(plugin).__module__)
    return module.startswith("_pytest.")
