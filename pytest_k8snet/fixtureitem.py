"""A test item without a function, to which all that pytest has for tests applies.

pytest's own :class:`pytest.Function` looks through a function, its module and
its class for marks, keywords and arguments. There are none here, but
thousands of items, so this does what pytest does for doctests: a
:class:`pytest.Item` with the attributes that fixtures ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.fixtures import TopRequest
from _pytest.mark.structures import ParameterSet

from .quiethooks import QuietHooks

if TYPE_CHECKING:
    from _pytest.fixtures import FuncFixtureInfo
    from _pytest.scope import Scope


# No docstring: pytest would show it for each item.
def _nothing() -> None:
    pass


@dataclass
class FirstParameters:
    """The first parameter of each fixture for everybody that has several.

    A chart is the same under all of them, and pytest, which makes a test of a function for each,
    refuses a fixture of which none is chosen.
    """

    params: dict[str, object] = field(default_factory=dict)
    indices: dict[str, int] = field(default_factory=dict)
    _arg2scope: dict[str, Scope] = field(default_factory=dict)
    id = ""

    @classmethod
    def of(cls, fixtures: FuncFixtureInfo) -> FirstParameters | None:
        """None where no fixture has parameters."""
        chosen = cls()
        for name, definitions in fixtures.name2fixturedefs.items():
            if not (given := definitions[-1].params):
                continue
            values = [ParameterSet.extract_from(one, force_tuple=True) for one in given]
            index = next((place for place, one in enumerate(values) if not one.marks), 0)
            chosen.params[name] = values[index].values[0]
            chosen.indices[name] = index
            chosen._arg2scope[name] = definitions[-1]._scope
        return chosen if chosen.params else None


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
        self.originalname = self.name  # without parameters, of which it shows none
        if self.fixturenames and (callspec := FirstParameters.of(fixtures)):
            self.callspec = callspec

    @property
    def ihook(self) -> Any:
        """The hooks for the item: quiet ones where no fixture can print."""
        return super().ihook if self.fixturenames else self._hooks

    @cached_property
    def funcargs(self) -> dict[str, object]:
        """The values of the fixtures, by name."""
        return {}

    @cached_property
    def _request(self) -> TopRequest:
        if not self.fixturenames:
            # pytest asks each test whether it has one, and makes none for a test of another kind.
            raise AttributeError("no fixtures, and no request")
        return TopRequest(self, _ispytest=True)  # type: ignore[arg-type]

    def _initrequest(self) -> None:
        """Forget the values of fixtures; for plugins that run an item again."""
        for name in ("funcargs", "_request"):
            self.__dict__.pop(name, None)

    @property
    def module(self) -> ModuleType | None:
        """What stands for the module."""
        file = self.getparent(pytest.Module)
        return file.obj if file is not None else None

    def setup(self) -> None:
        """Make the values of the fixtures for everybody."""
        if self.fixturenames:
            self._request._fillfixtures()
