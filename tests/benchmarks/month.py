"""Measures the digest of a whole month by the number of its jobs: ``python -m tests.benchmarks.month``.

    memory   the in-memory ledger; each day is rolled up from generated entries, which are then dropped
    dynamo   AWS's DynamoDB Local: every entry is written, days are rolled up from the index, the digest reads the rollups

Time and peak memory are those of the daily digest with its month to date, after all days are closed; ``rollup`` is the slowest
day.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.aws.dynamodb.items import write
from controller.aws.dynamodb.keys import key, partition
from controller.jobs.job import Outcome
from controller.ledger.entry import Credited, Ended, Entry, Measured
from controller.runtime.digests.close_days import close_days
from controller.runtime.digests.queue_digests import Period, queue_digest
from controller.runtime.ports.all_ports import Home
from controller.savings.progress import UsefulBasis
from controller.savings.rollup import roll_up
from infra.local import aws
from tests import builders
from tests.own_ports import OwnPorts
from tests.simulation.memory import MemoryLedger, MemoryOutbox

FIRST = date(2026, 10, 1)
DAYS = 31
DAY = timedelta(days=1)
TEAMS, USERS, POOLS = 20, 5, 4


@dataclass
class Place(OwnPorts):
    """The ports that a digest needs."""

    ledger: Any
    at: datetime
    outbox: MemoryOutbox
    home: Home = field(default_factory=Home)

    @property
    def prices(self) -> Any:
        return self

    def now(self) -> datetime:
        return self.at

    def current(self) -> Any:
        return builders.policy()

    def rate(self, *_: object, **__: object) -> None:
        """No price is known: every entry has its own."""


def entries_of(day: date, jobs: int) -> Iterator[Entry]:
    """The entries of so many jobs of one day."""
    at = datetime.combine(day, datetime.min.time(), UTC)
    for number in range(jobs):
        name, when = f"job-{day:%d}-{number:06d}", at + timedelta(seconds=number % 86_400)
        team, pool = f"team-{number % TEAMS:02d}", f"ml.g5.{2 ** (number % POOLS)}xlarge"
        yield Ended(
            job=name, at=when, team=team, outcome=Outcome.COMPLETED, seen_at=when, failure=None, spot=True, instance_type=pool,
            region="us-east-1",
        )  # fmt: skip
        yield Measured(
            job=name, at=when, team=team, training_s=3600 + number % 999, billable_s=1200, spot=number % 7 > 0,
            instance_type=pool, instance_count=1, region="us-east-1", rate_micros_per_h=1_515_000, rate_as_of=FIRST,
            rate_source="test", user=f"user-{number // TEAMS % USERS}", algorithm="pytorch-training",
        )  # fmt: skip
        yield Credited(job=name, at=when, team=team, useful_s=3600, basis=UsefulBasis.WHOLE)


def memory(jobs: int) -> tuple[Any, float]:
    ledger, slowest = MemoryLedger(), 0.0
    for n in range(DAYS):
        day = FIRST + n * DAY
        began = time.perf_counter()
        ledger.days.put_rollup(day, roll_up(entries_of(day, jobs // DAYS)))
        slowest = max(slowest, time.perf_counter() - began)
    ledger.days.note_closed(datetime.combine(FIRST + DAYS * DAY, datetime.min.time(), UTC))
    return ledger, slowest


def dynamo(jobs: int, local: aws.Local) -> tuple[Any, float]:
    client = local.client("dynamodb")
    table = aws.create_table(local.dynamodb_url, f"Month-{jobs}")
    ledger = DynamoLedger(client, table)
    for n in range(DAYS):
        day = FIRST + n * DAY
        batch = []
        for entry in entries_of(day, jobs // DAYS):
            pk = f"lineage#{entry.job}"
            batch.append({**key(pk, f"entry#{entry.key}"), **write(entry), "day_pk": partition(f"{day}", pk)})
            if len(batch) == 25:
                _put(client, table, batch)
                batch = []
        _put(client, table, batch)
    ledger.days.note_closed(datetime.combine(FIRST, datetime.min.time(), UTC))
    place, slowest = Place(ledger, datetime.combine(FIRST, datetime.min.time(), UTC), MemoryOutbox()), 0.0
    for n in range(DAYS):
        place.at = datetime.combine(FIRST + (n + 1) * DAY, datetime.min.time(), UTC) + timedelta(hours=1)
        began = time.perf_counter()
        close_days(place.ports)
        slowest = max(slowest, time.perf_counter() - began)
    return ledger, slowest


def _put(client: Any, table: str, items: list[Any]) -> None:
    asked = {table: [{"PutRequest": {"Item": item}} for item in items]} if items else {}
    while asked:
        asked = client.batch_write_item(RequestItems=asked)["UnprocessedItems"]


def measured(ledger: Any) -> tuple[float, int]:
    """Seconds (the best of three) and peak bytes of one daily digest on the month's last day."""
    until = FIRST + DAYS * DAY
    due_at = datetime.combine(until, datetime.min.time(), UTC) + timedelta(hours=8)
    times = []
    for _ in range(3):
        place = Place(ledger, due_at, MemoryOutbox())
        began = time.perf_counter()
        queue_digest(Period.DAY, "#ml-spot", frozenset(), until - DAY, until, place.ports)
        times.append(time.perf_counter() - began)
    tracemalloc.start()
    queue_digest(Period.DAY, "#ml-spot", frozenset(), until - DAY, until, Place(ledger, due_at, MemoryOutbox()).ports)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(times), peak


def main() -> None:
    """Print a line for each ledger and number of jobs, compared with the smallest number."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.month", description=__doc__)
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], metavar="JOBS", help="with a ledger in memory"
    )
    parser.add_argument(
        "--dynamo", type=int, nargs="*", default=[10_000, 100_000], metavar="JOBS", help="with a DynamoDB on this machine"
    )
    asked = parser.parse_args()
    rows: list[tuple[str, int, float, float, int]] = []
    for jobs in asked.memory:
        ledger, slowest = memory(jobs)
        rows.append(("memory", jobs, slowest, *measured(ledger)))
    if asked.dynamo:
        with aws.start(dynamodb=aws.LOCAL) as local:
            for jobs in asked.dynamo:
                ledger, slowest = dynamo(jobs, local)
                rows.append(("dynamo", jobs, slowest, *measured(ledger)))
    print(f"{'ledger':<8}{'jobs':>10}{'rollup of a day':>16}{'digest':>10}{'peak':>10}{'against the first':>20}")
    first: dict[str, tuple[float, int]] = {}
    for name, jobs, slowest, seconds, peak in rows:
        base = first.setdefault(name, (seconds, peak))
        ratio = f"{seconds / base[0]:.2f} / {peak / base[1]:.2f}"
        print(f"{name:<8}{jobs:>10,}{slowest:>14.2f} s{1000 * seconds:>7.0f} ms{peak / 1e6:>7.1f} MB{ratio:>20}")


if __name__ == "__main__":
    main()
