"""Compares the recorded savings with what AWS reports today.

Seconds come from each job's description, dollars from the price table, useful seconds from the recorded checkpoint scans. Every
difference is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controller.jobs.job import Job, Outcome
from controller.ledger.entry import CheckpointScanned, Credited, Entry, Measured, Started
from controller.savings.arithmetic import Savings, sum_savings
from controller.savings.progress import progress_of, useful_seconds
from controller.units.money import Rate

RateOf = Callable[[str, str, datetime, datetime | None], Rate | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The result of an audit. ``gone`` are attempts that SageMaker no longer describes: their recorded figures are kept."""

    attempts: int
    gone: tuple[str, ...]
    differences: tuple[str, ...]
    recorded: Savings
    recomputed: Savings


def audit(
    entries: Sequence[Entry],
    jobs: Mapping[str, Job],
    lineages: Mapping[str, str],
    rate_of: RateOf,
    since: datetime,
    until: datetime,
) -> Audit:
    """Recompute the recorded figures of the jobs that ended within a period.

    ``entries`` may reach beyond the period, because scans and later attempts are needed too. ``jobs`` are those that SageMaker
    still describes, by name.
    """
    measured = {e.job: e for e in entries if isinstance(e, Measured) and since <= e.at < until}
    credited: dict[str, Credited] = {}
    for entry in entries:
        if isinstance(entry, Credited) and entry.job in measured:
            before = credited.get(entry.job)
            credited[entry.job] = entry if before is None or entry.useful_s > before.useful_s else before
    started = [e for e in entries if isinstance(e, Started)]
    scans = [e for e in entries if isinstance(e, CheckpointScanned)]
    again: list[Entry] = []
    differences: list[str] = []
    for name, recorded in sorted(measured.items()):
        job = jobs.get(name)
        if job is None or job.usage is None or job.outcome is None:
            again += [recorded, *([credited[name]] if name in credited else [])]
            continue
        seen = tuple(s for s in scans if s.job == name)
        found = _measured(recorded, job, rate_of, lineages, started)
        useful_s = _useful_s(job, seen, _next_attempt(job, recorded, jobs, lineages, started))
        held = credited[name].useful_s if name in credited else 0
        again += [found, Credited(job=name, at=recorded.at, team=recorded.team, useful_s=useful_s, basis="audit")]
        differences += [f"{name}: {what}" for what in _differing(recorded, found)]
        if held != useful_s:
            differences.append(f"{name}: {held} useful seconds recorded, {useful_s} recomputed")
    return Audit(
        attempts=len(measured), gone=tuple(sorted(name for name in measured if name not in jobs)), differences=tuple(differences),
        recorded=_total((*measured.values(), *credited.values())), recomputed=_total(again),
    )  # fmt: skip


def _measured(recorded: Measured, job: Job, rate_of: RateOf, lineages: Mapping[str, str], started: Iterable[Started]) -> Measured:
    rate = rate_of(job.instance_type, job.region, recorded.at, job.started_at)
    first_rate = recorded.first_rate_micros_per_h
    if recorded.number > 1:
        first = next((e.instance_type for e in started if e.number == 1 and _same_lineage(e.job, job, lineages)), None)
        of_first = rate_of(first, job.region, recorded.at, job.started_at) if first else None
        first_rate = of_first.micros_per_h if of_first else first_rate
    assert job.usage is not None  # noqa: S101  (the caller has checked)
    return replace(
        recorded, training_s=job.usage.training_s, billable_s=job.usage.billable_s, spot=job.spot,
        instance_type=job.instance_type, instance_count=job.instance_count,
        rate_micros_per_h=rate.micros_per_h if rate else None, first_rate_micros_per_h=first_rate,
    )  # fmt: skip


def _useful_s(job: Job, seen: Sequence[CheckpointScanned], resumed_by: Job | None) -> int:
    assert job.usage is not None  # noqa: S101  (the caller has checked)
    if job.outcome is Outcome.COMPLETED:
        return useful_seconds(job, job.usage, seen)[0]
    if resumed_by is None or not resumed_by.intervals or job.checkpoint_uri is None:
        return 0
    if resumed_by.checkpoint_uri != job.checkpoint_uri or not any(s.occasion == "ended" for s in seen):
        return 0
    kept = progress_of(job.intervals, seen, checkpoints=True, completed=False)
    return min(kept.kept_s, job.usage.training_s)


def _next_attempt(
    job: Job, recorded: Measured, jobs: Mapping[str, Job], lineages: Mapping[str, str], started: Iterable[Started]
) -> Job | None:
    later = sorted((e.number, e.job) for e in started if e.number > recorded.number and _same_lineage(e.job, job, lineages))
    return jobs.get(later[0][1]) if later else None


def _same_lineage(name: str, job: Job, lineages: Mapping[str, str]) -> bool:
    return name in lineages and lineages[name] == lineages.get(job.name)


COMPARED = (
    "training_s", "billable_s", "spot", "instance_type", "instance_count", "rate_micros_per_h", "first_rate_micros_per_h",
)  # fmt: skip


def _differing(recorded: Measured, found: Measured) -> Iterable[str]:
    for name in COMPARED:
        one, other = getattr(recorded, name), getattr(found, name)
        if one != other:
            yield f"{name} {one} recorded, {other} recomputed"


def _total(entries: Iterable[Entry]) -> Savings:
    return sum_savings(entries, group=lambda _: "all").get("all", Savings())
