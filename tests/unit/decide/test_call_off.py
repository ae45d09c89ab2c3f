"""A request to call off an attempt withdraws its open Submit, and no other intent and no other attempt's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide.call_off import recorded
from controller.ledger.entry import UserRequested
from controller.ledger.intent import Intent, Stop, Submit, Wake
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, lineage

SUBMIT = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause="starved"), due_at=BEGIN)
STOP = Intent(action=Stop(about="bert", because="use-spot"), due_at=BEGIN)
CANCEL = UserRequested(job="bert", at=BEGIN, team=None, request=UserRequest.CANCEL, who="U1", number=2)


def withdrawn(asked: UserRequested, *intents: Intent) -> tuple[Intent, ...]:
    return recorded([asked], lineage(intents=intents), BEGIN).withdrawn


def test_a_request_to_call_off_withdraws_the_submit_of_its_attempt_alone() -> None:
    assert withdrawn(CANCEL, SUBMIT, STOP) == (SUBMIT,)


@pytest.mark.parametrize("changes", [{"request": UserRequest.STOP}, {"number": 3}, {"job": "gpt"}])
def test_another_request_withdraws_nothing(changes: dict[str, object]) -> None:
    assert withdrawn(replace(CANCEL, **changes), SUBMIT) == ()  # type: ignore[arg-type]


def test_an_attempt_that_is_being_submitted_is_not_withdrawn() -> None:
    assert withdrawn(CANCEL, replace(SUBMIT, leased_until=BEGIN + timedelta(minutes=1))) == ()


def test_the_request_is_recorded_with_a_wake_for_its_job_unless_one_waits() -> None:
    first = recorded([CANCEL], lineage(), BEGIN)
    assert (first.entries, [intent.action for intent in first.intents]) == ((CANCEL,), [Wake(about="bert", at=BEGIN)])
    assert recorded([CANCEL], lineage(intents=first.intents), BEGIN).intents == ()
