"""A decision adds up, contains only what a lineage does not know yet, and fits into one transaction."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

from controller.decide.decision import Decision
from controller.decide.need import Need
from controller.jobs.claim import claim_of
from controller.jobs.job import Outcome
from controller.jobs.quota_hold import QuotaHold
from controller.ledger.entry import Ended, Started, Unmeasured
from controller.ledger.intent import Intent, IntentResult, Stop, Wake
from controller.ledger.pool import CapacitySeen, PlacementAsked
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
STOP = Intent(action=Stop(about="bert", because="first"), due_at=BEGIN)
WAKE = Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN)


def unmeasured(n: int) -> Unmeasured:
    return Unmeasured(job=f"job-{n}", at=BEGIN, team=None, spot=True)


WHOLE = Decision(
    entries=(STARTED,), intents=(STOP,), withdrawn=(WAKE,), abandoned=(WAKE,), claims=(CLAIM,), released=(CLAIM,),
    holds=(HOLD,), freed=(HOLD,), capacity=(SEEN,),
)  # fmt: skip


def test_two_decisions_add_up_part_by_part_in_their_order() -> None:
    both = WHOLE | Decision(entries=(ENDED,), intents=(WAKE,), withdrawn=(STOP,), abandoned=(STOP,))
    assert (both.entries, both.intents) == ((STARTED, ENDED), (STOP, WAKE))
    assert (both.withdrawn, both.abandoned) == ((WAKE, STOP), (WAKE, STOP))
    doubled = WHOLE | WHOLE
    others = ("late", "needs", "said", "doubtful", "problems")
    assert all(len(getattr(doubled, f.name)) == 2 for f in fields(Decision) if f.name not in others)


def test_every_part_is_a_write() -> None:
    assert WHOLE.writes == 9
    for part in ("entries", "intents", "withdrawn", "abandoned", "claims", "released", "holds", "freed", "capacity"):
        alone = Decision(**{part: getattr(WHOLE, part)})
        assert alone.writes == 1
        assert alone
    assert not Decision()


def test_open_questions_add_up_and_are_no_writes() -> None:
    room, score = Decision(needs=frozenset({Need.ON_DEMAND_ROOM})), Decision(needs=frozenset({Need.PLACEMENT_SCORE}))
    assert (room | score | room).needs == {Need.ON_DEMAND_ROOM, Need.PLACEMENT_SCORE}
    assert not room


def test_a_sign_of_capacity_is_written_along_with_something_else_and_that_ec2_was_asked_by_itself() -> None:
    asked = PlacementAsked(region="us-east-1", instance_type="ml.g5.2xlarge", job="bert", at=BEGIN)
    assert Decision(capacity=(SEEN,)).new_to(lineage(), "bert").capacity == ()
    assert Decision(capacity=(SEEN,), entries=(ENDED,)).new_to(lineage(), "bert").capacity == (SEEN,)
    assert Decision(capacity=(SEEN,), entries=(ENDED,)).new_to(lineage(entries=(ENDED,)), "bert").capacity == ()
    assert Decision(capacity=(asked, SEEN)).new_to(lineage(), "bert").capacity == (asked, SEEN)


def test_known_intents_are_dropped_and_withdrawn_ones_are_reopened_with_their_count() -> None:
    gone = replace(STOP, claim=3, held=2, closed=IntentResult.WITHDRAWN)
    new = Decision(entries=(STARTED, ENDED), intents=(STOP,)).new_to(lineage(entries=(STARTED,), intents=(gone,)), "bert")
    assert new.entries == (ENDED,)
    assert new.intents == (replace(STOP, claim=3, held=2),)
    assert Decision(intents=(STOP,)).new_to(lineage(intents=(STOP,)), "bert").intents == ()


def test_of_two_intents_of_one_key_the_first_counts() -> None:
    other = replace(STOP, action=Stop(about="bert", because="second"))
    assert Decision(intents=(STOP, other)).new_to(lineage(), "bert").intents == (STOP,)


def test_an_intent_that_is_no_longer_decided_is_withdrawn_unless_it_is_leased() -> None:
    leased = replace(STOP, leased_until=BEGIN)
    others = replace(WAKE, action=Wake(about="gpt", at=BEGIN))
    assert Decision().new_to(lineage(intents=(STOP, WAKE, others)), "bert").withdrawn == (STOP, WAKE)
    assert Decision().new_to(lineage(intents=(leased,)), "bert").withdrawn == ()
    assert Decision(intents=(WAKE,)).new_to(lineage(intents=(STOP, WAKE)), "bert").withdrawn == (STOP,)


def test_claims_are_taken_with_the_start_and_returned_with_the_end() -> None:
    both = Decision(entries=(STARTED, ENDED), claims=(CLAIM,), released=(CLAIM,), holds=(HOLD,), freed=(HOLD,))
    known_start = both.new_to(lineage(entries=(STARTED,)), "bert")
    assert (known_start.claims, known_start.released) == ((), (CLAIM,))
    assert (known_start.holds, known_start.freed) == ((), (HOLD,))
    known_end = both.new_to(lineage(entries=(ENDED,)), "bert")
    assert (known_end.claims, known_end.released) == ((CLAIM,), ())
    assert (known_end.holds, known_end.freed) == ((HOLD,), ())


def test_an_intent_that_is_due_is_committed_with_a_lease() -> None:
    later = replace(WAKE, due_at=BEGIN + MINUTE)
    due, waiting = Decision(intents=(STOP, later)).leased(BEGIN, BEGIN + 5 * MINUTE).intents
    assert (due.leased_until, waiting.leased_until) == (BEGIN + 5 * MINUTE, None)


def test_days_before_the_commit_s_are_late() -> None:
    days = [replace(STARTED, at=BEGIN - timedelta(days=n)) for n in (0, 2, 1)]
    assert Decision(entries=tuple(days)).leased(BEGIN, BEGIN).late == (date(2026, 2, 28), date(2026, 3, 1))


def test_a_decision_that_fits_into_one_transaction_is_not_cut() -> None:
    sixty_four = Decision(entries=tuple(map(unmeasured, range(63))), intents=(STOP,))
    assert sixty_four.cut() == sixty_four


def test_a_larger_decision_is_cut_to_its_entries_and_then_to_those_that_hold_no_claim() -> None:
    entries = (STARTED, *map(unmeasured, range(60)))
    large = Decision(entries=entries, intents=(STOP,) * 9, claims=(CLAIM,))
    assert large.cut() == Decision(entries=entries, claims=(CLAIM,))
    larger = Decision(entries=(STARTED, *map(unmeasured, range(61))), intents=(STOP,) * 9, claims=(CLAIM,))
    assert larger.cut() == Decision(entries=tuple(map(unmeasured, range(61))))
    assert len(Decision(entries=tuple(map(unmeasured, range(100)))).cut().entries) == 64
    small = Decision(entries=tuple(map(unmeasured, range(3)))).cut(2)
    assert small.writes == 2
