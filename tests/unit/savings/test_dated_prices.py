"""Which of several dated prices applies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from controller.savings.dated_prices import rate_at, rate_over, with_prices
from controller.savings.rollup import roll_up
from controller.units.money import Rate
from tests.unit.savings.test_report import measured

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OLD = Rate(micros_per_h=1_000_000, as_of=date(2026, 1, 1), source="the table")
NEW = Rate(micros_per_h=2_000_000, as_of=date(2026, 3, 2), source="the list")


def test_the_newest_price_that_is_not_in_the_future_applies() -> None:
    assert rate_at([NEW, OLD], NOON) == NEW
    assert rate_at([NEW, OLD], NOON - timedelta(days=1)) == OLD


def test_before_the_oldest_price_the_oldest_price_applies() -> None:
    assert rate_at([NEW, OLD], datetime(2020, 1, 1, tzinfo=UTC)) == OLD
    assert rate_at([], NOON) is None


def test_a_change_of_price_splits_a_period_at_its_date() -> None:
    """Twelve hours at 1 dollar and twelve at 2 dollars are 1.50 dollars on average."""
    over = rate_over([OLD, NEW], NOON - timedelta(hours=24), NOON)
    assert over is not None
    assert over.micros_per_h == 1_500_000
    assert over.as_of == NEW.as_of
    assert "1 USD/h as of 2026-01-01: the table; 2 USD/h as of 2026-03-02: the list" in over.source


def test_an_unchanged_price_with_a_later_date_splits_nothing() -> None:
    again = Rate(micros_per_h=1_000_000, as_of=date(2026, 3, 2), source="the list")
    assert rate_over([OLD, again], NOON - timedelta(hours=24), NOON) == again


def test_a_period_without_length_has_the_price_of_its_time() -> None:
    assert rate_over([OLD, NEW], NOON, NOON) == NEW


def test_a_retry_on_the_first_attempt_s_instances_is_priced_by_a_price_that_comes_later() -> None:
    retry = measured("bert-r02", number=2, rate_micros_per_h=None, first_rate_micros_per_h=None)
    [priced] = with_prices([retry], lambda *_: NEW)
    assert roll_up([priced]).total.unpriced == 0
    [elsewhere] = with_prices([replace(retry, other_instances=True)], lambda *_: NEW)
    assert roll_up([elsewhere]).total.unpriced == 1
