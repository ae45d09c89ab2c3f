"""Only the part of a decision that its lineage does not contain yet is written."""

from __future__ import annotations

from dataclasses import replace

from controller.decide.decision import Decision
from controller.decide.deduplicate import new_to
from controller.ledger.intent import Intent, IntentResult, Stop, Wake
from controller.ledger.pool import PlacementAsked
from tests.builders import BEGIN, lineage
from tests.unit.decide.test_decision import CLAIM, ENDED, HOLD, OTHERS, SEEN, STARTED, STOP, SUBMIT, TIMES, TRIED, WAKE


def test_a_sign_of_capacity_is_written_along_with_something_else_and_that_ec2_was_asked_by_itself() -> None:
    asked = PlacementAsked(region="us-east-1", instance_type="ml.g5.2xlarge", job="bert", at=BEGIN)
    assert new_to(Decision(capacity=(SEEN,)), lineage(), "bert").capacity == ()
    assert new_to(Decision(times=(TIMES,)), lineage(), "bert").times == ()
    assert new_to(Decision(times=(TIMES,), entries=(ENDED,)), lineage(), "bert").times == (TIMES,)
    assert new_to(Decision(capacity=(SEEN,), entries=(ENDED,)), lineage(), "bert").capacity == (SEEN,)
    assert new_to(Decision(capacity=(SEEN,), entries=(ENDED,)), lineage(entries=(ENDED,)), "bert").capacity == ()
    assert new_to(Decision(capacity=(asked, SEEN)), lineage(), "bert").capacity == (asked, SEEN)


def test_known_intents_are_dropped_and_withdrawn_ones_are_reopened_with_their_count() -> None:
    gone = replace(STOP, claim=3, held=2, closed=IntentResult.WITHDRAWN)
    new = new_to(Decision(entries=(STARTED, ENDED), intents=(STOP,)), lineage(entries=(STARTED,), intents=(gone,)), "bert")
    assert new.entries == (ENDED,)
    assert new.intents == (replace(STOP, claim=3, held=2),)
    assert new_to(Decision(intents=(STOP,)), lineage(intents=(STOP,)), "bert").intents == ()


def test_of_two_intents_of_one_key_the_first_counts() -> None:
    other = replace(STOP, action=Stop(about="bert", because="second"))
    assert new_to(Decision(intents=(STOP, other)), lineage(), "bert").intents == (STOP,)


def test_an_intent_that_is_no_longer_decided_is_withdrawn_unless_it_is_leased() -> None:
    leased = replace(STOP, leased_until=BEGIN)
    others = replace(WAKE, action=Wake(about="gpt", at=BEGIN))
    assert new_to(Decision(), lineage(intents=(STOP, WAKE, others)), "bert").withdrawn == (STOP, WAKE)
    assert new_to(Decision(), lineage(intents=(leased,)), "bert").withdrawn == ()
    assert new_to(Decision(intents=(WAKE,)), lineage(intents=(STOP, WAKE)), "bert").withdrawn == (STOP,)


def test_claims_are_taken_with_the_start_and_returned_with_the_end() -> None:
    both = Decision(entries=(STARTED, ENDED), claims=(CLAIM,), released=(CLAIM,), holds=(HOLD,), freed=(HOLD,))
    known_start = new_to(both, lineage(entries=(STARTED,)), "bert")
    assert (known_start.claims, known_start.released) == ((), (CLAIM,))
    assert (known_start.holds, known_start.freed) == ((), (HOLD,))
    known_end = new_to(both, lineage(entries=(ENDED,)), "bert")
    assert (known_end.claims, known_end.released) == ((CLAIM,), ())
    assert (known_end.holds, known_end.freed) == ((HOLD,), ())


def test_a_submission_is_written_again_with_new_content_only_if_it_was_never_tried() -> None:
    new = Intent(action=OTHERS["content"], due_at=BEGIN)
    waiting = Intent(action=SUBMIT, due_at=BEGIN)
    assert new_to(Decision(intents=(new,)), lineage(intents=(waiting,)), "bert").intents == (new,)
    assert not new_to(Decision(intents=(waiting,)), lineage(intents=(waiting,)), "bert")
    for tried in (TRIED, replace(TRIED, leased_until=None), replace(waiting, closed=IntentResult.REFUSED)):
        assert not new_to(Decision(intents=(new,)), lineage(intents=(tried,)), "bert")
