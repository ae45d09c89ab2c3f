"""Which buttons a card offers: what the policy allows and what fits the job's state, each request once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from controller.decide.user_requests import available_requests, waivable_rules
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome, Service
from controller.ledger.entry import Ended, Flagged, Started, UserRequested, Waived
from controller.ledger.intent import Intent, IntentResult, Stop, Submit
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.policy.slack_settings import SlackSettings
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, lineage, policy

NOW = BEGIN + timedelta(hours=1)
STARTED = Started(
    job="bert", at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1,
    region="us-east-1", service=None, checkpoint_uri=None,
)  # fmt: skip
STARVED = Ended(
    job="bert", at=BEGIN, team="vision", outcome=Outcome.STARVED, seen_at=BEGIN, failure=None, spot=True,
    instance_type="ml.g5.2xlarge", region="us-east-1",
)  # fmt: skip
FLAGGED = Flagged(
    job="bert", at=BEGIN, team="vision", rule="spot-required", policy="use-spot", severity=Severity.HIGH, mode=Mode.WARN,
    field="F", found="off", wanted="on", revision="r1",
)  # fmt: skip
WAIVED = Waived(
    job="bert", at=BEGIN, team=None, policy="use-spot", who="U1", reason="r", ticket="T", until=NOW + timedelta(seconds=1)
)
EVERYBODY = policy(slack=SlackSettings(may=dict.fromkeys(UserRequest, ("*",))))
RUNNING_REQUESTS = {UserRequest.ON_DEMAND, UserRequest.STOP, UserRequest.HALT}


def offered(*entries: Any, intents: tuple[Intent, ...] = (), of: Any = EVERYBODY) -> set[UserRequest]:
    found = available_requests(lineage(entries=entries, intents=intents), of, NOW)
    assert len(set(found)) == len(found)
    return set(found)


def asked(request: UserRequest, job: str = "bert") -> UserRequested:
    return UserRequested(job=job, at=BEGIN, team=None, request=request, who="U1")


def test_a_running_spot_job_can_be_stopped_moved_or_the_controller_halted() -> None:
    assert offered(STARTED) == RUNNING_REQUESTS


def test_a_running_on_demand_job_cannot_be_moved_to_on_demand() -> None:
    assert offered(replace(STARTED, spot=False)) == {UserRequest.STOP, UserRequest.HALT}


def test_while_a_stop_or_a_submission_is_open_only_a_halt_is_offered() -> None:
    for action in (Stop(about="bert", because=""), Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED)):
        assert offered(STARTED, intents=(Intent(action=action, due_at=NOW),)) == {UserRequest.HALT}
        assert offered(STARTED, intents=(Intent(action=action, due_at=NOW, closed=IntentResult.DONE),)) == RUNNING_REQUESTS


def test_a_job_that_failed_can_be_tried_again() -> None:
    assert offered(STARTED, STARVED) == {UserRequest.TRY_AGAIN, UserRequest.ON_DEMAND, UserRequest.HALT}
    assert offered(replace(STARTED, spot=False), STARVED) == {UserRequest.TRY_AGAIN, UserRequest.HALT}


def test_only_a_halt_is_offered_of_a_job_that_has_its_model_or_goes_on() -> None:
    assert offered(STARTED, replace(STARVED, outcome=Outcome.COMPLETED)) == {UserRequest.HALT}
    again = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED), due_at=NOW)
    assert offered(STARTED, STARVED, intents=(again,)) == {UserRequest.HALT}


def test_only_a_halt_is_offered_of_a_job_of_another_service_or_one_that_never_started() -> None:
    assert offered(replace(STARTED, service=Service.TUNING)) == {UserRequest.HALT}
    assert offered() == {UserRequest.HALT}


def test_a_broken_rule_can_be_waived_repeatedly() -> None:
    assert offered(STARTED, FLAGGED) == RUNNING_REQUESTS | {UserRequest.WAIVE}
    assert offered(STARTED, FLAGGED, asked(UserRequest.WAIVE)) == RUNNING_REQUESTS | {UserRequest.WAIVE}
    assert offered(STARTED, FLAGGED, WAIVED) == RUNNING_REQUESTS
    assert offered(STARTED, FLAGGED, STARVED) == {UserRequest.TRY_AGAIN, UserRequest.ON_DEMAND, UserRequest.HALT}


def test_a_waiver_is_in_force_until_its_last_moment() -> None:
    assert waivable_rules(lineage(entries=(STARTED, FLAGGED, WAIVED)), NOW) == ()
    assert waivable_rules(lineage(entries=(STARTED, FLAGGED, WAIVED)), WAIVED.until) == ("use-spot",)


def test_only_rules_that_people_were_told_of_and_that_this_attempt_breaks_can_be_waived() -> None:
    silent, older = replace(FLAGGED, mode=Mode.AUDIT), replace(FLAGGED, job="bert-r00")
    second = replace(FLAGGED, policy="tags")
    assert waivable_rules(lineage(entries=(STARTED, silent, older)), NOW) == ()
    assert waivable_rules(lineage(entries=(STARTED, FLAGGED, second)), NOW) == ("tags", "use-spot")
    assert waivable_rules(lineage(entries=(FLAGGED,)), NOW) == ()


def test_a_request_is_not_offered_twice_for_one_attempt() -> None:
    assert offered(STARTED, asked(UserRequest.STOP)) == {UserRequest.ON_DEMAND, UserRequest.HALT}
    assert offered(STARTED, asked(UserRequest.HALT)) == RUNNING_REQUESTS
    assert offered(STARTED, asked(UserRequest.STOP, job="bert-r00")) == RUNNING_REQUESTS


def test_the_policy_limits_what_is_offered() -> None:
    nobody = policy(slack=SlackSettings(may={UserRequest.STOP: ("U1",), UserRequest.HALT: ()}))
    assert offered(STARTED, of=nobody) == {UserRequest.STOP}
    assert offered(STARTED, of=policy()) == set()
