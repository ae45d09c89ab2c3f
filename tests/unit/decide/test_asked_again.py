"""What a person asks for is judged before it is created: submitted with the fix, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.decide.facts import Facts
from controller.jobs.job import Outcome
from controller.jobs.request import change_from_json
from controller.ledger.entry import UserRequested
from controller.ledger.intent import Intent, IntentResult, Stop, Submit
from controller.ledger.move_cause import MoveCause
from controller.policy.policy import Repair
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, ended, job, lineage, policy, rule
from tests.unit.decide.deciding import HOUR, actions, looked_up, text

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
    assert "It would break use-spot, which stops it again" in text(refused, "cannot-repeat")


def test_a_job_that_no_rule_stopped_is_judged_before_it_is_tried_again() -> None:
    failed = asked()
    unstopped = replace(failed, lineage=replace(failed.lineage, intents=()))
    assert actions(unstopped, Submit) == []
    assert "It would break use-spot, which stops it again" in text(unstopped, "cannot-repeat")


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
