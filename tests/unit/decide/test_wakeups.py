"""A job whose outcome or usage is not known yet is described again, at times that count from the job's own times."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from controller.decide.wakeups import next_wakeup_at, schedule_wakeups
from controller.jobs.job import Interval, Outcome
from controller.ledger.entry import Unmeasured
from controller.ledger.intent import Intent, Wake
from tests.builders import BEGIN, ended, facts, job, lineage, usage

HOUR = timedelta(hours=1)
ENDED = ended(job())
ENDED_AT = BEGIN + HOUR


def minutes(*times: datetime) -> list[float]:
    return [(at - BEGIN).total_seconds() / 60 for at in times]


def wakes(of: object) -> list[float]:
    found = schedule_wakeups(of).intents  # type: ignore[arg-type]
    assert all(i.due_at == i.action.at for i in found if isinstance(i.action, Wake))
    return minutes(*(i.due_at for i in found))


@pytest.mark.parametrize(
    ("now_min", "next_min"),
    [(0, 3), (2.9, 3), (3, 6), (6, 12), (12, 24), (24, 48), (48, 60), (59.9, 60), (60, 120), (120, 180), (-5, 3)],
)
def test_a_live_job_is_described_after_3_6_12_minutes_and_then_each_hour(now_min: float, next_min: float) -> None:
    assert minutes(next_wakeup_at(BEGIN, BEGIN + timedelta(minutes=now_min), most=HOUR)) == [next_min]


def test_a_job_that_should_have_a_checkpoint_is_looked_at_after_thirty_minutes_of_training() -> None:
    training = job(intervals=(Interval(start=BEGIN + timedelta(minutes=3), end=None),))
    assert wakes(facts(training, now=BEGIN + timedelta(minutes=10), history=())) == [12, 33]
    assert wakes(facts(training, now=BEGIN + timedelta(minutes=33), history=())) == [48]


def test_earlier_intervals_of_training_count_towards_the_first_checkpoint() -> None:
    def stretch(start_min: float, end_min: float | None) -> Interval:
        end = None if end_min is None else BEGIN + timedelta(minutes=end_min)
        return Interval(start=BEGIN + timedelta(minutes=start_min), end=end)

    again = job(intervals=(stretch(3, 13), stretch(14, 19), stretch(20, None)))
    assert wakes(facts(again, now=BEGIN + timedelta(minutes=21), history=())) == [24, 35]


def test_a_job_without_checkpoints_or_between_two_intervals_has_no_wake_for_a_scan() -> None:
    now = BEGIN + timedelta(minutes=10)
    assert wakes(facts(job(checkpoint_uri=None), now=now, history=())) == [12]
    assert wakes(facts(job(intervals=()), now=now, history=())) == [12]
    paused = job(intervals=(Interval(start=BEGIN, end=BEGIN + timedelta(minutes=1)),))
    assert wakes(facts(paused, now=now, history=())) == [12]


def test_a_wake_for_a_deadline_is_kept_at_rest() -> None:
    planned = BEGIN + 5 * HOUR
    past = BEGIN + timedelta(minutes=5)
    intents = tuple(Intent(action=Wake(about="bert", at=at), due_at=at) for at in (planned, past))
    others = Intent(action=Wake(about="gpt", at=planned - HOUR), due_at=planned - HOUR)
    known = lineage(intents=(*intents, others))
    now = BEGIN + timedelta(minutes=10)
    plain = job(checkpoint_uri=None)
    assert wakes(facts(plain, now=now, lineage=known, history=None)) == [12, 300]
    assert wakes(facts(plain, now=now, lineage=known, history=())) == [12]


def test_after_the_end_the_usage_is_looked_for_until_a_day_has_passed() -> None:
    assert wakes(facts(ENDED, now=ENDED_AT)) == [63]
    assert wakes(facts(ENDED, now=ENDED_AT + timedelta(hours=23))) == [60 + 24 * 60]
    assert wakes(facts(ENDED, now=ENDED_AT + timedelta(hours=24))) == []


def test_there_is_no_wake_once_the_usage_is_recorded_or_unknown() -> None:
    assert wakes(facts(replace(ENDED, usage=usage()), now=ENDED_AT)) == []
    unknown = Unmeasured(job="bert", at=ENDED_AT, team=None, spot=True)
    assert wakes(facts(ENDED, now=ENDED_AT, lineage=lineage(entries=(unknown,)))) == []


def test_a_job_without_an_end_time_counts_from_its_creation() -> None:
    odd = replace(ended(job(), Outcome.STOPPED), ended_at=None)
    assert wakes(facts(odd, now=BEGIN)) == [3]


def test_an_ended_job_whose_tags_may_be_late_is_looked_at_when_they_must_be_there() -> None:
    measured = replace(ENDED, usage=usage(), unknown=frozenset({"tags"}))
    assert wakes(facts(measured, now=BEGIN + timedelta(minutes=4))) == [5]
    assert wakes(facts(measured, now=BEGIN + timedelta(minutes=5))) == []
