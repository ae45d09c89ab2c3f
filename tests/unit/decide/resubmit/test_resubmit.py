"""The next attempt of a job that failed, was moved or was repaired; or the reason why there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from controller.decide import decide
from controller.decide.decision import Need
from controller.decide.facts import READ_AFTER, Facts
from controller.decide.resubmit.retries import tried_for
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.jobs.request import change_from_json
from controller.ledger.attempt_name import attempt_name
from controller.ledger.entry import CheckpointScanned, Started, UserRequested
from controller.ledger.intent import NAME_TAKEN, Announce, Intent, IntentResult, Publish, Purpose, Stop, Submit
from controller.ledger.lineage import GENERATIONS_MAX
from controller.ledger.move_cause import MoveCause
from controller.policy.policy import Policy, Repair, RuleAction
from controller.policy.resubmission import FallbackKind, FallbackStep
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, block, budget, ended, facts, job, lineage, lineage_id, policy, rule
from tests.unit.decide.deciding import HOUR, TAGS, WAITING, actions, looked_up, text, topics

SECOND = attempt_name(lineage_id(), 2)
ROOT = Started(
    job="bert", at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1,
    region="us-east-1", service=None, checkpoint_uri=None, runtime_s_max=36_000, wait_s_max=72_000,
)  # fmt: skip


def done(action: Stop | Submit, result: IntentResult = IntentResult.DONE, why: str = "") -> Intent:
    return Intent(action=action, due_at=BEGIN, claim=1, closed=result, why=why)


def starved(outcome: dict[str, Any] | None = None, **changes: Any) -> Facts:
    """A job that ended after an hour: without spot capacity, unless ``outcome`` says otherwise."""
    return looked_up(ended(job(runtime_s_max=3600), **(outcome or {})), now=BEGIN + HOUR, claims=None, **changes)


# ── after a stop for a move or a repair ──────────────────────────────────────────────────────────────────────────────────────


def moved(outcome: Outcome = Outcome.STOPPED, *, intents: tuple[Intent, ...] = (), **changes: Any) -> Facts:
    """A job that the controller stopped because of its deadline."""
    stop = done(Stop(about="bert", because="late", purpose=Purpose.MOVE, next_cause=MoveCause.DEADLINE))
    over = ended(WAITING, outcome, ended_at=BEGIN + 4 * HOUR)
    return looked_up(over, now=BEGIN + 4 * HOUR, lineage=lineage(intents=(stop, *intents)), claims=None, **changes)


def returned(outcome: Outcome, intent: Intent) -> Facts:
    """The on-demand attempt of a lineage, ended, whose first attempt ran on spot."""
    over = ended(job("bert-2", spot=False, wait_s_max=None, tags=TAGS), outcome)
    known = lineage(entries=(ROOT,), intents=(intent,))
    return looked_up(over, now=BEGIN + HOUR, number=2, lineage=known, claims=None)


def test_a_job_stopped_for_its_deadline_is_submitted_on_demand_without_a_wait() -> None:
    [submit] = actions(moved(), Submit)
    assert submit.cause is MoveCause.DEADLINE
    assert change_from_json(submit.changes) == {
        "EnableManagedSpotTraining": False,
        "StoppingCondition": {"MaxWaitTimeInSeconds": None},
    }


def test_a_job_stopped_for_a_move_is_submitted_although_the_policy_has_changed() -> None:
    [submit] = actions(moved(policy=policy(rules=(), resubmissions=())), Submit)
    assert submit.cause is MoveCause.DEADLINE


def test_a_job_that_completed_while_it_was_being_stopped_is_not_submitted_again() -> None:
    assert not actions(moved(Outcome.COMPLETED), Submit)


def test_where_on_demand_is_refused_the_job_returns_to_spot_with_another_name() -> None:
    [first] = actions(moved(), Submit)
    refused = done(first, IntentResult.REFUSED, "ResourceLimitExceeded")
    [second] = actions(moved(intents=(refused,)), Submit)
    assert (second.cause, second.changes, second.number) == (MoveCause.RETURN, "", 3)
    assert second.job != first.job


def test_where_on_demand_has_no_capacity_the_job_returns_to_spot_with_its_former_max_wait() -> None:
    submitted = done(Submit(about="bert", job="bert-2", number=2, cause=MoveCause.DEADLINE))
    [submit] = actions(returned(Outcome.CAPACITY, submitted), Submit)
    assert submit.cause is MoveCause.RETURN
    assert change_from_json(submit.changes)["StoppingCondition"]["MaxWaitTimeInSeconds"] == 72_000


def test_a_job_that_returns_to_spot_has_its_former_max_wait() -> None:
    stop = done(Stop(about="bert-2", because="back", purpose=Purpose.MOVE, next_cause=MoveCause.RETURN))
    [submit] = actions(returned(Outcome.STOPPED, stop), Submit)
    limits = {"MaxRuntimeInSeconds": 36_000, "MaxWaitTimeInSeconds": 72_000}
    assert change_from_json(submit.changes)["StoppingCondition"] == limits


def test_after_the_attempt_of_a_move_was_called_off_the_one_that_a_person_asks_for_is_submitted() -> None:
    def requested(request: UserRequest, about: str, number: int, minute: int) -> UserRequested:
        at = BEGIN + 4 * HOUR + timedelta(minutes=minute)
        return UserRequested(job=about, at=at, team="vision", request=request, who="U1", number=number)

    def with_requests(*requests: UserRequested) -> list[tuple[object, int]]:
        known = moved()
        asked = replace(known, lineage=replace(known.lineage, entries=requests), now=known.now + HOUR)
        return [(submit.cause, submit.number) for submit in actions(asked, Submit)]

    again = requested(UserRequest.TRY_AGAIN, "bert", 3, 2)
    assert with_requests(requested(UserRequest.CANCEL, "bert", 2, 1), again) == [(MoveCause.ASKED, 3)]
    assert with_requests(requested(UserRequest.CANCEL, "bert-0", 2, 1), again) == [(MoveCause.DEADLINE, 2)]
    assert with_requests(again) == [(MoveCause.DEADLINE, 2)]


def test_a_job_stopped_for_a_repair_is_submitted_with_its_changes_and_without_a_resubmit_block() -> None:
    repairing: Policy = policy(
        rules=(
            rule("save-it", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR,
                 repair=Repair(checkpoint="s3://acme/{team}/{family}/")),
        ),
        resubmissions=(),
    )  # fmt: skip
    offender = job(checkpoint_uri=None)
    [stop] = actions(facts(offender, policy=repairing), Stop)
    over = facts(ended(offender, Outcome.STOPPED), policy=repairing, lineage=lineage(intents=(done(stop),)))
    assert decide(replace(over, looked_up=frozenset())).needs == {Need.REPAIR_PREFIX}
    [submit] = actions(replace(over, repair_prefix="s3://acme/vision/bert-1a2b/"), Submit)
    assert submit.cause is MoveCause.REPAIR
    placed = replace(over, repair_prefix="s3://acme/vision/bert-1a2b/")
    [announced] = [a for a in actions(placed, Announce) if a.topic == f"resubmitting/{submit.job}"]
    assert json.loads(announced.facts)["revision"] == repairing.revision
    assert change_from_json(submit.changes) == {"CheckpointConfig": {"S3Uri": "s3://acme/vision/bert-1a2b/"}}
    with_cap = replace(placed, policy=replace(repairing, resubmissions=(block(team_month_cap_micros=10**12),)))
    assert [submit.cap_micros for submit in actions(with_cap, Submit)] == [10**12]
    placeless: Policy = policy(rules=(replace(repairing.rules[0], repair=Repair()),), resubmissions=())
    unplaced = replace(over, policy=placeless, repair_prefix="s3://acme/vision/bert-1a2b/")
    assert not actions(unplaced, Submit)
    assert "*bert* was stopped and cannot be submitted again" in text(unplaced, "cannot-repeat")


def test_a_request_that_cannot_be_repeated_is_announced_and_not_submitted() -> None:
    serverless = looked_up(replace(starved().job, unrepeatable="it is serverless"), now=BEGIN + HOUR, claims=None)
    assert not actions(serverless, Submit)
    assert "Spotwarden does not repeat its request: it is serverless." in text(serverless, "cannot-repeat")
    assert "*bert* did not finish within MaxWaitTimeInSeconds" in text(serverless, "cannot-repeat")


# ── the limits of a cause ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_job_whose_tags_are_not_read_is_submitted_again_once_they_must_be_shown() -> None:
    """A tag may forbid the attempt, or set a deadline."""
    at_once = block(causes={FailureCause.CAPACITY: budget(3, first_s=1)})

    def due(minutes: float, *unknown: str) -> list[timedelta]:
        over = ended(job(unknown=frozenset(unknown)), Outcome.CAPACITY, ended_at=BEGIN + timedelta(minutes=minutes))
        found = decide(looked_up(over, claims=None, resubmission=at_once))
        return [i.due_at - BEGIN for i in found.intents if isinstance(i.action, Submit)]

    assert due(1, "tags") == [READ_AFTER]
    [known], [later] = due(1), due(9, "tags")
    assert timedelta(minutes=1) <= known < timedelta(minutes=2)
    assert timedelta(minutes=9) <= later < timedelta(minutes=10)


def test_an_internal_error_is_retried_twice_at_most_whatever_the_policy_says() -> None:
    tries = [done(Submit(about="x", job=f"bert-{n}", number=n, cause=FailureCause.INTERNAL)) for n in (2, 3)]
    nine_retries = block(causes={FailureCause.INTERNAL: budget(9)})
    over = ended(job("bert-3"), Outcome.INTERNAL)
    third = looked_up(over, now=BEGIN + HOUR, number=3, lineage=lineage(intents=tries), resubmission=nine_retries, claims=None)
    assert not actions(third, Submit)
    assert "gave-up" in topics(third)


def test_an_algorithm_error_is_retried_only_where_the_policy_names_the_start_of_its_reason() -> None:
    named = block(causes={FailureCause.ALGORITHM: budget(1, beginnings=("AlgorithmError: Exit Code: 137",))})
    killed = {"outcome": Outcome.ALGORITHM, "failure": "AlgorithmError: Exit Code: 137"}
    assert actions(starved(killed, resubmission=named), Submit)
    quoted = {"outcome": Outcome.ALGORITHM, "failure": "AlgorithmError: it said AlgorithmError: Exit Code: 137"}
    assert not actions(starved(quoted, resubmission=named), Submit)


def test_the_jitter_of_a_lineage_is_the_same_each_time_it_is_decided() -> None:
    jittered = block(causes={FailureCause.STARVED: budget(3, first_s=3600, jitter=0.5)})
    due = [i.due_at for _ in range(2) for i in decide(starved(resubmission=jittered)).intents if isinstance(i.action, Submit)]
    assert due[0] == due[1]
    assert BEGIN + 2 * HOUR <= due[0] <= BEGIN + 2.5 * HOUR
    again = lineage(lineage_id(created_at=BEGIN - HOUR))
    [other] = [i.due_at for i in decide(starved(resubmission=jittered, lineage=again)).intents if isinstance(i.action, Submit)]
    assert other != due[0], "the same name at another time is another lineage"


# ── a quota that is used up ──────────────────────────────────────────────────────────────────────────────────────────────────


def waiting_for_quota(tries: int) -> Intent:
    """The next attempt, which the account's quota refused so many times."""
    submit = Submit(about="bert", job=SECOND, number=2, cause=FailureCause.STARVED)
    return Intent(
        action=submit,
        due_at=BEGIN + HOUR,
        claim=9,
        quota_refusals=tries,
        why="no quota: An error occurred (ResourceLimitExceeded)",
    )


TWO_QUOTA_TRIES = {FailureCause.STARVED: budget(3), FailureCause.QUOTA: budget(2)}
OTHER_TYPE = (FallbackStep(kind=FallbackKind.SAME), FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge",)))


def test_an_attempt_that_waits_for_quota_takes_the_next_fallback_step_after_its_tries() -> None:
    allowed = block(causes=TWO_QUOTA_TRIES, ladder=OTHER_TYPE)
    first = starved(resubmission=allowed, lineage=lineage(intents=(waiting_for_quota(1),)))
    assert not actions(first, Submit)
    assert not decide(first).withdrawn
    last = starved(resubmission=allowed, lineage=lineage(intents=(waiting_for_quota(2),)))
    [submit] = actions(last, Submit)
    assert (submit.number, submit.cause) == (3, FailureCause.QUOTA)
    [announced] = [a for a in actions(last, Announce) if a.topic == f"resubmitting/{submit.job}"]
    assert (json.loads(announced.facts)["tried"], json.loads(announced.facts)["limit"]) == (1, 2)
    assert change_from_json(submit.changes)["ResourceConfig"]["InstanceType"] == "ml.g5.4xlarge"
    assert [i.key for i in decide(last).withdrawn] == [f"submit/{SECOND}"]


def test_an_attempt_that_waits_for_quota_keeps_waiting_where_there_is_no_further_step() -> None:
    no_ladder = block(causes=TWO_QUOTA_TRIES)
    last = starved(resubmission=no_ladder, lineage=lineage(intents=(waiting_for_quota(9),)))
    assert not actions(last, Submit)
    assert not decide(last).withdrawn


def test_a_lineage_whose_next_names_are_all_taken_is_given_up() -> None:
    taken = tuple(
        done(
            Submit(about="bert", job=attempt_name(lineage_id(), 2, n), number=2, cause=FailureCause.STARVED),
            IntentResult.REFUSED, NAME_TAKEN,
        )
        for n in range(1, GENERATIONS_MAX + 1)
    )  # fmt: skip
    assert actions(starved(lineage=lineage(intents=taken[:-1])), Submit)
    given_up = starved(lineage=lineage(intents=taken))
    assert not actions(given_up, Submit)
    [announced] = [a for a in actions(given_up, Announce) if a.topic == "gave-up"]
    told = json.loads(announced.facts)
    assert (told["reason"], told["tried"]) == ("names-taken", GENERATIONS_MAX)


# ── a step that never fits ───────────────────────────────────────────────────────────────────────────────────────────────────

NEVER = "never fits: (ResourceLimitExceeded) The account-level service limit 'ml.g5.4xlarge for spot training job usage' is 0"
TO_4XLARGE = '{"ResourceConfig": {"InstanceType": "ml.g5.4xlarge"}}'
TO_ON_DEMAND = '{"EnableManagedSpotTraining": false}'
LADDER = (
    FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge", "ml.g5.8xlarge")),
    FallbackStep(kind=FallbackKind.ON_DEMAND),
)


def short_of_capacity(*refused: str, **changes: Any) -> Facts:
    """A job that had no capacity, after which submissions with these changes were refused permanently."""
    causes = {FailureCause.CAPACITY: budget(1)}
    intents = tuple(
        done(
            Submit(about="bert", job=attempt_name(lineage_id(), n), number=n, cause=FailureCause.CAPACITY, changes=change),
            IntentResult.REFUSED, NEVER,
        )
        for n, change in enumerate(refused, 2)
    )  # fmt: skip
    over = ended(job(runtime_s_max=3600), Outcome.CAPACITY)
    known = lineage(intents=intents)
    allowed = block(causes=causes, ladder=LADDER) if "resubmission" not in changes else changes.pop("resubmission")
    return looked_up(over, now=BEGIN + HOUR, claims=None, lineage=known, resubmission=allowed, **changes)


def test_what_never_fits_is_passed_at_once_step_by_step_and_the_job_goes_on_as_it_was_in_the_end() -> None:
    refused: list[str] = []
    for number, change in enumerate([TO_4XLARGE, "ml.g5.8xlarge", "false", ""], 2):
        [intent] = [i for i in decide(short_of_capacity(*refused)).intents if isinstance(i.action, Submit)]
        assert isinstance(intent.action, Submit)
        assert (intent.action.number, intent.action.cause) == (number, FailureCause.CAPACITY)
        assert change.strip("{}")[:10] in intent.action.changes
        assert not refused or intent.due_at == BEGIN + HOUR
        refused.append(intent.action.changes)
    assert refused[-1] == ""
    last = short_of_capacity(*refused)
    assert not actions(last, Submit)
    assert "very fallback step" in text(last, "gave-up")


def test_a_submission_that_never_fitted_is_no_try_of_a_budget() -> None:
    known = short_of_capacity(TO_4XLARGE).lineage
    assert tried_for(replace(short_of_capacity(), lineage=known, number=3), frozenset({FailureCause.CAPACITY})) == 0


def test_a_larger_machine_that_never_fits_is_followed_by_no_smaller_one() -> None:
    larger = block(causes={FailureCause.MEMORY: budget(2, instance_type="ml.g5.12xlarge")}, ladder=LADDER)
    memory = ended(job(), Outcome.MEMORY)
    submit = Submit(
        about="bert", job=SECOND, number=2, cause=FailureCause.MEMORY,
        changes='{"ResourceConfig": {"InstanceType": "ml.g5.12xlarge"}}',
    )  # fmt: skip
    known = lineage(intents=(done(submit, IntentResult.REFUSED, NEVER),))
    found = looked_up(memory, now=BEGIN + HOUR, claims=None, lineage=known, resubmission=larger)
    assert not actions(found, Submit)
    assert "gave-up" in topics(found)


def test_a_change_that_is_not_allowed_is_announced_and_not_submitted() -> None:
    larger = block(causes={FailureCause.MEMORY: budget(2, instance_type="g5.12xlarge")})
    found = looked_up(ended(job(), Outcome.MEMORY), now=BEGIN + HOUR, claims=None, resubmission=larger)
    assert not actions(found, Submit)
    assert "found 'g5.12xlarge', wanted an instance type" in text(found, "cannot-repeat")


def test_a_refusal_that_names_a_quota_is_told_with_its_name() -> None:
    full = NEVER + " Instances, with current utilization of 0 Instances and a request delta of 1 Instances."
    submit = Submit(about="bert", job=SECOND, number=2, cause=FailureCause.CAPACITY, changes=TO_4XLARGE)
    found = short_of_capacity()
    found = replace(found, lineage=lineage(intents=(done(submit, IntentResult.REFUSED, full),)))
    assert "`ml.g5.4xlarge for spot training job usage` is 0; the attempt needs 1" in text(found, f"step-skipped/{submit.key}")


# ── what is known of the checkpoints ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_message_about_the_next_attempt_says_how_much_training_was_lost() -> None:
    scan = CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN + HOUR, objects=1, bytes_seen=1, complete=True,
        newest_at=BEGIN + timedelta(minutes=50),
    )  # fmt: skip
    again = starved(checkpoint_scan=scan)
    [submit] = actions(again, Submit)
    assert "Lost: 10 min of training" in text(again, f"resubmitting/{submit.job}")
    [recorded] = [e for e in decide(again).entries if isinstance(e, CheckpointScanned)]
    assert (recorded.occasion, recorded.proven_s, recorded.at_risk_s) == ("ended", 47 * 60, 600)


def test_the_message_about_an_internal_error_names_the_size_of_a_large_prefix() -> None:
    large = CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN, objects=2000, bytes_seen=90_000_000_000, newest_at=BEGIN, complete=False
    )
    no_retry = block(causes={FailureCause.INTERNAL: budget(0)})
    gave_up = starved({"outcome": Outcome.INTERNAL}, checkpoint_scan=large, resubmission=no_retry)
    assert "is too large to restore (at least 2,000 objects, 90.0 GB)" in text(gave_up, "gave-up")


def test_a_lineage_with_a_next_attempt_is_not_finished() -> None:
    assert actions(starved(), Submit)
    assert not actions(starved(), Publish)
