"""Builds the job of a case, and what the controller would know about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from controller.aws.price_lookup import Prices
from controller.aws.sagemaker.read_job import DocumentKind
from controller.cli.cases.attempts import lineage_before
from controller.cli.documents import Found, documents, documents_in
from controller.decide.decision import Need
from controller.decide.enforce.spot_worth_evidence import worth_of
from controller.decide.facts import Facts
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.claim import Claim, claim_of
from controller.jobs.job import Job, Outcome
from controller.ledger.pool import PoolMemory
from controller.policy.policy import Policy
from controller.policy.rules.kind import Evidence
from controller.policy.spot_worth import SpotWorth
from controller.policyfile.cases import Case, ShortJob
from controller.runtime.gather.gather import priced
from controller.savings.job_history import RUNS_MIN

ACCOUNT, REGION = "111122223333", "us-east-1"
STARTS_AFTER_S = 180  # from a job's creation to the start of its training
IMAGES: Mapping[str, str] = {
    "framework": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311",
    "custom": "111122223333.dkr.ecr.us-east-1.amazonaws.com/acme-training:1",
    "built-in": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
    "built-in-without-checkpoints": "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1",
}
MARKETPLACE = "arn:aws:sagemaker:us-east-1:865070037744:algorithm/acme-forecast-1"
STATUSES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.COMPLETED: ("Completed", "Completed"),
    Outcome.STARVED: ("Stopped", "MaxWaitTimeExceeded"),
    Outcome.OVERRAN: ("Stopped", "MaxRuntimeExceeded"),
    Outcome.STOPPED: ("Stopped", "Stopped"),
}
REASONS: Mapping[Outcome, str] = {
    Outcome.CAPACITY: "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different type.",
    Outcome.INTERNAL: "InternalServerError: We encountered an internal error. Please try again.",
    Outcome.ALGORITHM: "AlgorithmError: Exit Code: 1",
    Outcome.CLIENT: "ClientError: Data download failed: NoSuchKey",
    Outcome.MEMORY: "ClientError: Please use an instance type with more memory.",
    Outcome.DISK: "ClientError: Data download failed:Insufficient disk space",
    Outcome.QUOTA: "ResourceLimitExceeded: The account-level service limit is reached.",
    Outcome.THROTTLED: "ThrottlingException: Rate exceeded",
    Outcome.FAILED: "an undocumented reason",
}


def found_of(case: Case) -> Found:
    """The document with the job of a case; ``error`` is set if it cannot be read or has not exactly one job."""
    if case.short is not None:
        return _short(case, case.short)
    job = case.entry.job
    beside = documents(str(Path(case.file).parent / job)) if isinstance(job, str) else documents_in(case.file, job)
    found = list(beside)
    if len(found) != 1:
        return Found(file=case.file, kind="", error=f"found {len(found)} training jobs, wanted one", request=None)
    return found[0]


def as_made(case: Case, job: Job) -> Job:
    """The job at the case's time, with the creation time and region that its request does not contain."""
    unknown = set(job.unknown)
    if case.short is not None:
        unknown.discard("region")
        job = replace(job, region=REGION)
    if "created_at" in unknown:
        unknown.discard("created_at")
        created_at = case.entry.at - timedelta(seconds=case.entry.history.created or 0)
        job = replace(job, created_at=created_at, status=job.status or "InProgress", secondary=job.secondary or "Starting")
    return replace(job, unknown=frozenset(unknown))


def priced_region(job: Job) -> str:
    """The region for a job's price: a request contains none."""
    return job.region or REGION


def evidence_of(case: Case, found: Found) -> Evidence:
    """The evidence of a case: only the other jobs and the checkpoint scan that its history contains."""
    return Evidence(claims=_claims(case), checkpoint_scan=_scan(case, found))


def facts_of(case: Case, found: Found, job: Job, policy: Policy) -> Facts:
    """What the controller would know about the job at the case's time."""
    lineage = lineage_before(case.entry.history.attempts or (), job)
    at, evidence, run_s = case.entry.at, evidence_of(case, found), case.entry.history.run
    facts = Facts(
        now=at, job=job, number=lineage.newest_number() or 1, lineage=lineage, policy=policy, rate=None,
        claims=evidence.claims if job.alive else None, checkpoint_scan=evidence.checkpoint_scan,
        history=(run_s,) * RUNS_MIN if run_s is not None else (), looked_up=frozenset(Need),
    )  # fmt: skip
    facts = priced(facts, Prices(), priced_region(job))
    return replace(facts, spot_worth=_worth(case, facts))


def _worth(case: Case, facts: Facts) -> SpotWorth | None:
    """What is expected of the job on spot, if the case describes its pool."""
    pool, job = case.entry.history.pool, facts.job
    if pool is None or not job.spot or job.training or facts.owned:
        return None
    memory = PoolMemory(
        instance_type=job.instance_type, region=job.region, exposure_s=pool.watched, interruptions=pool.interruptions,
        billed_s=round(pool.watched * pool.billed / 100), billed_of_s=pool.watched,
    )  # fmt: skip
    return worth_of(facts, {job.instance_type: memory}, {job.instance_type: facts.rate} if facts.rate is not None else {})


def _claims(case: Case) -> tuple[Claim, ...]:
    return tuple(
        claim_of(
            other.checkpoint,
            job=other.name,
            lineage=other.name,
            role=_role(other.role),
            created_at=case.entry.at - timedelta(seconds=other.created),
        )
        for other in case.entry.history.others or ()
    )


def _scan(case: Case, found: Found) -> CheckpointScan | None:
    history, at = case.entry.history, case.entry.at
    if "checkpoint" not in history.model_fields_set:
        return None
    config = found.body.get("CheckpointConfig")
    uri = config.get("S3Uri", "") if isinstance(config, Mapping) else ""
    written = at - timedelta(seconds=history.checkpoint) if history.checkpoint is not None else None
    objects = 0 if written is None else 1
    return CheckpointScan(
        uri=str(uri), scanned_at=at, objects=objects, bytes_seen=objects * 1_000_000, newest_at=written, complete=True
    )  # fmt: skip


def _short(case: Case, short: ShortJob) -> Found:
    """The request that a short form means; if the job has trained or ended, the description of it."""
    history = case.entry.history
    request = _request(short)
    found = Found(
        file=case.file, kind=DocumentKind.CREATE, path=f"cases[{case.number}].job", line=case.line, body=request
    )  # fmt: skip
    if short.outcome is None and history.trained is None and not history.interruptions:
        return found
    body = _described(case, short, request)
    return replace(found, kind=DocumentKind.DESCRIBE, body=body, base=DocumentKind.DESCRIBE, request=None)


def _request(short: ShortJob) -> dict[str, Any]:
    image = {"TrainingImage": short.image or IMAGES.get(short.algorithm, "")}
    marketplace = short.algorithm == "marketplace" and short.image is None
    algorithm = {"AlgorithmName": MARKETPLACE} if marketplace else image
    stopping = {"MaxRuntimeInSeconds": short.runtime, "MaxWaitTimeInSeconds": short.wait}
    whole = {
        "TrainingJobName": short.name,
        "RoleArn": _role(short.role),
        "AlgorithmSpecification": {**algorithm, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": short.output},
        "ResourceConfig": {
            "InstanceType": short.instance_type, "InstanceCount": short.instances, "VolumeSizeInGB": short.volume_gb,
        },
        "StoppingCondition": {name: value for name, value in stopping.items() if value is not None},
        "EnableManagedSpotTraining": short.spot,
        "CheckpointConfig": {"S3Uri": short.checkpoint} if short.checkpoint else None,
        "VpcConfig": {"Subnets": short.subnets, "SecurityGroupIds": ["sg-0abc1234"]} if short.subnets else None,
    }  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def _described(case: Case, short: ShortJob, request: Mapping[str, Any]) -> dict[str, Any]:
    history, at = case.entry.history, case.entry.at
    trained_s = history.trained if history.trained is not None else 0
    created_s = history.created if history.created is not None else trained_s + STARTS_AFTER_S
    outcome = Outcome(short.outcome) if short.outcome is not None else None
    status, secondary = ("InProgress", "Training") if outcome is None else STATUSES.get(outcome, ("Failed", "Failed"))
    reason = short.reason or (REASONS.get(outcome) if outcome is not None else None)
    created, started = at - timedelta(seconds=created_s), at - timedelta(seconds=trained_s)
    told: dict[str, Any] = {
        "TrainingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{short.name}",
        "TrainingJobStatus": status,
        "SecondaryStatus": secondary,
        "FailureReason": reason if status == "Failed" else None,
        "CreationTime": created.isoformat(),
        "LastModifiedTime": at.isoformat(),
        "TrainingStartTime": started.isoformat() if trained_s else None,
        "TrainingEndTime": at.isoformat() if trained_s and outcome is not None else None,
        "SecondaryStatusTransitions": [
            {"Status": "Starting", "StartTime": created.isoformat(), "EndTime": started.isoformat()},
            *(_training(started, at, history.interruptions, over=outcome is not None) if trained_s else ()),
        ],
    }  # fmt: skip
    return {**request, **{name: value for name, value in told.items() if value is not None}}


def _training(started: datetime, at: datetime, interruptions: int, *, over: bool) -> list[dict[str, str]]:
    """The status transitions of training: intervals of equal length with an interruption between each two."""
    length = (at - started) / (interruptions + 1)
    lines: list[dict[str, str]] = []
    for number in range(interruptions + 1):
        begin, end = (started + length * n for n in (number, number + 1))
        last = number == interruptions
        line = {"Status": "Training", "StartTime": begin.isoformat()}
        lines.append(line if last and not over else {**line, "EndTime": end.isoformat()})
        if not last:
            lines.append({"Status": "Interrupted", "StartTime": end.isoformat(), "EndTime": end.isoformat()})
    return lines


def _role(name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{name}"
