"""The text output of ``spotwarden check``: in colour on a terminal, plain everywhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console
from rich.text import Text

from controller.cli.check.finding_text import found_text
from controller.cli.check.fix_words import fix_lines, prefix_lines, resume_lines
from controller.cli.check.judging import Checked
from controller.cli.output.printable import printable
from controller.policy.findings import Finding, VerdictKind
from controller.policy.policy import Severity
from controller.units.plural import count

COLOURS = {
    VerdictKind.ALLOW: "green", VerdictKind.UNDECIDED: "cyan", VerdictKind.FINDINGS: "yellow", VerdictKind.STOP: "bold red",
    VerdictKind.REFUSED: "bold red",
}  # fmt: skip
SEVERITY_COLOURS = {Severity.LOW: "cyan", Severity.MEDIUM: "yellow", Severity.HIGH: "red"}
OUTCOMES = {
    VerdictKind.ALLOW: "allowed", VerdictKind.UNDECIDED: "undecided", VerdictKind.FINDINGS: "with findings",
    VerdictKind.STOP: "to be stopped", VerdictKind.REFUSED: "refused by SageMaker",
}  # fmt: skip


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # rich would exit with 1, which means findings here


@dataclass(slots=True)
class TextOutput:
    """Writes verdicts to a stream, and counts them."""

    stream: TextIO
    counts: Counter[VerdictKind] = field(default_factory=Counter)
    _console: Console = field(init=False)

    def __post_init__(self) -> None:
        self._console = _Console(file=self.stream, highlight=False, soft_wrap=True)

    def write(self, checked: Checked) -> None:
        """Write one job: its verdict, each finding, the fix for all of them, and what is undecided."""
        if checked.word is None:
            return
        self.counts[checked.word] += 1
        name = checked.job.name if checked.job else checked.found.name
        where = f"{checked.found.where}; {checked.found.kind}" if checked.found.path else checked.found.where
        self._line((f"{checked.word:<9}", COLOURS[checked.word]), (f"  {name}", "bold"), (f"  ({where})", "dim"))
        self._write_owner(checked)
        if checked.refused:
            self._line(("       SageMaker would refuse it", "bold red"))
        for refusal in checked.refused:
            self._line((f"         {refusal.field} is {refusal.found}; wanted: {refusal.wanted}", ""))
        for finding in checked.findings:
            self._write_finding(finding)
        self._write_fix(checked)
        self._write_undecided(checked)

    def write_totals(self) -> None:
        """Write the number of jobs with each verdict, if there is more than one job."""
        total = sum(self.counts.values())
        if total > 1:
            parts = ", ".join(f"{self.counts[word]} {outcome}" for word, outcome in OUTCOMES.items() if self.counts[word])
            self._line()
            self._line((f"{count(total, 'job')}: {parts}", ""))

    def _write_owner(self, checked: Checked) -> None:
        job = checked.job
        if job is None:
            return
        if checked.found.tool == "tuning":
            self._line(
                (
                    "       belongs to a tuning job: its team gets one message about warn and enforce rules; nothing is stopped",
                    "dim",
                )
            )
        elif job.service is not None:
            self._line(
                (f"       belongs to {job.service}: findings are recorded, and never announced; the job is never stopped", "dim")
            )
        elif job.claimed is not None:
            self._line(
                (f"       its name or tags claim that it belongs to {job.claimed}; that is no proof, so rules apply to it", "dim")
            )

    def _write_finding(self, finding: Finding) -> None:
        self._line(
            ("       ", ""), (finding.policy, "bold"), (f" ({finding.rule}, {finding.mode}, ", ""),
            (finding.severity.value, SEVERITY_COLOURS[finding.severity]), (")", ""),
        )  # fmt: skip
        self._line((f"         {found_text(finding.rule, finding.field, finding.found)}; wanted: {finding.wanted}", ""))
        if finding.waiver is not None:
            until = f"{finding.waiver.expires:%Y-%m-%d %H:%M} UTC"
            by = f"by {finding.waiver.name}" if finding.waiver.name else "in Slack"
            self._line((f"         waived until {until} {by}: {finding.waiver.why}", "green"))
        if finding.lapsed:
            self._line((f"         {finding.lapsed}", ""))

    def _write_fix(self, checked: Checked) -> None:
        if checked.fix.why_not:
            self._line((f"       no fix: {checked.fix.why_not}.", ""))
        if not checked.fix.request or checked.job is None:
            return
        several = len(checked.findings) + len(checked.refused) > 1
        self._line(("       one fix for all of these" if several and not checked.left else "       the fix", "bold"))
        if checked.left:
            self._line(
                (f"         it does not fix {', '.join(checked.left)}: only the writer of the request knows what was meant", "")
            )
        again = prefix_lines(checked.fix, checked.found.tool) if "TrainingJobName" in checked.later else ()
        lines = [*fix_lines(checked.fix, checked.found.tool), *again, *resume_lines(checked.fix, checked.job.algorithm)]
        for label, text in lines:
            first, *others = text.split("\n")
            self._line((f"         {label:<20}", "dim"), (first, ""))
            for other in others:
                self._line((f"{' ' * 29}{other}", ""))

    def _write_undecided(self, checked: Checked) -> None:
        if checked.undecided:
            names = ", ".join(name for name in checked.undecided if name not in checked.elsewhere)
            if names:
                self._line(
                    (f"       undecided, because the {checked.found.kind} lacks values that these rules need: {names}", "dim")
                )
            if checked.elsewhere:
                others = ", ".join(checked.elsewhere)
                self._line((f"       undecided until the controller looks at the ledger and into S3: {others}", "dim"))
            for place, why in list(checked.later.items())[:12]:
                self._line((f"         {place} is filled in later: {why}", "dim"))
            missing = self._missing(checked)
            if missing:
                self._line((f"         {missing}", "dim"))

    @staticmethod
    def _missing(checked: Checked) -> str:
        """The options that would decide a rule; empty if none would."""
        helps: Mapping[str, str] = {"tags": "--tags KEY=VALUE supplies tags", "spot": "--live asks SageMaker"}
        unnamed = checked.job is None or "name" in checked.job.unknown  # --live needs a name
        told = [text for name, text in helps.items() if name in checked.helps and not (name == "spot" and unnamed)]
        return "; ".join(told)

    def _line(self, *parts: tuple[str, str]) -> None:
        line = Text()
        for text, style in parts:
            line.append(printable(text), style=style)
        self._console.print(line)
