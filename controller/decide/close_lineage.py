"""Closes a lineage when its last attempt has ended and no other follows: records its result, and sends an event about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.decide.deadline.outlook import deadline_of
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.record_usage import measured_of
from controller.decide.resubmit.resubmit import resubmit
from controller.jobs.job import Outcome
from controller.ledger.entry import CheckpointScanned, Ended, Finished, Measured, Started
from controller.ledger.intent import Intent, Publish, Submit
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.savings.attempt_savings import spent_micros
from controller.savings.progress import work_at_most_s

DETAIL_TYPE = "Spotwarden Lineage Finished"
ENDED = "ended"
USAGE_SOON = timedelta(minutes=15)  # how long the event of a finished lineage waits for SageMaker to show the usage


def close_lineage(facts: Facts) -> Decision:
    """Record the result of a lineage once its usage is known or late, and put an event on the account's bus."""
    job = facts.job
    if job.outcome is None or not facts.newest or facts.owned or _goes_on(facts):
        return Decision()
    ended_at = job.ended_at or facts.now
    if job.usage is None and facts.now < ended_at + USAGE_SOON:
        return Decision()
    finished = Finished(
        job=job.name, at=ended_at, team=job.team, family=facts.family, outcome=job.outcome, attempts=facts.number, spot=job.spot,
        instance_type=job.instance_type, region=job.region, work_s=work_s(facts), deadline=_deadline(facts),
    )  # fmt: skip
    model = job.model_artifacts if finished.outcome is Outcome.COMPLETED else None
    publish = _event(facts.lineage.id, finished, measured_of(facts), arn=job.arn, model=model)
    return Decision(entries=(finished,), intents=(Intent(action=publish, due_at=facts.now),))


def event_of_deleted(lineage: Lineage, name: str) -> Publish | None:
    """The event of a finished lineage whose last job was deleted; None for a lineage that is not finished.

    It contains only what the ledger recorded. The model and the ARN are left out, because only the job's description showed
    them, and a stored event may have been written by somebody else.
    """
    finished, ended = lineage.entry(Finished, name), lineage.entry(Ended, name)
    if finished is None or ended is None or finished.outcome is not ended.outcome:
        return None  # then this Finished does not come from a look at the job
    measured = tuple(entry for entry in lineage.entries if isinstance(entry, Measured))
    return _event(lineage.id, finished, measured, arn=None, model=None)


def work_s(facts: Facts) -> int | None:
    """The training seconds that the lineage's model contains; None without a model.

    They are those of the last attempt and those of earlier attempts that it continued from. Training that an interruption lost
    does not count.
    """
    job = facts.job
    if job.outcome is not Outcome.COMPLETED or not job.intervals:
        return None
    own_s = work_at_most_s(
        job.intervals, facts.scans, checkpoints=job.checkpoint_uri is not None, ended_at=job.ended_at or facts.now
    )  # fmt: skip
    return own_s + _carried_s(facts)


def _carried_s(facts: Facts) -> int:
    """The training seconds that earlier attempts left in the checkpoints. Where no scan is exact, all that an attempt trained."""
    entries, uri = facts.lineage.entries, facts.job.checkpoint_uri
    if uri is None:
        return 0
    ended = (e for e in entries if isinstance(e, CheckpointScanned) and e.occasion == ENDED)
    kept = {e.job: e for e in ended if e.uri == uri}
    begun = {e.job for e in entries if isinstance(e, Started) and e.checkpoint_uri == uri}
    return sum(_kept_s(facts.lineage, job, kept.get(job)) for job in (begun | kept.keys()) - {facts.job.name})


def _kept_s(lineage: Lineage, job: str, seen: CheckpointScanned | None) -> int:
    over, measured = lineage.entry(Ended, job), lineage.entry(Measured, job)
    trained_s = measured.training_s if measured is not None else 0
    if seen is None:
        return 0 if over is None or over.outcome is Outcome.COMPLETED else trained_s
    kept_s = seen.proven_s if seen.kept_s is None else seen.kept_s
    return kept_s if seen.exact and seen.problem is None else max(kept_s, trained_s)


def _goes_on(facts: Facts) -> bool:
    """Whether another attempt is decided or under way. A Submit that is no longer decided is being withdrawn."""
    return any(isinstance(i.action, Submit) for i in resubmit(facts).intents)


def _deadline(facts: Facts) -> datetime | None:
    block = facts.policy.resubmission_for(facts.job)
    return deadline_of(facts, block.deadline) if block else None


def _event(id: LineageId, finished: Finished, measured: Sequence[Measured], *, arn: str | None, model: str | None) -> Publish:
    """The event of a finished lineage. ``spentUsd`` covers measured attempts with a price; ``unmeasured`` counts the others."""
    priced = sum(entry.rate_micros_per_h is not None for entry in measured)
    detail = {
        "lineage": str(id),
        "rootTrainingJobName": id.root,
        "trainingJobName": finished.job,
        "trainingJobArn": arn,
        "ending": finished.outcome.value,
        "modelArtifacts": model,
        "attempts": finished.attempts,
        "spentUsd": f"{spent_micros(measured) / 1_000_000:.6f}",
        "unmeasured": max(finished.attempts - priced, 0),
    }
    return Publish(about=finished.job, detail_type=DETAIL_TYPE, detail=json.dumps(detail, sort_keys=True))
