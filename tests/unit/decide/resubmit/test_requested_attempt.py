"""What a person asks for is judged before it is created: submitted with the fix, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.decide.facts import Facts
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.jobs.request import change_from_json
from controller.ledger.entry import UserRequested, Waived
from controller.ledger.intent import NEVER_FITS, Intent, IntentResult, Stop, Submit
from controller.ledger.move_cause import MoveCause
from controller.ledger.rule_acts import RuleActs
from controller.policy.mode import Mode
from controller.policy.policy import Repair, RuleAction
from controller.policy.resubmission import FallbackKind, FallbackStep
from controller.policy.rollout import Rollout, SurpriseGuard
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, block, budget, ended, job, lineage, policy, rule
from tests.unit.decide.deciding import HOUR, actions, looked_up, text, topics

REFUSED = "It would break use-spot (EnableManagedSpotTraining is"
ON_DEMAND = job(spot=False, wait_s_max=None, checkpoint_uri=None)


def asked(about: Any = ON_DEMAND, request: UserRequest = UserRequest.TRY_AGAIN, repair: Repair | None = None) -> Facts:
    """A job that a rule stopped, and a person who asks for it again."""
    stop = Intent(action=Stop(about="bert", because="use-spot"), due_at=BEGIN, claim=1, closed=IntentResult.DONE)
    asked_for = UserRequested(job="bert", at=BEGIN + HOUR, team="vision", who="U0LOCAL1", request=request, number=2)
    over = ended(about, Outcome.STOPPED)
    whole = policy(rules=(rule(repair=repair or Repair()),), resubmissions=())
    return looked_up(over, now=BEGIN + 2 * HOUR, lineage=lineage(entries=(asked_for,), intents=(stop,)), policy=whole)


def test_the_same_offence_is_not_submitted_again() -> None:
    refused = asked()
    assert actions(refused, Submit) == []
    assert REFUSED in text(refused, "cannot-repeat")


def test_a_job_that_no_rule_stopped_is_judged_before_it_is_tried_again() -> None:
    failed = asked()
    unstopped = replace(failed, lineage=replace(failed.lineage, intents=()))
    assert actions(unstopped, Submit) == []
    assert REFUSED in text(unstopped, "cannot-repeat")


def test_a_job_is_submitted_with_the_fix_that_the_policy_has() -> None:
    [submit] = actions(asked(repair=Repair(checkpoint="s3://acme/{team}/")), Submit)
    changes = change_from_json(submit.changes)
    assert submit.cause is MoveCause.ASKED
    assert changes["EnableManagedSpotTraining"] is True
    assert changes["StoppingCondition"] == {"MaxRuntimeInSeconds": 36_000, "MaxWaitTimeInSeconds": 72_000}
    assert changes["CheckpointConfig"]["S3Uri"].startswith("s3://acme/vision")
    assert changes["CheckpointConfig"]["S3Uri"] != "s3://acme/vision/"  # others may have written there


def test_a_request_that_keeps_the_rules_is_submitted_as_it_was() -> None:
    [submit] = actions(asked(replace(ON_DEMAND, spot=True, wait_s_max=72_000)), Submit)
    assert submit.changes == ""


def test_on_demand_is_refused_where_a_rule_would_bring_it_back() -> None:
    refused = asked(job(), UserRequest.ON_DEMAND, Repair(checkpoint="s3://acme/{team}/"))
    assert actions(refused, Submit) == []


# ── Move to on-demand ───────────────────────────────────────────────────────────


def move(about: Any, *rules: Any, waiver: Waived | None = None) -> Facts:
    """A person asks for a move to on-demand of a job that runs or has ended, and that no rule has stopped."""
    number, at = 0 if about.alive else 2, BEGIN + HOUR / 2
    asked_for = UserRequested(job="bert", at=at, team="vision", who="U0LOCAL1", request=UserRequest.ON_DEMAND, number=number)
    entries = (asked_for, *((waiver,) if waiver else ()))
    whole = policy(rules=rules, resubmissions=(), in_force_at=at)  # so that no rule stops the job itself
    return looked_up(about, now=BEGIN + 2 * HOUR, lineage=lineage(entries=entries), policy=whole)


WAIVED = Waived(
    job="bert", at=BEGIN, team="vision", policy="use-spot", who="U0LOCAL1", reason="demo", ticket="T-1", until=BEGIN + 24 * HOUR
)
BILLED_TAG = rule(
    "cost-center", kind="tags-required", options={"tags": {"cost-center": ("*",)}}, repair=Repair(tags={"cost-center": "7"})
)
UNFIXABLE = rule("cost-center", kind="tags-required", options={"tags": {"cost-center": ("*",)}})
RUNNING, FAILED = job(), ended(job(), Outcome.CAPACITY)


@pytest.mark.parametrize("about", [RUNNING, FAILED], ids=["running", "ended"])
@pytest.mark.parametrize("broken", [rule(), UNFIXABLE], ids=["the fix is the opposite", "no fix"])
def test_a_move_that_a_rule_would_stop_is_refused_before_anything_is_done(about: Any, broken: Any) -> None:
    refused = move(about, broken)
    assert actions(refused, Stop, Submit) == []
    [topic] = [topic for topic in topics(refused) if topic.startswith("cannot-repeat")]
    told = text(refused, topic)
    assert f"It would break {broken.name} (" in told
    assert f"Waive {broken.name} for this job" in told
    assert ("keeps running" in told) is about.alive


@pytest.mark.parametrize("about", [RUNNING, FAILED], ids=["running", "ended"])
@pytest.mark.parametrize("rules", [(), (rule(mode=Mode.WARN, action=None),), (rule(),)], ids=["no rule", "a warning", "waived"])
def test_a_move_that_keeps_the_rules_or_is_waived_happens(about: Any, rules: tuple[Any, ...]) -> None:
    allowed = move(about, *rules, waiver=WAIVED)
    [act] = actions(allowed, Stop, Submit)
    assert isinstance(act, Stop if about.alive else Submit)
    assert [topic for topic in topics(allowed) if topic.startswith("cannot-repeat")] == []


@pytest.mark.parametrize("about", [RUNNING, FAILED], ids=["running", "ended"])
def test_a_move_is_made_with_the_fix_that_the_rules_demand(about: Any) -> None:
    [act] = actions(move(about, BILLED_TAG), Stop, Submit)
    changes = change_from_json(act.changes)
    assert (changes["EnableManagedSpotTraining"], changes["Tags"]) == (False, [{"Key": "cost-center", "Value": "7"}])


def test_the_attempt_of_a_running_job_that_was_moved_carries_the_fix() -> None:
    before = move(RUNNING, BILLED_TAG)
    [stop] = actions(before, Stop)
    done = Intent(action=stop, due_at=BEGIN, claim=1, closed=IntentResult.DONE)
    after = replace(before, job=ended(RUNNING, Outcome.STOPPED), lineage=replace(before.lineage, intents=(done,)))
    [submit] = actions(after, Submit)
    assert change_from_json(submit.changes) == change_from_json(stop.changes)
    assert submit.cause is MoveCause.ASKED


def test_a_job_that_cannot_be_repeated_is_announced_and_not_submitted_on_request() -> None:
    serverless = asked(replace(ON_DEMAND, unrepeatable="it is serverless"))
    assert actions(serverless, Submit) == []
    assert "does not repeat its request: it is serverless" in text(serverless, "cannot-repeat")


def failed(about: Any = ON_DEMAND, *, repair: Repair | None = None, **changes: Any) -> Facts:
    """A first job that failed by itself, with a cause that the policy retries, before the rule did anything."""
    strict = rule(repair=repair, action=RuleAction.REPAIR) if repair else rule()
    whole = policy(rules=(replace(strict, **changes),), resubmissions=(block(),))
    return looked_up(ended(about, Outcome.INTERNAL), policy=whole)


def test_a_first_job_that_a_rule_would_have_stopped_is_not_submitted_again() -> None:
    assert actions(failed(), Submit) == []
    assert "EnableManagedSpotTraining is false" in text(failed(), "cannot-repeat/rules")


def test_a_first_job_that_a_rule_would_have_repaired_is_submitted_again_with_the_repair() -> None:
    [submit] = actions(failed(repair=Repair(checkpoint="s3://acme/{team}/")), Submit)
    changes = change_from_json(submit.changes)
    assert (submit.cause, changes["EnableManagedSpotTraining"]) == (FailureCause.INTERNAL, True)
    assert changes["CheckpointConfig"]["S3Uri"].startswith("s3://acme/vision")
    assert changes["CheckpointConfig"]["S3Uri"] != "s3://acme/vision/"


def test_a_first_job_that_its_rule_would_have_left_alone_is_submitted_again_as_it_was() -> None:
    [submit] = actions(failed(repair=Repair()), Submit)
    assert submit.changes == ""


def test_a_first_job_keeps_its_repair_at_each_place_that_is_tried_once_where_none_fits() -> None:
    """No rule stops the attempt later: without the repair it would get round the rule."""
    ladder = (FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge", "ml.g5.8xlarge")),)
    repairing = rule(repair=Repair(checkpoint="s3://acme/{team}/"), action=RuleAction.REPAIR)
    whole = policy(rules=(repairing,), resubmissions=(block(causes={FailureCause.CAPACITY: budget(3)}, ladder=ladder),))
    found = looked_up(ended(ON_DEMAND, Outcome.CAPACITY), policy=whole)
    sent: list[Submit] = actions(found, Submit)
    for _ in range(4):
        never = (Intent(action=a, due_at=BEGIN, claim=1, closed=IntentResult.REFUSED, why=f"{NEVER_FITS}0") for a in sent)
        found = replace(found, lineage=lineage(intents=never))
        sent += actions(found, Submit)
    changes = [change_from_json(submit.changes) for submit in sent]
    machines = [change.pop("ResourceConfig", {}).get("InstanceType") for change in changes]
    assert machines == ["ml.g5.4xlarge", "ml.g5.8xlarge", None]
    assert changes == [changes[0]] * 3
    assert changes[0]["EnableManagedSpotTraining"] is True


@pytest.mark.parametrize("facts", [
    failed(mode=Mode.WARN), failed(job(spot=True, wait_s_max=72_000)),
    replace(failed(), lineage=replace(failed().lineage, entries=(WAIVED,))),
], ids=["the rule only warns", "it keeps the rule", "the rule is waived"])  # fmt: skip
def test_a_first_job_that_no_rule_would_have_stopped_is_submitted_again_as_it_was(facts: Facts) -> None:
    [submit] = actions(facts, Submit)
    assert submit.changes == ""


def test_a_rule_that_its_guard_holds_back_changes_nothing_about_the_attempt_after_a_first_job() -> None:
    held = replace(failed(rollout=Rollout(surprise=SurpriseGuard(jobs=3))), rule_acts={rule().name: RuleActs(held_back=True)})
    assert [submit.changes for submit in actions(held, Submit)] == [""]
    assert actions(replace(held, rule_acts={}), Submit) == []


def test_an_attempt_that_breaks_a_rule_is_submitted_again() -> None:
    """The policy's ladder may have moved it to a place where a rule would not allow a first job."""
    over = failed()
    second = replace(over, number=2, lineage=replace(over.lineage, entries=()))
    assert [submit.number for submit in actions(second, Submit)] == [3]
