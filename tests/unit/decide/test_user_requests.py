"""User requests: which buttons a card offers, and how a request stops or moves a running job."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.facts import Facts
from controller.decide.user_requests import (
    accepted_requests,
    act_on_user_request,
    available_requests,
    latest_request,
    waivable_rules,
)
from controller.decide.user_requests import request_of as entry_of
from controller.jobs.failure import FailureCause
from controller.jobs.job import Interval, Job, Outcome, Service
from controller.ledger.entry import Ended, Flagged, Started, UserRequested, Waived
from controller.ledger.intent import Announce, Intent, IntentResult, Purpose, Stop, Submit
from controller.ledger.messages.kind import MessageKind, asked_by
from controller.ledger.move_cause import MoveCause
from controller.notifications.messages.catalogue import text_of
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.policy.slack_settings import SlackSettings
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, ended, facts, job, lineage, policy

# ── what is offered ─────────────────────────────────────────────────────────────

NOW = BEGIN + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
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
INTERRUPTED = Interval(start=BEGIN, end=BEGIN + 30 * MINUTE)
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
    stop = Intent(action=Stop(about="bert", because=""), due_at=NOW)
    assert offered(STARTED, STARVED, intents=(stop,)) == {UserRequest.HALT}


AGAIN = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED), due_at=NOW + MINUTE)


def test_an_attempt_that_waits_can_be_called_off_once_and_not_while_it_is_submitted() -> None:
    lapsed = replace(AGAIN, leased_until=NOW - MINUTE)
    assert offered(STARTED, STARVED, intents=(AGAIN,)) == {UserRequest.CANCEL, UserRequest.HALT}
    assert offered(STARTED, STARVED, intents=(replace(AGAIN, leased_until=NOW + MINUTE),)) == {UserRequest.HALT}
    assert offered(STARTED, STARVED, intents=(lapsed,)) == {UserRequest.HALT}, "the job may exist"
    called_off = replace(asked(UserRequest.CANCEL), number=2)
    assert offered(STARTED, STARVED, called_off, intents=(AGAIN,)) == {UserRequest.HALT}


def test_what_was_called_off_can_be_requested_again_and_called_off_again() -> None:
    called_off, withdrawn = replace(asked(UserRequest.CANCEL), number=2, at=NOW), replace(AGAIN, closed=IntentResult.WITHDRAWN)
    before = (STARTED, STARVED, asked(UserRequest.TRY_AGAIN), called_off)
    assert offered(*before, intents=(withdrawn,)) == {UserRequest.TRY_AGAIN, UserRequest.ON_DEMAND, UserRequest.HALT}
    again = entry_of(UserRequest.TRY_AGAIN, lineage(entries=before, intents=(withdrawn,)), job="bert", who="U1", at=NOW + MINUTE)
    assert again.number == 3
    third = replace(AGAIN, action=replace(AGAIN.action, number=3, job="bert-r03"))  # type: ignore[type-var]  # it is a Submit
    assert UserRequest.CANCEL in offered(*before, again, intents=(withdrawn, third))


def test_a_request_to_call_off_carries_the_number_of_the_attempt_that_waits() -> None:
    waiting = lineage(entries=(STARTED, STARVED), intents=(AGAIN,))
    asked_for = entry_of(UserRequest.CANCEL, waiting, job="bert", who="ada", at=NOW, why="wrong data")
    assert (asked_for.number, asked_for.why, asked_for.key) == (2, "wrong data", "asked/bert/cancel/2")
    throttled = lineage(entries=(STARTED, STARVED), intents=(replace(AGAIN, claim=1),))
    numbers = {request: entry_of(request, throttled, job="bert", who="ada", at=NOW).number for request in UserRequest}
    assert (numbers[UserRequest.CANCEL], numbers[UserRequest.TRY_AGAIN]) == (2, 3)


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


def test_only_announced_rules_that_this_attempt_breaks_can_be_waived() -> None:
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


# ── what is done ─────────────────────────────────────────────────────────────


def request_of(request: UserRequest, who: str = "U1", minute: int = 1, about: str = "bert", number: int = 0) -> UserRequested:
    return UserRequested(job=about, at=BEGIN + timedelta(minutes=minute), team=None, request=request, who=who, number=number)


def with_requests(*requests: UserRequested, about: Job | None = None, intents: tuple[Intent, ...] = ()) -> Facts:
    return facts(about or job(), lineage=lineage(entries=requests, intents=intents), policy=policy(rules=()))


def stop_and_message(of: Facts) -> tuple[Stop, dict[str, Any]]:
    first, second = act_on_user_request(of).intents
    assert first.due_at == of.now
    assert isinstance(first.action, Stop)
    assert isinstance(second.action, Announce)
    return first.action, {"kind": second.action.kind, "topic": second.action.topic} | json.loads(second.action.facts)


def test_a_requested_stop_is_final_and_names_who_requested_it() -> None:
    stop, message = stop_and_message(with_requests(request_of(UserRequest.STOP)))
    assert stop == Stop(about="bert", because=asked_by("U1"))
    assert (message["kind"], message["who"], message["job"]["name"]) == (MessageKind.STOPPING_AS_ASKED, "U1", "bert")


def test_a_requested_move_stops_the_job_so_that_it_goes_on_on_demand() -> None:
    stop, message = stop_and_message(with_requests(request_of(UserRequest.ON_DEMAND, who="U2")))
    assert stop == Stop(about="bert", because=asked_by("U2"), purpose=Purpose.MOVE, next_cause=MoveCause.ASKED)
    assert (message["kind"], message["reason"], message["to"]) == (MessageKind.MOVING, asked_by("U2"), "on-demand")
    assert message["topic"] == f"moving/{MoveCause.ASKED}"


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (
            {},
            "It continues from `s3://checkpoints/bert/` if there is a checkpoint. If there is none, 57 min of training are lost.",
        ),
        (
            {"secondary": "Interrupted", "intervals": (INTERRUPTED,)},
            "It continues from `s3://checkpoints/bert/` if there is a checkpoint.",
        ),
        ({"secondary": "Starting", "intervals": ()}, "The job has not trained yet: nothing is lost."),
        (
            {"checkpoint_uri": None, "secondary": "Interrupted", "intervals": (INTERRUPTED,)},
            "No checkpoint was seen: it starts from the beginning.",
        ),
    ],
)
def test_without_a_scan_the_message_about_a_move_does_not_say_that_there_is_no_checkpoint(
    about: dict[str, Any], told: str
) -> None:
    moved = with_requests(request_of(UserRequest.ON_DEMAND), about=job(**about))
    [message] = [i.action for i in act_on_user_request(replace(moved, now=NOW)).intents if isinstance(i.action, Announce)]
    [following] = [line for line in text_of(message.kind, message.facts).lines if line.startswith("*Next:*")]
    assert following.endswith(told)


def test_a_stop_goes_before_a_move() -> None:
    stop, _ = stop_and_message(with_requests(request_of(UserRequest.STOP), request_of(UserRequest.ON_DEMAND, minute=5)))
    assert stop.purpose is Purpose.RULE


def test_a_move_of_a_job_that_cannot_be_submitted_again_is_explained_and_not_begun() -> None:
    fixed = with_requests(request_of(UserRequest.ON_DEMAND), about=job(unrepeatable="it is serverless"))
    [only] = act_on_user_request(fixed).intents
    assert isinstance(only.action, Announce)
    assert only.action.kind is MessageKind.CANNOT_REPEAT
    assert json.loads(only.action.facts)["why"] == "it is serverless"


@pytest.mark.parametrize(
    "about",
    [
        ended(job()),
        job(service=Service.TUNING),
        job(status="Stopping"),
        job(secondary="Uploading"),
    ],
    ids=["ended", "owned", "stopping", "uploading"],
)
def test_nothing_is_done_to_a_job_that_is_over_owned_stopping_or_uploading(about: Job) -> None:
    assert not act_on_user_request(with_requests(request_of(UserRequest.STOP), about=about))


def test_nothing_is_done_to_an_on_demand_job_that_is_to_move_to_on_demand() -> None:
    assert not act_on_user_request(with_requests(request_of(UserRequest.ON_DEMAND), about=job(spot=False)))


def test_nothing_is_done_to_an_older_attempt() -> None:
    submit = Submit(about="bert", job="bert-r02", number=2, cause=MoveCause.ASKED)
    newer = Intent(action=submit, due_at=BEGIN, claim=1, closed=IntentResult.DONE)
    assert not act_on_user_request(with_requests(request_of(UserRequest.STOP), intents=(newer,)))


def test_of_several_requests_about_this_job_the_last_counts() -> None:
    early, late = request_of(UserRequest.STOP, who="U1", minute=1), request_of(UserRequest.STOP, who="U2", minute=2)
    others = request_of(UserRequest.STOP, who="U3", minute=9, about="gpt")
    known = with_requests(late, early, others, request_of(UserRequest.WAIVE, minute=8))
    assert latest_request(known, UserRequest.STOP) == late
    assert latest_request(known, UserRequest.ON_DEMAND) is None
    assert latest_request(with_requests(replace(early, job="gpt")), UserRequest.STOP) is None


def test_a_request_about_a_completed_job_has_no_effect() -> None:
    assert not act_on_user_request(with_requests(request_of(UserRequest.ON_DEMAND), about=ended(job(), Outcome.COMPLETED)))


# ── which waiting requests hold ─────────────────────────────────────────────────

MAY = policy(slack=SlackSettings(may=dict.fromkeys(UserRequest, ("U1",))))
WAIVER = replace(WAIVED, at=BEGIN + timedelta(minutes=1), until=NOW + timedelta(days=400))


def accepted(*waiting: UserRequested | Waived, of: Any = MAY, entries: tuple[Any, ...] = (STARTED,)) -> list[Any]:
    return list(accepted_requests(waiting, lineage(entries=entries), of, NOW))


def at_minute(minute: int, request: UserRequest, **changes: Any) -> UserRequested:
    return replace(asked(request), at=BEGIN + timedelta(minutes=minute), **changes)


def test_of_waiting_requests_the_oldest_is_taken_first_and_excludes_what_it_makes_impossible() -> None:
    stop, move = at_minute(2, UserRequest.STOP), at_minute(1, UserRequest.STOP, who="U1")
    assert [one.at for one in accepted(stop, move)] == [move.at]


def test_a_request_of_somebody_whom_the_policy_does_not_name_is_not_taken() -> None:
    assert accepted(at_minute(1, UserRequest.STOP))
    assert not accepted(at_minute(1, UserRequest.STOP, who="U2"))
    assert not accepted(at_minute(1, UserRequest.STOP), of=policy(slack=SlackSettings(may={})))


def test_a_request_that_waited_longer_than_a_day_is_not_taken() -> None:
    day = timedelta(days=1)
    assert accepted(replace(asked(UserRequest.STOP), at=NOW - day))
    assert not accepted(replace(asked(UserRequest.STOP), at=NOW - day - timedelta(seconds=1)))


def test_a_request_about_another_job_or_an_older_attempt_is_not_taken() -> None:
    assert not accepted(at_minute(1, UserRequest.STOP, job="other"))
    assert not accepted(at_minute(1, UserRequest.STOP), entries=())


def test_a_request_has_the_team_of_the_lineage_and_no_time_in_the_future() -> None:
    [taken] = accepted(replace(at_minute(90, UserRequest.STOP), team="forged"))
    assert (taken.team, taken.at) == ("vision", NOW)


def test_a_waiver_lasts_no_longer_than_the_policy_allows_and_its_words_are_bounded() -> None:
    [taken] = accepted(replace(WAIVER, reason="r" * 5000 + "\n", ticket="T" * 5000), entries=(STARTED, FLAGGED))
    assert taken.until == NOW + timedelta(seconds=MAY.slack.waiver_s_max)
    assert taken.team == "vision"
    assert len(taken.reason) < 2000
    assert len(taken.ticket) < 300
    assert not accepted(replace(WAIVER, until=NOW), entries=(STARTED, FLAGGED))
    assert not accepted(WAIVER), "no rule is broken"


def test_a_request_that_the_lineage_holds_already_is_not_taken_again() -> None:
    assert not accepted(WAIVER, entries=(STARTED, FLAGGED, *accepted(WAIVER, entries=(STARTED, FLAGGED))))
