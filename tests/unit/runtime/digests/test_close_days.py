"""A day that is over is rolled up once, and again when an entry is added later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from controller.aws.price_lookup import Prices
from controller.decide.decision import Decision
from controller.ledger.entry import Credited, Entry, Interrupted
from controller.runtime.digests.close_days import close_days
from controller.runtime.digests.read_days import rollups_of_days
from controller.runtime.ports.answers import Unreachable
from controller.runtime.refresh_prices import refresh_prices
from controller.savings.rollup import CountKind
from controller.units.money import Rate
from tests.builders import BEGIN, lineage_id
from tests.own_ports import OwnPorts
from tests.simulation.memory import MemoryLedger
from tests.unit.savings.test_report import measured

DAY = timedelta(days=1)
TODAY = BEGIN.date()


@dataclass
class Listed:
    """A price list of some rates."""

    rates: dict[str, Rate]
    problems: tuple[str, ...] = ()
    without: str = ""

    def training(self, region: str) -> Listed:
        return self


@dataclass
class Place(OwnPorts):
    """The ports that closing needs: a ledger and a clock."""

    now_at: datetime = BEGIN
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    price_list: Any = None

    @property
    def prices(self) -> Any:
        return self

    def rate(self, instance_type: str, region: str, at: datetime, since: datetime | None = None) -> Rate | None:
        return Prices(self.ledger.prices.rates).rate(instance_type, region, at, since)

    def now(self) -> datetime:
        return self.now_at

    def learn(self, entry: Entry) -> None:
        """Commit an entry now."""
        decision = Decision(entries=(entry,)).leased(self.now_at, self.now_at)
        assert self.ledger.lineages.commit(self.ledger.lineages.load(lineage_id()), decision)

    def interruptions(self, day: date) -> int:
        [(_, rollup)] = self.ledger.days.rollups(day, day + DAY)
        return sum(rollup.count(CountKind.INTERRUPTION).values())


class BadDays(MemoryLedger):
    """A ledger in which some days cannot be rolled up."""

    bad: set[date]
    problem: BaseException

    @property
    def journal(self) -> Any:
        real = super().journal

        def entries(since: datetime, until: datetime) -> Any:
            if since.date() in self.bad:
                raise self.problem
            return real.entries(since, until)

        return SimpleNamespace(entries=entries)


def with_bad_day(problem: Exception) -> tuple[Place, set[date]]:
    ledger = BadDays()
    ledger.bad, ledger.problem = {TODAY}, problem
    ledger.days.note_closed(BEGIN.replace(hour=0))
    return Place(ledger=ledger), ledger.bad


def test_a_day_that_cannot_be_rolled_up_delays_no_other_and_is_rolled_up_later() -> None:
    place, bad = with_bad_day(OverflowError("a bad entry"))
    place.learn(interrupted(BEGIN))
    place.learn(interrupted(BEGIN + DAY))
    place.now_at = BEGIN + 2 * DAY
    with pytest.raises(OverflowError):
        close_days(place.ports)
    assert (place.interruptions(TODAY + DAY), list(place.ledger.days.rollups(TODAY, TODAY + DAY))) == (1, [])
    bad.clear()
    close_days(place.ports)
    assert place.interruptions(TODAY) == 1


def test_a_day_stays_open_while_aws_does_not_answer() -> None:
    place, _ = with_bad_day(Unreachable("DynamoDB throttled"))
    place.now_at = BEGIN + 2 * DAY
    with pytest.raises(Unreachable):
        close_days(place.ports)
    assert place.ledger.days.closed_until() == BEGIN.replace(hour=0)


class Killed(BaseException):
    """Raised where Lambda would end the function."""


def test_a_late_day_that_ends_the_function_each_time_delays_no_new_day() -> None:
    place, bad = with_bad_day(OverflowError("a bad entry"))
    ledger: Any = place.ledger
    place.learn(interrupted(BEGIN + DAY))
    place.now_at = BEGIN + DAY + timedelta(hours=1)
    with pytest.raises(OverflowError):
        close_days(place.ports)  # the day is marked
    ledger.problem = Killed()
    place.now_at = BEGIN + 2 * DAY
    with pytest.raises(Killed):
        close_days(place.ports)
    assert (place.interruptions(TODAY + DAY), bad) == (1, {TODAY})


def no_price(instance_type: str, region: str, at: datetime, since: datetime | None) -> None:
    """No price is known."""


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
    place.now_at += timedelta(minutes=15)
    assert [close_days(place.ports) for _ in range(2)] == [1, 0]


def test_a_recent_mark_stays_until_the_index_has_its_entry() -> None:
    place = Place(now_at=BEGIN + DAY)
    close_days(place.ports)
    place.learn(interrupted(BEGIN))
    for minutes, left in ((1, 1), (14, 1), (15, 0)):
        place.now_at = BEGIN + DAY + timedelta(minutes=minutes)
        assert (close_days(place.ports), len(place.ledger.marks)) == (1, left)
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
    days = rollups_of_days(place.ledger, TODAY - DAY, TODAY + DAY, no_price)
    assert [sum(rollup.count(CountKind.INTERRUPTION).values()) for rollup in days.values()] == [0, 1]


def test_a_report_reads_the_stored_rollups_of_closed_days() -> None:
    place = Place(now_at=BEGIN + DAY)
    place.learn(interrupted(BEGIN))
    close_days(place.ports)
    before = rollups_of_days(place.ledger, TODAY, TODAY + DAY, no_price)
    place.ledger.rows.clear()
    assert rollups_of_days(place.ledger, TODAY, TODAY + DAY, no_price) == before


def test_an_attempt_without_a_price_takes_one_that_arrives_later() -> None:
    place = Place()
    close_days(place.ports)
    place.learn(measured("bert", rate_micros_per_h=None, rate_as_of=None, instance_type="ml.new.large"))
    place.learn(Credited(job="bert", at=BEGIN, team="vision", useful_s=3600, basis="whole"))
    place.now_at = BEGIN + DAY
    close_days(place.ports)
    [(_, before)] = place.ledger.days.rollups(TODAY, TODAY + DAY)
    assert (before.total.unpriced, before.total.spent_micros) == (1, 0)
    rate = Rate(micros_per_h=1_000_000, as_of=TODAY - 30 * DAY, source="the list")
    place.price_list = Listed({"ml.new.large": rate})
    assert refresh_prices("us-east-1", place.ports) == (1, ())
    close_days(place.ports)
    [(_, after)] = place.ledger.days.rollups(TODAY, TODAY + DAY)
    assert (after.total.unpriced, after.total.spent_micros) == (0, 300_000)
    assert rollups_of_days(place.ledger, TODAY, TODAY + DAY, place.rate)[TODAY] == after
