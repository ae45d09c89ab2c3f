"""Each price has its day and its source; an unknown price stays unknown."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from controller.aws.price_lookup import Prices
from controller.policy.agreed_rate import AgreedRate, Agreement
from controller.savings.dated_prices import spot_of
from controller.units.money import Rate

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[3] / "controller/data/prices.json").read_text(encoding="utf-8"))
ROWS: list[dict[str, Any]] = DOCUMENT["rates"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def as_of(rate: Rate | None) -> date | None:
    return rate.as_of if rate else None


def test_the_instance_of_aws_s_launch_post_costs_3_825_dollars_in_virginia() -> None:
    rate = Prices().rate("ml.p3.2xlarge", "us-east-1", at("2026-11-01"))
    assert rate is not None
    assert rate.micros_per_h == 3_825_000
    assert rate.as_of == date(2022, 4, 14)
    assert rate.source.startswith("https://github.com/aws-samples/")


def test_of_two_prices_the_newest_that_is_not_later_applies() -> None:
    prices = Prices()
    assert as_of(prices.rate("ml.g5.2xlarge", "us-east-1", at("2026-08-19T23:59:59"))) == date(2022, 4, 14)
    assert as_of(prices.rate("ml.g5.2xlarge", "us-east-1", at("2026-08-20T00:00:00"))) == date(2026, 8, 20)


def test_before_the_first_price_the_first_applies_with_its_own_day() -> None:
    assert as_of(Prices().rate("ml.p3.2xlarge", "us-east-1", at("2019-08-27"))) == date(2022, 4, 14)


@pytest.mark.parametrize(
    ("instance_type", "region"),
    [("ml.p3.2xlarge", "us-west-2"), ("ml.nope.large", "us-east-1"), ("p3.2xlarge", "us-east-1"), ("", "")],
)
def test_an_unknown_price_is_none_and_never_zero_or_that_of_another_type(instance_type: str, region: str) -> None:
    assert Prices().rate(instance_type, region, at("2026-11-01")) is None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['region']}/{row['instance_type']}@{row['as_of']}")
def test_every_row_has_a_price_a_day_and_a_source_that_is_explained(row: dict[str, Any]) -> None:
    assert set(row) == {"region", "instance_type", "rate_micros_per_h", "as_of", "source"}
    assert isinstance(row["rate_micros_per_h"], int)
    assert 10_000 < row["rate_micros_per_h"] < 200_000_000
    assert date(2019, 8, 1) <= date.fromisoformat(row["as_of"]) <= date(2026, 12, 31)
    assert row["source"].startswith("https://")
    assert DOCUMENT["sources"][row["source"]]


def test_no_figure_is_stated_twice_for_one_day() -> None:
    assert len({(row["region"], row["instance_type"], row["as_of"]) for row in ROWS}) == len(ROWS)


def test_every_source_is_used() -> None:
    assert {row["source"] for row in ROWS} == set(DOCUMENT["sources"])


def test_every_instance_type_is_one_that_trains() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert {row["instance_type"] for row in ROWS} <= set(model.shape_for("TrainingInstanceType").enum)


def test_the_rates_of_the_policy_count_before_the_ledger_s_and_the_table_s_prices() -> None:
    plan = AgreedRate(
        instance_type="ml.g5.2xlarge", region="us-east-1", spot=False, micros_per_h=900_000, since=date(2026, 9, 1), until=None,
        agreement=Agreement.SAVINGS_PLAN,
    )  # fmt: skip
    stored = Rate(micros_per_h=1_600_000, as_of=date(2026, 10, 1), source="AWS Price List")
    prices = Prices(lambda _: {"ml.g5.2xlarge": (stored,)}, lambda: [plan])
    found = [prices.rate(name, "us-east-1", at("2026-10-02")) for name in ("ml.g5.2xlarge", spot_of("ml.g5.2xlarge"))]
    assert [rate.micros_per_h for rate in found if rate] == [900_000, 1_600_000]
