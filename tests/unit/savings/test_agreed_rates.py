"""Rates of the policy count on their days; spot gains nothing from a Savings Plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from controller.ledger.entry import Credited, Measured
from controller.notifications.report_formats.shared import basis_text
from controller.policy.agreed_rate import AgreedRate, Agreement
from controller.savings.agreed_rates import RateBasis, bases_of, dearest_rate, with_agreed
from controller.savings.attempt_savings import savings_of
from controller.savings.dated_prices import spot_of
from controller.savings.report import report_of
from controller.savings.rollup import roll_up
from controller.units.money import Rate

KIND, REGION, LIST = "ml.g5.2xlarge", "us-east-1", 1_515_000
JULY = datetime(2026, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def agreed(micros: int = 900_000, **changes: Any) -> AgreedRate:
    given: dict[str, Any] = {
        "instance_type": KIND, "region": REGION, "spot": False, "micros_per_h": micros, "since": date(2026, 7, 1),
        "until": date(2026, 7, 31), "agreement": Agreement.SAVINGS_PLAN,
    }  # fmt: skip
    return AgreedRate(**(given | changes))


ESTIMATED = "Dollars are estimated; no bill was compared (spotwarden audit --bill)."
PRIVATE = {"agreement": Agreement.PRIVATE_PRICING}
NO_SPOT: Mapping[str, int] = {KIND: LIST}
OWN_SPOT: Mapping[str, int] = {KIND: LIST, spot_of(KIND): 1_600_000}


def price(
    name: str, *rates: AgreedRate, at: datetime = JULY + HOUR, since: datetime | None = None, listed: Mapping[str, int] = NO_SPOT
) -> Rate | None:
    def list_price(kind: str, region: str, _: datetime, __: datetime | None) -> Rate | None:
        known = listed.get(kind) if region == REGION else None
        return None if known is None else Rate(micros_per_h=known, as_of=date(2026, 1, 1), source="the list")

    return with_agreed(list_price, rates)(name, REGION, at, since)


@pytest.mark.parametrize(
    ("name", "rates", "listed", "at", "micros"),
    [
        (KIND, [agreed()], NO_SPOT, JULY - HOUR, LIST),
        (KIND, [agreed()], NO_SPOT, JULY, 900_000),
        (KIND, [agreed()], NO_SPOT, JULY + timedelta(days=31) - HOUR, 900_000),
        (KIND, [agreed()], NO_SPOT, JULY + timedelta(days=31), LIST),
        (KIND, [agreed(until=None)], NO_SPOT, JULY + timedelta(days=3_000), 900_000),
        (KIND, [agreed(until=date.max)], NO_SPOT, JULY, 900_000),
        (KIND, [agreed(region="eu-west-1")], NO_SPOT, JULY, LIST),
        (KIND, [agreed(instance_type="ml.g5.xlarge")], NO_SPOT, JULY, LIST),
        (KIND, [agreed(spot=True, **PRIVATE)], NO_SPOT, JULY, LIST),
        (KIND, [agreed()], {}, JULY, 900_000),
        (spot_of(KIND), [], NO_SPOT, JULY, None),
        (spot_of(KIND), [agreed()], NO_SPOT, JULY, LIST),
        (spot_of(KIND), [agreed()], OWN_SPOT, JULY, 1_600_000),
        (spot_of(KIND), [agreed()], {}, JULY, None),
        (spot_of(KIND), [agreed(**PRIVATE)], NO_SPOT, JULY, None),
        (spot_of(KIND), [agreed(**PRIVATE)], OWN_SPOT, JULY, 1_600_000),
        (spot_of(KIND), [agreed(700_000, spot=True, **PRIVATE), agreed()], OWN_SPOT, JULY, 700_000),
    ],
)
def test_a_rate_counts_on_its_days_for_its_type_region_and_market(
    name: str, rates: list[AgreedRate], listed: Mapping[str, int], at: datetime, micros: int | None
) -> None:
    found = price(name, *rates, at=at, listed=listed)
    assert (found.micros_per_h if found else None) == micros


@pytest.mark.parametrize(
    ("name", "rates", "micros"),
    [
        (KIND, [agreed(900_000)], (LIST + 3 * 900_000) / 4),
        (KIND, [agreed(900_000, until=date(2026, 7, 1)), agreed(800_000, since=date(2026, 7, 2))], (LIST + 3 * 900_000) / 4),
        (spot_of(KIND), [agreed(900_000)], LIST),
        (spot_of(KIND), [agreed(900_000, **PRIVATE)], None),
        (spot_of(KIND), [agreed(500_000, spot=True, **PRIVATE)], (LIST + 3 * 500_000) / 4),
    ],
)
def test_a_job_over_the_first_day_has_both_prices_by_time(name: str, rates: list[AgreedRate], micros: float | None) -> None:
    found = price(name, *rates, since=JULY - HOUR, at=JULY + 3 * HOUR)
    assert (found.micros_per_h if found else None) == micros
    if found and name == KIND:
        assert set(bases_of(found.source)) == {RateBasis.SAVINGS_PLAN}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "ml.g5.2xlarge in us-east-1"),
        ({"spot": True}, "ml.g5.2xlarge in us-east-1 on spot"),
        ({"usage_type": "USE1-Train:ml.g5.2xlarge"}, "USE1-Train:ml.g5.2xlarge"),
    ],
)
def test_a_rate_is_named_as_the_policy_names_it(changes: dict[str, Any], name: str) -> None:
    assert agreed(**changes).named == name


def test_a_job_over_the_last_day_has_both_prices_by_time() -> None:
    midnight = JULY + timedelta(days=31)
    found = price(KIND, agreed(), since=midnight - HOUR, at=midnight + 3 * HOUR)
    assert found is not None
    assert found.micros_per_h == (900_000 + 3 * LIST) / 4


@pytest.mark.parametrize(
    ("source", "bases"),
    [
        (None, ()),
        ("AWS Price List", (RateBasis.LIST,)),
        ("bill of 2026-10-01 to 2026-11-01, usage type USE1-Train:ml.g5.xlarge", (RateBasis.BILL,)),
        ("rates of the policy: Savings Plan, USE1-Train:ml.g5.xlarge", (RateBasis.SAVINGS_PLAN,)),
        ("1 USD/h as of 2026-01-01: the list; 2 USD/h …: rates of the policy: private pricing, x", (RateBasis.PRIVATE_PRICING,)),
    ],
)
def test_a_source_says_what_a_rate_was_taken_from(source: str | None, bases: tuple[RateBasis, ...]) -> None:
    assert bases_of(source) == bases


@pytest.mark.parametrize(
    ("rates", "listed", "micros"),
    [
        ([], NO_SPOT, LIST),
        ([agreed()], NO_SPOT, LIST),
        ([agreed(**PRIVATE)], NO_SPOT, 900_000),
        ([agreed(**PRIVATE)], OWN_SPOT, 1_600_000),
        ([], {}, None),
    ],
)
def test_a_spend_cap_counts_with_the_dearer_market(
    rates: list[AgreedRate], listed: Mapping[str, int], micros: int | None
) -> None:
    def rate_of(name: str, region: str, at: datetime, since: datetime | None) -> Rate | None:
        return price(name, *rates, at=at, since=since, listed=listed)

    found = dearest_rate(rate_of, KIND, REGION, JULY)
    assert (found.micros_per_h if found else None) == micros


def measured(job: str, *, spot: bool, rates: tuple[AgreedRate, ...]) -> Measured:
    rate, own = price(KIND, *rates), price(spot_of(KIND), *rates) if spot else None
    assert rate is not None
    return Measured(
        job=job, at=JULY + HOUR, team="vision", training_s=3600, billable_s=1800 if spot else 3600, spot=spot, instance_type=KIND,
        instance_count=1, region=REGION, rate_micros_per_h=rate.micros_per_h, rate_as_of=rate.as_of, rate_source=rate.source,
        spot_rate_micros_per_h=own.micros_per_h if own else None,
    )  # fmt: skip


def credited(job: str) -> Credited:
    return Credited(job=job, at=JULY + HOUR, team="vision", useful_s=3600, basis="whole")


def test_spot_is_billed_at_the_list_price_and_compared_with_the_savings_plan() -> None:
    one = savings_of(measured("a", spot=True, rates=(agreed(),)), credited("a"))
    assert (one.spent_micros, one.counterfactual_micros, one.saved_micros) == (LIST // 2, 900_000, 900_000 - LIST // 2)
    private = savings_of(measured("a", spot=True, rates=(agreed(**PRIVATE),)), credited("a"))
    assert (private.spent_micros, private.counterfactual_micros) == (450_000, 900_000)


@pytest.mark.parametrize(
    ("rates", "text"),
    [
        ((), "Dollars are estimated from list prices; no bill was compared (spotwarden audit --bill)."),
        (
            (agreed(),),
            f"{ESTIMATED} Rates: 2 attempts at the policy's Savings Plan rate. Spot gains nothing from a Savings Plan: spot jobs"
            " are billed at the list price, and compared with the plan's rate.",
        ),
        (
            (agreed(**PRIVATE),),
            f"{ESTIMATED} Rates: 2 attempts at the policy's private price.",
        ),
    ],
)
def test_a_report_says_which_rates_it_used(rates: tuple[AgreedRate, ...], text: str) -> None:
    jobs = [measured("a", spot=True, rates=rates), measured("b", spot=False, rates=rates)]
    day = roll_up([*jobs, credited("a"), credited("b")])
    assert basis_text(report_of({JULY.date(): day}, JULY.date(), date(2026, 7, 2))) == text


def asked_of_the_list(name: str, *rates: AgreedRate) -> list[tuple[str, datetime, datetime | None]]:
    """The prices that are looked up in the list for a job that runs from an hour before July to three hours later."""
    calls: list[tuple[str, datetime, datetime | None]] = []

    def list_price(kind: str, region: str, at: datetime, since: datetime | None) -> Rate | None:
        calls.append((kind, at, since))
        return None if kind != KIND else Rate(micros_per_h=LIST, as_of=date(2026, 1, 1), source="the list")

    with_agreed(list_price, rates)(name, REGION, JULY + 3 * HOUR, JULY - HOUR)
    return calls


def test_the_list_is_asked_for_the_part_of_a_job_that_no_agreed_rate_covers() -> None:
    before, after, spot = (JULY, JULY - HOUR), (JULY + 3 * HOUR, JULY), spot_of(KIND)
    assert asked_of_the_list(KIND) == [(KIND, JULY + 3 * HOUR, JULY - HOUR)]
    assert asked_of_the_list(KIND, agreed()) == [(KIND, *before)]
    assert asked_of_the_list(spot, agreed()) == [(spot, *before), (spot, *after), (KIND, *after), (KIND, *before)]
