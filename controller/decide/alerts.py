"""Tells people what could not be done: refused or abandoned intents, stuck jobs, unreadable checkpoints."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from controller.decide.announce import announce, say
from controller.decide.call_off import called_off_numbers
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.resubmit.refused_steps import another_step_follows, never_fitted
from controller.jobs.service_limit import service_limit_in
from controller.ledger.entry import Started
from controller.ledger.intent import NAME_TAKEN, NEVER_FITS, NO_PERMISSION, NOT_DECIDED, Intent, IntentResult, Stop, Submit
from controller.ledger.lineage import Lineage
from controller.ledger.messages.message import (
    Abandoned,
    CheckpointsUnseen,
    JobFacts,
    NameTaken,
    NotPermitted,
    Refused,
    StepSkipped,
    StillStopping,
)

STOPPING_TIME_LIMIT = timedelta(
    minutes=30
)  # a stopped container has 120 s, then SageMaker uploads its model; users reported jobs that stayed Stopping for days
FAILED = (IntentResult.REFUSED, IntentResult.ABANDONED)


def alert(facts: Facts) -> Decision:
    """Announce a job that does not stop, checkpoints that cannot be read, and intents that failed."""
    failed = alert_failed_intents(facts.lineage, facts.job.name, facts.policy.channel, facts.now)
    return alert_stuck_stopping(facts) | alert_unreadable_checkpoints(facts) | failed


def alert_failed_intents(lineage: Lineage, job: str, channel: str, now: datetime) -> Decision:
    """Announce every stop or submission of a job that AWS refused or whose tries are used up."""
    said, team = Decision(), team_at_start(lineage, job)
    for intent in lineage.intents:
        if intent.action.about != job or not isinstance(intent.action, Submit | Stop):
            continue
        if intent.closed in FAILED and not _called_off(lineage, intent):
            said |= announce(
                replace(_failure_message(intent, lineage), team=team), intent.key, about=job, channel=channel, at=now
            )
        elif intent.open and intent.why.startswith(NO_PERMISSION) and isinstance(intent.action, Submit):
            why = intent.why.removeprefix(NO_PERMISSION)
            waiting = NotPermitted(name=job, attempt=intent.action.job, why=why, team=team)
            said |= announce(waiting, intent.key, about=job, channel=channel, at=now)
    return said


def team_at_start(lineage: Lineage, job: str) -> str:
    """The team with which the job was first seen; empty without one."""
    started = lineage.entry(Started, job)
    return (started.team if started else None) or ""


def _called_off(lineage: Lineage, intent: Intent) -> bool:
    """Whether the intent is closed because a person called its attempt off. That was announced at the time."""
    submit = intent.action
    if not isinstance(submit, Submit) or not intent.why.startswith(NOT_DECIDED):
        return False
    return submit.number in called_off_numbers(lineage, submit.about)


def _failure_message(intent: Intent, lineage: Lineage) -> Refused | Abandoned | NameTaken | StepSkipped:
    attempt, why = (intent.action.job if isinstance(intent.action, Submit) else ""), intent.why
    if isinstance(intent.action, Submit) and never_fitted(intent):
        why = why.removeprefix(NEVER_FITS)
        if another_step_follows(intent.action, lineage):
            return _skipped(intent.action, why)
    if intent.closed is IntentResult.REFUSED and intent.why.startswith(NAME_TAKEN):
        return NameTaken(name=intent.action.about, attempt=attempt, why=intent.why.removeprefix(NAME_TAKEN))
    kind = Refused if intent.closed is IntentResult.REFUSED else Abandoned
    return kind(name=intent.action.about, attempt=attempt, why=why)


def _skipped(submit: Submit, why: str) -> StepSkipped:
    limit = service_limit_in(why)
    quota, most, asked = (limit.name, limit.limit, limit.delta) if limit is not None else ("", 0, 0)
    return StepSkipped(
        name=submit.about, attempt=submit.job, why=why, changes=submit.changes, quota=quota, limit=most, asked=asked
    )  # fmt: skip


def alert_unreadable_checkpoints(facts: Facts) -> Decision:
    """Announce a checkpoint prefix that cannot be read, if the policy would continue the job from it."""
    block, seen = facts.policy.resubmission_for(facts.job), facts.checkpoint_scan
    if seen is None or seen.problem is None or block is None or not block.mode.tells or not facts.newest:
        return Decision()
    return say(facts, CheckpointsUnseen(job=JobFacts.of(facts.job), uri=facts.job.checkpoint_uri or "", problem=seen.problem))


def alert_stuck_stopping(facts: Facts) -> Decision:
    """Announce a job that is still Stopping after ``STOPPING_TIME_LIMIT``. It is billed until it ends."""
    job = facts.job
    if job.status != "Stopping" or job.stopping_at is None or facts.now - job.stopping_at < STOPPING_TIME_LIMIT:
        return Decision()
    for_s = int((facts.now - job.stopping_at).total_seconds())
    message = StillStopping(job=JobFacts.of(job), for_s=for_s, secondary=job.secondary)
    return say(facts, message, channel=facts.policy.channel)
