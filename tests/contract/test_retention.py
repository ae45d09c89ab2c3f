"""The rows of a lineage expire after LedgerDays, but the sums of its days are kept. With DynamoDB's API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.aws.dynamodb.retention import Retention
from controller.cli.ledger_data.whole_table import WholeTable
from controller.decide.decision import Decision
from controller.ledger.entry import Waived
from controller.ledger.intent import Announce, Intent, IntentResult, Wake
from infra.local import aws
from tests.builders import BEGIN, lineage_id
from tests.contract.conftest import TABLES
from tests.contract.test_days import interrupted

KEPT = timedelta(days=400)
DAY = timedelta(days=1)


def row_times(client: Any, table: str) -> dict[str, datetime | None]:
    """When each row of a lineage expires."""
    rows = [row for row in WholeTable(client, table).rows() if row["pk"]["S"].startswith("lineage#")]
    return {
        row["sk"]["S"]: datetime.fromtimestamp(int(row["expires_at"]["N"]), BEGIN.tzinfo) if "expires_at" in row else None
        for row in rows
    }


@pytest.fixture
def client(dynamodb: Any) -> Any:
    return dynamodb


@pytest.fixture
def table(client: Any) -> str:
    return aws.create_table(client.meta.endpoint_url, next(TABLES))


def test_an_entry_expires_and_an_open_intent_does_not(client: Any, table: str) -> None:
    lineages = DynamoLedger(client, table, retention=Retention(KEPT, lambda: BEGIN)).lineages
    wake = Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN + DAY, claim=0, why="")
    gone = Intent(action=Wake(about="bert", at=BEGIN + DAY), due_at=BEGIN, claim=0, why="")
    entry = interrupted()
    waived = Waived(job="b", at=BEGIN, team=None, policy="p", who="U1", reason="", ticket="", until=BEGIN + 9 * DAY)
    assert lineages.commit(lineages.load(lineage_id()), Decision(entries=(entry, waived), intents=(wake, gone)))
    assert lineages.close(lineage_id(), gone, IntentResult.DONE, "")
    assert row_times(client, table) == {
        "head": BEGIN + DAY + KEPT,
        f"entry#{entry.key}": BEGIN + KEPT,
        f"entry#{waived.key}": BEGIN + 9 * DAY + KEPT,
        f"intent#{wake.key}": None,
        f"intent#{gone.key}": BEGIN + KEPT,
    }


def test_an_intent_that_is_said_again_no_longer_expires(client: Any, table: str) -> None:
    lineages = DynamoLedger(client, table, retention=Retention(KEPT, lambda: BEGIN)).lineages
    said = Intent(action=Announce(about="bert", topic="t", channel="C1"), due_at=BEGIN, claim=0, why="")
    assert lineages.commit(lineages.load(lineage_id()), Decision(intents=(said,)))
    assert lineages.commit(lineages.load(lineage_id()), Decision(withdrawn=(said,)))
    assert row_times(client, table)[f"intent#{said.key}"] == BEGIN + KEPT
    assert lineages.commit(lineages.load(lineage_id()), Decision(intents=(said,)))
    assert row_times(client, table)[f"intent#{said.key}"] is None


def test_without_the_setting_nothing_of_a_lineage_expires(client: Any, table: str) -> None:
    lineages = DynamoLedger(client, table).lineages
    assert lineages.commit(lineages.load(lineage_id()), Decision(entries=(interrupted(),)))
    assert set(row_times(client, table).values()) == {None}


@pytest.mark.parametrize(("age", "marked"), [(399, 1), (400, 0), (2000, 0)])
def test_a_day_whose_entries_may_be_gone_is_not_rolled_up_again(client: Any, table: str, age: int, marked: int) -> None:
    midnight = BEGIN.replace(hour=0, minute=0, second=0, microsecond=0)
    now = midnight + timedelta(days=age)
    ledger = DynamoLedger(client, table, retention=Retention(KEPT, lambda: now))
    decision = Decision(entries=(interrupted(),)).leased(now, now)
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), decision)
    assert len(list(ledger.days.late())) == marked
    DynamoLedger(client, table).days.mark_late(BEGIN.date(), "an older version")
    assert len(list(ledger.days.late())) == 2 * marked


@pytest.mark.parametrize("days", [1, 399, -5])
def test_less_than_a_lineage_can_last_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="wanted 0"):
        Retention(timedelta(days=days), lambda: BEGIN)
