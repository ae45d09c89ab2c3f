"""A running job is stopped or moved because a person asked for it in Slack; the last request counts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.facts import Facts
from controller.decide.user_requests import act_on_user_request, latest_request
from controller.jobs.job import Job, Outcome, Service
from controller.ledger.entry import UserRequested
from controller.ledger.intent import Announce, Intent, IntentResult, Purpose, Stop, Submit
from controller.ledger.message_kind import MessageKind, asked_by
from controller.ledger.move_cause import MoveCause
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, ended, facts, job, lineage


def asked(request: UserRequest, who: str = "U1", minute: int = 1, about: str = "bert", number: int = 0) -> UserRequested:
    return UserRequested(job=about, at=BEGIN + timedelta(minutes=minute), team=None, request=request, who=who, number=number)


def with_requests(*requests: UserRequested, about: Job | None = None, intents: tuple[Intent, ...] = ()) -> Facts:
    return facts(about or job(), lineage=lineage(entries=requests, intents=intents))


def stop_and_message(of: Facts) -> tuple[Stop, dict[str, Any]]:
    first, second = act_on_user_request(of).intents
    assert first.due_at == of.now
    assert isinstance(first.action, Stop)
    assert isinstance(second.action, Announce)
    return first.action, {"kind": second.action.kind, "topic": second.action.topic} | json.loads(second.action.facts)


def test_a_requested_stop_stops_for_good_and_names_who_asked() -> None:
    stop, message = stop_and_message(with_requests(asked(UserRequest.STOP)))
    assert stop == Stop(about="bert", because=asked_by("U1"))
    assert (message["kind"], message["who"], message["job"]["name"]) == (MessageKind.STOPPING_AS_ASKED, "U1", "bert")


def test_a_requested_move_stops_the_job_so_that_it_goes_on_on_demand() -> None:
    stop, message = stop_and_message(with_requests(asked(UserRequest.ON_DEMAND, who="U2")))
    assert stop == Stop(about="bert", because=asked_by("U2"), purpose=Purpose.MOVE, next_cause=MoveCause.ASKED)
    assert (message["kind"], message["reason"], message["to"]) == (MessageKind.MOVING, asked_by("U2"), "on-demand")
    assert message["topic"] == f"moving/{MoveCause.ASKED}"


def test_a_stop_goes_before_a_move() -> None:
    stop, _ = stop_and_message(with_requests(asked(UserRequest.STOP), asked(UserRequest.ON_DEMAND, minute=5)))
    assert stop.purpose is Purpose.RULE


def test_a_move_of_a_job_that_cannot_be_submitted_again_is_explained_and_not_begun() -> None:
    fixed = with_requests(asked(UserRequest.ON_DEMAND), about=job(unrepeatable="it is serverless"))
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
    assert not act_on_user_request(with_requests(asked(UserRequest.STOP), about=about))


def test_nothing_is_done_to_an_on_demand_job_that_is_to_move_to_on_demand() -> None:
    assert not act_on_user_request(with_requests(asked(UserRequest.ON_DEMAND), about=job(spot=False)))


def test_nothing_is_done_to_an_older_attempt() -> None:
    submit = Submit(about="bert", job="bert-r02", number=2, cause=MoveCause.ASKED)
    newer = Intent(action=submit, due_at=BEGIN, claim=1, closed=IntentResult.DONE)
    assert not act_on_user_request(with_requests(asked(UserRequest.STOP), intents=(newer,)))


def test_of_several_requests_about_this_job_the_last_counts() -> None:
    early, late = asked(UserRequest.STOP, who="U1", minute=1), asked(UserRequest.STOP, who="U2", minute=2)
    others = asked(UserRequest.STOP, who="U3", minute=9, about="gpt")
    known = with_requests(late, early, others, asked(UserRequest.WAIVE, minute=8))
    assert latest_request(known, UserRequest.STOP) == late
    assert latest_request(known, UserRequest.ON_DEMAND) is None
    assert latest_request(with_requests(replace(early, job="gpt")), UserRequest.STOP) is None


def test_outcome_of_a_finished_job_leaves_requests_without_effect() -> None:
    assert not act_on_user_request(with_requests(asked(UserRequest.ON_DEMAND), about=ended(job(), Outcome.COMPLETED)))
