"""A job is stopped to be moved when its deadline requires it, or people are told why it is not moved."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.deadline.stop_to_move import keep_deadline
from controller.decide.decision import Decision, Need
from controller.decide.facts import Facts
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Interval, Service
from controller.ledger.intent import Announce, Intent, Purpose, Stop, Wake
from controller.ledger.move_cause import MoveCause
from controller.notifications.messages.catalogue import importance_of
from controller.policy.mode import Mode
from controller.policy.resubmission import DeadlineSettings, FallbackKind, FallbackStep, Guarantee, InterruptionLimit
from controller.policy.slack_settings import Importance
from tests.builders import BEGIN, block, ended, job, policy
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
    assert "The next attempt costs at most $15.15. The job has not trained yet: nothing is lost." in text(late, "moving/deadline")


def test_a_job_that_is_over_and_an_older_attempt_are_not_moved() -> None:
    due = looked_up(WAITING, now=LATE)
    assert actions(due, Stop)
    for other in (replace(due, job=ended(WAITING)), replace(due, job=replace(WAITING, service=Service.TUNING))):
        assert keep_deadline(other) == Decision()
    assert keep_deadline(replace(due, number=0)) == Decision()


def test_a_job_that_uploads_its_model_is_never_moved() -> None:
    assert not actions(looked_up(replace(WAITING, secondary="Uploading"), now=LATE), Stop)


def test_in_warn_mode_people_are_told_and_the_job_is_not_moved() -> None:
    late = looked_up(WAITING, now=LATE, resubmission=block(mode=Mode.WARN))
    assert not actions(late, Stop)
    assert "is in warn mode." in text(late, "would-move/on-demand")
    assert "2026-03-02 15:00 UTC" in text(late, "would-move/on-demand")  # the deadline


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


@pytest.mark.parametrize(("spot", "wait_s", "reported"), [
    (True, 3600, True), (True, 21_599, True), (True, 21_600, False), (True, None, False), (False, 3600, False),
])  # fmt: skip
def test_only_a_spot_job_with_a_max_wait_that_ends_before_its_deadline_is_reported(
    spot: bool, wait_s: int | None, reported: bool
) -> None:
    waiting = looked_up(replace(WAITING, spot=spot, wait_s_max=wait_s), now=BEGIN + timedelta(minutes=6))
    assert ("max-wait-before-deadline" in topics(waiting)) is reported


NO_CHECKPOINTS = job(
    tags=TAGS, checkpoint_uri=None, intervals=(Interval(start=BEGIN + timedelta(hours=3), end=None),)
)  # fmt: skip
MOVES = block(deadline=DeadlineSettings(move_without_checkpoint=True))


def test_without_checkpoints_the_policy_chooses_between_the_deadline_and_the_cost() -> None:
    allowed = looked_up(NO_CHECKPOINTS, now=LATE, resubmission=MOVES)
    assert [stop.next_cause for stop in actions(allowed, Stop)] == [MoveCause.DEADLINE]
    assert "No checkpoint was seen: 40 min of training are lost" in text(allowed, "moving/deadline")
    money_first = block(deadline=DeadlineSettings(guarantee=Guarantee.MONEY))
    stays = looked_up(NO_CHECKPOINTS, now=LATE, resubmission=money_first)
    assert not actions(stays, Stop)
    assert "It stays on spot, because its policy prefers money to the deadline (`guarantee: money`)" in text(
        stays, "deadline-at-risk"
    )


def test_a_job_whose_checkpoint_was_never_seen_is_not_moved_unless_the_policy_says_so() -> None:
    """With a prefix but no checkpoint in it, or a prefix that could not be scanned, a stop would lose all training."""
    with_prefix = replace(NO_CHECKPOINTS, checkpoint_uri="s3://checkpoints/bert/")
    for changes in ({"checkpoint_scan": replace(SEEN, newest_at=None)}, {"checkpoint_scan": replace(SEEN, problem="no")}, {}):
        for training in (with_prefix, NO_CHECKPOINTS):
            late = looked_up(training, now=LATE, **changes)
            assert not actions(late, Stop)
            assert "a move would lose its training" in text(late, "not-moved/latest-moment")
    assert actions(looked_up(WAITING, now=LATE), Stop)  # nothing trains, so nothing is lost


# ── unproven progress ────────────────────────────────────────────────────────────────────────────────────────────────────────


def training(*, for_h: float, of: str, spot: bool, due_h: float, **changes: Any) -> Facts:
    """A job without checkpoints that has trained for ``for_h`` hours, from three minutes after its creation."""
    due = {"spotwarden:deadline": (BEGIN + timedelta(hours=due_h)).isoformat(), "spotwarden:expected-runtime": of}
    one = job(tags={"team": "vision"} | due, checkpoint_uri=None, spot=spot, wait_s_max=72_000 if spot else None)
    return looked_up(one, now=BEGIN + timedelta(minutes=3, hours=for_h), resubmission=MOVES, **changes)


@pytest.mark.parametrize("due_h", [8, 6, 4.4])
def test_an_uninterrupted_spot_job_is_not_stopped_15_minutes_before_its_end(due_h: float) -> None:
    nearly_done = training(for_h=3.75, of="4h", spot=True, due_h=due_h)
    assert not actions(nearly_done, Stop)
    assert "deadline-lost" not in topics(nearly_done)
    assert not decide(learn(nearly_done, decide(nearly_done)))


def test_people_are_told_once_that_a_job_stays_on_spot_because_a_move_would_lose_more_than_is_left() -> None:
    nearly_done = training(for_h=3.75, of="4h", spot=True, due_h=8)
    assert "15 min of training are left, and a move would lose 3 h 45 min." in text(nearly_done, "deadline-at-risk")
    assert "deadline-at-risk" not in topics(training(for_h=3.75, of="4h", spot=True, due_h=9))  # it can still start over


@pytest.mark.parametrize(
    ("about", "topic", "told"),
    [("bert", "not-moved/latest-moment", True), ("bert-0", "not-moved/latest-moment", False), ("bert", "no-room", False)],
)
def test_after_the_message_that_a_job_is_not_moved_none_says_that_it_stays_on_spot(about: str, topic: str, told: bool) -> None:
    nearly_done = training(for_h=3.75, of="4h", spot=True, due_h=8)
    said = Intent(action=Announce(about=about, topic=topic, channel="#c", kind="k", facts="{}"), due_at=BEGIN)
    known = replace(nearly_done, lineage=replace(nearly_done.lineage, intents=(said,)))
    assert ("deadline-at-risk" in topics(known)) is not told


def test_a_spot_job_with_more_left_than_a_move_would_lose_is_moved_at_the_latest_moment() -> None:
    assert actions(training(for_h=1, of="4h", spot=True, due_h=5.4), Stop)


@pytest.mark.parametrize("spot", [True, False])
def test_a_job_without_a_checkpoint_that_finishes_in_time_has_not_lost_its_deadline(spot: bool) -> None:
    for minutes in range(241):
        assert "deadline-lost" not in topics(training(for_h=minutes / 60, of="4h", spot=spot, due_h=6))


def test_a_deadline_is_told_as_lost_once_an_uninterrupted_run_is_too_late() -> None:
    assert "deadline-lost" not in topics(training(for_h=1, of="4h", spot=False, due_h=4.05))
    assert "deadline-lost" in topics(training(for_h=1, of="4h", spot=False, due_h=4.04))


def test_an_interruption_without_a_checkpoint_loses_what_was_trained() -> None:
    cut = training(for_h=3, of="4h", spot=True, due_h=6)
    cut = replace(cut, job=replace(cut.job, intervals=(Interval(start=BEGIN + timedelta(minutes=3), end=cut.now),)))
    assert "deadline-lost" in topics(cut)


def test_a_job_that_takes_longer_than_expected_is_left_alone_until_its_deadline_has_passed() -> None:
    for spot in (True, False):
        longer = training(for_h=5, of="4h", spot=spot, due_h=6)
        assert not actions(longer, Stop)
        assert "deadline-lost" not in topics(longer)
        assert "deadline-lost" in topics(replace(longer, now=BEGIN + timedelta(hours=6, seconds=1)))


def test_a_job_that_uploads_its_model_has_not_lost_its_deadline() -> None:
    for spot in (True, False):
        done = training(for_h=4, of="4h", spot=spot, due_h=4.2)
        uploading = replace(done.job, secondary="Uploading", intervals=(Interval(start=BEGIN, end=done.now),))
        assert not {"deadline-lost", "deadline-at-risk"} & set(topics(replace(done, job=uploading)))


def test_a_job_with_checkpoints_is_not_stopped_where_less_is_left_than_the_move_costs() -> None:
    """Two hours of work, 10 minutes left, the rest proven by a checkpoint: a move takes 14 minutes and repeats nothing."""
    one = job(tags=TAGS | {"spotwarden:deadline": (BEGIN + timedelta(hours=2, minutes=20)).isoformat()})
    at = BEGIN + timedelta(minutes=113)
    seen = replace(SEEN, newest_at=at, scanned_at=at)
    assert not actions(looked_up(one, now=at, checkpoint_scan=seen), Stop)
    begun = replace(one, tags=TAGS, intervals=(Interval(start=BEGIN + timedelta(hours=3, minutes=30), end=None),))
    ten_minutes = replace(SEEN, newest_at=BEGIN + timedelta(hours=3, minutes=40))
    assert actions(looked_up(begun, now=BEGIN + timedelta(hours=3, minutes=50), checkpoint_scan=ten_minutes), Stop)


def test_a_moved_job_without_a_checkpoint_does_not_return_to_spot() -> None:
    settings = DeadlineSettings(back_to_spot=True, move_without_checkpoint=True)
    moved = training(for_h=1, of="4h", spot=False, due_h=20, spot_seen=True)
    assert not actions(replace(moved, policy=policy(rules=(), resubmissions=(block(deadline=settings),))), Stop)


def test_a_job_is_not_stopped_where_its_spend_cap_has_no_room_for_the_move() -> None:
    over_cap = looked_up(WAITING, now=LATE, resubmission=block(cap_micros=1))
    assert not actions(over_cap, Stop)
    assert "is not moved: spend cap" in text(over_cap, "cannot-afford/deadline")


def test_a_job_is_not_stopped_where_what_its_team_spent_leaves_no_room_for_the_move() -> None:
    capped = block(team_month_cap_micros=1_000_000_000)
    before = looked_up(WAITING, now=LATE, resubmission=capped, looked_up=frozenset(Need))
    [cost] = [stop.cost_micros for stop in actions(before, Stop)]
    room = 1_000_000_000 - cost
    assert actions(replace(before, team_spent_micros=room), Stop)
    over = replace(before, team_spent_micros=room + 1)
    assert not actions(over, Stop)
    [announced] = [a for a in actions(over, Announce) if a.topic == "cannot-afford/deadline"]
    cap = {"cap_micros": 1_000_000_000, "spent_micros": room + 1, "next_micros": cost}
    assert json.loads(announced.facts)["cap"] == cap


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
    told = "2 interruptions within 2 h; the policy allows 1."
    assert told in text(
        looked_up(interrupted, now=BEGIN + 2 * HOUR, resubmission=limited, checkpoint_scan=SEEN), "moving/interruptions"
    )
    warned = looked_up(
        interrupted, now=BEGIN + 2 * HOUR, resubmission=replace(limited, mode=Mode.WARN), checkpoint_scan=SEEN
    )  # fmt: skip
    assert told in text(warned, "would-move/interruptions")
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


@pytest.mark.parametrize(
    ("spot", "due_h", "lost"),
    [(True, 3.5, False), (True, 2.5, True), (False, 3.5, False), (False, 2.5, True), (False, 3.05, False)],
)
@pytest.mark.parametrize("checkpoint_uri", [None, "s3://checkpoints/bert/"])
def test_a_job_that_uploads_has_trained_to_the_end_whatever_was_expected(
    checkpoint_uri: str | None, spot: bool, due_h: float, lost: bool
) -> None:
    """4 h of training were expected, and it was done after 3 h: its deadline is lost only when it is over."""
    due = {"spotwarden:deadline": (BEGIN + timedelta(hours=due_h)).isoformat(), "spotwarden:expected-runtime": "4h"}
    trained = (Interval(start=BEGIN + timedelta(minutes=2), end=BEGIN + 3 * HOUR),)
    one = job(secondary="Uploading", tags=due, checkpoint_uri=checkpoint_uri, spot=spot, intervals=trained)
    uploads = looked_up(one, now=BEGIN + 3 * HOUR + timedelta(minutes=1), resubmission=MOVES)
    assert ("deadline-lost" in topics(uploads)) == lost
    assert not actions(uploads, Stop)


@pytest.mark.parametrize(
    ("for_h", "of", "spot", "due_h", "lost"),
    [
        (0.05, "4h", False, 4.05, False),  # it ends in the second of its deadline
        (0.05, "4h", False, 4.04, True),
        (2, "4h", True, 4.05, False),
        (2, "4h", True, 4.04, True),
        (5, "4h", False, 5.1, False),  # longer than expected: any moment now
        (5, "4h", False, 5.0, True),  # the deadline is over
        (3.9, "4h", True, 3, True),
    ],
)
def test_a_deadline_is_lost_from_the_second_in_which_nothing_can_keep_it(
    for_h: float, of: str, spot: bool, due_h: float, lost: bool
) -> None:
    late = training(for_h=for_h, of=of, spot=spot, due_h=due_h)
    assert ("deadline-lost" in topics(late)) == lost
    if lost:
        assert not actions(late, Stop)
