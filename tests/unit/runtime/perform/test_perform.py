"""Which answers count as a try: an outage of hours uses up no tries, and a limit of tries counts the answers of its own cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller import decide
from controller.decide import Decider
from controller.decide.decision import Decision
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.entry import Started
from controller.ledger.halt import Halt
from controller.ledger.intent import NAME_TAKEN, NO_QUOTA, Announce, Intent, IntentResult, Stop, Submit
from controller.policy.resubmission import FallbackKind, FallbackStep
from controller.runtime.perform.perform import TRIES_MAX
from controller.runtime.ports.answers import Answer, Done, Later, Refused, Unreachable
from tests import builders
from tests.account import Account
from tests.builders import BEGIN, lineage_id
from tests.simulation.replace_function import replaced

HOUR = timedelta(hours=1)
RUNNING = {"outcome": None, "ended_at": None, "secondary": "Starting"}
OTHER_TYPE = (
    FallbackStep(kind=FallbackKind.SAME), FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge",)),
)  # fmt: skip
BLOCK = builders.block(
    causes={FailureCause.CAPACITY: builders.budget(5), FailureCause.QUOTA: builders.budget(5)}, ladder=OTHER_TYPE
)  # fmt: skip


def no_answer() -> Answer:
    raise Unreachable("CreateTrainingJob: 500")


def throttled() -> Answer:
    return Later("ThrottlingException: Rate exceeded", tried=False)


def no_quota() -> Answer:
    return Later(f"{NO_QUOTA}ResourceLimitExceeded")


def failed_job(answers: Callable[[Account], Answer]) -> Account:
    account = Account(builders.policy(rules=(), resubmissions=(BLOCK,)), now=BEGIN + HOUR)
    account.on_submit = lambda _: answers(account)
    account.jobs["bert"] = builders.job()
    account.end("bert", Outcome.CAPACITY)
    account.trigger("bert")
    return account


def submissions(account: Account) -> list[Intent]:
    found = account.ledger.lineages.load(lineage_id()).intents
    return sorted((i for i in found if isinstance(i.action, Submit)), key=lambda i: i.key)


@pytest.mark.slow
@pytest.mark.parametrize("outage", [no_answer, throttled])
@pytest.mark.parametrize("then", [Done("created"), Later("could not assume role"), no_quota()])
def test_eight_hours_of_outage_are_no_try(outage: Callable[[], Answer], then: Answer) -> None:
    account = failed_job(lambda account: outage() if account.now < BEGIN + 9 * HOUR else then)
    account.pass_time(8 * HOUR + timedelta(minutes=15))
    [submission] = submissions(account)
    assert len(account.asked) > 40
    assert submission.tries <= 5  # those after the outage
    assert submission.quota_refusals <= submission.tries
    assert submission.closed is (IntentResult.DONE if isinstance(then, Done) else None)


@pytest.mark.slow
def test_a_mix_of_outages_and_throttles_for_days_abandons_nothing() -> None:
    def answer(account: Account) -> Answer:
        if account.now > BEGIN + 60 * HOUR:
            return Later("could not assume role")
        return throttled() if len(account.asked) % 3 else no_answer()

    account = failed_job(answer)
    account.pass_time(60 * HOUR, timedelta(minutes=5))
    assert len(account.asked) > 4 * TRIES_MAX
    assert [i.closed for i in submissions(account)] == [None]


def test_answers_of_its_own_cause_are_counted_and_the_tries_end() -> None:
    account = failed_job(lambda _: Later("could not assume role"))
    account.pass_time(70 * HOUR, timedelta(minutes=10))
    assert [i.closed for i in submissions(account)] == [IntentResult.ABANDONED]
    assert len(account.asked) == TRIES_MAX


def test_a_budget_for_quota_counts_no_other_waits() -> None:
    account = failed_job(lambda account: no_quota() if account.now > BEGIN + 20 * HOUR else Later("could not assume role"))
    account.pass_time(19 * HOUR, timedelta(minutes=10))
    account.pass_time(3 * HOUR, timedelta(minutes=10))
    [waiting] = submissions(account)
    assert waiting.tries > 5 > waiting.quota_refusals > 0
    account.pass_time(6 * HOUR, timedelta(minutes=10))
    assert len(submissions(account)) == 2


def test_a_job_that_stops_for_hours_is_told_of_once_and_is_not_called_impossible_to_stop() -> None:
    account = Account(builders.policy(resubmissions=()), now=BEGIN + timedelta(minutes=10))
    stopping = builders.job(spot=False, wait_s_max=None)
    account.jobs["bert"] = stopping

    def stop(name: str) -> Answer:
        if account.jobs[name].status == "Stopping":
            return Later("it is stopping", 150, tried=False)
        account.jobs[name] = replace(stopping, status="Stopping", secondary="Stopping", stopping_at=account.now)
        return Later("it was asked to stop", 150)

    account.on_stop = stop
    account.trigger("bert")
    account.pass_time(10 * HOUR)
    intents = account.ledger.lineages.load(lineage_id()).intents
    told = Counter(i.action.topic.split("/")[0] for i in intents if isinstance(i.action, Announce))
    assert (told["still-stopping"], told["abandoned"], told["refused"]) == (1, 0, 0)
    [stop_intent] = [i for i in intents if isinstance(i.action, Stop)]
    assert stop_intent.open


def test_a_refused_stop_is_announced() -> None:
    account = Account(builders.policy(resubmissions=()), now=BEGIN + timedelta(minutes=10))
    account.jobs["bert"] = builders.job(spot=False, wait_s_max=None)
    account.on_stop = lambda _: Refused("AccessDenied")
    account.trigger("bert")
    told = [i.action.topic for i in account.ledger.lineages.load(lineage_id()).intents if isinstance(i.action, Announce)]
    assert "refused/stop/bert" in told


def test_a_halt_does_not_hide_that_an_earlier_try_had_created_the_attempt() -> None:
    account = failed_job(lambda account: no_answer())
    account.pass_time(timedelta(minutes=6))
    submit = account.asked[0]
    account.jobs[submit.job] = replace(account.jobs["bert"], name=submit.job, created_at=account.now, **RUNNING)
    account.ledger.halts.set_halt(Halt(why="a test", who="ada", since=account.now))
    account.pass_time(timedelta(minutes=15))
    assert [i.closed for i in submissions(account)] == [IntentResult.DONE]
    assert account.ledger.lineages.load(lineage_id()).entry(Started, submit.job) is not None


def _without_resubmission(deciders: tuple[Decider, ...]) -> tuple[Decider, ...]:
    def raising(*_: object) -> Decision:
        raise OverflowError

    return tuple(replace(one, decide=raising) if one.name == "resubmit" else one for one in deciders)


def test_a_submission_that_a_failing_decider_no_longer_confirms_waits_and_is_made_once_the_decider_works_again() -> None:
    account = failed_job(lambda _: Done("created"))
    with replaced((decide, "DECIDERS", _without_resubmission)):
        account.pass_time(timedelta(minutes=15))
    assert (account.asked, [i.closed for i in submissions(account)]) == ([], [None])
    account.pass_time(timedelta(minutes=15))
    assert [i.closed for i in submissions(account)] == [IntentResult.DONE]


class Died(BaseException):
    """Raised where Lambda would end the function: nothing catches it."""


def test_a_function_that_dies_once_a_refusal_is_stored_leaves_the_job_to_the_sweep() -> None:
    account = Account(builders.policy(rules=(), resubmissions=(BLOCK,)), now=BEGIN + HOUR)
    account.on_submit = lambda _: Refused(f"{NAME_TAKEN}by somebody else") if len(account.asked) == 1 else Done("created")
    account.jobs["bert"] = builders.job()
    account.end("bert", Outcome.CAPACITY, usage=builders.usage(0, 0))
    ledger: Any = account.ledger
    close = ledger.close

    def close_and_die(lineage: Any, intent: Intent, *answer: Any) -> None:
        close(lineage, intent, *answer)
        if isinstance(intent.action, Submit):
            raise Died

    ledger.close = close_and_die
    account.trigger("bert")
    with pytest.raises(Died):
        account.pass_time(timedelta(minutes=15))
    ledger.close = close
    assert [i.closed for i in submissions(account)] == [IntentResult.REFUSED]
    account.pass_time(timedelta(minutes=10))
    assert sorted(str(i.closed) for i in submissions(account)) == ["done", "refused"]
