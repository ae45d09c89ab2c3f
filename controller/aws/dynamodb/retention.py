"""Computes when rows of lineages expire: as long after what they record as the stack's parameter LedgerDays says.

DynamoDB removes a row within some days after the time in its attribute ``expires_at`` (its time to live). An open intent never
expires. A day whose entries may be gone is not rolled up again: its sums stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from controller.aws.dynamodb.items import Item
from controller.ledger.entry import Entry, Waived
from controller.ledger.intent import Intent
from controller.units.plural import count
from controller.units.value import dataclass

KEPT_MIN = timedelta(days=400)  # no lineage lasts that long: a job runs for at most 28 days, and attempts are limited


@dataclass(frozen=True, slots=True)
class Retention:
    """``kept`` is how long rows of lineages are kept; None is for ever. Raises ValueError for less than KEPT_MIN."""

    kept: timedelta | None
    now: Callable[[], datetime]

    def __post_init__(self) -> None:
        if self.kept is not None and self.kept < KEPT_MIN:
            raise ValueError(f"found {count(self.kept.days, 'day')}, wanted 0 (for ever) or at least {KEPT_MIN.days}")

    def of_entry(self, entry: Entry) -> Item:
        return self.since(max(entry.at, entry.until) if isinstance(entry, Waived) else entry.at)

    def of_intent(self, intent: Intent) -> Item:
        """The attribute ``expires_at`` of an intent that is closed now; empty where rows are kept for ever."""
        return self.since(max(filter(None, (intent.due_at, intent.leased_until, intent.lease_ends_at))))

    def since(self, at: datetime) -> Item:
        """The attribute ``expires_at`` of a row about a time; empty where rows are kept for ever."""
        return {} if self.kept is None else {"expires_at": {"N": str(int((at + self.kept).timestamp()))}}

    def has_all_of(self, day: date) -> bool:
        """Whether every entry of a day is still in the table."""
        return self.kept is None or datetime.combine(day, datetime.min.time(), UTC) + self.kept > self.now()


FOR_EVER = Retention(None, lambda: datetime.max.replace(tzinfo=UTC))
