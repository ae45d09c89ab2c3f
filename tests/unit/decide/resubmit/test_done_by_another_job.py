"""An attempt whose work another job does is withdrawn, and people are told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller.decide import decide
from controller.decide.decision import Need
from controller.decide.facts import Facts
from controller.jobs.job import Outcome
from controller.ledger.entry import UserRequested
from controller.ledger.intent import Submit
from controller.policy.user_request import UserRequest
from tests import builders
from tests.builders import BEGIN, ended, job
from tests.properties.lives import learn
from tests.unit.decide.deciding import HOUR, actions, looked_up, text, topics


def due(done_elsewhere: str = "", **changes: object) -> Facts:
    """A job that had no capacity, whose next attempt is due now."""
    over = ended(job(), Outcome.CAPACITY, usage=builders.usage())
    at_once = builders.block(causes={cause: replace(b, first_s=0) for cause, b in builders.block().causes.items()})
    known = {"now": BEGIN + HOUR, "claims": None, "resubmission": at_once, "done_elsewhere": done_elsewhere}
    return looked_up(over, **(known | changes))  # type: ignore[arg-type]


def test_it_is_looked_up_only_when_an_attempt_is_due() -> None:
    assert decide(due(looked_up=frozenset())).needs == {Need.DONE_ELSEWHERE}
    later = replace(due(looked_up=frozenset()), policy=builders.policy(rules=()))
    assert not decide(later).needs
    assert actions(later, Submit)


def test_another_job_that_does_the_work_takes_the_place_of_the_attempt_and_is_told() -> None:
    found = due("bert-2")
    assert actions(due(), Submit)
    assert not actions(found, Submit)
    assert "done-elsewhere" in topics(found)
    assert "*bert-2* does the same work" in text(found, "done-elsewhere")


def test_after_the_message_no_attempt_follows_however_the_other_job_ends() -> None:
    after = learn(due("bert-2"), decide(due("bert-2")))
    assert not decide(after)
    later = replace(after, now=after.now + timedelta(hours=2), done_elsewhere="")
    assert not actions(later, Submit)


def test_an_open_submission_is_withdrawn_when_the_other_job_appears() -> None:
    waits = replace(due(), policy=builders.policy(rules=()))
    after = learn(waits, decide(waits))
    again = replace(after, now=BEGIN + 2 * HOUR, done_elsewhere="bert-2")
    assert [i.key.split("/")[0] for i in decide(again).withdrawn if isinstance(i.action, Submit)] == ["submit"]


def test_an_attempt_that_a_person_asked_for_is_made_in_any_case() -> None:
    asked = UserRequested(
        job="bert", at=BEGIN + HOUR, team="vision", request=UserRequest.TRY_AGAIN, who="U1", number=2
    )  # fmt: skip
    found = due("bert-2")
    [submit] = actions(replace(found, lineage=replace(found.lineage, entries=(asked,))), Submit)
    assert submit.number == 2
