"""AWS's price list, over real HTTP, into the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config

from controller.aws.price_list import PriceList, PriceRows
from controller.aws.price_lookup import Prices
from controller.runtime.ports.answers import Unreachable
from controller.runtime.refresh_prices import refresh_prices
from controller.savings.dated_prices import spot_of
from controller.savings.rollup import Rollup
from controller.units.money import Rate
from infra.local.aws_json import json_server
from infra.local.pricing import PriceBook
from tests.simulation.memory import MemoryLedger

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
G5 = ("us-east-1", "ml.g5.2xlarge", "1.515000", date(2026, 8, 1))


class PriceServer(PriceBook):
    """A price list, and the address at which it is served."""

    url: str


@pytest.fixture
def server() -> Iterator[PriceServer]:
    book = PriceServer(rates=[G5, ("us-east-1", "ml.m5.large", "0.115000", date(2026, 8, 1))])
    served = json_server({"GetProducts": book.get_products})
    book.url = served.url
    yield book
    served.close()


def listed(server: PriceServer) -> PriceList:
    client = boto3.client(
        "pricing", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    return PriceList(client)


@dataclass
class Place:
    price_list: Any
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    at: datetime = NOW

    @property
    def clock(self) -> Any:
        return self

    def now(self) -> datetime:
        return self.at


def test_training_prices_are_read_page_by_page_and_hosting_prices_are_ignored(server: PriceServer) -> None:
    rows = listed(server).training("us-east-1")
    source = "AWS Price List API, AmazonSageMaker, usage type USE1-Train:ml.g5.2xlarge"
    assert rows.rates["ml.g5.2xlarge"] == Rate(micros_per_h=1_515_000, as_of=date(2026, 8, 1), source=source)
    assert (sorted(rows.rates), rows.problems) == (["ml.g5.2xlarge", "ml.m5.large"], ())
    assert server.calls == 3


@pytest.mark.parametrize(
    "row",
    [
        "no json", "[" * 100_000, None, "null", {"product": {"attributes": None}},
        {"product": {"attributes": {"usagetype": "USE1-Train:ml.p5.48xlarge"}}, "terms": {}},
        {"product": {"attributes": {"usagetype": "USE1-Train:ml.p5.48xlarge"}}, "terms": {"OnDemand": {"a": {
            "effectiveDate": "2026-08-01", "priceDimensions": {"b": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0000000000"}}}}}}},
        {"product": {"attributes": {"usagetype": "USE1-Train:ml.p5.48xlarge"}}, "terms": {"OnDemand": {"a": {
            "effectiveDate": "2026-08-01", "priceDimensions": {"b": {"unit": "Months", "pricePerUnit": {"USD": "1"}}}}}}},
    ],
)  # fmt: skip
def test_an_unreadable_row_is_named_and_the_others_are_read(server: PriceServer, row: Any) -> None:
    server.extra.append(row)
    rows = listed(server).training("us-east-1")
    assert len(rows.problems) == 1
    assert sorted(rows.rates) == ["ml.g5.2xlarge", "ml.m5.large"]


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "us-iso-east-1"])
def test_a_region_without_a_list_in_dollars_says_so_once_and_is_no_failure(server: PriceServer, region: str) -> None:
    place: Any = Place(listed(server))
    changed, [problem] = refresh_prices(region, place)
    assert (changed, problem.partition(":")[0], server.calls) == (0, region, 0)
    for days in (1, 7, 70):
        place.at = NOW + timedelta(days=days)
        assert refresh_prices(region, place) == (0, ())


def test_a_list_that_does_not_answer_is_read_again_with_the_next_run(server: PriceServer) -> None:
    place: Any = Place(listed(server))
    server.trouble = "ThrottlingException"
    with pytest.raises(Unreachable):
        refresh_prices("us-east-1", place)
    server.trouble = ""
    assert refresh_prices("us-east-1", place) == (2, ())


def test_a_list_without_a_price_is_read_again_with_the_next_run() -> None:
    rows = [PriceRows(rates={}, problems=()), PriceRows(rates={}, problems=("a row",))]
    dollars = {"ml.g5.xlarge": Rate(micros_per_h=1_000_000, as_of=NOW.date(), source="s")}
    place: Any = Place(SimpleNamespace(training=lambda region: rows.pop(0) if rows else PriceRows(rates=dollars, problems=())))
    nothing = "us-east-1: the price list has no training price"
    assert refresh_prices("us-east-1", place) == (0, (nothing,))
    assert refresh_prices("us-east-1", place) == (0, ("a row", nothing))
    assert refresh_prices("us-east-1", place) == (1, ())


@pytest.mark.parametrize("writes", range(0, 75, 6))
def test_days_without_a_price_are_summed_again_wherever_a_run_with_the_first_price_ended(writes: int) -> None:
    dollars = {"ml.g5.xlarge": Rate(micros_per_h=1_000_000, as_of=NOW.date(), source="s")}
    place: Any = Place(SimpleNamespace(training=lambda region: PriceRows(rates=dollars, problems=())))
    left = [writes]

    def ended_by(write: Any) -> Any:
        def call(*args: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Unreachable("the function ended")
            return write(*args)

        return call

    ledger = place.ledger
    place.ledger = SimpleNamespace(
        prices=SimpleNamespace(
            refreshed_at=ledger.refreshed_at, rates=ledger.rates, note_rates=ended_by(ledger.note_rates),
            note_refresh=ended_by(ledger.note_refresh),
        ),
        days=SimpleNamespace(mark_late=ended_by(ledger.mark_late)),
    )  # fmt: skip
    with suppress(Unreachable):
        refresh_prices("us-east-1", place)
    for mark in list(ledger.late()) if not ledger.rates("us-east-1") else ():
        ledger.put_rollup(mark.day, Rollup(), settles=[mark])  # summed in between, without a price
    left[0] = 1000
    refresh_prices("us-east-1", place)
    assert len({mark.day for mark in ledger.late()}) == 35


def test_days_that_are_summed_while_the_first_price_is_stored_are_summed_again() -> None:
    dollars = {"ml.g5.xlarge": Rate(micros_per_h=1_000_000, as_of=NOW.date(), source="s")}
    place: Any = Place(SimpleNamespace(training=lambda region: PriceRows(rates=dollars, problems=())))
    ledger = place.ledger

    def note_rates(*args: Any) -> None:
        for mark in list(ledger.late()):
            ledger.put_rollup(mark.day, Rollup(), settles=[mark])
        ledger.note_rates(*args)

    prices = SimpleNamespace(
        refreshed_at=ledger.refreshed_at, rates=ledger.rates, note_rates=note_rates, note_refresh=ledger.note_refresh
    )
    place.ledger = SimpleNamespace(prices=prices, days=ledger)
    refresh_prices("us-east-1", place)
    assert len(list(ledger.late())) == 35


def test_a_throttled_list_is_unreachable(server: PriceServer) -> None:
    server.trouble = "ThrottlingException"
    with pytest.raises(Unreachable, match="pricing get_products us-east-1"):
        listed(server).training("us-east-1")


def test_only_changed_prices_are_written_or_unchanged_ones_once_a_week(server: PriceServer) -> None:
    place: Any = Place(listed(server))
    assert refresh_prices("us-east-1", place) == (2, ())
    assert refresh_prices("us-east-1", place) == (0, ())
    place.at += timedelta(days=7)
    server.rates[0] = ("us-east-1", "ml.g5.2xlarge", "1.600000", date(2026, 11, 25))
    assert refresh_prices("us-east-1", place) == (1, ())
    assert [rate.micros_per_h for rate in place.ledger.prices.rates("us-east-1")["ml.g5.2xlarge"]] == [1_515_000, 1_600_000]


def test_a_job_across_a_change_of_price_is_priced_at_both(server: PriceServer) -> None:
    place: Any = Place(listed(server))
    refresh_prices("us-east-1", place)
    ledger: MemoryLedger = place.ledger
    ledger.prices.note_rates("us-east-1", {"ml.g5.2xlarge": Rate(micros_per_h=1_615_000, as_of=date(2026, 11, 20), source="new")})
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    hour = timedelta(hours=1)
    rate = Prices(ledger.prices.rates).rate("ml.g5.2xlarge", "us-east-1", midnight + hour, since=midnight - hour)
    assert rate is not None
    assert rate.micros_per_h == 1_565_000


def test_the_ledger_is_read_once_an_hour_for_a_region() -> None:
    asked: list[str] = []

    def read(region: str) -> dict[str, tuple[Rate, ...]]:
        asked.append(region)
        return {}

    prices = Prices(read)
    for minutes in (0, 30, 59, 61):
        prices.rate("ml.g5.2xlarge", "us-east-1", NOW + timedelta(minutes=minutes))
    assert asked == ["us-east-1"] * 2


@pytest.mark.parametrize(
    "usage",
    [
        "USE2-SpotTraining:ml.g5.xlarge",
        "USE2-SpotTrain:ml.g5.xlarge",
        "USE2-Train-Spot:ml.g5.xlarge",
        "SpotTraining:ml.g5.xlarge",
    ],
)
def test_a_price_of_spot_training_is_stored_beside_the_on_demand_price(server: PriceServer, usage: str) -> None:
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": "1.4084000000"}}
    terms = {"OnDemand": {"a": {"effectiveDate": "2026-07-01", "priceDimensions": {"b": dimension}}}}
    server.extra.append({"product": {"attributes": {"usagetype": usage}}, "terms": terms})
    server.rates.append(("us-east-1", "ml.g5.xlarge", "1.257500", date(2026, 11, 1)))
    place: Any = Place(listed(server))
    refresh_prices("us-east-1", place)
    prices = Prices(place.ledger.prices.rates)
    found = [prices.rate(name, "us-east-1", NOW) for name in ("ml.g5.xlarge", spot_of("ml.g5.xlarge"), spot_of("ml.g5.2xlarge"))]
    assert [rate and rate.micros_per_h for rate in found] == [1_257_500, 1_408_400, None]


def test_every_partition_but_aws_s_own_is_known_to_have_no_list_in_dollars(server: PriceServer) -> None:
    loader = botocore.session.get_session().get_component("data_loader")
    partitions = loader.load_data("endpoints")["partitions"]
    others = {region for one in partitions if one["partition"] != "aws" for region in one["regions"]}
    assert others > {"us-gov-west-1", "cn-north-1", "eusc-de-east-1"}
    assert all(listed(server).training(region).without for region in others)
    assert server.calls == 0


def test_prices_in_another_currency_are_one_sentence_that_is_said_once(server: PriceServer) -> None:
    dimension = {"unit": "Hrs", "pricePerUnit": {"EUR": "1.4"}}
    terms = {"OnDemand": {"a": {"effectiveDate": "2026-07-01", "priceDimensions": {"b": dimension}}}}
    server.rates.clear()
    server.extra += [
        {"product": {"attributes": {"usagetype": f"EUX-Train:{kind}"}}, "terms": terms}
        for kind in ("ml.m5.large", "ml.g5.xlarge")
    ]
    place: Any = Place(listed(server))
    _, said = refresh_prices("us-east-1", place)
    assert said == ("us-east-1: prices are in EUR; jobs there are recorded in seconds, without dollars",)
    place.at += timedelta(days=7)
    assert refresh_prices("us-east-1", place) == (0, ())
