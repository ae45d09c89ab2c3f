"""A bill is the same as CSV, gzip and Parquet, on this machine and in S3; a broken file ends with one sentence."""

from __future__ import annotations

import builtins
import csv
import gzip
import io
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from controller.cli.audit.bill_file import bill_of, refuse_bad_bill
from controller.cli.output.errors import BadInput
from controller.savings.bill import Bill
from tests.unit.cli.embedded_s3 import s3_with

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEXTS = (
    "line_item_usage_account_id", "line_item_line_item_type", "line_item_product_code", "line_item_usage_type",
    "line_item_currency_code", "product_region_code", "line_item_resource_id",
)  # fmt: skip
NUMBERS = ("line_item_usage_amount", "line_item_unblended_cost", "savings_plan_savings_plan_effective_cost")
Row = Mapping[str, Any]
Write = Callable[[Path, list[Row]], None]


def row(usage: str | None, hours: Any = 1.0, cost: Any = 2.0, **more: Any) -> Row:
    plain = {
        "line_item_usage_account_id": "111122223333", "line_item_line_item_type": "Usage", "line_item_usage_type": usage,
        "line_item_product_code": "AmazonSageMaker", "line_item_usage_amount": hours, "line_item_currency_code": "USD",
        "line_item_unblended_cost": cost, "product_region_code": "us-east-2", "line_item_usage_start_date": AT,
        "savings_plan_savings_plan_effective_cost": None, "line_item_resource_id": "arn:aws:sagemaker:…", "product": None,
        "resource_tags": {"user_team": "vision"},
    }  # fmt: skip
    return {**plain, **more}


ROWS = [
    row("USE2-SpotTraining:ml.g5.xlarge", 72.6, 102.24984),
    row("USE2-Train:ml.g5.xlarge", 10.0, 12.575, line_item_line_item_type="SavingsPlanCoveredUsage",
        savings_plan_savings_plan_effective_cost=8.0),
    row("USE2-Train:ml.g5.xlarge", 0.0, -1.0, line_item_line_item_type="PrivateRateDiscount"),
    row("USE2-Train:ml.p4d.24xlarge", 1.5, 3e-7, product_region_code=None, product={"region": "eu-west-1", "none": None}),
    row("USE2-Train:ml.p4d.24xlarge", None, 5.0),
    row("USE2-Train:ml.g5.xlarge", 1.0, float("nan")),
    row("USE2-Train:ml.g5.xlarge", 1.0, 1.0, line_item_currency_code="CNY"),
    row("USE2-Train:ml.g5.xlarge", 1.0, 1.0, line_item_usage_start_date=None),
    row("USE2-Train:ml.g5.xlarge", 9.0, 900.0, line_item_usage_account_id="444455556666"),
    row("USE2-ManagedSpot:Training/g5", 3.0, 4.5),
    row("USE2-Host:ml.g5.xlarge"),
    row(None),
    row("BoxUsage:g5.xlarge", line_item_product_code="AmazonEC2"),
]  # fmt: skip


def as_csv(path: Path, rows: list[Row]) -> None:
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(rows[0])
    for one in rows:
        out.writerow([_cell(value) for value in one.values()])
    path.write_text(text.getvalue(), "utf-8")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    return value.strftime("%Y-%m-%dT%H:%M:%S.000Z") if isinstance(value, datetime) else "" if value is None else str(value)


def as_gzip(path: Path, rows: list[Row]) -> None:
    as_csv(path, rows)
    path.write_bytes(gzip.compress(path.read_bytes()))


def parquet_file(**how: Any) -> Write:
    """A function that writes a Parquet file, with these types for amounts, times and texts."""
    money, time = how.pop("money", pyarrow.float64()), how.pop("time", pyarrow.timestamp("ms", "UTC"))
    text, pairs = how.pop("text", pyarrow.string()), pyarrow.map_(pyarrow.string(), pyarrow.string())
    spelt = how.pop("spelt", str)

    def write(path: Path, rows: list[Row]) -> None:
        kinds = {**dict.fromkeys(TEXTS, text), **dict.fromkeys(NUMBERS, money), "line_item_usage_start_date": time,
                 "product": pairs, "resource_tags": pairs}  # fmt: skip
        columns = {spelt(name): pyarrow.array([_typed(one[name], kinds[name]) for one in rows], kinds[name]) for name in rows[0]}
        parquet.write_table(pyarrow.table(columns), path, **how)

    return write


def _typed(value: Any, kind: Any) -> Any:
    if isinstance(value, dict):
        return list(value.items())
    if pyarrow.types.is_decimal(kind) and isinstance(value, float):
        return Decimal(99999999999) if value != value else Decimal(repr(value))
    if pyarrow.types.is_timestamp(kind) and kind.tz is None and value is not None:
        return value.replace(tzinfo=None)
    return value


def older(name: str) -> str:
    return name.replace("line_item_usage_type", "lineItem/UsageType").replace("product_region_code", "product/regionCode")


WRITERS: dict[str, Write] = {
    "gzip": as_gzip,
    "snappy": parquet_file(compression="snappy"),
    "zstd, small row groups and pages": parquet_file(compression="zstd", row_group_size=2, data_page_size=64),
    "dictionaries that end in the middle": parquet_file(dictionary_pagesize_limit=20, data_page_size=64, write_batch_size=2),
    "gzip inside": parquet_file(compression="gzip", use_dictionary=False),
    "decimals": parquet_file(money=pyarrow.decimal128(38, 10)),
    "times of Hive": parquet_file(time=pyarrow.timestamp("ns"), use_deprecated_int96_timestamps=True),
    "times of another zone": parquet_file(time=pyarrow.timestamp("us", "America/Los_Angeles")),
    "texts as bytes": parquet_file(text=pyarrow.binary(), store_schema=False),
    "large texts": parquet_file(text=pyarrow.large_string(), version="1.0"),
    "dictionaries": parquet_file(text=pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
    "names of the older report": parquet_file(spelt=older),
}


def content(bill: Bill) -> tuple[object, ...]:
    """A bill without row numbers in its problems: a CSV also counts the line of column names."""
    problems = [re.sub("'(nan|99999999999.*)'", "", problem.partition(": ")[2]) for problem in bill.problems]
    return bill.rows, bill.groups, bill.plans, bill.usage_types, bill.unseen, bill.accounts, bill.problem_count, problems


@pytest.mark.parametrize("written", WRITERS.values(), ids=list(WRITERS))
def test_a_bill_is_the_same_in_each_format(tmp_path: Path, written: Write) -> None:
    as_csv(tmp_path / "bill.csv", ROWS)
    written(tmp_path / "bill", ROWS)
    wanted, found = (bill_of(str(tmp_path / name), account="111122223333") for name in ("bill.csv", "bill"))
    assert content(found) == content(wanted)
    assert (found.rows, found.problem_count, sorted(found.accounts)) == (13, 4, ["111122223333", "444455556666"])
    assert {group.region for group in found.groups} == {"us-east-2", "eu-west-1"}


def test_rows_of_parquet_are_counted_from_one(tmp_path: Path) -> None:
    parquet_file()(tmp_path / "bill", [row("USE2-Train:ml.g5.xlarge"), row("USE2-Train:ml.g5.xlarge", None)])
    assert bill_of(str(tmp_path / "bill")).problems == ["row 2: found '', wanted a number of hours"]


def good_parquet(path: Path) -> bytes:
    parquet_file(compression="zstd")(path, ROWS * 50)
    return path.read_bytes()


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "only its first bytes": lambda good: good[:4],
    "half of it": lambda good: good[: len(good) // 2],
    "its end alone is right": lambda good: b"PAR1" + good[-600:],
    "zeros in its middle": lambda good: good[:200] + bytes(2000) + good[2200:],
    "a footer longer than the file": lambda good: good[:-8] + b"\xff\xff\xff\x7fPAR1",
    "a footer of nothing": lambda good: good[:-8] + bytes(4) + b"PAR1",
    "another word at its end": lambda good: good[:-4] + b"PARE",
    "encrypted": lambda good: b"PARE" + good[4:],
    "packed once more": gzip.compress,
    "no column": lambda good: _table({"a": [1]}),
    "no column at all": lambda good: _table({}),
    "bytes that fit no page": lambda good: good.replace(good[40:90], bytes(50)),
}


def _table(columns: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_a_broken_parquet_file_is_one_sentence(tmp_path: Path, broken: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "bill"
    path.write_bytes(broken(good_parquet(path)))
    with pytest.raises(BadInput) as raised:
        bill_of(str(path))
    said = str(raised.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    assert len(said) < len(str(path)) + 220


def test_invalid_utf_8_is_replaced_as_in_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "bill"
    parquet_file(compression="none")(path, ROWS)
    path.write_bytes(path.read_bytes().replace(b"ManagedSpot", b"Managed\xff\x00ot"))
    assert list(bill_of(str(path)).unseen) == ["USE2-Managed\ufffdot:Training/g5"]


def test_a_truncated_or_changed_parquet_file_never_ends_with_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "bill"
    parquet_file(compression="none")(path, ROWS)
    good = path.read_bytes()
    refused = 0
    for place in range(4, len(good), 173):
        for bad in (good[:place], good[:place] + bytes([good[place] ^ 0x5A]) + good[place + 1 :]):
            path.write_bytes(bad)
            try:
                bill_of(str(path), bytes_most=10_000_000)
            except BadInput:
                refused += 1
    assert refused > 20


def test_a_parquet_file_that_unpacks_to_too_much_ends_with_a_sentence(tmp_path: Path) -> None:
    path, long = tmp_path / "bill", "x" * 5000
    parquet_file(compression="zstd")(path, [row(long)] * 2000)  # dictionary encoding: the file states a small size
    assert path.stat().st_size < 20_000
    with pytest.raises(BadInput, match=r"bill: more than 1,000,000 bytes, wanted the export of one month"):
        bill_of(str(path), bytes_most=1_000_000)
    parquet_file(use_dictionary=False)(path, [row(long)] * 2000)
    with pytest.raises(BadInput, match="wanted the export of one month"):
        bill_of(str(path), bytes_most=1_000_000)


def test_without_the_extra_parquet_is_refused_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet_file()(tmp_path / "bill", ROWS)
    as_csv(tmp_path / "bill.csv", ROWS)
    loaded = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "pyarrow":
            raise ModuleNotFoundError("No module named 'pyarrow'")
        return loaded(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    for read in (bill_of, refuse_bad_bill):
        with pytest.raises(BadInput, match=r"bill: found a Parquet file, wanted the extra .* pip install '\.\[parquet\]'"):
            read(str(tmp_path / "bill"))
    assert bill_of(str(tmp_path / "bill.csv")).rows == len(ROWS)


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes")
def test_parquet_from_a_pipe_is_one_sentence(tmp_path: Path) -> None:
    pipe, sent = tmp_path / "pipe", good_parquet(tmp_path / "bill")
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(sent[:1000]))
    writer.start()
    with pytest.raises(BadInput, match="found Parquet in a stream, wanted a file"):
        bill_of(str(pipe))
    writer.join()


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with s3_with("acme-bills") as client:
        yield client


@pytest.mark.parametrize("written", [as_csv, as_gzip, parquet_file()], ids=["CSV", "gzip", "Parquet"])
def test_a_bill_in_s3_is_the_same_as_on_this_machine(s3: Any, tmp_path: Path, written: Write) -> None:
    written(tmp_path / "bill", ROWS)
    s3.upload_file(str(tmp_path / "bill"), "acme-bills", "bill")
    wanted, found = bill_of(str(tmp_path / "bill")), bill_of("s3://acme-bills/bill")
    assert content(found) == content(wanted)
    assert found.rows == len(ROWS)


def test_a_broken_parquet_file_in_s3_is_one_sentence(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="acme-bills", Key="bad", Body=good_parquet(tmp_path / "bill")[:900])
    with pytest.raises(BadInput, match="s3://acme-bills/bad: "):
        bill_of("s3://acme-bills/bad")
