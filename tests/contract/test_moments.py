"""Ports that store a time: it never moves back, each has its own row, and the names of rows never change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.schedule import DiscoverPass
from infra.local import aws
from tests.builders import BEGIN

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Moment:
    """How a stored time is read and written, and the name of its row."""

    read: Callable[[Ledger], datetime | None]
    note: Callable[[Ledger, datetime], None]
    stored_as: str
    partition: str = "cursor"


MOMENTS = {
    "first pass": Moment(
        lambda ledger: ledger.passes.passed_until(DiscoverPass.FIRST),
        lambda ledger, at: ledger.passes.note_passed(DiscoverPass.FIRST, at),
        "discover",
        "discover",
    ),
    "second pass": Moment(
        lambda ledger: ledger.passes.passed_until(DiscoverPass.SECOND),
        lambda ledger, at: ledger.passes.note_passed(DiscoverPass.SECOND, at),
        "discover-again",
        "discover",
    ),
    "days closed": Moment(
        lambda ledger: ledger.days.closed_until(), lambda ledger, at: ledger.days.note_closed(at), "rollup"
    ),
    "daily digest": Moment(
        lambda ledger: ledger.digests.queued_at("day", "#ml"),
        lambda ledger, at: ledger.digests.note_queued("day", "#ml", at, at.date()),
        "digest/day/#ml",
    ),
    "weekly digest": Moment(
        lambda ledger: ledger.digests.queued_at("week", "#ml"),
        lambda ledger, at: ledger.digests.note_queued("week", "#ml", at, at.date()),
        "digest/week/#ml",
    ),
    "digests checked": Moment(
        lambda ledger: ledger.digests.checked_at(), lambda ledger, at: ledger.digests.note_checked(at), "digests"
    ),
    "prices refreshed": Moment(
        lambda ledger: ledger.prices.refreshed_at("us-east-1"),
        lambda ledger, at: ledger.prices.note_refresh("us-east-1", at),
        "prices/us-east-1",
    ),
    "prices billed": Moment(
        lambda ledger: ledger.prices.billed_until("us-east-1"),
        lambda ledger, at: ledger.prices.note_billed("us-east-1", at),
        "bill/us-east-1",
    ),
    "blocks refused": Moment(
        lambda ledger: ledger.block_support.blocks_refused_at(),
        lambda ledger, at: ledger.block_support.note_blocks_refused(at),
        "slack/plain-blocks",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MOMENTS)
def test_a_moment_goes_forward_only(ledger: Ledger, name: str) -> None:
    moment = MOMENTS[name]
    assert moment.read(ledger) is None
    moment.note(ledger, BEGIN)
    moment.note(ledger, BEGIN - MINUTE)
    assert moment.read(ledger) == BEGIN
    moment.note(ledger, BEGIN + MINUTE)
    assert moment.read(ledger) == BEGIN + MINUTE


@pytest.mark.parametrize("name", MOMENTS)
def test_no_two_stored_times_share_a_row(ledger: Ledger, name: str) -> None:
    MOMENTS[name].note(ledger, BEGIN)
    assert [other for other, moment in MOMENTS.items() if moment.read(ledger)] == [name]


def test_the_days_that_a_digest_reported_are_kept_with_its_time_and_move_with_it(ledger: Ledger) -> None:
    assert ledger.digests.reported_until("day", "#ml") is None
    for at, until in ((BEGIN, "2026-03-02"), (BEGIN - MINUTE, "2026-03-05"), (BEGIN + MINUTE, "2026-03-01")):
        ledger.digests.note_queued("day", "#ml", at, date.fromisoformat(until))
    assert ledger.digests.reported_until("day", "#ml") == date(2026, 3, 1)
    assert ledger.digests.reported_until("week", "#ml") is None


def test_moments_are_stored_under_the_names_that_ledgers_hold(dynamodb: Any) -> None:
    table = aws.create_table(dynamodb.meta.endpoint_url, "Moments")
    for n, moment in enumerate(MOMENTS.values()):
        at = (BEGIN + n * MINUTE).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        row = {"pk": {"S": moment.partition}, "sk": {"S": moment.stored_as}, "at": {"S": at}, "schema": {"N": "1"}}
        dynamodb.put_item(TableName=table, Item=row)
    ledger = DynamoLedger(dynamodb, table)
    assert [moment.read(ledger) for moment in MOMENTS.values()] == [BEGIN + n * MINUTE for n in range(len(MOMENTS))]
    for moment in MOMENTS.values():
        moment.note(ledger, BEGIN + timedelta(days=1))
    assert dynamodb.scan(TableName=table)["Count"] == len(MOMENTS)


def test_the_position_of_a_pass_is_not_in_a_partition_that_other_functions_write(dynamodb: Any) -> None:
    table = aws.create_table(dynamodb.meta.endpoint_url, "Passes")
    ledger = DynamoLedger(dynamodb, table)
    row = {"pk": {"S": "cursor"}, "sk": {"S": "discover"}, "at": {"S": "9999-01-01T00:00:00.000000Z"}, "schema": {"N": "1"}}
    dynamodb.put_item(TableName=table, Item=row)
    assert ledger.passes.passed_until(DiscoverPass.FIRST) is None
    ledger.passes.note_passed(DiscoverPass.FIRST, BEGIN)
    assert ledger.passes.passed_until(DiscoverPass.FIRST) == BEGIN
