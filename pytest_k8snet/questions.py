"""What a run asks about an application: each of its checks about each object of its kind."""

from __future__ import annotations

from collections.abc import Iterator

from .checks import CHECKS, Check
from .model import Application, Subject
from .settings import Settings


def questions(application: Application, settings: Settings) -> Iterator[tuple[Check, Subject]]:
    """Every check with every object it is asked about, object by object."""
    for subject in application.subjects:
        if settings.subcharts == "own" and subject.source.startswith("charts/"):
            continue
        for check in CHECKS:
            if check.needs_review and application.reviewed is None:
                continue
            if check.id in settings.checks and isinstance(subject, check.on):
                yield check, subject
