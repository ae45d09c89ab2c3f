"""``checkpoint-alive``: a running spot job with a CheckpointConfig writes a first checkpoint in time, and then further ones."""

from __future__ import annotations

from controller.jobs.checkpoint import at_risk_s, trained_s
from controller.jobs.job import Job
from controller.policy.bounds import Seconds
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.duration import span
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    first_within_s: Seconds = 1800  # of training, until the first checkpoint is in S3
    at_most_s: Seconds = 3600  # of training, since the newest checkpoint


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    """No finding if the prefix could not be scanned, or if nothing can interrupt the job: it is on-demand, or has ended."""
    if not job.alive or not job.intervals or job.checkpoint_uri is None or not job.spot:
        return None  # without intervals, the job has not begun to train, and has nothing to save
    seen = evidence.checkpoint_scan
    if seen is None or seen.problem is not None:
        return None
    trained, at_risk = trained_s(job.intervals, seen.scanned_at), at_risk_s(seen, job.intervals, seen.scanned_at)
    if seen.newest_at is None and trained > options.first_within_s:
        limit = span(options.first_within_s)
        found = f"no checkpoint after {span(trained)} of training (limit {limit})"
        return _fault(job, found=found, wanted=f"a checkpoint within {limit} of training", risk="the job starts over")
    if seen.newest_at is not None and seen.complete and at_risk > options.at_most_s:
        limit = span(options.at_most_s)
        found = f"no new checkpoint for {span(at_risk)} (limit {limit})"
        return _fault(job, found=found, wanted=f"a checkpoint every {limit} of training", risk="the work since then is lost")
    return None


def _fault(job: Job, *, found: str, wanted: str, risk: str) -> Violation:
    """The violation has no demand on the request: the training code must write checkpoints to CheckpointConfig.LocalPath."""
    return Violation(
        field="CheckpointConfig.S3Uri", found=found, wanted=f"{wanted}, below {job.checkpoint_uri}",
        risk=f"If interrupted, {risk}.",
    )  # fmt: skip


CHECKPOINT_ALIVE = RuleKind(
    id="checkpoint-alive", needs=frozenset({"checkpoint_uri", "checkpoint_scan", "spot"}), options=Options, judge=judge
)
