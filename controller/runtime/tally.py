"""Counts, for metrics, what is decided and done. The counts are only in memory, and no decision depends on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, assert_never

from controller.decide.decision import Decision
from controller.ledger.entry import Flagged, Started
from controller.ledger.intent import (
    Action,
    Announce,
    Intent,
    IntentResult,
    Probe,
    Publish,
    RefreshCard,
    Settle,
    Stop,
    Submit,
    Wake,
)

if TYPE_CHECKING:
    from controller.savings.rollup import Rollup

OPEN = "later"  # the metric's dimension for an intent that stays open


class Tally:
    """Sums by name and dimensions since they were last taken."""

    def __init__(self) -> None:
        self._sums: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def add(self, name: str, number: int = 1, /, **by: str) -> None:
        """Add to the sum of that name and those dimensions."""
        self._sums[name, tuple(sorted(by.items()))] += number

    def taken(self) -> Iterator[tuple[str, dict[str, str], int]]:
        """Take each sum, with its name and dimensions; counting begins at zero again."""
        sums, self._sums = self._sums, Counter()
        for (name, by), number in sums.items():
            yield name, dict(by), number

    def decided(self, decision: Decision) -> None:
        """Count a committed decision by its strongest part, and the attempts that it saw first. An empty one is not counted."""
        if verdict := _verdict(decision):
            self.add("Decisions", verdict=verdict)
        if started := sum(isinstance(entry, Started) for entry in decision.entries):
            self.add("JobsStarted", started)

    def performed(self, intent: Intent, result: IntentResult | None) -> None:
        """Count the answer to an intent."""
        if kind := _kind(intent.action):
            self.add("Intents", kind=kind, answer=result.value if result is not None else OPEN)

    def closed(self, day: Rollup) -> None:
        """Count a closed day: its dollars (in millionths) and its interruptions."""
        from controller.savings.rollup import CountKind  # here: most functions close no day

        self.add("SavedDollars", sum(savings.saved_micros for savings in day.groups.values()))
        self.add("WastedDollars", sum(savings.wasted_micros for savings in day.groups.values()))
        for (kind, _, pool), number in day.counts.items():
            if kind is CountKind.INTERRUPTION:
                self.add("Interruptions", number, pool=pool)


def _kind(action: Action) -> str:
    """The name of an action in metrics: its stored kind; empty for one that is not counted, because it only keeps records.

    Dashboards use these words, so they are not taken from class names.
    """
    match action:
        case Submit():
            return "Submit"
        case Stop():
            return "Stop"
        case Announce():
            return "Announce"
        case Publish():
            return "Publish"
        case Probe():
            return "Probe"
        case Wake() | RefreshCard() | Settle():
            return ""
        case _:
            assert_never(action)


def _verdict(decision: Decision) -> str:
    """The strongest part of a decision: a Submit, else a Stop, a finding, or another entry; empty without any."""
    kinds = {type(intent.action) for intent in decision.intents}
    if Submit in kinds:
        return "submit"
    if Stop in kinds:
        return "stop"
    if any(isinstance(entry, Flagged) for entry in decision.entries):
        return "finding"
    return "record" if decision.entries else ""
