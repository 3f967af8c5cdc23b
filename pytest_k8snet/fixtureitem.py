"""A test item without a function, to which all that pytest has for tests applies.

pytest's own :class:`pytest.Function` looks through a function, its module and
its class for marks, keywords and arguments. There are none here, but
thousands of items, so this does what pytest does for doctests: a
:class:`pytest.Item` with the attributes that fixtures ask for.
"""

from __future__ import annotations

from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.fixtures import TopRequest

from .quiethooks import QuietHooks

if TYPE_CHECKING:
    from _pytest.fixtures import FuncFixtureInfo


# No docstring: pytest would show it for each item.
def _nothing() -> None:
    pass


class FixtureFile(pytest.Module):
    """A file whose items take part in fixtures; the "module" of those that ask for one."""

    def _getobj(self) -> ModuleType:
        module = ModuleType(self.path.parent.name)
        module.__file__ = str(self.path)
        return module

    def fixtures(self) -> FuncFixtureInfo:
        """The fixtures that all items of the file have: those for everybody."""
        item: Any = self
        return self.session._fixturemanager.getfixtureinfo(item, func=None, cls=None)


class FixtureItem(pytest.Item):
    """An item with the attributes that fixtures and plugins know from functions."""

    function = obj = staticmethod(_nothing)
    cls = instance = None

    def __init__(self, *, fixtures: FuncFixtureInfo, hooks: QuietHooks, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._fixtureinfo, self._hooks = fixtures, hooks
        self.fixturenames = fixtures.names_closure
        self.originalname = self.name  # without parameters, of which there are none
        self.funcargs: dict[str, object] = {}

    @property
    def ihook(self) -> Any:
        """The hooks for the item: quiet ones where no fixture can print."""
        return super().ihook if self.fixturenames else self._hooks

    @cached_property
    def _request(self) -> TopRequest:
        return TopRequest(self, _ispytest=True)  # type: ignore[arg-type]

    def _initrequest(self) -> None:
        """Forget the values of fixtures; for plugins that run an item again."""
        self.funcargs = {}
        self.__dict__.pop("_request", None)

    @property
    def module(self) -> ModuleType | None:
        """What stands for the module."""
        file = self.getparent(pytest.Module)
        return file.obj if file is not None else None

    def setup(self) -> None:
        """Make the values of the fixtures for everybody."""
        if self.fixturenames:
            self._request._fillfixtures()
