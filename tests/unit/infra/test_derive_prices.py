"""The table of prices is refreshed from AWS's bulk price files: changed prices are added with their day and source."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from infra.derive_prices import BULK, DATA, refreshed, text_of

TEXT = (DATA / "prices.json").read_text(encoding="utf-8")
P4D = "ml.p4d.24xlarge"


def bulk(*prices: tuple[str, str], day: str = "2026-11-01", currency: str = "USD") -> dict[str, Any]:
    """A bulk price file in AWS's format."""
    products, terms = {}, {}
    for number, (usage, price) in enumerate(prices):
        sku = f"SKU{number}"
        products[sku] = {"sku": sku, "productFamily": "ML Instance", "attributes": {"usagetype": usage}}
        dimension = {"unit": "Hrs", "pricePerUnit": {currency: price}}
        terms[sku] = {f"{sku}.A": {"effectiveDate": f"{day}T00:00:00Z", "priceDimensions": {f"{sku}.A.B": dimension}}}
    return {"publicationDate": f"{day}T12:00:00Z", "products": products, "terms": {"OnDemand": terms}}


def rows(table: dict[str, Any], region: str) -> list[tuple[str, int, str]]:
    return [(row["instance_type"], row["rate_micros_per_h"], row["as_of"]) for row in table["rates"] if row["region"] == region]


def test_training_prices_of_accelerators_and_of_known_types_are_taken_and_no_others() -> None:
    document = bulk(
        (f"USE2-Train:{P4D}", "12.5000000000"), (f"USE2-Host:{P4D}", "1"), (f"USE2-SpotTraining:{P4D}", "2"),
        ("USE2-Train:ml.m5.large", "0.2500000000"), ("USE2-Train:ml.t3.medium", "0.1"),
    )  # fmt: skip
    table, changed = refreshed(json.loads(TEXT), "us-east-2", document, [P4D])
    wanted = [("ml.m5.large", 250_000, "2026-11-01"), (P4D, 12_500_000, "2026-11-01")]
    assert (rows(table, "us-east-2"), changed) == (wanted, 2)
    [row] = [row for row in table["rates"] if (row["region"], row["instance_type"]) == ("us-east-2", P4D)]
    assert row["source"] == BULK.format(region="us-east-2")
    assert "published 2026-11-01T12:00:00Z" in table["sources"][row["source"]]


def test_a_price_that_changed_is_added_beside_the_older_one_and_one_that_did_not_is_not() -> None:
    table, _ = refreshed(json.loads(TEXT), "us-east-2", bulk((f"USE2-Train:{P4D}", "12.5")), [P4D])
    assert refreshed(table, "us-east-2", bulk((f"USE2-Train:{P4D}", "12.5"), day="2026-12-01"), [P4D]) == (table, 0)
    assert refreshed(table, "us-east-2", bulk((f"USE2-Train:{P4D}", "9"), day="2026-10-01"), [P4D]) == (table, 0)
    later, _ = refreshed(table, "us-east-2", bulk((f"USE2-Train:{P4D}", "13"), day="2026-12-01"), [P4D])
    assert rows(later, "us-east-2") == [(P4D, 12_500_000, "2026-11-01"), (P4D, 13_000_000, "2026-12-01")]


def test_prices_in_another_currency_are_not_taken() -> None:
    table = json.loads(TEXT)
    assert refreshed(table, "cn-north-1", bulk((f"CNN1-Train:{P4D}", "88"), currency="CNY"), [P4D]) == (table, 0)


def test_a_training_price_that_cannot_be_read_stops_the_refresh() -> None:
    document = bulk((f"USE2-Train:{P4D}", "free"))
    with pytest.raises(SystemExit, match="USE2-Train"):
        refreshed(json.loads(TEXT), "us-east-2", document, [P4D])


def test_the_stored_table_is_what_the_command_writes() -> None:
    assert text_of(json.loads(TEXT)) == TEXT
    assert date.fromisoformat(max(row["as_of"] for row in json.loads(TEXT)["rates"])) >= date(2026, 9, 24)
