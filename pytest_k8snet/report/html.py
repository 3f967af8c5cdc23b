"""One HTML page: what was found, where, what to write instead, and a picture of it.

The page needs no network and carries all it shows. What a chart says reaches
it in two ways only: through the template, which escapes everything, and as
JSON in a script element that holds data, in which no ``<`` is left. The
scripts put it on the page as text, never as markup, and a content security
policy lets nothing run but the two scripts that belong to this package.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
from markupsafe import Markup

from ..checks import CHECKS, Check
from ..plaintext import plain_data
from ..reach import Foothold
from .grouping import Shown, each_once
from .markdown import to_html
from .matrix import FOOTHOLDS, totals
from .results import NOT_OBSERVED, Result, Results
from .topology import topology

Json: TypeAlias = Any

LEVELS = ("error", "fault", "note", "expected", "unobserved", "skipped")
ERROR, FAULT, NOTE, EXPECTED, UNOBSERVED, SKIPPED = LEVELS
PASSED = "passed"
_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = ("topology.js", "report.js")
_PLACES = {
    Foothold.CLUSTER: "any pod of the cluster",
    Foothold.WORLD: "outside the cluster",
    Foothold.NAMESPACE: "any pod of the namespace",
}
_UNSAFE = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
_UNSAFE |= {0x2028: "\\u2028", 0x2029: "\\u2029"}


Counts: TypeAlias = Counter[str]
"""How many findings of each level, and how many items passed, were not observed or skipped."""


@dataclass(slots=True)
class CheckTotal:
    """One line of the overview; ``check`` is None for ``renders`` and ``installs``."""

    name: str
    check: Check | None
    counts: Counts = field(default_factory=Counter)


@dataclass(slots=True)
class ChartTotal:
    """One chart of the run with its values sets, in their order."""

    path: str
    name: str
    version: str
    sets: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counter)

    below: str = ""
    ran: dict[str, set[str]] = field(default_factory=dict)
    """By the name of a check, what became of its items: their outcomes, UNOBSERVED or SKIPPED."""

    @property
    def folder(self) -> str:
        """The path up to the last part, with the slash, without the part that all charts share."""
        return self.path[len(self.below) : -len(self.last)] if self.last else ""

    @property
    def last(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


def write_html(results: Results, path: Path) -> None:
    """Write the page.

    :raises OSError: the file cannot be written.
    """
    path.write_text(html(results), encoding="utf-8")


def html(results: Results) -> str:
    """The whole page."""
    page = _Page(results)
    styles = _own("report.css")
    scripts = [_own(name) for name in _SCRIPTS]
    surfaces, everything = totals(results.applications)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        version=results.version,
        totals=page.totals,
        checks=list(page.checks.values()),
        charts=list(page.charts.values()),
        common=page.common,
        about={"pytest-k8snet": results.version, **results.about, **_cluster(results)},
        left=sum(chart.tests - chart.ran for chart in results.charts),
        surfaces=surfaces,
        whole=everything,
        places=_PLACES,
        levels=LEVELS,
        data=_json(page.data()),
        styles=styles,
        scripts=scripts,
        policy=_policy(styles, scripts),
        to_html=to_html,
    )


class _Page:
    """The numbers and the data of the page."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self.totals: Counts = Counter()
        asked = {result.check for result in results.results}
        self.checks = {
            check.full_name: CheckTotal(check.full_name, check)
            for check in CHECKS
            if check.id in asked
        }
        self.charts: dict[str, ChartTotal] = {}
        for chart in results.charts:
            total = ChartTotal(chart.path, chart.name, chart.version)
            self.charts.setdefault(chart.path, total).sets.append(chart.values)
        self._rows = [self._row_of_finding(shown) for shown in each_once(results)]
        self._rows += [
            self._row_of_failure(result)
            for result in results.results
            if result.broken or (result.outcome == "xfailed" and not result.findings)
        ]
        self._skipped = self._count_the_rest(results.results)
        self.common = _common(self.charts)
        for total in self.charts.values():
            total.below = self.common

    def data(self) -> Json:
        """What the scripts draw and list; positions refer to the lists here."""
        pictures, of_set = self._pictures()
        errors = {(c.path, c.values): c.error for c in self._results.charts if c.error}
        left = {(c.path, c.values): [c.ran, c.tests] for c in self._results.charts}
        return {
            "levels": LEVELS,
            "places": [_PLACES[place] for place in FOOTHOLDS],
            "checks": [_check_data(total) for total in self.checks.values()],
            "charts": [
                {
                    "path": chart.path,
                    "name": chart.name,
                    "version": chart.version,
                    "short": chart.path[len(chart.below) :],
                    "ran": "".join(_ran(chart.ran.get(name, set())) for name in self.checks),
                    "sets": [
                        {
                            "name": values,
                            "error": errors.get((chart.path, values), ""),
                            "picture": of_set.get((chart.path, values), -1),
                            "ran": left.get((chart.path, values), [0, 0]),
                        }
                        for values in chart.sets
                    ],
                }
                for chart in self.charts.values()
            ],
            "fields": _FIELDS,
            "rows": self._rows,
            "skipped": self._skipped,
            "pictures": pictures,
        }

    def _row_of_finding(self, shown: Shown) -> list[Json]:
        result, finding = shown.result, shown.finding
        level = EXPECTED if shown.expected else FAULT if shown.fault else NOTE
        port = "" if finding.port is None else f"{finding.port}/{finding.protocol or 'TCP'}"
        return [
            *self._beginning(result, level, shown.values),
            result.subject,
            finding.message,
            finding.instead,
            finding.source,
            finding.line or 0,
            finding.reading,
            port,
            finding.container or "",
            finding.process or "",
            list(map(str, finding.related)),
            result.reason if shown.expected else "",
            finding.cure,
            finding.reach,
            finding.urgency,
        ]

    def _row_of_failure(self, result: Result) -> list[Json]:
        expected = result.outcome == "xfailed"
        beginning = self._beginning(result, EXPECTED if expected else ERROR, (result.values,))
        said = f"{result.name} fails" if expected else result.reason or result.outcome
        why = result.reason if expected else ""
        rest = [said, "", "", 0, "", "", "", "", [], why, "", "", result.urgency]
        return [*beginning, result.subject, *rest]

    def _beginning(self, result: Result, level: str, values: Iterable[str]) -> list[Json]:
        """Count it, and give the first cells: level, check, chart, values sets."""
        chart = self._count(result, level)
        return [
            LEVELS.index(level),
            list(self.checks).index(result.full_name),
            list(self.charts).index(result.chart),
            [chart.sets.index(name) for name in values],
        ]

    def _count(self, result: Result, what: str) -> ChartTotal:
        """Count one more for its check and its chart."""
        check = self.checks.setdefault(result.full_name, CheckTotal(result.full_name, None))
        chart = self._chart(result)
        for counts in (self.totals, check.counts, chart.counts):
            counts[what] += 1
        return chart

    def _chart(self, result: Result) -> ChartTotal:
        chart = self.charts.setdefault(
            result.chart, ChartTotal(result.chart, Path(result.chart).name, "")
        )
        if result.values not in chart.sets:
            chart.sets.append(result.values)
        return chart

    def _count_the_rest(self, results: Iterable[Result]) -> Json:
        """Count what found nothing; give what was skipped, by reason, chart and object."""
        groups: dict[tuple[str, str, str, str], dict[tuple[str, ...], list[int]]] = {}
        skipped: dict[tuple[str, str, str, str, str], list[str]] = {}
        for result in results:
            kind = _kind(result)
            self._chart(result).ran.setdefault(result.full_name, set()).add(kind)
            if kind not in (PASSED, UNOBSERVED, SKIPPED):
                continue
            self._count(result, kind)
            if kind != PASSED:
                key = (result.reason, kind, result.chart, result.subject, result.full_name)
                skipped.setdefault(key, []).append(result.values)
        reasons = {
            at: number for number, at in enumerate(dict.fromkeys(key[:2] for key in skipped))
        }
        charts, checks = (
            {name: number for number, name in enumerate(names)}
            for names in (self.charts, self.checks)
        )
        for (reason, kind, path, name, asked), sets in skipped.items():
            same = groups.setdefault((reason, kind, path, name), {})
            same.setdefault(tuple(sets), []).append(checks[asked])
        return {
            "reasons": [[reason, LEVELS.index(kind)] for reason, kind in reasons],
            "items": [
                [
                    reasons[reason, kind],
                    charts[path],
                    name,
                    numbers,
                    [self.charts[path].sets.index(values) for values in sets],
                ]
                for (reason, kind, path, name), same in groups.items()
                for sets, numbers in same.items()
            ],
        }

    def _pictures(self) -> tuple[list[Json], dict[tuple[str, str], int]]:
        """Every different picture once, and which one each chart and values set has."""
        positions: dict[str, int] = {}
        pictures: list[Json] = []
        of_set: dict[tuple[str, str], int] = {}
        for key, application in self._results.applications.items():
            picture = topology(application)
            text = json.dumps(picture)
            if text not in positions:
                positions[text] = len(pictures)
                pictures.append(picture)
            of_set[key] = positions[text]
        return pictures, of_set


_FIELDS = (
    *("level", "check", "chart", "sets", "object", "message", "instead", "template", "line"),
    *("reading", "port", "container", "process", "related", "reason", "cure"),
    *("reach", "urgency"),
)


def _kind(result: Result) -> str:
    """What to count an item as, where it found nothing."""
    if result.outcome != "skipped":
        return result.outcome
    return UNOBSERVED if result.observed == NOT_OBSERVED else SKIPPED


def _ran(kinds: set[str]) -> str:
    """A letter for a cell in which nothing was found."""
    if not kinds:
        return "-"
    judged = kinds - {UNOBSERVED, SKIPPED}
    if judged:
        return "p" if judged == kinds else "m"
    return "o" if UNOBSERVED in kinds else "s"


def _common(charts: Iterable[str]) -> str:
    """The folder that all charts are in, with its slash; "" for one chart alone."""
    paths = list(charts)
    parts = zip(*(path.split("/")[:-1] for path in paths), strict=False)
    shared = takewhile(lambda same: len(set(same)) == 1, parts) if len(paths) > 1 else ()
    return "".join(f"{part[0]}/" for part in shared)


def _cluster(results: Results) -> dict[str, str]:
    """What is known of the cluster, in words."""
    said = dict(results.cluster)
    if not said:
        return {}
    enforced = {True: "enforced", False: "not enforced"}.get(said["enforcement"], "not tested")
    name = " ".join(str(said[key]) for key in ("kind", "context") if said.get(key))
    return {"Cluster": f"{name}, Kubernetes {said.get('version')}, NetworkPolicies {enforced}"}


def _check_data(total: CheckTotal) -> Json:
    of_check = {key: getattr(total.check, key, "") for key in ("summary", "why", "id")}
    return {"name": total.name, **of_check}


def _json(data: Json) -> Markup:
    """JSON that may stand in a script element: the parser sees no tag and no comment in it."""
    text = json.dumps(plain_data(data), ensure_ascii=False, separators=(",", ":"))
    return Markup(text.translate(_UNSAFE))  # noqa: S704 - nothing in it can end the element


def _own(name: str) -> Markup:
    """A style sheet or script of this package."""
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704


def _policy(styles: str, scripts: Iterable[str]) -> str:
    """A content security policy under which nothing but these texts runs or styles."""
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none';"
        f" style-src {_source(styles)}; script-src {' '.join(map(_source, scripts))}"
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
