"""Test items: one verdict each, as an ordinary pytest outcome."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from .baseline import Baseline
from .checks import CHECKS, Check
from .errors import ClusterError, K8sNetError, NotApplicable, NotObserved
from .finding import Finding
from .gather import Gathered
from .ignores import ignore_for
from .locate import line_of
from .model import Application, Subject
from .report.recorder import attach
from .report.results import Result
from .run import ChartRun, run_of
from .settings import Settings

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr


IN_BASELINE = "in the baseline"


def questions(application: Application, settings: Settings) -> Iterator[tuple[Check, Subject]]:
    """Every check with every object it is asked about, object by object."""
    for subject in application.subjects:
        if settings.subcharts == "own" and subject.source.startswith("charts/"):
            continue
        for check in CHECKS:
            if check.id in settings.checks and isinstance(subject, check.on):
                yield check, subject


class CheckFailed(Exception):
    """A verdict against the chart; its text is what the user sees."""


def _nothing() -> None:
    """Stands where pytest expects a test function."""


class ChartItem(pytest.Function):
    """A verdict on one chart with one values set.

    A ``Function``, so that fixtures, markers and plugins that look at
    functions meet what they expect.
    """

    check: Check | None = None
    subject: Subject | None = None

    def __init__(self, name: str, parent: Any, gathered: Gathered, **kwargs: Any) -> None:
        super().__init__(name, parent, callobj=_nothing, **kwargs)
        self.gathered = gathered
        self.found: tuple[Finding, ...] = ()

    @property
    def application(self) -> Application:
        """The application that the verdict is about."""
        assert self.gathered.application is not None
        return self.gathered.application

    @property
    def run(self) -> ChartRun:
        """The run that the item is part of."""
        return run_of(self.config)

    def result(self, report: pytest.TestReport) -> Result:
        """The outcome in the form that all reports read."""
        target = self.gathered.target
        reference = self.subject.reference if self.subject else None
        outcome, reason = _outcome(report)
        return Result(
            self.nodeid,
            self.check.id if self.check else "",
            self.check.name if self.check else self.name,
            target.id,
            target.values.name,
            reference,
            outcome,
            reason,
            self.found,
        )

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where pytest says the item stands: its chart, not this file."""
        return self.path, None, self.nodeid.partition("::")[2].replace("::", " ")

    def repr_failure(
        self, excinfo: ExceptionInfo[BaseException], *args: Any, **kwargs: Any
    ) -> str | TerminalRepr:
        """A verdict's own text; anything else is a fault of the plugin, with its traceback."""
        if isinstance(excinfo.value, (CheckFailed, K8sNetError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **kwargs)

    def _judge(self, text: str) -> None:
        """Fail with a text about the chart as a whole, unless the baseline expects that."""
        target, baseline = self.gathered.target, self.run.baseline
        values = target.values.name
        entry = baseline.entry_for_chart(self.name, target.id, values) if baseline else None
        if text and entry is not None:
            pytest.xfail(entry.reason or IN_BASELINE)
        if text:
            raise CheckFailed(text)
        if baseline is not None and entry is not None:
            raise CheckFailed(baseline.advice(entry, values))


class RendersItem(ChartItem):
    """Whether Helm renders the chart to objects that Kubernetes takes."""

    def runtest(self) -> None:
        """Fail with what Helm says, or with everything that the API server would refuse."""
        if self.gathered.warnings:
            self.add_report_section("call", "helm", self.gathered.warnings)
        if self.gathered.skipped:
            pytest.skip(f"the values of ci/ decide: {self.gathered.skipped}")
        if self.gathered.application is None:
            self._judge(self.gathered.error)
            return
        outdated = list(self._outdated())
        if outdated:
            raise CheckFailed("\n".join(outdated))
        self._judge("\n".join(self._refused()))

    def _outdated(self) -> Iterator[str]:
        """Lines of the baseline about objects that the chart no longer makes."""
        baseline, target = self.run.baseline, self.gathered.target
        if baseline is None:
            return
        made = {self.application.subject(one.reference) for one in self.application.subjects}
        for entry in baseline.without_object(target.id, target.values.name, made):
            yield baseline.advice(entry, target.values.name)

    def _refused(self) -> Iterator[str]:
        """What the API server would say to the manifests."""
        if self.application.invalid:
            yield f"{self.gathered.target.id}: Kubernetes refuses what this chart renders to"
        for reference, message, position in self.application.invalid:
            yield f"  {self.application.subject(reference)} {message}"
            yield f"    where    {_place(self, position.source, self._line(position))}"

    def _line(self, position: Any) -> int | None:
        return line_of(self.gathered.target.chart.path, position)


class InstallsItem(ChartItem):
    """Whether the release becomes ready in the cluster."""

    def runtest(self) -> None:
        """Fail with what the cluster says about each pod."""
        self._judge(self.run.outcome(self.gathered).error)


class CheckItem(ChartItem):
    """One check on one object."""

    check: Check
    subject: Subject

    def __init__(
        self,
        name: str,
        parent: Any,
        gathered: Gathered,
        check: Check,
        subject: Subject,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, parent, gathered, **kwargs)
        self.check, self.subject = check, subject
        # JUnit's properties: what GitLab and Jenkins group by.
        self.user_properties += [("check", check.full_name), ("object", str(subject))]

    @property
    def observed(self) -> bool:
        """Whether the verdict is about sockets, too."""
        useful = self.check.needs_sockets or self.check.uses_sockets
        return useful and self.run.settings.cluster != "none"

    @property
    def _annotation(self) -> str:
        return f"k8snet/ignore-{self.check.id}"

    @property
    def expected(self) -> str:
        """Why a finding is no surprise; "" where it is one.

        An annotation of the object says so, or a line of the configuration.
        """
        if self._annotation in self.subject.annotations:
            return self.subject.annotations[self._annotation].strip()
        ignore = ignore_for(self.run.ignores, *self._asked)
        return ignore.reason if ignore else ""

    @property
    def _asked(self) -> tuple[str, str, str]:
        """The check's id, the chart and the object, as baselines and ignore lines name them."""
        name = self.application.subject(self.subject.reference)
        return self.check.id, self.gathered.target.id, name

    def runtest(self) -> None:
        """Ask the check; faults fail, and so do notes under ``--k8snet-strict``."""
        if self._annotation in self.subject.annotations and not self.expected:
            raise CheckFailed(self._without_reason())
        try:
            subject, application = self._observed()
            findings = self.check.findings(subject, application)
        except (NotObserved, NotApplicable) as error:
            pytest.skip(str(error))
        self.found = tuple(self._located(finding) for finding in findings)
        counted = [finding for finding in self.found if finding.fault or self.run.settings.strict]
        if self.run.baseline is not None:
            self._compare(self.run.baseline, counted)
        elif counted:
            raise CheckFailed("\n\n".join(map(self._text, counted)))

    def _compare(self, baseline: Baseline, counted: Sequence[Finding]) -> None:
        """Fail for what is new, and for entries that no finding bears out any more."""
        check, chart, name = self._asked
        values = self.gathered.target.values.name
        entries = [baseline.entry_for(check, chart, values, name, finding) for finding in counted]
        new = [finding for finding, entry in zip(counted, entries, strict=True) if entry is None]
        gone = baseline.fixed(check, chart, values, name, self.found)
        texts = [*map(self._text, new), *(baseline.advice(entry, values) for entry in gone)]
        if texts:
            raise CheckFailed("\n\n".join(texts))
        known = [entry for entry in entries if entry is not None]
        if known:
            reasons = dict.fromkeys(entry.reason or IN_BASELINE for entry in known)
            pytest.xfail("; ".join(reasons))

    def _observed(self) -> tuple[Subject, Application]:
        """The object and its application, with sockets where there is a cluster.

        :raises NotObserved: the check needs sockets, and the release did not install.
        """
        if not self.observed:
            return self.subject, self.application
        outcome = self.run.outcome(self.gathered)
        if outcome.observed is not None:
            return _same(self.subject, outcome.observed), outcome.observed
        if outcome.broken:
            raise ClusterError(outcome.broken)
        if self.check.needs_sockets:
            reason = outcome.error.partition("\n")[0]
            raise NotObserved(f"not observed: {reason}")
        return self.subject, self.application

    def _located(self, finding: Finding) -> Finding:
        line = line_of(self.gathered.target.chart.path, finding.at)
        return replace(finding, line=line, cure=self._cure)

    @property
    def _cure(self) -> str:
        """The chart's own values that make the findings on this object go away."""
        about = (self.check.id, self.subject.reference)
        found = (value for check, obj, value in self.application.cures if (check, obj) == about)
        return " or ".join(found)

    def _without_reason(self) -> str:
        place = _place(self, self.subject.source, None)
        return (
            f"{self.subject}: the annotation {self._annotation} gives no reason\n"
            f"  where    {place}\n"
            "  why      an exception that nobody can judge later hides the next fault\n"
            f'  instead\n      {self._annotation}: "<why this is as it should be>"'
        )

    def _text(self, finding: Finding) -> str:
        return "\n".join(self._lines(finding))

    def _lines(self, finding: Finding) -> Iterator[str]:
        note = "" if finding.fault else " (note)"
        yield f"{self.check.full_name}{note}: {finding.message}"
        yield f"  where    {_place(self, finding.source, finding.line)} ({self.subject})"
        yield f"  why      {self.check.why}"
        if finding.cure:
            yield f"  values   {finding.cure}"
        if finding.instead:
            yield "  instead"
            yield textwrap.indent(finding.instead.rstrip(), "      ")
        yield f"  more     pytest --k8snet-explain={self.check.id}"


def _same(subject: Subject, application: Application) -> Subject:
    """The object in the application that carries the sockets."""
    found = application.find(subject.reference)
    if found is not None:
        return found
    raise NotObserved(f"{subject} is not in the cluster")


def _place(item: ChartItem, source: str, line: int | None) -> str:
    """A path that an editor opens from the root directory."""
    path = f"{item.gathered.target.id}/{source}"
    return f"{path}:{line}" if line else path


def _outcome(report: pytest.TestReport) -> tuple[str, str]:
    """The outcome in the JSON's words, and the reason for all but passed."""
    xfail = getattr(report, "wasxfail", None)
    if xfail is not None and report.skipped:
        return "xfailed", xfail
    if report.skipped:
        return "skipped", _skip_reason(report)
    if report.passed:
        return "passed", ""
    outcome = "failed" if report.when == "call" else "error"
    return outcome, report.longreprtext


def _skip_reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def report_item(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put an item's result on its report: of its call, or of the phase that kept it from one."""
    if not isinstance(item, ChartItem):
        return
    if report.skipped and isinstance(report.longrepr, tuple):
        # pytest sums skips up by where they come from: that is the chart, not this file.
        report.longrepr = (item.location[0], None, report.longrepr[2])  # type: ignore[assignment]
    if report.when == "call" or not report.passed:
        attach(report, item.result(report))
