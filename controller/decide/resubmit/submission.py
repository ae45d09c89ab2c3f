"""Forms the Submit of a lineage's next attempt, within its spend caps, and the message about it."""

from __future__ import annotations

import json
from datetime import datetime

from controller.decide.announce import checkpoint_facts, say
from controller.decide.decision import Decision
from controller.decide.enforce.repair_prefix import new_prefix_of
from controller.decide.facts import Facts
from controller.decide.resubmit.fallback import Fallback
from controller.decide.resubmit.retries import give_up, last_seen
from controller.decide.spend_cap import afford, stop_before
from controller.jobs.changes import Changes, RequestForm
from controller.jobs.failure import FailureCause
from controller.jobs.request import change_to_json, tags_without_room
from controller.ledger.entry import Flagged
from controller.ledger.intent import Intent, Submit
from controller.ledger.lineage import GENERATIONS_MAX
from controller.ledger.messages.kind import GiveUpReason
from controller.ledger.messages.message import CannotRepeat, CapFacts, JobFacts, Resubmitting
from controller.ledger.move_cause import AttemptCause, MoveCause
from controller.units.calendar import month_key


def submit_next(
    facts: Facts, cause: AttemptCause, step: Fallback, due_at: datetime, *, tried: int = 0, limit: int = 1, why: str = "",
    after: int = 1,
) -> Decision:  # fmt: skip
    """Submit the attempt with this job's number plus ``after`` at ``due_at``. Give up if a cap has no room or no name is left.

    The message shows ``tried`` of ``limit`` retries of the cause's budget, and ``why`` in place of the cause.
    """
    job, number = facts.job, facts.number + after
    if facts.lineage.generation_of(number) > GENERATIONS_MAX:
        return give_up(facts, GiveUpReason.NAMES_TAKEN, cause, tried=GENERATIONS_MAX)
    allowed = afford(facts, step.changes, capped=cause is not MoveCause.ASKED)
    if isinstance(allowed, CapFacts):
        reason = GiveUpReason.NO_PRICE if allowed.next_micros is None else GiveUpReason.OVER_CAP
        return give_up(facts, reason, cause, cap=allowed)
    name = facts.lineage.name_of(number, job.identity)
    try:
        change = Changes.of(allowed.changes)
    except ValueError as problem:
        return say(facts, CannotRepeat(job=JobFacts.of(job), why=str(problem)))
    changes = change_to_json(allowed.changes)
    submit = Submit(
        about=job.name, born_at=job.created_at, job=name, number=number, cause=cause, changes=changes,
        fallback_step=step.fallback_step, cost_micros=allowed.cost_micros,
        cap_micros=facts.policy.spend_caps_for(job).team_month_micros, month=month_of(facts, name),
        identity=job.identity, sent=RequestForm.of(job).changed(change).to_json(),
    )  # fmt: skip
    message = Resubmitting(
        job=JobFacts.of(job), cause=cause, attempt=name, due_at=due_at, counted=isinstance(cause, FailureCause), tried=tried,
        limit=limit, changes=changes, why=why, tags_left=", ".join(tags_without_room(job.tags)),
        checkpoint=None if new_prefix_of(changes) else checkpoint_facts(job.checkpoint_uri, last_seen(facts)),
        revision=facts.policy.revision if cause is MoveCause.REPAIR else "", next_micros=allowed.cost_micros,
        was=change_to_json(RequestForm.of(job).values_of(change)),
        broken=_broken(facts, why) if cause is MoveCause.REPAIR else "",
    )  # fmt: skip
    return Decision(intents=(Intent(action=submit, due_at=due_at),)) | say(facts, message, name)


def _broken(facts: Facts, policies: str) -> str:
    """What was wrong with the job that is repaired: its findings by these rules (names with ", " between them), as JSON."""
    asked = policies.split(", ")
    flagged = [e for e in facts.lineage.entries if isinstance(e, Flagged) and e.job == facts.job.name and e.policy in asked]
    return json.dumps([{"rule": e.rule, "field": e.field, "found": e.found, "wanted": e.wanted} for e in flagged])


def month_of(facts: Facts, name: str) -> str:
    """The month (UTC, 2026-11) whose cap the attempt counts against.

    It is the month in which the stop reserved the attempt's cost, or without a reservation, that of the job's end.
    """
    stop = stop_before(f"submit/{name}", facts.job.name, facts.lineage)
    return stop.month if stop is not None and stop.month else month_key(ended_at(facts))


def ended_at(facts: Facts) -> datetime:
    """When the job ended; if its description does not show that, when it was created."""
    return facts.job.ended_at or facts.job.created_at
