"""Schedules the next look at a job whose outcome or usage is not known yet, so that a lost event only causes a short delay."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.observe import FIRST_SCAN_AFTER, settled_at
from controller.decide.ownership import ask_again_at
from controller.decide.record_usage import USAGE_TIME_LIMIT
from controller.ledger.entry import Unmeasured
from controller.ledger.intent import Intent, Wake

FIRST_WAKEUP_AFTER = timedelta(minutes=3)
HOUR = timedelta(hours=1)
TAGS_LATE = timedelta(minutes=5)  # after a creation: until then an empty answer of ListTags counts as "not known yet"


def schedule_wakeups(facts: Facts) -> Decision:
    """Keep a Wake open until the job has ended and its usage is recorded, or recorded as unknown.

    Its time counts from the job's own times, never from now, so that deciding again gives the same Wake. An overdue Wake is
    replaced by the next one. If less is read (a job at rest), Wakes for other reasons, such as a deadline, are kept.
    """
    job = facts.job
    owner = {ask_again_at(job, facts.now)} if facts.owner_undecided else set()
    if job.outcome is None:
        said = owner | {next_wakeup_at(job.created_at, facts.now, most=HOUR)} | _next_scan(facts)
        return _wakes(facts, said | (_to_come(facts) if facts.history is None else set()))
    anchor = job.ended_at or job.created_at
    declared = facts.now >= anchor + USAGE_TIME_LIMIT or facts.lineage.entry(Unmeasured, job.name)
    late = {job.created_at + TAGS_LATE} if "tags" in job.unknown and facts.now < job.created_at + TAGS_LATE else set()
    settled = job.measurable_usage is not None or declared
    return _wakes(
        facts, owner | late | (set() if settled else {next_wakeup_at(anchor, facts.now, most=USAGE_TIME_LIMIT)})
    )  # fmt: skip


def _next_scan(facts: Facts) -> set[datetime]:
    """When to scan the checkpoints next: when the first should be in S3, or when an interrupted container can write no more."""
    job = facts.job
    if job.checkpoint_uri is None or not job.intervals:
        return set()
    if job.intervals[-1].end is None:
        before = sum(((i.end or i.start) - i.start for i in job.intervals[:-1]), timedelta())
        at = job.intervals[-1].start + FIRST_SCAN_AFTER - before
    elif (broken := max((*job.interrupted_at, *job.repeated_at), default=None)) is not None:
        at = settled_at(job, broken)
    else:
        return set()
    return {at} if at > facts.now else set()


def _to_come(facts: Facts) -> set[datetime]:
    wakes = (i.action.at for i in facts.lineage.open_intents(facts.job.name) if isinstance(i.action, Wake))
    return {at for at in wakes if at > facts.now}


def _wakes(facts: Facts, moments: set[datetime]) -> Decision:
    if facts.part_unread and any(isinstance(i.action, Wake) for i in facts.lineage.open_intents(facts.job.name)):
        return Decision()  # the look is repeated until the tags are known, by the Wake that is open
    return Decision(intents=tuple(Intent(action=Wake(about=facts.job.name, at=at), due_at=at) for at in sorted(moments)))


def next_wakeup_at(anchor: datetime, now: datetime, *, most: timedelta) -> datetime:
    """The first time after ``now`` in the series from ``anchor``: after 3, 6, 12 … minutes, then every ``most``."""
    look = FIRST_WAKEUP_AFTER
    while look < most:
        if anchor + look > now:
            return anchor + look
        look *= 2
    return anchor + most * max(1, (now - anchor) // most + 1)
