"""The counts of entries in a closed day have stored names that no renamed class changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

from controller.aws.dynamodb.items import STORED_NAMES
from controller.ledger.entry import Entry, JobDeleted
from controller.savings.rollup import ENTRY_NAMES, CountKind, roll_up

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_every_entry_is_counted_under_the_word_its_row_is_stored_with() -> None:
    assert {kind: STORED_NAMES[kind] for kind in get_args(Entry)} == ENTRY_NAMES


def test_a_deleted_job_is_counted_as_days_closed_before_counted_it() -> None:
    rollup = roll_up([JobDeleted(job="bert", at=NOON, team="search"), JobDeleted(job="gpt", at=NOON, team=None)])
    assert rollup.count(CountKind.ENTRY) == {"Vanished": 2}
