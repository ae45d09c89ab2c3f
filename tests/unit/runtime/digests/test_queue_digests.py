"""A digest is stored page by page, whatever it contains: no item is larger than DynamoDB accepts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from controller.aws.dynamodb.items import write
from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, Entry, Finished, Flagged, Interrupted, Waived
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.policy.slack_settings import SlackSettings
from controller.runtime.digests.queue_digests import Period, queue_digest
from controller.runtime.outbox.drain import drain
from controller.runtime.ports.outbox import Message
from controller.savings.rollup import roll_up
from tests import builders
from tests.builders import BEGIN
from tests.slack_limits import broken
from tests.unit.policy.test_waiver import waiver
from tests.unit.runtime.slack_place import Place
from tests.unit.savings.test_report import measured, told

DAY = timedelta(days=1)
FIRST = date(2026, 3, 2)
ITEM_MAX = 400 * 1024


def name(kind: str, number: int) -> str:
    """A tag value of the greatest length: AWS counts characters, DynamoDB their bytes."""
    return f"{kind}{number:04d}" + "\N{PILE OF POO}" * 250


def entries(day: int, teams: int) -> list[Entry]:
    made: list[Entry] = []
    for number in range(teams):
        at, team, type_ = BEGIN + day * DAY, name("team", number), f"ml.new{number}.xlarge"
        job = measured(f"job-{number}-{day}", team=team, user=name("user", number), instance_type=type_, at=at, interruptions=2)
        outcome = tuple(Outcome)[number % len(Outcome)]
        made += [
            Finished(
                job=job.job, at=at, team=team, family=team, outcome=Outcome.STARVED, attempts=1, spot=True, instance_type=type_,
                region="us-east-1", work_s=60, deadline=at,
            ),
            Flagged(
                job=job.job, at=at, team=team, rule="spot-required", policy=name("rule", number), severity=Severity.HIGH,
                mode=Mode.ENFORCE, field="F", found="off", wanted="on", revision="r1",
            ),
            *told(job),
            Interrupted(job=job.job, at=at, team=team, instance_type=type_, region="us-east-1"),
            Ended(job=job.job, at=at, team=team, outcome=outcome, seen_at=at, failure=None, spot=True, instance_type=type_,
                  region="us-east-1"),
        ]  # fmt: skip
    return made


@pytest.mark.parametrize(("teams", "waived"), [(1, 0), (300, 0), (300, 300)])
def test_no_page_of_a_digest_is_larger_than_an_item_may_be_and_slack_takes_them_all(teams: int, waived: int) -> None:
    place: Any = Place()
    place.report_store, place.publish = place, lambda _: ""
    place.prices, place.rate = place, lambda *_: None
    waivers = tuple(waiver(name=name("w", number), reason=name("r", number)) for number in range(waived))
    place.policy = replace(builders.policy(waivers=waivers), slack=SlackSettings())
    for number in range(waived):
        person = name("who", number)
        one = Waived(
            job=f"job-{number}", at=BEGIN, team=person, policy=person, who=person, reason=person, ticket=person,
            until=BEGIN + 90 * DAY,
        )  # fmt: skip
        place.ledger.row(builders.lineage_id()).entries[one.key] = one
    for day in range(7):
        place.ledger.days.put_rollup(FIRST + day * DAY, roll_up(entries(day, teams)))
    for number in range(waived):
        told_late = Message(key=f"late-{number}", channel="#ml-spot", at=BEGIN, words=(name("late", number),))
        place.outbox.shelve(told_late)
    place.at = BEGIN + 7 * DAY
    place.ledger.days.note_closed(place.at)
    queue_digest(Period.WEEK, "#ml-spot", frozenset(), FIRST, FIRST + 7 * DAY, place)
    waiting = place.outbox.waiting("#ml-spot", 999)
    assert waiting
    assert max(size(write(message)) for message in waiting) < ITEM_MAX
    for _ in range(3):
        place.at += timedelta(minutes=1)
        drain(place.ports)
    assert place.outbox.waiting("#ml-spot", 999) == []
    assert all(broken(page.text, page.blocks) == [] for _, _, page in place.slack.posts)


def size(found: Any) -> int:
    """The bytes of an item: of its names and texts."""
    if isinstance(found, dict):
        return sum(len(name) + size(value) for name, value in found.items())
    return sum(map(size, found)) if isinstance(found, list) else len(str(found).encode())
