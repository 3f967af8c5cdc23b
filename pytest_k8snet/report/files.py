"""The files that a run writes beside what the terminal shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ..errors import SettingsError
from ..settings import Settings
from .results import Results


def write_reports(results: Results, settings: Settings) -> Iterator[str]:
    """Write every report that the user named a file for; say which cannot be written."""
    for flag, path, write in _wanted(results, settings):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
        except FileExistsError as error:
            yield f"{flag}={path}: cannot be written: {error.filename} is no folder"
        except OSError as error:
            yield f"{flag}={path}: cannot be written: {error.strerror or error}"
        except SettingsError as error:  # about what is there already
            said = str(error)
            yield (
                said if said.startswith(flag) else f"{flag}: not written over another file: {said}"
            )


def _wanted(
    results: Results, settings: Settings
) -> Iterator[tuple[str, Path, Callable[[Path], None]]]:
    """Each file with what writes it, imported only then: without a page, no jinja2."""
    if settings.json is not None:
        from .json import write_json

        yield "--k8snet-json", settings.json, partial(write_json, results)
    if settings.sarif is not None:
        from .sarif import write_sarif

        yield "--k8snet-sarif", settings.sarif, partial(write_sarif, results, root=settings.root)
    if settings.html is not None:
        from .html import write_html

        yield "--k8snet-html", settings.html, partial(write_html, results)
    if settings.write_reach is not None:
        from .reach import write_reach

        yield "--k8snet-write-reach", settings.write_reach, partial(write_reach, results)
    if settings.write_baseline is not None:
        from .baseline import write_baseline

        write = partial(write_baseline, results, strict=settings.strict)
        yield "--k8snet-write-baseline", settings.write_baseline, write
