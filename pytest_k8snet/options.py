"""What an option is: its flag, its ini value, its help and how what the user gave is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .errors import SettingsError
from .reading import read_bytes


def ini_name(flag: str) -> str:
    """``--k8snet-json`` is ``k8snet_json``."""
    return flag.lstrip("-").replace("-", "_")


class Given(NamedTuple):
    """What the user gave for one option.

    ``value`` is a text, a tuple of texts for an option that can be repeated, or a
    bool for a switch; ``folder`` is where its relative paths start: where pytest
    was called for the command line, the ini file's for an ini value.
    """

    flag: str
    value: Any
    folder: Path

    @property
    def ini(self) -> str:
        """The ini name of the option."""
        return ini_name(self.flag)

    @property
    def shown(self) -> str:
        """The option as the user would write it."""
        return f"{self.flag}={self.value}"


@dataclass(frozen=True, slots=True)
class Option:
    """One command line option and the ini value of the same meaning.

    ``metavar`` is empty for a switch. A ``many`` option can be given several
    times; its ini value has one entry a line. ``read`` turns what was given into
    the setting.

    :raises SettingsError: from ``read``, where the value cannot be used; says which
        option and what is expected.
    """

    flag: str
    metavar: str
    help: str
    read: Callable[[Given], Any]
    default: str = ""
    many: bool = False
    ini_only: bool = False
    flag_only: bool = False

    @property
    def ini(self) -> str:
        """The ini name of the option."""
        return ini_name(self.flag)

    @property
    def ini_type(self) -> Any:
        """The type as ``pytest.Parser.addini`` calls it."""
        if self.many:
            return "linelist"
        return "string" if self.metavar else "bool"

    def setting(self, value: Any, folder: Path) -> Any:
        """The setting that this value means; None, False and nothing mean the default."""
        if self.many:
            value = tuple(value or ())
        elif self.metavar:
            value = str(value or self.default)
        else:
            value = bool(value)
        return self.read(Given(self.flag, value, folder))


def option(
    flag: str,
    metavar: str,
    text: str,
    default: str = "",
    *,
    read: Callable[[Given], Any] = lambda given: given.value,
    **kind: bool,
) -> Any:
    """A field of a dataclass that an option sets; read as text, texts or a switch unless told.

    :param kind: ``many``, ``ini_only`` or ``flag_only``.
    """
    made = Option(flag, metavar, text, read, default, **kind)
    return field(default_factory=lambda: made.setting(None, Path()), metadata={"option": made})


def file_option(flag: str, text: str) -> Any:
    """The field of a file, which need not be there yet."""
    return option(flag, "FILE", text, read=path)


def seconds_option(flag: str, text: str, default: str) -> Any:
    """The field of a time."""
    return option(flag, "SECONDS", text, default, read=seconds)


def words(given: Given) -> tuple[str, ...]:
    """The entries of a list that may also be separated by commas."""
    return tuple(word.strip() for entry in given.value for word in entry.split(",") if word.strip())


def path(given: Given) -> Path | None:
    """A path, which need not be there yet."""
    return _found(given.folder, given.value) if given.value else None


def files(given: Given) -> tuple[Path, ...]:
    """Paths of files that are there."""
    return tuple(file(given.folder, entry, f"{given.flag}=") for entry in given.value)


def one_file(given: Given) -> Path | None:
    """The path of a file that is there."""
    return file(given.folder, given.value, f"{given.flag}=") if given.value else None


def file(folder: Path, name: str, said: str = "") -> Path:
    """The path of a file that can be read; ``said`` stands before it in the error."""
    if not name.strip():
        raise SettingsError(f"{said}: expected a path")
    found = _found(folder, name)
    try:
        read_bytes(found)  # Helm reads it, and would wait for a pipe, or never end
    except FileNotFoundError:
        raise SettingsError(f"{said}{found}: there is no such file") from None
    except OSError as error:
        raise SettingsError(f"{said}{found}: cannot be read: {error.strerror}") from None
    return found


def _found(folder: Path, name: str) -> Path:
    return folder / os.path.expanduser(name)  # noqa: PTH111 - Path's raises for a name like ~x


def expressions(given: Given) -> tuple[str, ...]:
    """``KEY=VALUE``, as Helm takes it."""
    for entry in given.value:
        if not entry.partition("=")[0] or "=" not in entry:
            helms = given.flag.replace("--helm-", "helm --")
            raise SettingsError(f"{given.flag}={entry}: expected KEY=VALUE, as for {helms}")
    return tuple(given.value)


def file_expressions(given: Given) -> tuple[str, ...]:
    """``KEY=FILE``: the value is what the file says. The paths are made absolute."""
    made = []
    for entry in given.value:
        key, equals, name = entry.partition("=")
        if not (key and equals and name):
            raise SettingsError(f"{given.flag}={entry}: expected KEY=FILE")
        found = file(given.folder, name, f"{given.flag}={key}=")
        # To Helm a comma begins the next key.
        quoted = str(found).replace("\\", r"\\").replace(",", r"\,")
        made.append(f"{key}={quoted}")
    return tuple(made)


def places(given: Given) -> tuple[str, ...]:
    """Paths, and addresses as they are."""
    return tuple(entry if "://" in entry else _place(given, entry) for entry in given.value)


def sources(given: Given) -> tuple[str, ...]:
    """Paths, and ``-`` for standard input."""
    return tuple(entry if entry == "-" else _place(given, entry) for entry in given.value)


def _place(given: Given, entry: str) -> str:
    if not entry.strip():
        raise SettingsError(f"{given.flag}=: expected a path")
    return str(_found(given.folder, entry))


def seconds(given: Given) -> float:
    """A time above 0."""
    try:
        number = float(given.value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise SettingsError(f"{given.shown}: expected a number of seconds above 0")
    return number


def count(given: Given) -> int | None:
    """A whole number above 0, if there is any."""
    if given.value and not (given.value.isdecimal() and int(given.value)):
        raise SettingsError(f"{given.shown}: expected a whole number above 0")
    return int(given.value) if given.value else None


def choice(*choices: str) -> Callable[[Given], str]:
    """One of these words."""

    def read(given: Given) -> str:
        if given.value not in choices:
            raise SettingsError(f"{given.shown}: expected one of {', '.join(choices)}")
        return str(given.value)

    return read


def dns_label(longest: int) -> Callable[[Given], str]:
    """A DNS label (RFC 1123) of at most so many characters: what the API server takes as a name."""

    def read(given: Given) -> str:
        text = str(given.value)
        plain = text.replace("-", "a")
        named = plain.isascii() and plain.isalnum() and plain == plain.lower()
        if not (named and len(text) <= longest) or "-" in (text[0], text[-1]):
            raise SettingsError(
                f"{given.shown}: expected up to {longest} of a-z, 0-9 and -, no - at either end"
            )
        return text

    return read
