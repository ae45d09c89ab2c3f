"""Only attempts that trained affect what a lineage saved. An attempt that never launched changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decide import decide
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Interval, Outcome
from controller.ledger.entry import Entry, Measured
from controller.savings.attempt_savings import Savings, sum_savings
from tests.builders import BEGIN, attempt, ended, facts, job, lineage, rate, usage

HOUR = timedelta(hours=1)
URI = "s3://checkpoints/bert/"


@st.composite
def trained_attempts(draw: st.DrawFn) -> list[tuple[int, int | None]]:
    """For each attempt: the hours that it trained, and the hour of its last checkpoint; None without one."""
    hours = draw(st.lists(st.integers(1, 9), min_size=1, max_size=5))
    return [(trained, draw(st.none() | st.integers(0, trained))) for trained in hours]


def entries_of(attempts: list[tuple[int, int | None] | None], completes: bool) -> tuple[Entry, ...]:
    """The entries of a lineage if each attempt was looked at once, after its end. None: an attempt that never launched."""
    entries: tuple[Entry, ...] = ()
    now, newest = BEGIN, None
    for number, one in enumerate(attempts, 1):
        last = number == len(attempts)
        first = number == 1
        begun = job(checkpoint_uri=URI) if first else attempt(number, created_at=now, checkpoint_uri=URI)
        if one is None:
            over = ended(replace(begun, intervals=(), started_at=None), Outcome.STARVED, ended_at=now + HOUR, usage=None)
            now += HOUR
        else:
            trained, saved = one
            end = now + trained * HOUR
            newest = now + saved * HOUR if saved is not None else newest
            outcome = Outcome.COMPLETED if last and completes else Outcome.STARVED
            over = ended(
                replace(begun, started_at=now, intervals=(Interval(start=now, end=end),)), outcome, ended_at=end,
                usage=usage(trained * 3600, trained * 1000),
            )  # fmt: skip
            now = end
        entries += decide(
            facts(
                over, now=now, number=number, lineage=lineage(entries=entries), checkpoint_scan=scan(newest, now), rate=rate(),
                first_rate=rate(),
            )
        ).entries  # fmt: skip
    return entries


def scan(newest_at: datetime | None, now: datetime) -> CheckpointScan:
    return CheckpointScan(
        uri=URI, scanned_at=now, objects=int(newest_at is not None), bytes_seen=1, newest_at=newest_at, complete=True
    )  # fmt: skip


def total(entries: tuple[Entry, ...]) -> Savings:
    return sum_savings(entries, group=lambda _: "all")["all"]


@pytest.mark.slow
@settings(max_examples=60)
@given(trained_attempts(), st.integers(1, 5), st.integers(1, 3), st.booleans())
def test_an_attempt_that_never_launched_changes_nothing_that_a_lineage_saved(
    attempts: list[tuple[int, int | None]], place: int, times: int, completes: bool
) -> None:
    place = min(place, len(attempts) - 1) if len(attempts) > 1 else 0
    inserted = [*attempts[:place], *[None] * times, *attempts[place:]]
    plain, more = total(entries_of([*attempts], completes)), total(entries_of(inserted, completes))
    assert (more.saved_micros, more.useful_s, more.spent_micros) == (plain.saved_micros, plain.useful_s, plain.spent_micros)
    assert more.attempts == plain.attempts + times


def test_the_drawn_lineages_are_measured_and_credited() -> None:
    entries = entries_of([(3, 2), None, (4, 3), (2, None)], completes=True)
    assert sum(isinstance(entry, Measured) for entry in entries) == 4
    assert total(entries).useful_s == (2 + 3 + 2) * 3600


@pytest.mark.parametrize(
    ("attempts", "completes", "useful_h"),
    [
        ([(5, 4), (1, None)], False, 0),  # the second died, and no attempt restored its checkpoint and went on
        ([(5, 4), (1, None), (3, 2)], False, 4),  # the third went on from the first's checkpoint; the second did not
        ([(5, 4), (1, None), (3, 2), (1, None)], False, 4),  # no attempt went on from the third's
        ([(5, 4), None, (1, None), (3, 3)], True, 7),
        ([(5, 0), (2, 1), (1, None), None], False, 0),
        ([None, None], False, 0),
    ],
)  # fmt: skip
def test_credit_skips_attempts_that_died_at_once(
    attempts: list[tuple[int, int | None] | None], completes: bool, useful_h: int
) -> None:
    assert total(entries_of(attempts, completes)).useful_s == useful_h * 3600
