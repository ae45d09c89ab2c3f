"""What ``spotwarden check`` says to people: coloured on a terminal, plain everywhere else."""

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

COLOURS = {VerdictKind.ALLOW: "green", VerdictKind.FLAG: "yellow", VerdictKind.STOP: "bold red"}
SEVERITY_COLOURS = {Severity.LOW: "cyan", Severity.MEDIUM: "yellow", Severity.HIGH: "red"}
OUTCOMES = {VerdictKind.ALLOW: "allowed", VerdictKind.FLAG: "flagged", VerdictKind.STOP: "to be stopped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One document and what the policy says of its job."""

    where: str
    kind: str
    job: str
    verdict: Verdict


@dataclass(slots=True)
class Prose:
    """Writes verdicts to a stream, and counts them."""

    stream: TextIO
    counts: Counter[VerdictKind] = field(default_factory=Counter)
    _console: Console = field(init=False)

    def __post_init__(self) -> None:
        self._console = Console(file=self.stream, highlight=False, soft_wrap=True)

    def tell(self, judged: Judged) -> None:
        verdict = judged.verdict
        self.counts[verdict.word] += 1
        self._say((f"{verdict.word:<5}", COLOURS[verdict.word]), (f"  {judged.job}", "bold"), (f"  ({judged.where})", "dim"))
        for finding in verdict.findings:
            self._tell_finding(finding)
        if verdict.undecided:
            names = ", ".join(verdict.undecided)
            self._say((f"       not decided, as this {judged.kind} does not say enough: {names}", "dim"))

    def sum_up(self) -> None:
        """Close with the counts; nothing is said where nothing could be judged."""
        total = sum(self.counts.values())
        if total > 1:
            parts = ", ".join(f"{self.counts[word]} {outcome}" for word, outcome in OUTCOMES.items() if self.counts[word])
            self._say((f"\n{total} jobs: {parts}", ""))

    def _tell_finding(self, finding: Finding) -> None:
        self._say(
            ("       ", ""), (finding.policy, "bold"), (f" ({finding.rule}, {finding.mode}, ", ""),
            (finding.severity.value, SEVERITY_COLOURS[finding.severity]), (")", ""),
        )  # fmt: skip
        self._say((f"         {finding.field} is {finding.found}; wanted: {finding.wanted}", ""))
        self._say(("         in the request   ", "dim"), (json.dumps(finding.fix.request, ensure_ascii=False), ""))
        self._say(("         in the SDK       ", "dim"), (_estimator(finding.fix.sdk), ""))

    def _say(self, *parts: tuple[str, str]) -> None:
        line = Text()
        for text, style in parts:
            line.append("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text), style=style)
        self._console.print(line)


def _estimator(arguments: Mapping[str, Any]) -> str:
    """The arguments as they stand in a script."""
    return f"Estimator({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"
