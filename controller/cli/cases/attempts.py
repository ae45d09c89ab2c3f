"""Builds the lineage that the ledger would have for the earlier attempts of a case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from controller.decide.observe import ENDED
from controller.jobs.failure import FailureCause
from controller.jobs.job import Job, Outcome
from controller.ledger.attempt_name import attempt_name
from controller.ledger.entry import CheckpointScanned, Ended, Entry, Started
from controller.ledger.intent import Intent, IntentResult, Submit
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.ledger.move_cause import AttemptCause, MoveCause
from controller.policyfile.cases import EarlierAttempt


def lineage_before(earlier: Sequence[EarlierAttempt], job: Job) -> Lineage:
    """The lineage of ``job`` after the ``earlier`` attempts, the oldest first; each ended when the next was created."""
    lineage = Lineage(id=LineageId.of(job))
    if not earlier:
        return lineage
    began = job.created_at - timedelta(seconds=sum(attempt.lasted for attempt in earlier))
    root = LineageId(account=job.account, region=job.region, root=f"{job.name[:56]}-first", created_at=began)
    names = [root.root, *(attempt_name(root, number) for number in range(2, len(earlier) + 1)), job.name]
    entries: list[Entry] = []
    intents: list[Intent] = []
    at = began
    for number, attempt in enumerate(earlier, start=1):
        until = at + timedelta(seconds=attempt.lasted)
        entries += _entries(attempt, replace(job, name=names[number - 1], created_at=at), number, until)
        before, after = names[number - 1 : number + 1]
        submit = Submit(
            about=before, job=after, number=number + 1, cause=_cause(attempt), born_at=at, identity=job.identity
        )  # fmt: skip
        intents.append(Intent(action=submit, due_at=until, claim=1, closed=IntentResult.DONE))
        at = until
    entries.append(_started(job, len(earlier) + 1))
    return Lineage(id=root, entries=tuple(entries), intents=tuple(intents))


def _cause(attempt: EarlierAttempt) -> AttemptCause:
    return MoveCause.REPAIR if attempt.cause == MoveCause.REPAIR else FailureCause(attempt.cause)


def _entries(attempt: EarlierAttempt, job: Job, number: int, until: datetime) -> Iterator[Entry]:
    yield _started(job, number)
    cause = _cause(attempt)
    never = cause is FailureCause.NEVER_LAUNCHED
    outcome = Outcome.STARVED if never else next((one for one in Outcome if one.cause is cause), Outcome.STOPPED)
    yield Ended(
        job=job.name, at=until, team=job.team, outcome=outcome, seen_at=until, failure=None, spot=job.spot,
        instance_type=job.instance_type, region=job.region, ran_s=0 if never else attempt.lasted,
    )  # fmt: skip
    if job.checkpoint_uri is not None and attempt.kept is not None:
        yield CheckpointScanned(
            job=job.name, at=until, team=job.team, occasion=ENDED, uri=job.checkpoint_uri, objects=1, bytes_seen=1_000_000,
            newest_at=until, complete=True, proven_s=attempt.kept, at_risk_s=0, problem=None, kept_s=attempt.kept,
        )  # fmt: skip


def _started(job: Job, number: int) -> Started:
    return Started(
        job=job.name, at=job.created_at, team=job.team, number=number, spot=job.spot, instance_type=job.instance_type,
        instance_count=job.instance_count, region=job.region, service=job.service, checkpoint_uri=job.checkpoint_uri,
        runtime_s_max=job.runtime_s_max, wait_s_max=job.wait_s_max, role=job.role, identity=job.identity,
    )  # fmt: skip
