"""A job is stopped to be moved when its deadline requires it, or people are told why it is not moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.facts import Facts
from controller.decide.need import Need
from controller.jobs.checkpoint import CheckpointScan
from controller.ledger.intent import Purpose, Stop, Wake
from controller.ledger.move_cause import MoveCause
from controller.notifications.messages import importance_of
from controller.policy.mode import Mode
from controller.policy.resubmission import DeadlineSettings, FallbackKind, FallbackStep, Guarantee, InterruptionLimit
from controller.policy.slack_settings import Importance
from tests.builders import BEGIN, block, job, policy
from tests.properties.lives import learn
from tests.unit.decide.deciding import HOUR, TAGS, WAITING, actions, looked_up, text, topics

LATE = BEGIN + timedelta(hours=3, minutes=40)  # 2 h of work, the move and the margin before the deadline
BACK_TO_SPOT = block(deadline=DeadlineSettings(back_to_spot=True))
SEEN = CheckpointScan(
    uri="s3://checkpoints/bert/",
    scanned_at=BEGIN,
    objects=1,
    bytes_seen=1,
    newest_at=BEGIN + timedelta(minutes=30),
    complete=True,
)


def test_at_the_latest_safe_moment_a_waiting_job_is_moved_to_on_demand() -> None:
    late = looked_up(WAITING, now=LATE)
    [stop] = actions(late, Stop)
    assert (stop.purpose, stop.next_cause) == (Purpose.MOVE, MoveCause.DEADLINE)
    assert "is moved to on-demand" in text(late, "moving/deadline")


def test_a_job_that_uploads_its_model_is_never_moved() -> None:
    assert not actions(looked_up(replace(WAITING, secondary="Uploading"), now=LATE), Stop)


def test_in_warn_mode_people_are_told_and_the_job_is_not_moved() -> None:
    late = looked_up(WAITING, now=LATE, resubmission=block(mode=Mode.WARN))
    assert not actions(late, Stop)
    assert "is in warn mode." in text(late, "would-move/on-demand")


def test_without_permission_for_on_demand_people_are_told_and_the_job_is_not_moved() -> None:
    late = looked_up(WAITING, now=LATE, resubmission=block(on_demand=False))
    assert not actions(late, Stop)
    assert "does not allow it" in text(late, "on-demand-forbidden")


def test_a_deadline_that_cannot_be_met_is_reported_with_the_earliest_finish() -> None:
    lost = looked_up(WAITING, now=BEGIN + 5 * HOUR)
    assert not actions(lost, Stop)
    assert "will miss its deadline" in text(lost, "deadline-lost")
    assert f"{BEGIN + 5 * HOUR + 2 * HOUR + timedelta(seconds=840):%Y-%m-%d %H:%M}" in text(lost, "deadline-lost")


def test_a_max_wait_that_ends_before_the_deadline_is_reported_at_the_start() -> None:
    short = replace(WAITING, wait_s_max=3600, runtime_s_max=3600)
    assert "max-wait-before-deadline" in topics(looked_up(short, now=BEGIN + timedelta(minutes=6)))


def test_without_checkpoints_the_policy_chooses_between_the_deadline_and_the_cost() -> None:
    without_checkpoints = job(tags=TAGS, checkpoint_uri=None)
    moves = block(deadline=DeadlineSettings(move_without_checkpoint=True))
    allowed = looked_up(without_checkpoints, now=LATE, resubmission=moves)
    assert [stop.next_cause for stop in actions(allowed, Stop)] == [MoveCause.DEADLINE]
    assert "No checkpoint was seen: 3 h 37 min of training are lost" in text(allowed, "moving/deadline")
    money_first = block(deadline=DeadlineSettings(guarantee=Guarantee.MONEY))
    stays = looked_up(without_checkpoints, now=LATE, resubmission=money_first)
    assert not actions(stays, Stop)
    assert "It stays on spot, because its policy prefers money to the deadline (`guarantee: money`)" in text(
        stays, "deadline-at-risk"
    )


def test_a_job_whose_checkpoint_was_never_seen_is_not_moved_unless_the_policy_says_so() -> None:
    """With a prefix but without a checkpoint in it, or where nobody could look: a stop would lose everything."""
    for changes in ({"checkpoint_scan": replace(SEEN, newest_at=None)}, {"checkpoint_scan": replace(SEEN, problem="no")}, {}):
        for training in (job(tags=TAGS), job(tags=TAGS, checkpoint_uri=None)):
            late = looked_up(training, now=LATE, **changes)
            assert not actions(late, Stop)
            assert "a move would lose its training" in text(late, "not-moved/latest-moment")
    assert actions(looked_up(WAITING, now=LATE), Stop)  # nothing trains, so nothing is lost


def test_a_job_is_not_stopped_where_its_spend_cap_has_no_room_for_the_move() -> None:
    over_cap = looked_up(WAITING, now=LATE, resubmission=block(cap_micros=1))
    assert not actions(over_cap, Stop)
    assert "is not moved: spend cap" in text(over_cap, "cannot-afford/deadline")


def test_a_moved_job_returns_to_spot_when_spot_capacity_is_seen_and_the_policy_allows_it() -> None:
    on_demand = job("bert-2", spot=False, wait_s_max=None, tags=TAGS, created_at=BEGIN)
    seen = looked_up(
        on_demand, now=BEGIN + HOUR, resubmission=BACK_TO_SPOT, spot_seen=True, number=2,
        checkpoint_scan=replace(SEEN, uri="s3://checkpoints/bert-2/"),
    )  # fmt: skip
    assert [stop.next_cause for stop in actions(seen, Stop)] == [MoveCause.RETURN]
    assert not actions(replace(seen, spot_seen=False), Stop)
    assert not actions(replace(seen, policy=policy(rules=(), resubmissions=(block(),))), Stop)


def test_only_a_job_that_may_return_to_spot_leaves_it_early() -> None:
    early = BEGIN + timedelta(hours=3, minutes=25)  # 20 min before the latest safe moment
    assert not actions(looked_up(WAITING, now=early), Stop)
    assert actions(looked_up(WAITING, now=early, resubmission=BACK_TO_SPOT, spot_seen=False), Stop)


def test_a_job_with_too_many_interruptions_takes_the_next_fallback_step() -> None:
    ladder = (FallbackStep(kind=FallbackKind.SAME), FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge",)))
    limited = block(ladder=ladder, interruption_limit=InterruptionLimit(more_than=1, within_s=7200))
    interrupted = job(interrupted_at=(BEGIN + HOUR, BEGIN + HOUR + timedelta(minutes=9)))
    assert not actions(looked_up(interrupted, now=BEGIN + 2 * HOUR, resubmission=limited), Stop)
    [stop] = actions(looked_up(interrupted, now=BEGIN + 2 * HOUR, resubmission=limited, checkpoint_scan=SEEN), Stop)
    assert stop.next_cause is MoveCause.INTERRUPTIONS
    assert not actions(looked_up(interrupted, now=BEGIN + 9 * HOUR, resubmission=limited, checkpoint_scan=SEEN), Stop)


# ── the on-demand quota ──────────────────────────────────────────────────────────────────────────────────────────────────────


def at_its_latest_moment(**changes: Any) -> Facts:
    """A job of two instances at its latest safe moment; ``room`` is what the account's on-demand quota allows."""
    tags = TAGS | {"spotwarden:deadline": (BEGIN + 3 * HOUR).isoformat()}
    waiting = job(tags=tags, secondary="Starting", intervals=(), instance_count=2, checkpoint_uri=None)
    return looked_up(waiting, **{"now": BEGIN + 2 * HOUR / 3, **changes})


@pytest.mark.parametrize("room", [2, None], ids=["enough room", "the quota is unknown"])
def test_a_job_is_moved_where_the_quota_has_room_or_is_unknown(room: int | None) -> None:
    assert actions(at_its_latest_moment(room=room), Stop)


def test_before_a_move_the_decision_asks_for_the_quota_and_moves_nothing() -> None:
    unknown = at_its_latest_moment(looked_up=frozenset())
    assert decide(unknown).needs == {Need.ON_DEMAND_ROOM}
    assert not actions(unknown, Stop)


@pytest.mark.parametrize(
    "no_move",
    [at_its_latest_moment(looked_up=frozenset(), now=BEGIN), at_its_latest_moment(looked_up=frozenset(), history=None)],
    ids=["there is time", "a job at rest"],
)
def test_where_no_move_is_due_the_quota_is_not_asked_for(no_move: Facts) -> None:
    assert decide(no_move).needs == frozenset()


def test_without_room_in_the_quota_the_job_stays_people_are_told_and_it_is_described_soon() -> None:
    no_room = at_its_latest_moment(room=1)
    assert not actions(no_room, Stop)
    assert "It needs 2 instances of ml.g5.2xlarge; the account's quota allows 1 more" in text(no_room, "no-room")
    assert importance_of("no-room") is Importance.PERSON
    assert BEGIN + 3 * HOUR / 4 in [wake.at for wake in actions(no_room, Wake)]
    assert not decide(learn(no_room, decide(no_room)))
