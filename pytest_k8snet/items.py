"""Test items: one verdict each, as an ordinary pytest outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from .baseline import Baseline
from .checks import Check
from .errors import ClusterError, K8sNetError, NotApplicable, NotObserved
from .finding import Finding
from .fixtureitem import FixtureItem
from .ignores import ignore_for
from .model import DEFAULT_RELEASE, NEEDS_CLUSTER, Application, Subject
from .plaintext import plain
from .report.recorder import attach
from .report.results import NOT_OBSERVED, OBSERVED, Result
from .report.text import as_failure, finding_text, headline, place
from .run import ChartRun, run_of
from .target import Gathered

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr


IN_BASELINE = "in the baseline"


class CheckFailed(Exception):
    """A verdict against the chart.

    :ivar text: all that the user is to know.
    :ivar message: that in one line; by default the text's first one.
    :ivar source: the file inside the chart that is to blame; None for the chart as a whole.
    """

    def __init__(
        self, text: str, message: str = "", source: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(text)
        self.text, self.message = text, message or text.partition("\n")[0]
        self.source, self.line = source, line


class ChartItem(FixtureItem):
    """A verdict on one chart with one values set."""

    check: Check | None = None
    subject: Subject | None = None

    def __init__(self, *, gathered: Gathered, place: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gathered = gathered
        self.found: tuple[Finding, ...] = ()
        self.said = self.looked = ""
        self.skipped = ""  # why there was nothing to judge
        # What pytest would find from reportinfo() for each item anew: all of a chart stand there.
        self.place = place or self.location[0]
        # Not through __dict__: that would give each item a table of its own.
        self.location = self.place, 0, self._shown_name

    @property
    def application(self) -> Application:
        """The application that the verdict is about."""
        assert self.gathered.application is not None
        return self.gathered.application

    @property
    def run(self) -> ChartRun:
        """The run that the item is part of."""
        return run_of(self.config)

    def result(self, outcome: str = "", reason: str = "") -> Result:
        """The outcome in the form that all reports read."""
        target = self.gathered.target
        reference = self.subject.reference if self.subject else None
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
            self.looked,
        )

    def reportinfo(self) -> tuple[Any, int, str]:
        """Where pytest says the item stands: its chart, not this file."""
        target = self.gathered.target
        path = self.path if target.head else target.chart.path
        return path, 0, self._shown_name

    @property
    def _shown_name(self) -> str:
        return self.nodeid.partition("::")[2].replace("::", " ")

    def repr_failure(
        self, excinfo: ExceptionInfo[BaseException], *args: Any, **kwargs: Any
    ) -> str | TerminalRepr:
        """A verdict's own text; anything else is a fault of the plugin, with its traceback."""
        error = excinfo.value
        if isinstance(error, K8sNetError):
            error = CheckFailed(str(error))
        if not isinstance(error, CheckFailed):
            return super().repr_failure(excinfo, *args, **kwargs)
        self.said = plain(error.text)
        shown = "" if self.config.getoption("tbstyle", "auto") == "line" else self.said
        target = self.gathered.target
        source = target.head if error.source is None else plain(target.file_of(error.source))
        path = place(target.id, source, None)
        return as_failure(shown, plain(error.message), path, error.line)

    def _judge(self, text: str) -> None:
        """Fail with a text about the chart as a whole, unless somebody expects that."""
        target, baseline = self.gathered.target, self.run.baseline
        values = target.values.name
        entry = baseline.entry_for_chart(self.name, target.id, values) if baseline else None
        if text and entry is not None:
            pytest.xfail(entry.reason or IN_BASELINE)
        ignore = ignore_for(self.run.ignores, self.name, target.id, "")
        if text and ignore is not None:
            pytest.xfail(plain(ignore.reason))
        if text:
            raise CheckFailed(text)
        if baseline is not None and entry is not None:
            raise CheckFailed(baseline.advice(entry, values))


class RendersItem(ChartItem):
    """Whether Helm renders the chart to objects that Kubernetes takes."""

    def runtest(self) -> None:
        """Fail with what Helm says, or with everything that the API server would refuse."""
        if self.gathered.warnings:
            self.add_report_section("call", "helm", plain(self.gathered.warnings))
        if self.gathered.skipped:
            pytest.skip(plain(self.gathered.skipped))
        if self.gathered.application is None:
            self._judge(self.gathered.error)
            return
        outdated = [*self._outdated(), *self._closed()]
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

    def _closed(self) -> Iterator[str]:
        """Lines of the reach file about workloads that the chart no longer makes."""
        reviewed = self.application.reviewed
        if reviewed is None:
            return
        made = {self.application.subject(one.reference) for one in self.application.workloads}
        for edge in reviewed.edges:
            if edge.target not in made:
                yield f"now closed: remove this line\n  {reviewed.file}:{edge.line}: {edge}"

    def _refused(self) -> Iterator[str]:
        """What the API server would say to the manifests."""
        target = self.gathered.target
        if self.application.invalid:
            what = "what this chart renders to" if target.manifests is None else "these manifests"
            yield f"{target.id}: Kubernetes refuses {what}"
        for reference, message, position in self.application.invalid:
            file = target.file_of(position.source)
            where = place(target.id, file, target.line(position))
            yield f"  {self.application.subject(reference)} {message} ({where})"


class InstallsItem(ChartItem):
    """Whether the release becomes ready in the cluster."""

    def runtest(self) -> None:
        """Fail with what the cluster says about each pod."""
        self._judge(self.run.outcome(self.gathered).error)


@lru_cache(1000)
def _property(name: str, text: str) -> tuple[str, str]:
    """A property of JUnit's, which GitLab and Jenkins group by; the same for all alike."""
    return name, plain(text)


class CheckItem(ChartItem):
    """One check on one object."""

    check: Check
    subject: Subject

    def __init__(self, *, check: Check, subject: Subject, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check, self.subject = check, subject
        self.user_properties += (
            _property("check", check.full_name),
            _property("object", str(subject)),
        )

    @property
    def observed(self) -> bool:
        """Whether the verdict is about sockets, too."""
        useful = self.check.needs_sockets or self.check.uses_sockets
        return useful and self.run.installs(self.gathered)

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
        ignores = self.run.ignores
        ignore = ignore_for(ignores, *self._asked) if ignores else None
        return ignore.reason if ignore else ""

    @property
    def _asked(self) -> tuple[str, str, str]:
        """The check's id, the chart and the object, as baselines and ignore lines name them."""
        name = self.application.subject(self.subject.reference)
        return self.check.id, self.gathered.target.id, name

    def runtest(self) -> None:
        """Ask the check; faults fail, and so do notes under ``--k8snet-strict``."""
        self.skipped = ""
        if self._annotation in self.subject.annotations and not self.expected:
            raise CheckFailed(self._without_reason())
        if self.check.needs_sockets or self.check.uses_sockets:
            self.looked = NOT_OBSERVED
        try:
            subject, application = self._observed()
            findings = self.check.findings(subject, application)
        except (NotObserved, NotApplicable) as error:
            if isinstance(error, NotObserved):
                self.looked = NOT_OBSERVED
            self.skipped = plain(str(error))
            return
        self.found = tuple(self._located(finding) for finding in findings)
        counted = [finding for finding in self.found if finding.fault or self.run.settings.strict]
        if self.run.baseline is not None:
            self._compare(self.run.baseline, counted)
        elif counted:
            raise self._failed(counted)

    def _failed(self, findings: Sequence[Finding], more: Iterable[str] = ()) -> CheckFailed:
        """The findings, and ``more`` to say, as one failure."""
        result = self.result()
        text = "\n\n".join((*(finding_text(result, finding) for finding in findings), *more))
        if not findings:
            return CheckFailed(text)
        first = findings[0]
        return CheckFailed(text, headline(result, findings), first.source, first.line)

    def _compare(self, baseline: Baseline, counted: Sequence[Finding]) -> None:
        """Fail for what is new, and for entries that no finding bears out any more."""
        check, chart, name = self._asked
        values = self.gathered.target.values.name
        entries = [baseline.entry_for(check, chart, name, finding) for finding in counted]
        new = [finding for finding, entry in zip(counted, entries, strict=True) if entry is None]
        gone = baseline.fixed(check, chart, values, name, self.found)
        if new or gone:
            raise self._failed(new, (baseline.advice(entry, values) for entry in gone))
        known = [entry for entry in entries if entry is not None]
        if known:
            reasons = dict.fromkeys(entry.reason or IN_BASELINE for entry in known)
            pytest.xfail("; ".join(reasons))
            # --runxfail takes the meaning from what stands before.
            raise self._failed(counted)

    def _observed(self) -> tuple[Subject, Application]:
        """The object and its application, with sockets where there is a cluster.

        :raises NotObserved: the check needs sockets, and the release did not install.
        """
        if not self.observed:
            return self.subject, self.application
        outcome = self.run.outcome(self.gathered)
        if outcome.observed is not None:
            self.looked = OBSERVED
            found = outcome.observed.find(self.subject)
            if found is None:
                raise NotObserved(f"{self.subject} is not in the cluster")
            return found, outcome.observed
        if outcome.broken:
            raise ClusterError(outcome.broken)
        if self.check.needs_sockets:
            reason = outcome.error.partition("\n")[0]
            raise NotObserved(f"not observed: {reason}")
        return self.subject, self.application

    def _located(self, finding: Finding) -> Finding:
        """The finding with what the chart's files say, and all text made plain."""
        target = self.gathered.target
        return replace(
            finding,
            message=plain(finding.message),
            at=finding.at._replace(source=plain(target.file_of(finding.source))),
            instead=plain(self._instead(finding)),
            container=finding.container and plain(finding.container),
            process=finding.process and plain(finding.process),
            line=target.line(finding.at),
            cure=plain(self._cure),
            reach=plain(finding.reach),
        )

    def _instead(self, finding: Finding) -> str:
        if self.application.release != DEFAULT_RELEASE or self.gathered.target.manifests:
            return finding.instead
        from .templated import templated  # its pattern takes longer to compile than a check

        return templated(finding.instead)

    @property
    def _cure(self) -> str:
        """The chart's own value that makes the findings on this object go away."""
        about = (self.check.id, self.subject.reference)
        return next((cure.value for cure in self.application.cures if cure[:2] == about), "")

    def _without_reason(self) -> str:
        target = self.gathered.target
        where = place(target.id, target.file_of(self.subject.source), None)
        return (
            f"{self.subject}: the annotation {self._annotation} gives no reason\n"
            f"  where    {where}\n"
            "  why      an exception that nobody can judge later hides the next fault\n"
            f'  instead\n      {self._annotation}: "<why this is as it should be>"'
        )


def _outcome(item: ChartItem, report: pytest.TestReport) -> tuple[str, str]:
    """The outcome in the JSON's words, and the reason for all but passed."""
    xfail = getattr(report, "wasxfail", None)
    if xfail is not None and report.skipped:
        return "xfailed", xfail
    if report.skipped:
        return "skipped", _skip_reason(report)
    if report.passed:
        return "passed", ""
    outcome = "failed" if report.when == "call" else "error"
    return outcome, item.said or report.longreprtext


def _skip_reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def report_item(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put an item's result on its report: of its call, or of the phase that kept it from one."""
    if not isinstance(item, ChartItem):
        return
    if item.skipped and report.when == "call":
        # As pytest itself makes a skip of an expected failure. pytest.skip() is an exception whose
        # traceback pytest looks through, for a third of all tests, longer than most checks take.
        report.outcome = "skipped"
        report.longrepr = (item.place, None, f"Skipped: {item.skipped}")  # type: ignore[assignment]
        report.__dict__.pop("wasxfail", None)
    if hasattr(report, "wasxfail"):
        report.wasxfail = plain(report.wasxfail)
    if report.skipped and isinstance(report.longrepr, tuple):
        # pytest sums skips up by where they come from: that is the chart, not this file, and for
        # what the whole run lacks what all charts have in common.
        reason = report.longrepr[2]
        lacking = reason.removeprefix("Skipped: ") == NEEDS_CLUSTER
        place = item.run.common_place if lacking else item.place
        report.longrepr = (place, None, plain(reason))  # type: ignore[assignment]
    if report.when == "call" or not report.passed:
        attach(report, item.result(*_outcome(item, report)), sent=item.run.worker)
