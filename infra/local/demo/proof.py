"""Finds what must never happen. The facts are those of the simulated AWS, against which the controller's ledger is checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from controller.aws.price_lookup import Prices
from controller.ledger.entry import Ended, Entry, Measured
from controller.runtime.ports.ledger import Overdue
from controller.units.money import cost_micros
from infra.local.sagemaker.job import TrainingJob

LINEAGE, ATTEMPT, CAUSE = "spotwarden:lineage", "spotwarden:attempt", "spotwarden:cause"
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
SILENCE = timedelta(minutes=10)
RETRYABLE_REASONS = ("CapacityError: ", "InternalServerError: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """Each field has a sentence for each problem of its kind, and is empty without one."""

    double_submissions: tuple[str, ...]
    forgotten_jobs: tuple[str, ...]
    owned_jobs_touched: tuple[str, ...]
    money_mismatches: tuple[str, ...]
    overlapping_prefixes: tuple[str, ...]
    overdue_in_silence: tuple[str, ...]
    audit_differences: tuple[str, ...]


def is_attempt(job: TrainingJob) -> bool:
    """Return whether the controller created the job."""
    return ATTEMPT in job.tags


def is_owned(job: TrainingJob) -> bool:
    """Return whether another AWS service owns the job, by the marks that the scenario uses."""
    marked = {"sagemaker:pipeline-execution-arn", "AWS_STEP_FUNCTIONS_EXECUTION_ARN"} & set(job.tags)
    return bool(job.owner or marked or job.name.startswith("AWSBatch"))


def root_of(job: TrainingJob) -> str:
    """Return the name of the first job of the lineage, which a user created."""
    return job.tags[LINEAGE].split("/")[2] if is_attempt(job) else job.name


def double_submissions(jobs: Iterable[TrainingJob], now: datetime) -> Iterable[str]:
    """Find pairs of attempts of one lineage that existed at the same time, or that have the same number."""
    lineages: dict[str, list[TrainingJob]] = defaultdict(list)
    for job in jobs:
        lineages[root_of(job)].append(job)
    for root, attempts in lineages.items():
        for one, other in combinations(attempts, 2):
            if one.tags.get(ATTEMPT, "1") == other.tags.get(ATTEMPT, "1"):
                yield f"{root}: {one.name} and {other.name} are both attempt {one.tags.get(ATTEMPT, '1')}"
            elif _together(one, other, now):
                yield f"{root}: {one.name} and {other.name} existed at the same time"


def overlapping_prefixes(jobs: Iterable[TrainingJob], now: datetime) -> Iterable[str]:
    """Find pairs of the controller's attempts that used one checkpoint prefix at the same time."""
    ours = [job for job in jobs if is_attempt(job) and job.prefix]
    for one, other in combinations(ours, 2):
        first, second = str(one.prefix), str(other.prefix)
        if first.rstrip("/") == second.rstrip("/") and _together(one, other, now):
            yield f"{one.name} and {other.name} on {min(first, second)}"


def owned_jobs_touched(jobs: Sequence[TrainingJob], stopped_by_people: frozenset[str]) -> Iterable[str]:
    """Find jobs of other AWS services that the controller stopped or submitted again."""
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
    """Find outcomes and usages that the ledger lacks, and retryable failures without a next attempt or a message.

    ``announced`` is the text of all messages, ``reported`` the names of the jobs whose usage SageMaker shows.
    """
    ended = {e.job for e in entries if isinstance(e, Ended)}
    measured = {e.job for e in entries if isinstance(e, Measured)}
    usage_shown = frozenset(reported)
    numbers = {(root_of(job), int(job.tags.get(ATTEMPT, "1"))) for job in jobs}
    for job in jobs:
        if job.status not in TERMINAL:
            continue
        if job.name not in ended:
            yield f"{job.name}: its outcome was not recorded"
        if job.name in usage_shown and job.name not in measured:
            yield f"{job.name}: its usage was not recorded"
        again = (root_of(job), int(job.tags.get(ATTEMPT, "1")) + 1) in numbers
        selected = job.tags.get("team") in resubmitting_teams and not is_owned(job)
        if selected and is_retryable(job) and not again and f"{job.name}* " not in announced:
            yield f"{job.name}: ended {job.secondary} {job.failure or ''}, and neither an attempt nor a message followed"


def is_retryable(job: TrainingJob) -> bool:
    """Return whether the job ended without capacity or with an internal error. This does not use the controller's code."""
    if job.status == "Stopped":
        return job.secondary == "MaxWaitTimeExceeded"
    return job.status == "Failed" and (job.failure or "").startswith(RETRYABLE_REASONS)


def money_mismatches(
    jobs: Iterable[TrainingJob], entries: Iterable[Entry], bills: Mapping[str, tuple[int, int]]
) -> Iterable[str]:
    """Find usage that is recorded twice, differs from ``bills`` (training and billable seconds), or has a wrong price."""
    by_name, prices, seen = {job.name: job for job in jobs}, Prices(), set()
    for entry in entries:
        if not isinstance(entry, Measured) or entry.job not in by_name:
            continue
        if entry.job in seen:
            yield f"{entry.job} is recorded twice"
        seen.add(entry.job)
        instance_type, count = by_name[entry.job].pool
        billed = bills.get(entry.job, (0, 0))  # a job that never started has no bill
        if (entry.training_s, entry.billable_s) != billed:
            yield f"{entry.job}: recorded {entry.training_s} s and {entry.billable_s} s, the bill says {billed}"
        rate = prices.rate(instance_type, entry.region, entry.at)
        recorded = cost_micros(entry.billable_s, entry.instance_count, entry.rate_micros_per_h or 0)
        if recorded != cost_micros(entry.billable_s, count, rate.micros_per_h if rate else 0):
            yield f"{entry.job}: recorded {recorded} micro-dollars, which differs from the price table"


def overdue_in_silence(overdue: Iterable[Overdue], jobs: Iterable[TrainingJob], now: datetime) -> Iterable[str]:
    """Find intents that have been overdue for more than ten minutes, although the sweep ran. Also find Stop intents that are
    still open ten minutes after their job ended: these are tried again, so they are never overdue for long.
    """
    ended = {job.name: job.ended_at for job in jobs if job.status in TERMINAL and job.ended_at}
    for one in overdue:
        if one.trigger_at < now - SILENCE:
            yield f"{one.trigger.job}: {one.key} since {one.trigger_at:%Y-%m-%d %H:%M}"
        elif one.key.startswith("stop/") and ended.get(one.trigger.job, now) < now - SILENCE:
            yield f"{one.trigger.job}: {one.key} is open, and the job ended at {ended[one.trigger.job]:%Y-%m-%d %H:%M}"


def _together(one: TrainingJob, other: TrainingJob, now: datetime) -> bool:
    """Return whether two jobs existed at the same time."""
    return one.created_at < (other.ended_at or now) and other.created_at < (one.ended_at or now)
