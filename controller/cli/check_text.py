"""The text output of ``spotwarden check``: in colour on a terminal, plain everywhere else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from controller.policy.findings import Finding, Verdict, VerdictKind
from controller.policy.policy import Severity

COLOURS = {VerdictKind.ALLOW: "green", VerdictKind.FINDINGS: "yellow", VerdictKind.STOP: "bold red"}
SEVERITY_COLOURS = {Severity.LOW: "cyan", Severity.MEDIUM: "yellow", Severity.HIGH: "red"}
OUTCOMES = {VerdictKind.ALLOW: "allowed", VerdictKind.FINDINGS: "with findings", VerdictKind.STOP: "to be stopped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One document and the verdict of the policy on its job."""

    where: str
    kind: str
    job: str
    verdict: Verdict


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # rich would exit with 1, which here means findings


@dataclass(slots=True)
class TextOutput:
    """Writes verdicts to a stream, and counts them."""

    stream: TextIO
    counts: Counter[VerdictKind] = field(default_factory=Counter)
    _console: Console = field(init=False)

    def __post_init__(self) -> None:
        self._console = _Console(file=self.stream, highlight=False, soft_wrap=True)

    def write(self, checked: Checked) -> None:
        verdict = checked.verdict
        self.counts[verdict.word] += 1
        self._line((f"{verdict.word:<5}", COLOURS[verdict.word]), (f"  {checked.job}", "bold"), (f"  ({checked.where})", "dim"))
        for finding in verdict.findings:
            self._write_finding(finding)
        if verdict.undecided:
            names = ", ".join(verdict.undecided)
            self._line((f"       not decided, as this {checked.kind} has too little information: {names}", "dim"))

    def write_totals(self) -> None:
        """End with the counts where there is more than one job."""
        total = sum(self.counts.values())
        if total > 1:
            parts = ", ".join(f"{self.counts[word]} {outcome}" for word, outcome in OUTCOMES.items() if self.counts[word])
            self._line((f"\n{total} jobs: {parts}", ""))

    def _write_finding(self, finding: Finding) -> None:
        self._line(
            ("       ", ""), (finding.policy, "bold"), (f" ({finding.rule}, {finding.mode}, ", ""),
            (finding.severity.value, SEVERITY_COLOURS[finding.severity]), (")", ""),
        )  # fmt: skip
        self._line((f"         {finding.field} is {finding.found}; wanted: {finding.wanted}", ""))
        self._line(("         in the request   ", "dim"), (json.dumps(finding.fix.request, ensure_ascii=False), ""))
        self._line(("         in the SDK       ", "dim"), (_estimator(finding.fix.sdk), ""))

    def _line(self, *parts: tuple[str, str]) -> None:
        line = Text()
        for text, style in parts:
            line.append("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text), style=style)
        self._console.print(line)


def _estimator(arguments: Mapping[str, Any]) -> str:
    """The arguments as a script has them."""
    return f"Estimator({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"
