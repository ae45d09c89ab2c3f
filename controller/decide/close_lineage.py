"""Closes a lineage when its last attempt has ended and no other follows: records its result, and sends an event about it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from controller.decide.deadline.outlook import InvalidTag, deadline_of
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.record_usage import measured_of
from controller.decide.resubmit import resubmit
from controller.jobs.checkpoint import trained_s
from controller.jobs.job import Outcome
from controller.ledger.entry import CheckpointScanned, Finished
from controller.ledger.intent import Intent, Publish, Submit
from controller.savings.arithmetic import spent_micros

DETAIL_TYPE = "Spotwarden Lineage Finished"
ENDED = "ended"
USAGE_SOON = timedelta(minutes=15)  # whoever waits for the lineage is not kept waiting for its bill


def close_lineage(facts: Facts) -> Decision:
    """Record the result of a lineage once its usage is known or late, and put an event on the account's bus."""
    job = facts.job
    if job.outcome is None or not facts.newest or facts.owned or _goes_on(facts):
        return Decision()
    ended_at = job.ended_at or facts.now
    if job.usage is None and facts.now < ended_at + USAGE_SOON:
        return Decision()
    finished = Finished(
        job=job.name, at=ended_at, team=job.team, family=job.family, outcome=job.outcome, attempts=facts.number, spot=job.spot,
        instance_type=job.instance_type, region=job.region, work_s=work_s(facts), deadline=_deadline(facts),
    )  # fmt: skip
    publish = Publish(about=job.name, detail_type=DETAIL_TYPE, detail=json.dumps(_detail(facts, finished), sort_keys=True))
    return Decision(entries=(finished,), intents=(Intent(action=publish, due_at=facts.now),))


def work_s(facts: Facts) -> int | None:
    """Training seconds that the lineage's model took: the last attempt's, and what its checkpoints carried over before it."""
    job = facts.job
    if job.outcome is not Outcome.COMPLETED or not job.intervals:
        return None
    carried = sum(
        e.proven_s if e.kept_s is None else e.kept_s for e in facts.lineage.entries
        if isinstance(e, CheckpointScanned) and e.job != job.name and e.occasion == ENDED and e.uri == job.checkpoint_uri
    )  # fmt: skip
    return trained_s(job.intervals, job.ended_at or facts.now) + carried


def _goes_on(facts: Facts) -> bool:
    """Whether another attempt is meant, or under way; a Submit that is no longer said is being taken back."""
    return any(isinstance(i.action, Submit) for i in resubmit(facts).intents)


def _deadline(facts: Facts) -> datetime | None:
    block = facts.policy.resubmission_for(facts.job)
    try:
        return deadline_of(facts, block.deadline) if block else None
    except InvalidTag:
        return None


def _detail(facts: Facts, finished: Finished) -> dict[str, Any]:
    """What listeners learn; dollars cover what is measured and priced, and ``unmeasured`` counts the rest."""
    measured = measured_of(facts)
    spent = spent_micros(measured)
    priced = sum(e.rate_micros_per_h is not None for e in measured)
    return {
        "lineage": str(facts.lineage.id),
        "rootTrainingJobName": facts.lineage.id.root,
        "trainingJobName": finished.job,
        "trainingJobArn": facts.job.arn,
        "ending": finished.outcome.value,
        "modelArtifacts": facts.job.model_artifacts if finished.outcome is Outcome.COMPLETED else None,
        "attempts": finished.attempts,
        "spentUsd": f"{spent / 1_000_000:.6f}",
        "unmeasured": max(finished.attempts - priced, 0),
    }
