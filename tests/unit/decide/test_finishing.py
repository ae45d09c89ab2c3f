"""A job is finished by its deadline, from its checkpoint, within its cap, or people are told why not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.facts import Facts
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.failure import FailureCause
from controller.jobs.job import Job, Outcome
from controller.jobs.request import change_from_json
from controller.ledger.entry import CheckpointScanned, Finished, Flagged, Measured, Started
from controller.ledger.intent import Announce, Intent, IntentResult, Publish, Purpose, Stop, Submit, Wake
from controller.ledger.lineage import attempt_name
from controller.ledger.move_cause import MoveCause
from controller.notifications.messages import text_of
from controller.policy.mode import Mode
from controller.policy.policy import Repair, RuleAction
from controller.policy.resubmission import (
    DeadlineSettings,
    FallbackKind,
    FallbackStep,
    Guarantee,
    InterruptionLimit,
    Resubmission,
)
from tests import builders
from tests.builders import BEGIN, block, budget, ended, facts, job, policy, rule

HOUR = timedelta(hours=1)
LATE = BEGIN + timedelta(hours=3, minutes=40)  # two hours of work, the start and a margin before the deadline
SIX = (BEGIN + 6 * HOUR).isoformat()
TAGS = {"team": "vision", "spotwarden:deadline": SIX, "spotwarden:expected-runtime": "2h"}
WAITING = job(secondary="Starting", started_at=None, intervals=(), tags=TAGS)


def looked(about: Job, *, now: datetime, resubmission: Resubmission | None = None, **changes: Any) -> Facts:
    """A close look at a job whose policy would finish it."""
    rules = policy(rules=(), resubmissions=(resubmission or block(),))
    return facts(about, **({"now": now, "policy": rules, "history": (), "claims": ()} | changes))


def actions(of: Facts, *kinds: type) -> list[Any]:
    return [i.action for i in decide(of).intents if isinstance(i.action, kinds)]


def topics(of: Facts) -> list[str]:
    return [a.topic for a in actions(of, Announce)]


def words(of: Facts, topic: str) -> str:
    return "\n".join(text_of(a.kind, a.facts).body for a in actions(of, Announce) if a.topic == topic)


# ── the deadline ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_waiting_job_is_woken_at_its_latest_safe_moment() -> None:
    overhead_s = 120 + 180 + 120 + 300 + 120
    safe = BEGIN + 6 * HOUR - 2 * HOUR - timedelta(seconds=overhead_s + 600)
    assert safe in [wake.at for wake in actions(looked(WAITING, now=BEGIN + HOUR), Wake)]


def test_at_that_moment_it_is_stopped_to_go_on_elsewhere_and_people_hear_why() -> None:
    late = looked(WAITING, now=LATE)
    [stop] = actions(late, Stop)
    assert (stop.purpose, stop.next_cause) == (Purpose.MOVE, MoveCause.DEADLINE)
    assert "is moved to on-demand" in words(late, "moving/deadline")


def test_a_job_that_uploads_its_model_is_never_moved() -> None:
    assert not actions(looked(replace(WAITING, secondary="Uploading"), now=LATE), Stop)


def test_a_policy_that_only_warns_moves_nothing() -> None:
    late = looked(WAITING, now=LATE, resubmission=block(mode=Mode.WARN))
    assert not actions(late, Stop)
    assert "would be moved now." in words(late, "would-move/on-demand")


def test_a_policy_that_forbids_on_demand_says_so_and_moves_nothing() -> None:
    late = looked(WAITING, now=LATE, resubmission=block(on_demand=False))
    assert not actions(late, Stop)
    assert "does not allow it" in words(late, "on-demand-forbidden")


def test_a_deadline_that_cannot_be_met_is_told_with_the_earliest_finish() -> None:
    lost = looked(WAITING, now=BEGIN + 5 * HOUR)
    assert not actions(lost, Stop)
    assert "will miss its deadline" in words(lost, "deadline-lost")
    assert f"{BEGIN + 5 * HOUR + 2 * HOUR + timedelta(seconds=840):%Y-%m-%d %H:%M}" in words(lost, "deadline-lost")


def test_proven_progress_moves_the_latest_safe_moment() -> None:
    training = job(tags=TAGS)
    seen = CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN, objects=1, bytes_seen=1, newest_at=BEGIN + 4 * HOUR, complete=True
    )
    assert actions(looked(training, now=BEGIN + 5 * HOUR), Stop) == []  # nothing is proven: it is lost already
    assert "deadline-lost" in topics(looked(training, now=BEGIN + 5 * HOUR))
    assert "deadline-lost" not in topics(looked(training, now=BEGIN + 5 * HOUR, checkpoint_scan=seen))


def test_without_an_estimate_nothing_is_moved_and_people_are_told() -> None:
    unknown = replace(WAITING, tags={"team": "vision", "spotwarden:deadline": SIX})
    one_run = looked(unknown, now=LATE, history=(7000,))
    assert not actions(one_run, Stop)
    assert "so far: 1" in words(one_run, "no-estimate")


def test_a_family_s_history_is_an_estimate() -> None:
    unknown = replace(WAITING, tags={"team": "vision", "spotwarden:deadline": SIX})
    assert actions(looked(unknown, now=LATE, history=(7000, 7100, 7200)), Stop)


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ({"spotwarden:deadline": "tomorrow"}, "found 'tomorrow', wanted an ISO 8601 time"),
        ({"spotwarden:deadline": "2026-03-02T15:00:00"}, "wanted a time with its zone"),
        ({"spotwarden:deadline": "2026-03-01T15:00:00Z"}, "wanted a time after the job's creation"),
        ({"spotwarden:deadline": SIX, "spotwarden:expected-runtime": "0"}, "wanted a duration above zero"),
        ({"spotwarden:deadline": SIX, "spotwarden:expected-runtime": "long"}, "wanted a duration above zero"),
    ],
)
def test_a_tag_that_cannot_be_read_is_told_and_the_job_left_as_it_is(tag: dict[str, str], said: str) -> None:
    odd = looked(replace(WAITING, tags={"team": "vision"} | tag), now=LATE)
    assert not actions(odd, Stop, Submit)
    assert said in words(odd, "deadline-unreadable")


def test_a_clock_behind_sagemakers_changes_nothing() -> None:
    assert not actions(looked(WAITING, now=BEGIN - timedelta(minutes=5)), Stop)


def test_a_wait_that_ends_before_the_deadline_is_noticed_at_the_start() -> None:
    short = replace(WAITING, wait_s_max=3600, runtime_s_max=3600)
    assert "max-wait-before-deadline" in topics(looked(short, now=BEGIN + timedelta(minutes=3)))


def test_where_nothing_checkpoints_the_policy_chooses_between_the_deadline_and_money() -> None:
    bare = job(tags=TAGS, checkpoint_uri=None)
    assert [stop.next_cause for stop in actions(looked(bare, now=LATE), Stop)] == [MoveCause.DEADLINE]
    saving = looked(bare, now=LATE, resubmission=block(deadline=DeadlineSettings(guarantee=Guarantee.MONEY)))
    assert not actions(saving, Stop)
    assert "It stays on spot, because its policy says `guarantee: money`" in words(saving, "deadline-at-risk")


def test_what_trains_on_spot_moves_while_the_loss_of_an_interval_can_still_be_made_good() -> None:
    training = job(tags=TAGS)
    seen = CheckpointScan(
        uri="s3://checkpoints/bert/",
        scanned_at=BEGIN,
        objects=1,
        bytes_seen=1,
        newest_at=BEGIN + timedelta(minutes=33),
        complete=True,
    )  # half an hour is proven, so an hour and a half and a start are left to do
    safe = BEGIN + 6 * HOUR - timedelta(hours=1, minutes=30 + 14)
    interval = timedelta(minutes=30)
    assert not actions(looked(training, now=safe - interval, checkpoint_scan=seen), Stop)
    assert actions(looked(training, now=safe - interval + timedelta(minutes=1), checkpoint_scan=seen), Stop)


def test_a_job_whose_cap_has_no_room_for_a_move_is_not_stopped() -> None:
    poor = looked(WAITING, now=LATE, resubmission=block(cap_micros=1))
    assert not actions(poor, Stop)
    assert "is not moved: spend cap" in words(poor, "cannot-afford/deadline")


# ── what follows a move ──────────────────────────────────────────────────────────────────────────────────────────────────────


def moved(ending: Outcome = Outcome.STOPPED, cause: MoveCause = MoveCause.DEADLINE, **changes: Any) -> Facts:
    """The job after a Stop of ours, with what the ledger knows of it."""
    stop = Intent(
        action=Stop(about="bert", because="late", purpose=Purpose.MOVE, next_cause=cause),
        due_at=BEGIN,
        claim=1,
        closed=IntentResult.DONE,
    )
    over = ended(WAITING, ending, ended_at=BEGIN + 4 * HOUR)
    return looked(
        over, now=BEGIN + 4 * HOUR, lineage=builders.lineage(intents=(stop, *changes.pop("intents", ()))), claims=None, **changes
    )


def test_what_was_stopped_for_its_deadline_goes_on_on_demand_at_once() -> None:
    [submit] = actions(moved(), Submit)
    assert submit.cause is MoveCause.DEADLINE
    assert change_from_json(submit.changes) == {
        "EnableManagedSpotTraining": False,
        "StoppingCondition": {"MaxWaitTimeInSeconds": None},
    }


def test_what_was_stopped_goes_on_whatever_the_policy_says_by_now() -> None:
    [submit] = actions(moved(policy=policy(rules=(), resubmissions=())), Submit)
    assert submit.cause is MoveCause.DEADLINE


def test_a_job_that_completed_while_it_was_stopped_is_left_alone() -> None:
    assert not actions(moved(Outcome.COMPLETED), Submit)


def test_where_on_demand_is_refused_it_goes_back_to_spot_under_another_name() -> None:
    [first] = actions(moved(), Submit)
    refused = Intent(action=first, due_at=BEGIN, claim=1, closed=IntentResult.REFUSED, why="ResourceLimitExceeded")
    [second] = actions(moved(intents=(refused,)), Submit)
    assert (second.cause, second.changes, second.number) == (MoveCause.RETURN, "", 3)
    assert second.job != first.job


def test_where_on_demand_finds_no_capacity_it_goes_back_to_spot_with_its_old_wait() -> None:
    root = Started(
        job="bert", at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1,
        region="us-east-1", service=None, checkpoint_uri=None, runtime_s_max=36_000, wait_s_max=72_000,
    )  # fmt: skip
    made = Submit(about="bert", job="bert-2", number=2, cause=MoveCause.DEADLINE)
    lineage = builders.lineage(entries=(root,), intents=(Intent(action=made, due_at=BEGIN, claim=1, closed=IntentResult.DONE),))
    over = ended(job("bert-2", spot=False, wait_s_max=None, tags=TAGS), Outcome.CAPACITY)
    [submit] = actions(looked(over, now=BEGIN + HOUR, number=2, lineage=lineage, claims=None), Submit)
    assert submit.cause is MoveCause.RETURN
    assert change_from_json(submit.changes)["StoppingCondition"]["MaxWaitTimeInSeconds"] == 72_000


RETURNING = block(deadline=DeadlineSettings(back_to_spot=True))


def test_a_job_that_was_moved_returns_when_the_fleet_shows_that_spot_is_back() -> None:
    bought = job("bert-2", spot=False, wait_s_max=None, tags=TAGS, created_at=BEGIN)
    seen = looked(bought, now=BEGIN + HOUR, resubmission=RETURNING, spot_seen=True, number=2)
    assert [stop.next_cause for stop in actions(seen, Stop)] == [MoveCause.RETURN]
    assert not actions(replace(seen, spot_seen=False), Stop)
    assert not actions(replace(seen, policy=policy(rules=(), resubmissions=(block(),))), Stop)


def test_only_a_job_that_may_return_leaves_spot_early() -> None:
    short = BEGIN + timedelta(hours=3, minutes=25)  # twenty minutes before the latest safe moment
    assert not actions(looked(WAITING, now=short), Stop)
    assert actions(looked(WAITING, now=short, resubmission=RETURNING, spot_seen=False), Stop)


def test_what_returns_gets_its_old_wait_again() -> None:
    root = Started(
        job="bert", at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1,
        region="us-east-1", service=None, checkpoint_uri=None, runtime_s_max=36_000, wait_s_max=72_000,
    )  # fmt: skip
    stop = Stop(about="bert-2", because="back", purpose=Purpose.MOVE, next_cause=MoveCause.RETURN)
    lineage = builders.lineage(entries=(root,), intents=(Intent(action=stop, due_at=BEGIN, claim=1, closed=IntentResult.DONE),))
    over = ended(job("bert-2", spot=False, wait_s_max=None, tags=TAGS), Outcome.STOPPED)
    [submit] = actions(looked(over, now=BEGIN + HOUR, number=2, lineage=lineage, claims=None), Submit)
    assert change_from_json(submit.changes)["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 36_000,
        "MaxWaitTimeInSeconds": 72_000,
    }


def test_too_many_interruptions_take_the_next_step() -> None:
    ladder = (FallbackStep(kind=FallbackKind.SAME), FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge",)))
    patient = block(ladder=ladder, interruption_limit=InterruptionLimit(more_than=1, within_s=7200))
    often = job(interrupted_at=(BEGIN + HOUR, BEGIN + HOUR + timedelta(minutes=9)))
    [stop] = actions(looked(often, now=BEGIN + 2 * HOUR, resubmission=patient), Stop)
    assert stop.next_cause is MoveCause.INTERRUPTIONS
    assert not actions(looked(often, now=BEGIN + 9 * HOUR, resubmission=patient), Stop)


# ── repair ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


MENDING = policy(
    rules=(
        rule("save-it", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR,
             repair=Repair(checkpoint="s3://acme/{team}/{family}/")),
    ),
    resubmissions=(),
)  # fmt: skip
UNSAVED = job(checkpoint_uri=None)


def test_an_offender_is_stopped_with_the_changes_that_mend_it() -> None:
    [stop] = actions(facts(UNSAVED, policy=MENDING), Stop)
    assert (stop.purpose, stop.next_cause) == (Purpose.REPAIR, MoveCause.REPAIR)
    assert change_from_json(stop.changes) == {"CheckpointConfig": {"S3Uri": "s3://acme/vision/bert/"}}


def test_the_mended_job_is_submitted_without_any_resubmit_block() -> None:
    [stop] = actions(facts(UNSAVED, policy=MENDING), Stop)
    done = Intent(action=stop, due_at=BEGIN, claim=1, closed=IntentResult.DONE)
    over = facts(ended(UNSAVED, Outcome.STOPPED), policy=MENDING, lineage=builders.lineage(intents=(done,)))
    [submit] = actions(over, Submit)
    assert (submit.cause, submit.changes) == (MoveCause.REPAIR, stop.changes)


def test_a_repaired_job_that_breaks_the_rule_still_is_announced_and_not_repaired_again() -> None:
    made = Intent(
        action=Submit(about="bert", job="bert-2", number=2, cause=MoveCause.REPAIR),
        due_at=BEGIN,
        claim=1,
        closed=IntentResult.DONE,
    )
    before = next(e for e in decide(facts(UNSAVED, policy=MENDING)).entries if isinstance(e, Flagged))
    lineage = builders.lineage(intents=(made,), entries=(before,))
    again = facts(job("bert-2", checkpoint_uri=None), policy=MENDING, number=2, lineage=lineage)
    assert not actions(again, Stop, Submit)
    assert "no second repair" in words(again, "flagged/save-it/enforce")


def test_a_repair_that_is_refused_leaves_the_job_as_it_is_and_says_why() -> None:
    odd = facts(replace(UNSAVED, tags={"team": "../search"}), policy=MENDING)
    assert not actions(odd, Stop)
    assert "No automatic repair" in words(odd, "flagged/save-it/enforce")


# ── money, endings, and the others ───────────────────────────────────────────────────────────────────────────────────────────


def starved(**changes: Any) -> Facts:
    over = ended(job(runtime_s_max=3600), **changes.pop("job", {}))
    return looked(over, now=BEGIN + HOUR, claims=None, **changes)


def test_an_attempt_that_fits_its_cap_is_made_and_one_that_does_not_is_given_up_aloud() -> None:
    assert actions(starved(resubmission=block(cap_micros=3_030_000)), Submit)
    dear = starved(resubmission=block(cap_micros=3_029_999))
    assert not actions(dear, Submit)
    assert "Spend cap: $3.03. Spent so far, at most: $1.52. The next attempt may cost $1.52." in words(dear, "gave-up")


def test_what_was_spent_counts_against_the_cap() -> None:
    spent = Measured(
        job="bert-0", at=BEGIN, team="vision", training_s=3600, billable_s=3600, spot=True, instance_type="ml.g5.2xlarge",
        instance_count=1, region="us-east-1", rate_micros_per_h=1_515_000, rate_as_of=None, rate_source=None,
    )  # fmt: skip
    assert actions(starved(resubmission=block(cap_micros=4_000_000)), Submit)
    before = starved(resubmission=block(cap_micros=4_000_000), lineage=builders.lineage(entries=(spent,)))
    assert not actions(before, Submit)


def test_without_a_price_a_cap_cannot_be_kept() -> None:
    blind = starved(resubmission=block(cap_micros=9_000_000), rate=None)
    assert not actions(blind, Submit)
    assert "No price is known for this instance type" in words(blind, "gave-up")


SECOND = attempt_name(builders.lineage_id(), 2)


def waiting_for_quota(tries: int, *, fallback_step: int = 0) -> Intent:
    """The next attempt, as it waits for the account's limit after so many tries."""
    submit = Submit(about="bert", job=SECOND, number=2, cause=FailureCause.STARVED, fallback_step=fallback_step)
    return Intent(action=submit, due_at=BEGIN + HOUR, claim=tries, why="no quota: An error occurred (ResourceLimitExceeded)")


CLIMBING = block(
    causes={FailureCause.STARVED: budget(3), FailureCause.QUOTA: budget(2)},
    ladder=(FallbackStep(kind=FallbackKind.SAME), FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge",))),
)


def test_what_waits_for_a_quota_climbs_when_its_tries_are_used_up() -> None:
    patient = starved(resubmission=CLIMBING, lineage=builders.lineage(intents=(waiting_for_quota(1),)))
    assert not actions(patient, Submit)
    assert not decide(patient).withdrawn
    spent = starved(resubmission=CLIMBING, lineage=builders.lineage(intents=(waiting_for_quota(2),)))
    [submit] = actions(spent, Submit)
    assert (submit.number, submit.cause) == (3, FailureCause.QUOTA)
    assert change_from_json(submit.changes)["ResourceConfig"]["InstanceType"] == "ml.g5.4xlarge"
    assert [i.key for i in decide(spent).withdrawn] == [f"submit/{SECOND}"]


def test_what_waits_for_a_quota_goes_on_waiting_where_there_is_nothing_to_climb() -> None:
    alone = block(causes={FailureCause.STARVED: budget(3), FailureCause.QUOTA: budget(2)})
    spent = starved(resubmission=alone, lineage=builders.lineage(intents=(waiting_for_quota(9),)))
    assert not actions(spent, Submit)
    assert not decide(spent).withdrawn


def test_an_internal_error_is_tried_twice_at_most_whatever_the_policy_says() -> None:
    tries = [
        Intent(
            action=Submit(about="x", job=f"bert-{n}", number=n, cause=FailureCause.INTERNAL),
            due_at=BEGIN,
            claim=1,
            closed=IntentResult.DONE,
        )
        for n in (2, 3)
    ]
    over = ended(job("bert-3"), Outcome.INTERNAL)
    keen = block(causes={FailureCause.INTERNAL: budget(9)})
    third = looked(over, now=BEGIN + HOUR, number=3, lineage=builders.lineage(intents=tries), resubmission=keen, claims=None)
    assert not actions(third, Submit)
    assert "gave-up" in topics(third)


def test_an_algorithm_error_is_tried_again_only_where_the_policy_names_it() -> None:
    named = block(causes={FailureCause.ALGORITHM: budget(1, beginnings=("AlgorithmError: Exit Code: 137",))})
    killed = {"outcome": Outcome.ALGORITHM, "failure": "AlgorithmError: Exit Code: 137"}
    assert actions(starved(job=killed, resubmission=named), Submit)
    quoted = {"outcome": Outcome.ALGORITHM, "failure": "AlgorithmError: it said AlgorithmError: Exit Code: 137"}
    assert not actions(starved(job=quoted, resubmission=named), Submit)


def test_a_jitter_is_the_lineage_s_own_and_the_same_every_time() -> None:
    jittery = block(causes={FailureCause.STARVED: budget(3, first_s=3600, jitter=0.5)})
    due = [i.due_at for _ in range(2) for i in decide(starved(resubmission=jittery)).intents if isinstance(i.action, Submit)]
    assert due[0] == due[1]
    assert BEGIN + 2 * HOUR <= due[0] <= BEGIN + 2.5 * HOUR


def test_what_was_lost_is_told_when_it_is_submitted_again() -> None:
    newest = BEGIN + timedelta(minutes=50)
    seen = CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN + HOUR, objects=1, bytes_seen=1, newest_at=newest, complete=True
    )
    again = starved(checkpoint_scan=seen)
    [submit] = actions(again, Submit)
    assert "Lost: 10 min of training" in words(again, f"resubmitting/{submit.job}")
    [sighted] = [e for e in decide(again).entries if isinstance(e, CheckpointScanned)]
    assert (sighted.occasion, sighted.proven_s, sighted.at_risk_s) == ("ended", 47 * 60, 600)


def test_internal_errors_of_a_heavy_prefix_are_told_with_its_weight() -> None:
    heavy = CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN, objects=2000, bytes_seen=90_000_000_000, newest_at=BEGIN, complete=False
    )
    once = block(causes={FailureCause.INTERNAL: budget(0)})
    told = words(starved(job={"outcome": Outcome.INTERNAL}, checkpoint_scan=heavy, resubmission=once), "gave-up")
    assert "is too large to restore (at least 2,000 objects, 90.0 GB)" in told


def test_checkpoints_that_cannot_be_seen_are_told() -> None:
    seen = CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN, objects=0, bytes_seen=0, newest_at=None, complete=False,
        problem="the bucket does not exist",
    )  # fmt: skip
    assert "the bucket does not exist" in words(starved(checkpoint_scan=seen), "checkpoints-unseen")


def finished(**changes: Any) -> Facts:
    over = ended(job(model_artifacts="s3://m/bert/model.tar.gz"), Outcome.COMPLETED, **changes)
    return looked(over, now=BEGIN + 2 * HOUR, claims=None)


def test_who_waits_for_a_lineage_hears_of_its_end_with_its_model_and_its_money() -> None:
    [publish] = actions(finished(usage=builders.usage()), Publish)
    detail = json.loads(publish.detail)
    assert publish.detail_type == "Spotwarden Lineage Finished"
    assert (detail["ending"], detail["attempts"], detail["modelArtifacts"]) == ("completed", 1, "s3://m/bert/model.tar.gz")
    assert (detail["spentUsd"], detail["unmeasured"]) == ("0.352238", 0)


def test_a_lineage_that_goes_on_is_not_finished() -> None:
    assert not actions(starved(), Publish)


def test_a_finished_lineage_teaches_its_family_how_long_it_took() -> None:
    [entry] = [e for e in decide(finished(usage=builders.usage())).entries if isinstance(e, Finished)]
    assert (entry.family, entry.work_s) == ("bert", 57 * 60)


def test_a_bill_that_is_late_does_not_keep_listeners_waiting() -> None:
    assert [json.loads(p.detail)["unmeasured"] for p in actions(finished(), Publish)] == [1]
