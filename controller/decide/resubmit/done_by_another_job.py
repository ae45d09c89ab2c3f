"""Withdraws an attempt if another job does the same work, or did so since the end: such as a person's own retry."""

from __future__ import annotations

from controller.decide.announce import say
from controller.decide.decision import Decision, Need
from controller.decide.facts import Facts
from controller.ledger.intent import Announce, Submit
from controller.ledger.messages.kind import MessageKind
from controller.ledger.messages.message import DoneElsewhere, JobFacts
from controller.ledger.move_cause import MoveCause


def not_done_twice(facts: Facts, next_attempt: Decision) -> Decision:
    """The next attempt, unless another job does its work; that is looked up when the attempt is due, before each try.

    An attempt that a person asked for is made in any case. Once the other job was announced, no attempt follows, however that job
    ends.
    """
    submits = [i for i in next_attempt.intents if isinstance(i.action, Submit) and i.action.cause is not MoveCause.ASKED]
    if not submits:
        return next_attempt
    told = tuple(
        i for i in facts.lineage.intents
        if isinstance(i.action, Announce) and i.action.about == facts.job.name and i.action.kind is MessageKind.DONE_ELSEWHERE
    )  # fmt: skip
    if told:
        return Decision(intents=tuple(i for i in told if i.open))
    known = (facts.lineage.intent(i.key) or i for i in submits)
    if all(i.due_at > facts.now for i in known):
        return next_attempt
    if Need.DONE_ELSEWHERE not in facts.looked_up:
        return Decision(needs=frozenset({Need.DONE_ELSEWHERE}))
    if not facts.done_elsewhere:
        return next_attempt
    return say(facts, DoneElsewhere(job=JobFacts.of(facts.job), other=facts.done_elsewhere))
