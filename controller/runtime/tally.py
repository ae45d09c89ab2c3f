"""Counts what looks at jobs decide and do, for metrics. It lies in memory, and nothing is decided from it."""

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

OPEN = "later"  # the answer of an intent that stays open


class Tally:
    """Sums by name and dimensions since they were last taken."""

    def __init__(self) -> None:
        self._sums: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def add(self, name: str, number: int = 1, /, **by: str) -> None:
        """Add to the sum of that name and those dimensions."""
        self._sums[name, tuple(sorted(by.items()))] += number

    def taken(self) -> Iterator[tuple[str, dict[str, str], int]]:
        """Each sum with its name and dimensions; they begin at zero again."""
        sums, self._sums = self._sums, Counter()
        for (name, by), number in sums.items():
            yield name, dict(by), number

    def decided(self, decision: Decision) -> None:
        """Count a committed decision by what it asks for, and the attempts that it saw first; an empty one is none."""
        if verdict := _verdict(decision):
            self.add("Decisions", verdict=verdict)
        if started := sum(isinstance(entry, Started) for entry in decision.entries):
            self.add("JobsStarted", started)

    def performed(self, intent: Intent, result: IntentResult | None) -> None:
        """Count the answer to an intent."""
        if kind := _kind(intent.action):
            self.add("Intents", kind=kind, answer=result.value if result is not None else OPEN)

    def closed(self, day: Rollup) -> None:
        """Count a day that is over: its dollars (in millionths) and interruptions."""
        from controller.savings.rollup import CountKind  # here: most functions close no day

        self.add("SavedDollars", sum(savings.saved_micros for savings in day.groups.values()))
        self.add("WastedDollars", sum(savings.wasted_micros for savings in day.groups.values()))
        for (kind, _, pool), number in day.counts.items():
            if kind is CountKind.INTERRUPTION:
                self.add("Interruptions", number, pool=pool)


def _kind(action: Action) -> str:
    """What the metric calls an act, which is its stored kind; empty for one that calls nobody outside.

    Dashboards hang on these words, so they are no class names.
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
    """The strongest of what a decision asks for."""
    kinds = {type(intent.action) for intent in decision.intents}
    if Submit in kinds:
        return "submit"
    if Stop in kinds:
        return "stop"
    if any(isinstance(entry, Flagged) for entry in decision.entries):
        return "finding"
    return "record" if decision.entries else ""
