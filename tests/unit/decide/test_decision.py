"""Decisions add up, and one that is too large is cut to fit into one transaction; only what is decided now is performed."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

import pytest

from controller.decide.decision import Decision, Need
from controller.decide.deduplicate import new_to
from controller.jobs.claim import claim_of
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.jobs.quota_hold import QuotaHold
from controller.jobs.work import Work
from controller.ledger.entry import Ended, Started, Unmeasured
from controller.ledger.intent import Announce, Intent, Stop, Submit, Wake
from controller.ledger.pool import CapacitySeen, PhaseTimes
from tests.builders import BEGIN, lineage

MINUTE = timedelta(minutes=1)
STARTED = Started(
    job="bert", at=BEGIN, team=None, number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1, region="us-east-1",
    service=None, checkpoint_uri=None,
)  # fmt: skip
ENDED = Ended(
    job="bert", at=BEGIN, team=None, outcome=Outcome.STARVED, seen_at=BEGIN, failure=None, spot=True,
    instance_type="ml.g5.2xlarge", region="us-east-1",
)  # fmt: skip
CLAIM = claim_of("s3://b/p/", job="bert", lineage="l", created_at=BEGIN)
HOLD = QuotaHold(region="us-east-1", instance_type="ml.g5.2xlarge", instances=2, job="bert", lineage="l", created_at=BEGIN)
SEEN = CapacitySeen(region="us-east-1", instance_type="ml.g5.2xlarge", job="bert", at=BEGIN)
TIMES = PhaseTimes(region="us-east-1", instance_type="ml.g5.2xlarge", job="bert", at=BEGIN, start_s=300)
STOP = Intent(action=Stop(about="bert", because="first"), due_at=BEGIN)
WAKE = Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN)


def unmeasured(n: int) -> Unmeasured:
    return Unmeasured(job=f"job-{n}", at=BEGIN, team=None, spot=True)


WORK = Work(
    account="1", region="us-east-1", role="arn:role", job="bert", root="bert", lineage="bert's", created_at=BEGIN,
    inputs_hash="1:a",
)  # fmt: skip
WHOLE = Decision(
    entries=(STARTED,), intents=(STOP,), withdrawn=(WAKE,), abandoned=(WAKE,), claims=(CLAIM,), released=(CLAIM,),
    holds=(HOLD,), freed=(HOLD,), capacity=(SEEN,), times=(TIMES,), works=(WORK,),
)  # fmt: skip


def test_two_decisions_add_up_part_by_part_in_their_order() -> None:
    both = WHOLE | Decision(entries=(ENDED,), intents=(WAKE,), withdrawn=(STOP,), abandoned=(STOP,))
    assert (both.entries, both.intents) == ((STARTED, ENDED), (STOP, WAKE))
    assert (both.withdrawn, both.abandoned) == ((WAKE, STOP), (WAKE, STOP))
    doubled = WHOLE | WHOLE
    others = ("late", "late_at", "needs", "said", "doubtful", "problems", "partial")
    assert all(len(getattr(doubled, f.name)) == 2 for f in fields(Decision) if f.name not in others)


def test_every_part_is_a_write() -> None:
    assert WHOLE.writes == 11
    for part in (
        "entries",
        "intents",
        "withdrawn",
        "abandoned",
        "claims",
        "released",
        "holds",
        "freed",
        "capacity",
        "times",
        "works",
    ):
        alone = Decision(**{part: getattr(WHOLE, part)})
        assert alone.writes == 1
        assert alone
    assert not Decision()


def test_open_questions_add_up_and_are_no_writes() -> None:
    room, score = Decision(needs=frozenset({Need.ON_DEMAND_ROOM})), Decision(needs=frozenset({Need.PLACEMENT_SCORE}))
    assert (room | score | room).needs == {Need.ON_DEMAND_ROOM, Need.PLACEMENT_SCORE}
    assert not room


def test_an_intent_that_is_due_is_committed_with_a_lease() -> None:
    later = replace(WAKE, due_at=BEGIN + MINUTE)
    due, waiting = Decision(intents=(STOP, later)).leased(BEGIN, BEGIN + 5 * MINUTE).intents
    assert (due.leased_until, waiting.leased_until) == (BEGIN + 5 * MINUTE, None)


def test_days_before_the_commit_s_are_late() -> None:
    days = [replace(STARTED, at=BEGIN - timedelta(days=n)) for n in (0, 2, 1)]
    assert Decision(entries=tuple(days)).leased(BEGIN, BEGIN).late == (date(2026, 2, 28), date(2026, 3, 1))


def test_a_decision_that_fits_into_one_transaction_is_not_cut() -> None:
    full = Decision(entries=tuple(map(unmeasured, range(62))), intents=(STOP,))
    assert (full.size, full.cut("bert", BEGIN)) == (64, full)


def test_a_larger_decision_is_cut_to_its_entries_with_an_overdue_wake_and_those_that_hold_a_claim_go_last() -> None:
    mark = Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN)
    entries = tuple(map(unmeasured, range(60)))
    large = Decision(entries=(STARTED, *entries), intents=(STOP,) * 9, claims=(CLAIM,))
    assert large.cut("bert", BEGIN) == Decision(entries=(*entries, STARTED), intents=(mark,), claims=(CLAIM,))
    larger = Decision(entries=(STARTED, *map(unmeasured, range(62))), intents=(STOP,) * 9, claims=(CLAIM,))
    assert larger.cut("bert", BEGIN) == Decision(entries=tuple(map(unmeasured, range(62))), intents=(mark,))


def test_a_cut_counts_what_dynamodb_counts_the_rows_of_names_and_the_marks_of_days_too() -> None:
    days = tuple(replace(unmeasured(n), at=BEGIN - timedelta(days=n)) for n in range(100))
    assert len(Decision(entries=days).cut("bert", BEGIN).entries) == 31
    named = tuple(replace(TRIED, action=replace(SUBMIT, job=f"bert-r{n}")) for n in range(100))
    assert len(Decision(intents=named).cut("bert", BEGIN).intents) == 1 + 31


def test_acts_are_cut_before_messages_and_what_is_withdrawn_goes_last() -> None:
    told = tuple(Intent(action=Announce(about="bert", topic=f"t{n}", channel="#ml"), due_at=BEGIN) for n in range(80))
    part = Decision(intents=(*told, STOP), withdrawn=(TRIED,)).cut("bert", BEGIN)
    assert (part.intents[1], part.withdrawn) == (STOP, ())


def test_an_overdue_wake_is_withdrawn_with_the_last_part() -> None:
    overdue = Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN)
    withdrawn = tuple(replace(overdue, action=Wake(about="bert", at=BEGIN - MINUTE * n)) for n in range(100))
    part = Decision(withdrawn=withdrawn).cut("bert", BEGIN)
    assert part == Decision(withdrawn=withdrawn[1:65])


SUBMIT = Submit(about="bert", born_at=BEGIN, job="bert-r02", number=2, cause=FailureCause.STARVED, identity="1:a", sent="{}")
TRIED = Intent(action=SUBMIT, due_at=BEGIN).leased(BEGIN + timedelta(minutes=1), BEGIN)
OTHERS: dict[str, Submit] = {
    "content": replace(SUBMIT, changes='{"EnableManagedSpotTraining": false}'), "identity": replace(SUBMIT, identity="1:b"),
    "form": replace(SUBMIT, sent='{"spot": false}'), "cause": replace(SUBMIT, cause=FailureCause.CAPACITY),
    "life of the job": replace(SUBMIT, born_at=None), "job": replace(SUBMIT, about="gpt"),
}  # fmt: skip


def test_an_intent_is_performed_as_it_is_decided_now_and_not_as_its_row_has_it() -> None:
    cheap, dear = replace(SUBMIT, cost_micros=1), replace(SUBMIT, cost_micros=10**9, cap_micros=5)
    decided = new_to(Decision(intents=(Intent(action=dear, due_at=BEGIN),)), lineage(), "bert")
    now = decided.confirms(replace(TRIED, action=cheap))
    assert now == replace(TRIED, action=dear)


@pytest.mark.parametrize("what", OTHERS)
def test_a_submission_that_differs_from_what_is_decided_now_is_not_performed(what: str) -> None:
    decided = new_to(Decision(intents=(Intent(action=SUBMIT, due_at=BEGIN),)), lineage(), "bert")
    assert decided.confirms(TRIED) == TRIED
    assert decided.confirms(replace(TRIED, action=OTHERS[what])) is None


def test_what_is_not_decided_now_or_only_because_somebody_tried_it_is_not_performed() -> None:
    assert new_to(Decision(), lineage(), "bert").confirms(STOP) is None
    said = new_to(Decision(intents=(TRIED,), doubtful=frozenset({TRIED.key})), lineage(intents=(TRIED,)), "bert")
    assert said.confirms(TRIED) is None
    assert not said.withdrawn


def test_what_was_decided_before_is_not_compared_and_nothing_that_is_not_said_is_confirmed() -> None:
    assert Decision(intents=(STOP,), said=(STOP,)) == Decision(intents=(STOP,))
    assert (Decision().confirms(STOP), Decision(said=(STOP,)).confirms(STOP)) == (None, STOP)
