"""``spotwarden audit --bill`` compares what AWS billed with what the ledger recorded, by day, type and region."""

from __future__ import annotations

import gzip
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.aws.price_lookup import Prices
from controller.cli.audit.bill import audit_bill
from controller.cli.audit.bill_file import bill_of, bill_of_parts, refuse_bad_parts
from controller.cli.output.errors import BadInput
from controller.savings.dated_prices import spot_of
from tests import builders
from tests.unit.savings.test_report import measured, useful

HEAD = (
    "line_item_usage_account_id,line_item_line_item_type,line_item_usage_start_date,line_item_product_code,line_item_usage_type,"
    "line_item_usage_amount,line_item_currency_code,line_item_unblended_cost,product_region_code,"
    "savings_plan_savings_plan_effective_cost"
)
FIRST, UNTIL = date(2026, 3, 1), date(2026, 4, 1)
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def row(usage: str, hours: object, cost: object, *, day: str = "2026-03-02", kind: str = "Usage", plan: str = "") -> str:
    return f"111122223333,{kind},{day}T09:00:00.000Z,AmazonSageMaker,{usage},{hours},USD,{cost},us-east-2,{plan}"


def written(path: Path, *rows: str, head: str = HEAD) -> str:
    path.write_text("\n".join((head, *rows)) + "\n", "utf-8")
    return str(path)


@pytest.fixture
def ohio() -> Any:
    """A ledger with 72.6 billed hours of spot, priced at the on-demand price."""
    job = measured(
        "ohio-1", at=AT, instance_type="ml.g5.xlarge", region="us-east-2", training_s=207 * 3600, billable_s=261_360,
        rate_micros_per_h=1_257_500,
    )  # fmt: skip
    return builders.ledger_with(builders.lineage(entries=(job, useful(job))))


def told(address: str, ledger: Any, *, record: bool = True) -> tuple[str, bool]:
    lines, agree = audit_bill([address], ledger, Prices(ledger.prices.rates), FIRST, UNTIL, record=record)
    return "\n".join(lines), agree


def test_the_bill_of_ohio_shows_the_gap_the_job_behind_it_and_records_its_price(tmp_path: Path, ohio: Any) -> None:
    bill = written(tmp_path / "bill.csv", row("USE2-SpotTraining:ml.g5.xlarge", 72.6, 102.24984))
    said, agree = told(bill, ohio)
    assert not agree
    assert "2026-03-02  us-east-2  ml.g5.xlarge spot: recorded $91.29 (72.6 h), billed $102.25 (72.6 h), ratio 1.120" in said
    assert "gap of $10.96 not recorded on 2026-03-02: ohio-1" in said
    assert "recorded: spot ml.g5.xlarge in us-east-2 $1.4084 an hour" in said
    rate = Prices(ohio.prices.rates).rate(spot_of("ml.g5.xlarge"), "us-east-2", AT + timedelta(days=40))
    assert rate is not None
    assert (rate.micros_per_h, rate.source) == (
        1_408_400,
        "bill of 2026-03-01 to 2026-04-01, usage type USE2-SpotTraining:ml.g5.xlarge",
    )
    assert ohio.prices.billed_until("us-east-2") == datetime(2026, 4, 1, tzinfo=UTC)


def test_without_record_nothing_is_written(tmp_path: Path, ohio: Any) -> None:
    said, _ = told(written(tmp_path / "bill.csv", row("USE2-SpotTraining:ml.g5.xlarge", 72.6, 102.25)), ohio, record=False)
    assert "would record" in said
    assert (ohio.prices.rates("us-east-2"), ohio.prices.billed_until("us-east-2")) == ({}, None)


def test_only_the_ledger_s_account_in_an_organization_s_bill_is_compared(tmp_path: Path, ohio: Any) -> None:
    own = row("USE2-Spot-Train:ml.g5.xlarge", 72.6, 91.2945)
    other = row("USE2-Train:ml.p5.48xlarge", 10, 900).replace("111122223333", "444455556666")
    bill, prices = written(tmp_path / "bill.csv", own, other), Prices(ohio.prices.rates)
    lines, agree = audit_bill([bill], ohio, prices, FIRST, UNTIL, record=False, account="111122223333")
    assert agree
    assert "only account 111122223333 is compared; 1 other account spent $900.00 on training: 444455556666" in lines
    unnamed, agree = audit_bill([bill], ohio, prices, FIRST, UNTIL, record=False)
    assert (agree, "the bill has 2 accounts, and all are compared" in "\n".join(unnamed)) == (False, True)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_bill_may_have_another_separator(tmp_path: Path, ohio: Any, separator: str) -> None:
    lines = [line.replace(",", separator) for line in (HEAD, row("USE2-Spot-Train:ml.g5.xlarge", 72.6, 91.2945))]
    assert told(written(tmp_path / "bill.csv", *lines[1:], head=lines[0]), ohio)[1]


def test_a_bill_that_agrees_says_so(tmp_path: Path, ohio: Any) -> None:
    assert told(written(tmp_path / "bill.csv", row("USE2-Spot-Train:ml.g5.xlarge", 72.6, 91.2945)), ohio)[1]


def test_an_unknown_usage_type_is_shown_and_not_dropped(tmp_path: Path, ohio: Any) -> None:
    said, _ = told(written(tmp_path / "bill.csv", row("USE2-ManagedSpot:Training/g5", 3, 4.5)), ohio)
    assert "unknown usage type: USE2-ManagedSpot:Training/g5, $4.50 (3.0 h)" in said


def test_hosting_other_services_taxes_and_credits_are_not_training(tmp_path: Path) -> None:
    bill = bill_of(
        written(
            tmp_path / "bill.csv",
            row("USE2-Host:ml.g5.xlarge", 9, 9),
            row("USE2-Train:ml.g5.xlarge", 9, -9, kind="Credit"),
            row("USE2-Train:ml.g5.xlarge", 9, 9).replace("AmazonSageMaker", "AmazonEC2"),
        )
    )
    assert (bill.rows, bill.groups, bill.unseen, bill.problem_count) == (3, {}, {}, 0)


def test_savings_plans_and_private_prices_are_what_was_paid(tmp_path: Path) -> None:
    bill = bill_of(
        written(
            tmp_path / "bill.csv",
            row("USE2-Train:ml.g5.xlarge", 10, 12.575, kind="SavingsPlanCoveredUsage", plan="8"),
            row("USE2-Train:ml.g5.xlarge", 10, -12.575, kind="SavingsPlanNegation"),
            row("USE2-Train:ml.g5.xlarge", 0, -1, kind="PrivateRateDiscount"),
        )
    )
    [amount] = bill.groups.values()
    assert (amount.hours, amount.micros) == (10, 7_000_000)


def test_spot_keeps_the_list_price_where_a_savings_plan_lowered_the_on_demand_price(tmp_path: Path, ohio: Any) -> None:
    covered = row("USE2-Train:ml.g5.xlarge", 10, 14, kind="SavingsPlanCoveredUsage", plan="8")
    told(written(tmp_path / "bill.csv", covered), ohio)
    prices = Prices(ohio.prices.rates)
    plain, spot = (prices.rate(name, "us-east-2", AT) for name in ("ml.g5.xlarge", spot_of("ml.g5.xlarge")))
    listed = Prices().rate("ml.g5.xlarge", "us-east-2", AT)
    assert plain is not None
    assert plain.micros_per_h == 800_000
    assert (spot.micros_per_h if spot else None) == (listed.micros_per_h if listed else None)


@pytest.mark.parametrize(
    "bad",
    [
        row("USE2-Train:ml.g5.xlarge", "many", 1),
        row("USE2-Train:ml.g5.xlarge", 1, "nan"),
        row("USE2-Train:ml.g5.xlarge", 1, "1e400"),
        row("USE2-Train:ml.g5.xlarge", "-1e300", 1),
        row("USE2-Train:ml.g5.xlarge", 1, 1, day="31.03.2026"),
        row("USE2-Train:ml.g5.xlarge", 1, 1).replace("USD", "CNY"),
        "USE2-Train:ml.g5.xlarge," * 5,
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_others_count(tmp_path: Path, bad: str) -> None:
    bill = bill_of(written(tmp_path / "bill.csv", bad, row("USE2-Train:ml.g5.xlarge", 1, 2)))
    assert (bill.problem_count, [problem[:6] for problem in bill.problems]) == (1, ["row 2:"])
    assert [amount.micros for amount in bill.groups.values()] == [2_000_000]


def test_the_first_of_many_bad_rows_are_named_and_all_are_counted(tmp_path: Path) -> None:
    bill = bill_of(written(tmp_path / "bill.csv", *[row("USE2-Train:ml.g5.xlarge", "\x1b[2J", 1)] * 1000))
    assert (bill.problem_count, len(bill.problems)) == (1000, 10)
    assert "\x1b" not in "".join(bill.problems)


def test_gzip_and_the_names_of_the_older_report_are_read(tmp_path: Path) -> None:
    older = HEAD
    for name in ("UsageType", "UsageAmount", "UnblendedCost", "UsageStartDate"):
        older = older.replace(f"line_item_{re.sub(r'(?<=[a-z])(?=[A-Z])', '_', name).lower()}", f"lineItem/{name}")
    older = older.replace("product_region_code", "product/regionCode")
    packed = tmp_path / "bill.csv.gz"
    packed.write_bytes(gzip.compress(f"{older}\n{row('USE2-Train:ml.g5.xlarge', 1, 2)}\n".encode()))
    [(group, amount)] = bill_of(str(packed)).groups.items()
    assert (group.region, group.spot, amount.micros) == ("us-east-2", False, 2_000_000)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"PK\x03\x04bill.csv", "found a ZIP archive, wanted the file in it"),
        (b"", "found no column line_item_usage_type"),
        (b"a,b\n1,2\n", "wanted a CUR 2.0 export"),
        (b"\x1f\x8b\x08garbage", "bill"),
    ],
)
def test_a_file_that_is_not_a_bill_ends_with_one_sentence(tmp_path: Path, content: bytes, wanted: str) -> None:
    path = tmp_path / "bill"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=wanted):
        bill_of(str(path))


@pytest.mark.parametrize("address", ["s3://UPPER/x", "s3://bucket", "/no/such/bill.csv", "."])
def test_an_address_without_a_bill_is_one_sentence(address: str) -> None:
    with pytest.raises(BadInput, match=r"wanted|No such file"):
        bill_of(address)


def test_an_impossible_price_is_not_recorded(tmp_path: Path, ohio: Any) -> None:
    ohio.prices.note_rates("us-east-2", {"ml.g5.xlarge": replace(builders.rate(1_257_500))})
    bill = written(
        tmp_path / "bill.csv",
        row("USE2-SpotTraining:ml.g5.xlarge", 72.6, 9000),
        row("USE2-Train:ml.p4d.24xlarge", 0.1, 3),
    )
    said, _ = told(bill, ohio)
    assert "not recorded: USE2-SpotTraining:ml.g5.xlarge: $123.9669 an hour, far from the list price of $1.2575" in said
    assert "not recorded: USE2-Train:ml.p4d.24xlarge: less than an hour, or nothing, was billed" in said
    assert list(ohio.prices.rates("us-east-2")) == ["ml.g5.xlarge"]


def test_an_export_that_unpacks_to_too_much_ends_with_a_sentence(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as out:
        out.write(f"{HEAD}\n".encode() + (row("USE2-Train:ml.g5.xlarge", 1, 2) + "\n").encode() * 5000)
    path = tmp_path / "bomb.gz"
    path.write_bytes(packed.getvalue())
    with pytest.raises(BadInput, match="wanted the export of one month"):
        bill_of(str(path), bytes_most=100_000)


def test_an_export_in_parts_is_summed_and_no_part_counts_twice(tmp_path: Path) -> None:
    first, second = row("USE2-SpotTraining:ml.g5.xlarge", 70, 98), row("USE2-SpotTraining:ml.g5.xlarge", 2.6, 4.25)
    pool = row("USE2-Train:ml.g5.2xlarge", 1, 1.5)
    parts = [written(tmp_path / "cur-00001.csv", first), written(tmp_path / "cur-00002.csv", second, pool)]
    whole = bill_of(written(tmp_path / "whole.csv", first, second, pool))
    assert bill_of_parts(parts) == whole
    refuse_bad_parts(parts)
    for twice in ([*parts, parts[0]], [parts[0], str(tmp_path / "." / "cur-00001.csv")], [*parts, ""]):
        with pytest.raises(BadInput, match="--bill: found"):
            refuse_bad_parts(twice)
