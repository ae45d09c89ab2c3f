"""Retries: how many count against a budget, how long each waits, and giving up once the budget is used up."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from controller.decide.announce import checkpoint_facts, say
from controller.decide.deadline.outlook import expected_s, proven_lineage_s
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.observe import ENDED, checkpoint_scanned
from controller.decide.resubmit.refused_steps import never_fitted
from controller.jobs.failure import FailureCause
from controller.ledger.entry import CheckpointScanned, Started
from controller.ledger.intent import Intent, IntentResult, Submit
from controller.ledger.lineage_id import LineageId
from controller.ledger.messages.kind import GiveUpReason
from controller.ledger.messages.message import CapFacts, GaveUp, JobFacts
from controller.ledger.move_cause import AttemptCause
from controller.policy.resubmission import Budget, BudgetPer

RETRIES_MAX = 100  # retries of a lineage for the causes of one budget, however much progress its attempts make


def tried_for(facts: Facts, causes: frozenset[FailureCause], per: BudgetPer = BudgetPer.LINEAGE) -> int:
    """How often this lineage was submitted again for these causes, up to the job that ended.

    With ``BudgetPer.PROGRESS``, attempts that wrote a new checkpoint do not count. An attempt whose prefix could not be scanned
    counts as one that wrote none.
    """
    counted = _retries(facts, causes)
    if per is BudgetPer.LINEAGE:
        return len(counted)
    return sum(not _progressed(facts, submit.job) for submit in counted)


def _retries(facts: Facts, causes: frozenset[FailureCause]) -> tuple[Submit, ...]:
    return tuple(
        submit
        for submit, i in facts.lineage.submits()
        if submit.cause in causes
        and submit.number <= facts.number
        and not never_fitted(i)
        and (i.closed is not IntentResult.WITHDRAWN or made(i, facts))
    )


def _progressed(facts: Facts, job: str) -> bool:
    """Whether an attempt saved training of its own: the scan at its end found a checkpoint newer than its start."""
    scans = (*facts.lineage.entries, *checkpoint_scanned(facts))
    return any(isinstance(e, CheckpointScanned) and e.job == job and e.occasion == ENDED and (e.kept_s or 0) > 0 for e in scans)


def made(intent: Intent, facts: Facts) -> bool:
    """Whether the attempt of a Submit was seen."""
    return isinstance(intent.action, Submit) and facts.lineage.entry(Started, intent.action.job) is not None


def retry_wait(budget: Budget, tried: int, share: float = 0.0) -> timedelta:
    """The wait before retry number ``tried`` + 1 for a cause; ``share`` (0 to 1) is the part of the jitter that is added."""
    plain_s = min(budget.first_s * budget.factor**tried, budget.most_s)
    return timedelta(seconds=round(plain_s * (1 + budget.jitter * share)))


def jitter_share(lineage: LineageId, number: int) -> float:
    """The attempt's share (0 to 1) of the jitter: from a hash, so the same each time, and different for each lineage."""
    digest = hashlib.sha256(f"{lineage.root}/{lineage}/{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def give_up(
    facts: Facts, reason: GiveUpReason, cause: AttemptCause, *,
    tried: int = 0, without_progress: bool = False, cap: CapFacts | None = None,
) -> Decision:  # fmt: skip
    """Announce that no attempt follows, why, and how far the lineage got. ``tried`` is the number of retries that counted."""
    job, seen, block = facts.job, last_seen(facts), facts.policy.resubmission_for(facts.job)
    looked = job.checkpoint_uri is None or (seen is not None and seen.problem is None)
    message = GaveUp(
        job=JobFacts.of(job), reason=reason, cause=cause, tried=tried, cap=cap, without_progress=without_progress,
        checkpoint=checkpoint_facts(job.checkpoint_uri, seen) if reason is GiveUpReason.LIMIT_REACHED else None,
        proven_s=proven_lineage_s(facts) if looked and job.intervals else None,
        expected_s=expected_s(facts, block.deadline) if block else None,
    )  # fmt: skip
    return say(facts, message)


def last_seen(facts: Facts) -> CheckpointScanned | None:
    """The last checkpoint scan of the job: the current one, if it is recorded now, else the last recorded one."""
    return next(iter(checkpoint_scanned(facts)), facts.last_checkpoint_scan)
