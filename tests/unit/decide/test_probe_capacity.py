"""For a job that was moved for its deadline, a probe runs each half hour, at most twenty times, while a return to spot pays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.facts import Facts
from controller.decide.probe_capacity import PROBES_MAX, probe_capacity
from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.changes import RequestForm
from controller.jobs.job import Interval
from controller.ledger.attempt_name import attempt_name, probe_name
from controller.ledger.intent import Announce, Intent, IntentResult, Probe, Submit, Wake
from controller.ledger.lineage_id import LineageId
from controller.ledger.messages.kind import MessageKind
from controller.ledger.move_cause import MoveCause
from controller.policy.mode import Mode
from controller.policy.resubmission import DeadlineSettings
from tests.builders import BEGIN, algorithm, attempt, block, facts, job, lineage, policy

HALF_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)
PROBING = DeadlineSettings(back_to_spot=True, probe=True)
TAGS = {"team": "vision", "spotwarden:deadline": (BEGIN + 40 * HOUR).isoformat(), "spotwarden:expected-runtime": "20h"}
OPENED = BEGIN + HOUR
LINEAGE = LineageId.of(job())
MOVED = attempt(2, spot=False, tags=TAGS, created_at=BEGIN + HOUR, intervals=(Interval(start=OPENED, end=None),))
SUBMITTED = Intent(
    action=Submit(about="bert", job=attempt_name(LINEAGE, 2), number=2, cause=MoveCause.DEADLINE), due_at=BEGIN, claim=1,
    closed=IntentResult.DONE,
)  # fmt: skip


def moved(after: timedelta, settings: DeadlineSettings = PROBING, mode: Mode = Mode.ENFORCE, **changes: Any) -> Facts:
    """A job that trains on-demand for a while."""
    about = changes.pop("job", MOVED)
    known = {
        "now": OPENED + after, "number": 2, "history": (), "lineage": lineage(LINEAGE, intents=(SUBMITTED,)),
        "policy": policy(rules=(), resubmissions=(block(mode=mode, deadline=settings),)),
    }  # fmt: skip
    return facts(about, **(known | changes))


def actions(of: Facts, kind: type) -> list[Any]:
    return [i.action for i in probe_capacity(of).intents if isinstance(i.action, kind)]


def test_the_first_probe_comes_after_half_an_hour_on_demand() -> None:
    early = moved(HALF_HOUR - timedelta(microseconds=1))
    assert not actions(early, Probe)
    assert [wake.at for wake in actions(early, Wake)] == [OPENED + HALF_HOUR]
    due = moved(HALF_HOUR)
    name = probe_name(LINEAGE, 2, 1)
    [probe] = actions(due, Probe)
    assert (probe.about, probe.born_at, probe.job, probe.pool) == (MOVED.name, MOVED.created_at, name, "us-east-1/ml.g5.2xlarge")
    assert probe.sent == RequestForm.of(MOVED).probing().to_json()
    assert [i.due_at for i in probe_capacity(due).intents if isinstance(i.action, Probe)] == [OPENED + HALF_HOUR]
    assert [(i.due_at, i.action.about) for i in probe_capacity(due).intents if isinstance(i.action, Wake)] == [
        (OPENED + 2 * HALF_HOUR, MOVED.name)
    ]
    [told] = actions(due, Announce)
    assert told.kind is MessageKind.PROBING


def test_the_nth_probe_is_due_at_the_nth_half_hour() -> None:
    third = moved(3 * HALF_HOUR + timedelta(minutes=7))
    assert [i.due_at for i in probe_capacity(third).intents if isinstance(i.action, Probe)] == [OPENED + 3 * HALF_HOUR]
    assert actions(third, Probe)[0].job == probe_name(LINEAGE, 2, 3)


def test_an_attempt_has_at_most_twenty_probes() -> None:
    assert PROBES_MAX == 20
    long = replace(MOVED, tags=TAGS | {"spotwarden:expected-runtime": "24h"})
    assert actions(moved(20 * HALF_HOUR, job=long), Probe)
    assert not probe_capacity(moved(21 * HALF_HOUR, job=long))


def test_no_probe_is_sent_where_a_return_would_repeat_more_than_is_left() -> None:
    assert not probe_capacity(moved(20 * HALF_HOUR))  # 10 hours that no checkpoint proves, and 10 hours left


def test_a_clock_that_is_behind_schedules_the_first_probe() -> None:
    assert [wake.at for wake in actions(moved(-HALF_HOUR), Wake)] == [OPENED + HALF_HOUR]


@pytest.mark.parametrize(
    "changes",
    [
        {"job": replace(MOVED, spot=True)},
        {"job": replace(MOVED, intervals=())},
        {"job": replace(MOVED, unrepeatable="it is serverless")},
        {"job": replace(MOVED, algorithm=algorithm(AlgorithmClass.BUILT_IN))},
        {"history": None},
        {"spot_seen": True},
        {"settings": replace(PROBING, probe=False)},
        {"settings": replace(PROBING, back_to_spot=False)},
        {"mode": Mode.WARN},
        {"policy": policy(resubmissions=())},
        {"lineage": lineage(LINEAGE)},
        {"lineage": lineage(LINEAGE, intents=(replace(SUBMITTED, action=replace(SUBMITTED.action, cause=MoveCause.ASKED)),))},
        {"lineage": lineage(LINEAGE, intents=(replace(SUBMITTED, action=replace(SUBMITTED.action, number=3)),))},
        {"job": replace(MOVED, tags={"team": "vision"})},
        {"job": replace(MOVED, tags=TAGS | {"spotwarden:deadline": "soon"})},
    ],
    ids=str,
)
def test_there_is_no_probe_where_it_is_not_allowed_or_would_not_help(changes: dict[str, Any]) -> None:
    assert not probe_capacity(moved(HALF_HOUR, **changes))


def test_a_custom_image_is_used_in_the_probe() -> None:
    assert actions(moved(HALF_HOUR, job=replace(MOVED, algorithm=algorithm(AlgorithmClass.CUSTOM))), Probe)


def test_there_is_no_probe_for_a_job_that_has_ended() -> None:
    over = replace(MOVED, status="Stopped", outcome="stopped")
    assert not probe_capacity(moved(HALF_HOUR, job=over))


def test_there_is_no_probe_for_an_older_attempt() -> None:
    later = replace(SUBMITTED, action=replace(SUBMITTED.action, number=3, job=attempt_name(LINEAGE, 3)))
    assert not probe_capacity(moved(HALF_HOUR, lineage=lineage(LINEAGE, intents=(SUBMITTED, later))))


def test_a_probe_leaves_time_for_the_move_to_spot_two_late_triggers_and_the_move_back() -> None:
    def due(hours: float, seconds: int) -> Facts:
        deadline = OPENED + HALF_HOUR + hours * HOUR + timedelta(seconds=seconds)
        return moved(HALF_HOUR, job=replace(MOVED, tags=TAGS | {"spotwarden:deadline": deadline.isoformat()}))

    needs_s = 120 + 180 + 120 + 300 + 120 + 2 * 600
    assert actions(due(20, needs_s), Probe)
    assert not probe_capacity(due(20, needs_s - 1))
