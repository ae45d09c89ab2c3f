"""Training lines of a bill are summed by day, region, type and market; lines that cannot be read are counted and named."""

from __future__ import annotations

from datetime import date

import pytest

from controller.savings.bill import COLUMNS, Bill, BillGroup, calibration, read_bill
from controller.savings.dated_prices import spot_of
from controller.units.money import Rate

LINE = {
    "line_item_product_code": "AmazonSageMaker", "line_item_line_item_type": "Usage", "line_item_usage_amount": "2.5",
    "line_item_usage_type": "USE2-Train:ml.g5.xlarge", "line_item_usage_start_date": "2026-07-03T10:00:00Z",
    "line_item_unblended_cost": "3.521", "line_item_currency_code": "USD", "product_region_code": "us-east-2",
}  # fmt: skip


def bill(**changes: str) -> Bill:
    return read_bill(COLUMNS, [LINE | changes])


def test_a_line_is_summed_in_hours_and_micro_dollars() -> None:
    found = read_bill(COLUMNS, [LINE, LINE])
    group = BillGroup(date(2026, 7, 3), "us-east-2", "ml.g5.xlarge", False)
    assert {key: (amount.hours, amount.micros) for key, amount in found.groups.items()} == {group: (5.0, 7_042_000)}
    assert (found.rows, found.problem_count) == (2, 0)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"line_item_unblended_cost": ""}, "found '', wanted a number of dollars"),
        ({"line_item_unblended_cost": "3,52"}, "found '3,52', wanted a number of dollars"),
        ({"line_item_unblended_cost": "1e30"}, "found '1e30', wanted at most"),
        ({"line_item_unblended_cost": "nan"}, "found 'nan', wanted at most"),
        ({"line_item_usage_amount": "many"}, "found 'many', wanted a number of hours"),
        ({"line_item_currency_code": "CNY"}, "its currency is 'CNY', wanted USD"),
        ({"line_item_usage_start_date": "July"}, "Invalid isoformat"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_row(changes: dict[str, str], problem: str) -> None:
    found = bill(**changes)
    assert (found.problem_count, found.groups) == (1, {})
    assert found.problems[0].startswith(f"row 2: {problem}")


@pytest.mark.parametrize("kind", [
    "Tax", "Credit", "Refund", "Fee", "RIFee", "SavingsPlanNegation", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee",
])  # fmt: skip
def test_a_line_that_is_no_usage_adds_nothing_to_the_hours_of_its_day(kind: str) -> None:
    """A refund of a job's hours has its usage type and its hours, and a negative cost."""
    found = read_bill(COLUMNS, [LINE, LINE | {"line_item_line_item_type": kind, "line_item_unblended_cost": "-3.521"}])
    assert [(amount.hours, amount.micros) for amount in found.groups.values()] == [(2.5, 3_521_000)]
    assert found.problem_count == 0


def test_a_line_without_its_cost_is_a_problem_and_no_free_hour() -> None:
    line = {name: value for name, value in LINE.items() if name != "line_item_unblended_cost"}
    assert read_bill(COLUMNS, [line]).problems == ["row 2: found '', wanted a number of dollars"]


@pytest.mark.parametrize(
    ("changes", "region"),
    [
        ({}, "us-east-2"),
        ({"product_region_code": "", "product_region": "eu-west-1"}, "eu-west-1"),
        ({"product_region_code": "", "product": '{"region": "eu-north-1"}'}, "eu-north-1"),
        ({"product_region_code": "", "product": "{", "line_item_availability_zone": "us-west-2a"}, "us-west-2"),
        ({"product_region_code": "", "product": "[]"}, "unknown"),
    ],
)
def test_the_region_of_a_line_is_found_where_a_bill_may_have_it(changes: dict[str, str], region: str) -> None:
    assert [group.region for group in bill(**changes).groups] == [region]


def test_a_bill_without_a_column_is_refused_with_its_name() -> None:
    with pytest.raises(ValueError, match=f"found no column {COLUMNS[0]}, wanted a CUR 2.0 export"):
        read_bill(COLUMNS[1:], [])


def test_a_bill_without_a_currency_is_in_dollars() -> None:
    line = {name: value for name, value in LINE.items() if name != "line_item_currency_code"}
    found = read_bill(COLUMNS, [line])
    assert ([amount.micros for amount in found.groups.values()], found.problems) == ([3_521_000], [])


@pytest.mark.parametrize("usage", ["USE2-Train-WarmPool:ml.g5.xlarge", "use2-train-warmpool:ml.g5.xlarge"])
def test_warm_pools_are_summed_apart_from_training_in_whichever_case_they_are_written(usage: str) -> None:
    found = bill(line_item_usage_type=usage)
    assert (found.warm_pools.hours, found.warm_pools.micros, found.groups) == (2.5, 3_521_000, {})


def test_under_a_savings_plan_a_bill_without_spot_keeps_the_list_price_for_spot() -> None:
    listed = Rate(micros_per_h=1_408_000, as_of=date(2026, 1, 1), source="the list")
    plan = {"line_item_line_item_type": "SavingsPlanCoveredUsage", "savings_plan_savings_plan_effective_cost": "2.5"}
    july, august = date(2026, 7, 1), date(2026, 8, 1)
    found, doubtful = calibration(bill(**plan), july, august, {("us-east-2", "ml.g5.xlarge"): listed})
    spot = found["us-east-2"][spot_of("ml.g5.xlarge")]
    assert (spot.micros_per_h, spot.as_of, doubtful) == (1_408_000, july, ())
    assert found["us-east-2"]["ml.g5.xlarge"].micros_per_h == 1_000_000
    unlisted, _ = calibration(bill(**plan), july, august, {})
    assert set(unlisted["us-east-2"]) == {"ml.g5.xlarge"}
