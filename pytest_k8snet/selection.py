"""Which checks run: ``--k8snet-select`` and ``--k8snet-ignore``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .checks import CHECKS
from .errors import SettingsError


def chosen_checks(select: Sequence[str], ignore: Sequence[str]) -> frozenset[str]:
    """The ids of the checks to run.

    Words are ids (``M4A``), prefixes of ids (``M4``) or names (``host-network``).

    :raises SettingsError: a word that means no check (lists the known ones), or no
        check is left.
    """

    def meant(word: str) -> set[str]:
        ids = {
            check.id
            for check in CHECKS
            if (word and check.id.startswith(word.upper()))
            or word.lower() in (check.name, check.full_name.lower())
        }
        if not ids:
            known = ", ".join(check.full_name for check in CHECKS)
            raise SettingsError(f"no check is called {word!r}; known are {known}")
        return ids

    chosen: set[str] = set().union(*map(meant, select)) if select else {c.id for c in CHECKS}
    left = frozenset(chosen.difference(*map(meant, ignore)))
    if not left:
        flags = [f"--k8snet-select={','.join(select)}"] if select else []
        flags.append(f"--k8snet-ignore={','.join(ignore)}")
        raise SettingsError(
            f"{' '.join(flags)}: no check is left, so nothing could be found; ignore fewer"
        )
    return left


def refuse_without_review(chosen: Collection[str]) -> None:
    """Refuse to ask what has nothing to compare with, and nothing else.

    :raises SettingsError: none of the checks can be asked without a reach file.
    """
    checks = [check for check in CHECKS if check.id in chosen]
    if all(check.needs_review for check in checks):
        names = ", ".join(check.full_name for check in checks)
        raise SettingsError(f"{names} compares with a file: --k8snet-reach=FILE")
