"""A person is forgotten while days are closed. In any order of the calls, the name is removed and all sums stay the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.aws.dynamodb.days import DynamoDays
from controller.aws.dynamodb.table import Table
from controller.cli.ledger_data.forget import FORGOTTEN, forget
from controller.cli.ledger_data.rows import line_of
from controller.cli.ledger_data.whole_table import WholeTable
from controller.decide.decision import Decision
from controller.ledger.entry import Credited, Entry
from controller.runtime.digests.close_days import close_days
from controller.runtime.ports.answers import Unreachable
from controller.runtime.tally import Tally
from infra.local import aws
from tests.builders import BEGIN, lineage_id
from tests.client_errors import client_error
from tests.contract.conftest import TABLES
from tests.unit.savings.test_report import measured

DAY = timedelta(days=1)
TODAY = BEGIN.date()
MIDNIGHT = datetime.combine(TODAY, datetime.min.time(), UTC)
ADA = frozenset({"ada"})


@pytest.fixture(scope="module")
def local() -> Iterator[aws.Local]:
    with aws.start(dynamodb=aws.ATOMIC) as started:
        yield started


@dataclass
class Interrupting:
    """A client that counts its calls, and runs a function once, just before one of them."""

    client: Any
    at: int
    otherwise: Callable[[], object]
    calls: int = 0

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            self.calls += 1
            if self.calls == self.at:
                self.otherwise()
            return getattr(self.client, name)(**asked)

        return getattr(self.client, name) if name in ("get_paginator", "meta") else call


@dataclass
class Stack:
    """A ledger with attempts of ada and another user, on a day that is closed and on a past day that is not closed yet."""

    client: Any
    table: str
    now_at: datetime = MIDNIGHT + 2 * DAY + timedelta(hours=1)
    _late: int = field(default=0)

    def __post_init__(self) -> None:
        self.learn(measured("first", user="ada", at=BEGIN), measured("other", user="eve", at=BEGIN))
        self.learn(measured("second", user="ada", at=BEGIN + DAY))
        ledger = DynamoLedger(self.client, self.table)
        ledger.days.note_closed(MIDNIGHT)
        self.now_at -= DAY
        self.close(self.client)
        self.now_at += DAY

    def learn(self, *entries: Entry, late: bool = False) -> None:
        """Commit entries. Late ones mark their day."""
        ledger, root = DynamoLedger(self.client, self.table), lineage_id(f"root{self._late}")
        self._late += 1
        credited = [Credited(job=e.job, at=e.at, team="vision", useful_s=3600, basis="whole") for e in entries]
        at = self.now_at if late else entries[0].at
        decision = Decision(entries=(*entries, *credited)).leased(at, at)
        assert ledger.lineages.commit(ledger.lineages.load(root), decision)

    def close(self, client: Any) -> None:
        """Run the function that closes days once."""

        class Place:
            ledger, tally = DynamoLedger(client, self.table), Tally()
            now = staticmethod(lambda: self.now_at)
            rate = staticmethod(lambda *_: None)

        ports: Any = Place()
        ports.clock = ports.prices = ports
        with suppress(Unreachable):  # the function is invoked again later
            close_days(ports)

    def forget(self, client: Any) -> int:
        return forget(client, self.table, ADA, write=True, wait=lambda _: None)

    def sums(self) -> dict[str, dict[str, tuple[int, int]]]:
        """By closed day and user: the number of attempts and the dollars spent."""
        rollups = DynamoLedger(self.client, self.table).days.rollups(TODAY, TODAY + 3 * DAY)
        return {
            f"{day}": {group.user: (savings.attempts, savings.spent_micros) for group, savings in rollup.groups.items()}
            for day, rollup in rollups
        }

    def names(self) -> list[str]:
        return [line for line in map(line_of, WholeTable(self.client, self.table).rows()) if '"ada"' in line]


def stack(local: aws.Local) -> Stack:
    return Stack(local.client("dynamodb"), aws.create_table(local.dynamodb_url, next(TABLES)))


def expected(stack: Stack) -> dict[str, dict[str, tuple[int, int]]]:
    one = measured("first", user="ada", at=BEGIN)
    spent = next(iter(stack.sums()[f"{TODAY}"].values()))[1]
    assert spent > 0
    assert one.user == "ada"
    first = {FORGOTTEN: (2, 2 * spent), "eve": (1, spent)}  # the third attempt is recorded late
    return {f"{TODAY}": first, f"{TODAY + DAY}": {FORGOTTEN: (1, spent)}}


SHOWN = (9, 22)  # positions in each run of the suite; the nightly run tries all


def positions(until: int) -> list[Any]:
    return [at if at in SHOWN else pytest.param(at, marks=pytest.mark.nightly) for at in range(1, until)]


@pytest.mark.parametrize("at", positions(30))
def test_a_person_who_is_forgotten_while_days_are_closed_is_in_no_sum_and_the_sums_stay(local: aws.Local, at: int) -> None:
    place = stack(local)
    wanted = expected(place)
    place.learn(measured("third", user="ada", at=BEGIN), late=True)
    interrupted = Interrupting(place.client, at, lambda: place.forget(place.client))
    place.close(interrupted)
    if interrupted.calls < at:  # there were fewer calls
        place.forget(place.client)
    place.close(place.client)
    assert place.names() == []
    assert place.sums() == wanted


@pytest.mark.parametrize("at", positions(24))
def test_days_that_are_closed_while_a_person_is_forgotten_have_no_name_and_whole_sums(local: aws.Local, at: int) -> None:
    place = stack(local)
    wanted = expected(place)
    place.learn(measured("third", user="ada", at=BEGIN), late=True)
    assert place.forget(Interrupting(place.client, at, lambda: place.close(place.client))) == 0
    place.close(place.client)
    assert place.names() == []
    assert place.sums() == wanted


class AlwaysFaster:
    """A table in which another writer always is first. It counts the puts."""

    puts = 0

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {}

    def put_item(self, **_: Any) -> None:
        self.puts += 1
        raise client_error("ConditionalCheckFailedException", operation="PutItem")


def test_the_count_of_forgotten_people_is_tried_a_number_of_times_and_not_for_ever() -> None:
    client = AlwaysFaster()
    with pytest.raises(Unreachable, match="other runs of spotwarden forget changed the same row, 20 times: run it again"):
        DynamoDays(Table(client, "T")).note_forgotten()
    assert client.puts == 20
