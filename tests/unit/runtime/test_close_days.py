"""A day that is over is rolled up once, and again when an entry comes late."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from controller.decide.decision import Decision
from controller.ledger.entry import Entry, Interrupted
from controller.runtime.close_days import close_days
from controller.runtime.read_days import rollups_of_days
from controller.savings.rollup import CountKind
from tests.builders import BEGIN, lineage_id
from tests.simulation.memory import MemoryLedger

DAY = timedelta(days=1)
TODAY = BEGIN.date()


@dataclass
class Place:
    """The ports that closing needs: a ledger and a clock."""

    now_at: datetime = BEGIN
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    @property
    def ports(self) -> Any:
        return self

    @property
    def clock(self) -> Any:
        return self

    def now(self) -> datetime:
        return self.now_at

    def learn(self, entry: Entry) -> None:
        """Commit an entry now."""
        decision = Decision(entries=(entry,)).leased(self.now_at, self.now_at)
        assert self.ledger.lineages.commit(self.ledger.lineages.load(lineage_id()), decision)

    def interruptions(self, day: date) -> int:
        [(_, rollup)] = self.ledger.days.rollups(day, day + DAY)
        return sum(rollup.count(CountKind.INTERRUPTION).values())


def interrupted(at: datetime) -> Interrupted:
    return Interrupted(job="bert", at=at, team="vision", instance_type="ml.g5.2xlarge", region="us-east-1")


def test_a_day_is_closed_once_it_is_over() -> None:
    place = Place()
    close_days(place.ports)
    place.learn(interrupted(BEGIN))
    assert close_days(place.ports) == 0
    place.now_at = BEGIN + DAY
    assert close_days(place.ports) == 1
    assert place.interruptions(TODAY) == 1


def test_a_closed_day_is_not_rolled_up_again() -> None:
    place = Place(now_at=BEGIN + DAY)
    close_days(place.ports)
    assert close_days(place.ports) == 0


def test_no_day_is_closed_in_the_minutes_after_midnight() -> None:
    place = Place()
    close_days(place.ports)
    place.now_at = datetime.combine(TODAY + DAY, datetime.min.time(), BEGIN.tzinfo) + timedelta(minutes=10)
    assert close_days(place.ports) == 0


def test_a_late_entry_rolls_up_its_day_again() -> None:
    place = Place(now_at=BEGIN + DAY)
    close_days(place.ports)
    place.learn(interrupted(BEGIN))
    assert close_days(place.ports) == 1
    assert place.interruptions(TODAY) == 1
    assert close_days(place.ports) == 0


def test_all_days_since_the_last_run_are_closed() -> None:
    place = Place()
    close_days(place.ports)
    place.now_at = BEGIN + 4 * DAY
    assert close_days(place.ports) == 4


def test_a_report_rolls_up_days_that_are_not_closed_yet() -> None:
    place = Place()
    close_days(place.ports)
    place.learn(interrupted(BEGIN))
    days = rollups_of_days(place.ledger, TODAY - DAY, TODAY + DAY)
    assert [sum(rollup.count(CountKind.INTERRUPTION).values()) for rollup in days.values()] == [0, 1]


def test_a_report_reads_the_stored_rollups_of_closed_days() -> None:
    place = Place(now_at=BEGIN + DAY)
    place.learn(interrupted(BEGIN))
    close_days(place.ports)
    before = rollups_of_days(place.ledger, TODAY, TODAY + DAY)
    place.ledger.rows.clear()
    assert rollups_of_days(place.ledger, TODAY, TODAY + DAY) == before
