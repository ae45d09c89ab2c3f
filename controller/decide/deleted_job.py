"""Abandons the open intents of a job that SageMaker no longer knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from controller.decide.alerts import alert_failed_intents, team_at_start
from controller.decide.announce import announce
from controller.decide.decision import WRITES_MAX, Decision
from controller.jobs.claim import Claim, claim_of
from controller.jobs.quota_hold import QuotaHold
from controller.ledger.entry import Ended, JobDeleted, Started
from controller.ledger.intent import Announce, Intent, IntentResult, Publish, RefreshCard, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.ledger.messages.message import Deleted


def decide_deleted(lineage: Lineage, name: str, now: datetime, channel: str) -> Decision:
    """Abandon the open intents of a job that SageMaker no longer knows, and announce it.

    An open Submit is abandoned too: without the job's description, its request would be a guess. Leased intents, messages and
    events are kept. Nothing is announced if the outcome is recorded and only Wakes are open. What does not fit into one
    transaction is decided again, until nothing is left.
    """
    left_open = tuple(
        i for i in lineage.open_intents(about=name)
        if not isinstance(i.action, Announce | Publish | RefreshCard) and (i.leased_until is None or i.leased_until <= now)
    )  # fmt: skip
    said = _new_to(lineage, _alerts(lineage, name, now, channel))
    whole = said | (_new_to(lineage, _abandon(lineage, name, left_open, left_open, now, channel)) if left_open else Decision())
    if whole.size <= WRITES_MAX:
        return whole
    if said:  # messages first: the intents that stay open bring the sweep back for the rest
        return Decision(intents=said.intents[:WRITES_MAX])
    return _new_to(lineage, _abandon(lineage, name, left_open, left_open[:ABANDONED_AT_ONCE], now, channel))


ABANDONED_AT_ONCE = 30  # with a claim to release for each of them, they fit into one transaction


def _alerts(lineage: Lineage, name: str, now: datetime, channel: str) -> Decision:
    """The messages about intents that failed before the job was deleted. Those abandoned with it are counted in one message."""
    gone = lineage.entry(JobDeleted, name) is not None
    known = tuple(i for i in lineage.intents if not (gone and i.closed is IntentResult.ABANDONED))
    return alert_failed_intents(replace(lineage, intents=known), name, channel, now)


def _new_to(lineage: Lineage, said: Decision) -> Decision:
    standing = lineage.standing()
    return replace(
        said,
        entries=tuple(e for e in said.entries if e.key not in standing),
        intents=tuple(i for i in said.intents if i.key not in standing),
    )


def _abandon(
    lineage: Lineage, name: str, left_open: tuple[Intent, ...], now_abandoned: tuple[Intent, ...], now: datetime, channel: str
) -> Decision:
    """Abandon ``now_abandoned``, a part of ``left_open``. The message counts all of them, and is written with the first part."""
    started = lineage.entry(Started, name)
    names = (name, *(i.action.job for i in now_abandoned if isinstance(i.action, Submit)))
    said = Decision(
        entries=(JobDeleted(job=name, at=now, team=started.team if started else None),),
        abandoned=now_abandoned,
        released=_claims(lineage, started, names),
        freed=_holds(lineage, started),
    )
    lost = tuple(i for i in left_open if not isinstance(i.action, Wake))
    if not lost and lineage.entry(Ended, name):
        return said
    submissions, stops = (sum(isinstance(i.action, kind) for i in lost) for kind in (Submit, Stop))
    message = Deleted(name=name, submissions=submissions, stops=stops, team=team_at_start(lineage, name))
    return said | announce(message, about=name, channel=channel, at=now)


def _claims(lineage: Lineage, started: Started | None, jobs: tuple[str, ...]) -> tuple[Claim, ...]:
    """The claims that the deleted job, and the attempts that were to follow it, may still hold."""
    if started is None or started.checkpoint_uri is None:
        return ()
    return tuple(claim_of(started.checkpoint_uri, job=job, lineage=str(lineage.id), created_at=started.at) for job in jobs)


def _holds(lineage: Lineage, started: Started | None) -> tuple[QuotaHold, ...]:
    """The part of the on-demand quota that a deleted job may still hold."""
    if started is None or started.spot:
        return ()
    hold = QuotaHold(
        region=started.region, instance_type=started.instance_type, instances=started.instance_count, job=started.job,
        lineage=str(lineage.id), created_at=started.at,
    )  # fmt: skip
    return (hold,)
