"""``checkpoint-required``: a spot job that runs longer than a threshold saves checkpoints, below an allowed prefix."""

from __future__ import annotations

from dataclasses import dataclass

from controller.jobs.job import Job
from controller.policy.findings import Fix
from controller.policy.rules.kind import Evidence, RuleKind, Violation, runtime_of
from controller.units.duration import span


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    runtime_over_s: int = 900  # so short a job may as well start over
    under: tuple[str, ...] = ()  # empty: any prefix will do
    only_capable: bool = True  # an algorithm that cannot checkpoint is uncheckpointed-cap's business


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    runtime_s = runtime_of(job)
    if not job.spot or runtime_s <= options.runtime_over_s or (options.only_capable and job.algorithm.checkpoints is False):
        return None
    if job.checkpoint_uri is None:
        wanted = f"an S3 prefix{_below(options)}: without checkpoints, an interruption loses up to {span(runtime_s)} of training"
        return _fault(job, options, found="not set", wanted=wanted)
    if options.under and not any(_within(job.checkpoint_uri, prefix) for prefix in options.under):
        return _fault(job, options, found=job.checkpoint_uri, wanted=f"an S3 prefix{_below(options)}")
    return None


def _fault(job: Job, options: Options, *, found: str, wanted: str) -> Violation:
    root = options.under[0] if options.under else "s3://YOUR-BUCKET/checkpoints/"  # nothing in the job says which bucket
    uri = f"{root.removesuffix('/')}/{job.name}/"
    return Violation(
        field="CheckpointConfig.S3Uri",
        found=found,
        wanted=wanted,
        fix=Fix(request={"CheckpointConfig": {"S3Uri": uri}}, sdk={"checkpoint_s3_uri": uri}),
    )


def _within(uri: str, prefix: str) -> bool:
    """Whether a prefix lies in a folder: ``s3://acme/`` does not hold ``s3://acme-evil/``, with or without its last slash."""
    folder = prefix.rstrip("/")
    return uri == folder or uri.startswith(f"{folder}/")


def _below(options: Options) -> str:
    return f" under {' or '.join(options.under)}" if options.under else ""


CHECKPOINT_REQUIRED = RuleKind(
    id="checkpoint-required",
    needs=frozenset({"spot", "runtime_s_max", "checkpoint_uri", "algorithm"}),
    options=Options,
    judge=judge,
)
