"""Counts from the world's side what must never happen: the controller's own books are what is on trial."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from controller.aws.prices import Prices
from controller.ledger.entry import Ended, Entry, Measured
from controller.runtime.ports import Overdue
from controller.units.money import cost_micros
from infra.local.sagemaker.job import TrainingJob

LINEAGE, ATTEMPT, CAUSE = "spotwarden:lineage", "spotwarden:attempt", "spotwarden:cause"
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
SILENCE = timedelta(minutes=10)
RETRYABLE_REASONS = ("CapacityError: ", "InternalServerError: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """Each names what went wrong; all empty is the proof."""

    double_submissions: tuple[str, ...]
    forgotten_jobs: tuple[str, ...]
    owned_jobs_touched: tuple[str, ...]
    money_mismatches: tuple[str, ...]
    overlapping_prefixes: tuple[str, ...]
    overdue_in_silence: tuple[str, ...]
    audit_differences: tuple[str, ...]


def is_attempt(job: TrainingJob) -> bool:
    """Whether the controller created the job (nobody forges tags in the demo)."""
    return ATTEMPT in job.tags


def is_owned(job: TrainingJob) -> bool:
    """Whether another service owns the job, as the scenario marks it."""
    marked = {"sagemaker:pipeline-execution-arn", "AWS_STEP_FUNCTIONS_EXECUTION_ARN"} & set(job.tags)
    return bool(job.owner or marked or job.name.startswith("AWSBatch"))


def root_of(job: TrainingJob) -> str:
    """The name of the job that people created."""
    return job.tags[LINEAGE].split("/")[2] if is_attempt(job) else job.name


def double_submissions(jobs: Iterable[TrainingJob], now: datetime) -> Iterable[str]:
    """Two live attempts of one lineage at any time, or two attempts of one number."""
    lineages: dict[str, list[TrainingJob]] = defaultdict(list)
    for job in jobs:
        lineages[root_of(job)].append(job)
    for root, attempts in lineages.items():
        for one, other in combinations(attempts, 2):
            if one.tags.get(ATTEMPT, "1") == other.tags.get(ATTEMPT, "1"):
                yield f"{root}: {one.name} and {other.name} are both attempt {one.tags.get(ATTEMPT, '1')}"
            elif _together(one, other, now):
                yield f"{root}: {one.name} and {other.name} lived at once"


def overlapping_prefixes(jobs: Iterable[TrainingJob], now: datetime) -> Iterable[str]:
    """Two attempts of ours that wrote to overlapping checkpoint prefixes at one time."""
    ours = [job for job in jobs if is_attempt(job) and job.prefix]
    for one, other in combinations(ours, 2):
        first, second = str(one.prefix), str(other.prefix)
        if (first.startswith(second) or second.startswith(first)) and _together(one, other, now):
            yield f"{one.name} and {other.name} on {min(first, second)}"


def owned_jobs_touched(jobs: Sequence[TrainingJob], stopped_by_people: frozenset[str]) -> Iterable[str]:
    """Jobs of other services that were stopped, or submitted again."""
    by_name = {job.name: job for job in jobs}
    for job in jobs:
        stopping = any(t.status == "Stopping" for t in job.transitions)
        if is_owned(job) and stopping and job.secondary == "Stopped" and job.name not in stopped_by_people:
            yield f"{job.name} was stopped"
        root = by_name.get(root_of(job))
        if is_attempt(job) and root is not None and is_owned(root):
            yield f"{root.name} was submitted again as {job.name}"


def forgotten_jobs(
    jobs: Sequence[TrainingJob],
    entries: Sequence[Entry],
    announced: str,
    resubmitting_teams: frozenset[str],
    reported: Iterable[str],
) -> Iterable[str]:
    """Endings and usages that the ledger lacks, and retryable endings with neither a next attempt nor a word about it."""
    ended = {e.job for e in entries if isinstance(e, Ended)}
    measured = {e.job for e in entries if isinstance(e, Measured)}
    usage_shown = frozenset(reported)
    numbers = {(root_of(job), int(job.tags.get(ATTEMPT, "1"))) for job in jobs}
    for job in jobs:
        if job.status not in TERMINAL:
            continue
        if job.name not in ended:
            yield f"{job.name}: its ending was never booked"
        if job.name in usage_shown and job.name not in measured:
            yield f"{job.name}: its usage was never booked"
        again = (root_of(job), int(job.tags.get(ATTEMPT, "1")) + 1) in numbers
        selected = job.tags.get("team") in resubmitting_teams and not is_owned(job)
        if selected and is_retryable(job) and not again and f"{job.name}* " not in announced:
            yield f"{job.name}: ended {job.secondary} {job.failure or ''}, and nothing followed"


def is_retryable(job: TrainingJob) -> bool:
    """Whether the job ended for want of capacity or by an internal error, read off the world and not by the controller's code."""
    if job.status == "Stopped":
        return job.secondary == "MaxWaitTimeExceeded"
    return job.status == "Failed" and (job.failure or "").startswith(RETRYABLE_REASONS)


def money_mismatches(
    jobs: Iterable[TrainingJob], entries: Iterable[Entry], bills: Mapping[str, tuple[int, int]]
) -> Iterable[str]:
    """Measurements that differ from the world's bill, booked twice, or priced otherwise than the table says."""
    by_name, prices, seen = {job.name: job for job in jobs}, Prices(), set()
    for entry in entries:
        if not isinstance(entry, Measured) or entry.job not in by_name:
            continue
        if entry.job in seen:
            yield f"{entry.job} is booked twice"
        seen.add(entry.job)
        instance_type, count = by_name[entry.job].pool
        if (entry.training_s, entry.billable_s) != bills.get(entry.job):
            yield f"{entry.job}: booked {entry.training_s} s and {entry.billable_s} s, the bill says {bills.get(entry.job)}"
        rate = prices.rate(instance_type, entry.region, entry.at)
        booked = cost_micros(entry.billable_s, entry.instance_count, entry.rate_micros_per_h or 0)
        if booked != cost_micros(entry.billable_s, count, rate.micros_per_h if rate else 0):
            yield f"{entry.job}: booked {booked} micro-dollars, the price table says otherwise"


def overdue_in_silence(overdue: Iterable[Overdue], now: datetime) -> Iterable[str]:
    """Intents whose time came long ago, although sweeps rang."""
    for one in overdue:
        if one.trigger_at < now - SILENCE:
            yield f"{one.ring.job}: {one.key} since {one.trigger_at:%Y-%m-%d %H:%M}"


def _together(one: TrainingJob, other: TrainingJob, now: datetime) -> bool:
    """Whether two jobs were alive at one time."""
    return one.created_at < (other.ended_at or now) and other.created_at < (one.ended_at or now)
