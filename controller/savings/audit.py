"""Compares the recorded savings with figures that are computed again from what AWS shows today.

Seconds come from each job's description, prices from the price table, useful seconds from the recorded checkpoint scans. Every
difference is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from controller.jobs.job import Job, Outcome
from controller.ledger.entry import CheckpointScanned, Credited, Entry, Measured, Started, Unmeasured
from controller.savings.agreed_rates import is_agreed
from controller.savings.attempt_savings import Life, Savings, better_credit, life_of, sum_savings
from controller.savings.dated_prices import RateOf
from controller.savings.progress import Progress, UsefulBasis, progress_of, resumed_seconds, useful_seconds, went_beyond
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The result of an audit.

    ``attempts`` are counted as a report counts them; ``unmeasured`` of them have unknown usage. ``gone`` are the names of jobs
    that SageMaker no longer describes: their recorded figures are used. ``differences`` are in words. ``rates_kept`` counts
    attempts whose recorded rate is used, because it came from a policy that is not known any more.
    """

    attempts: int
    unmeasured: int
    gone: tuple[str, ...]
    differences: tuple[str, ...]
    recorded: Savings
    recomputed: Savings
    rates_kept: int = 0


def audit(
    entries: Sequence[Entry],
    jobs: Mapping[str, Job],
    lineages: Mapping[str, str],
    rate_of: RateOf,
    since: datetime,
    until: datetime,
    *,
    when_recorded: Callable[[Measured], RateOf | None] | None = None,
) -> Audit:
    """Compute the figures again of the jobs that ended from ``since`` until before ``until``.

    ``entries`` may begin earlier and end later, because scans and later attempts are needed too. ``jobs`` are those that
    SageMaker still describes, by name; ``lineages`` are the lineage ids of jobs, by name. ``when_recorded`` returns the price
    function under the policy that was in force when an attempt was recorded, None if that is not known. Without it, ``rate_of``
    is used for all.
    """
    measured = {life_of(e): e for e in entries if isinstance(e, Measured) and since <= e.at < until}
    credited = _credits(entries, measured)
    unmeasured = {life_of(e) for e in entries if isinstance(e, Unmeasured) and since <= e.at < until} - measured.keys()
    known = _Known(
        jobs=jobs, lineages=lineages, started=tuple(e for e in entries if isinstance(e, Started)),
        scans=tuple(e for e in entries if isinstance(e, CheckpointScanned)), lives=_lives(entries),
    )  # fmt: skip

    def prices_of(recorded: Measured) -> RateOf | None:
        prices = rate_of if when_recorded is None else when_recorded(recorded)
        return None if prices is None and is_agreed(recorded.rate_source) else prices or rate_of

    again = [_recomputed(recorded, credited.get(life), known, prices_of) for life, recorded in sorted(measured.items())]
    differences = [what for one in again for what in one.differences]
    return Audit(
        attempts=len(measured) + len(unmeasured), unmeasured=len(unmeasured),
        differences=(*differences, *_shown_since(unmeasured, known)),
        gone=tuple(name for name, at in sorted(measured) if known.described(name, at) is None),
        recorded=_total((*measured.values(), *credited.values())),
        recomputed=_total(entry for one in again for entry in one.entries),
        rates_kept=sum(one.rate_kept for one in again),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known besides the recorded figures: what SageMaker describes today, and entries of all attempts.

    ``lives`` are the creation times of each job name, because the name of a deleted job can be used again.
    """

    jobs: Mapping[str, Job]
    lineages: Mapping[str, str]
    started: tuple[Started, ...]
    scans: tuple[CheckpointScanned, ...]
    lives: Mapping[str, Sequence[datetime]]

    def described(self, name: str, ended_at: datetime) -> Job | None:
        """The job of that name that ended then; None if SageMaker describes none, or a later job of that name."""
        job = self.jobs.get(name)
        created = [at for at in self.lives.get(name, ()) if at <= ended_at]
        return job if job is None or not created or created[-1] == job.created_at else None


def _lives(entries: Iterable[Entry]) -> dict[str, list[datetime]]:
    lives: dict[str, list[datetime]] = {}
    for entry in sorted((e for e in entries if isinstance(e, Started)), key=lambda e: e.at):
        lives.setdefault(entry.job, []).append(entry.at)
    return lives


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recomputed:
    """One attempt as it is computed today; as recorded, if SageMaker does not show its usage."""

    entries: tuple[Entry, ...]
    differences: tuple[str, ...] = ()
    rate_kept: bool = False


def _recomputed(
    recorded: Measured, credit: Credited | None, known: _Known, prices_of: Callable[[Measured], RateOf | None]
) -> _Recomputed:
    """Compute one attempt again. ``prices_of`` returns None if the recorded rate is to be used."""
    name, job = recorded.job, known.described(recorded.job, recorded.at)
    usage = job.measurable_usage if job else None
    if job is None or usage is None or job.outcome is None:
        return _Recomputed(entries=(recorded, *([credit] if credit else [])))
    job, prices = replace(job, usage=usage), prices_of(recorded)
    found = _measured(recorded, job, prices, known.lineages, known.started)
    later = _later_attempts(job, recorded, known.jobs, known.lineages, known.started)
    useful_s, basis = _useful(job, known.scans, later)
    differences = list(_differing(recorded, found))
    held = credit.useful_s if credit else 0
    if held != useful_s:
        differences.append(f"{held} useful seconds recorded, {useful_s} recomputed")
    return _Recomputed(
        entries=(found, Credited(job=name, at=recorded.at, team=recorded.team, useful_s=useful_s, basis=basis)),
        differences=tuple(f"{name}: {what}" for what in differences),
        rate_kept=prices is None,
    )


def _credits(entries: Iterable[Entry], measured: Collection[Life]) -> dict[Life, Credited]:
    """The credit that counts for each of these jobs; a later attempt may have given a job a better one."""
    credited: dict[Life, Credited] = {}
    for entry in entries:
        if isinstance(entry, Credited) and (life := life_of(entry)) in measured:
            before = credited.get(life)
            credited[life] = entry if before is None else better_credit(before, entry)
    return credited


def _shown_since(unmeasured: Iterable[Life], known: _Known) -> Iterable[str]:
    """A difference, in words, for each job whose usage was recorded as unknown and is shown by SageMaker now."""
    for name, at in sorted(unmeasured):
        job = known.described(name, at)
        usage = job.measurable_usage if job is not None else None
        if usage is not None:
            yield f"{name}: unknown usage recorded, SageMaker shows {usage.training_s} s trained and {usage.billable_s} s billed"


def _measured(
    recorded: Measured, job: Job, rate_of: RateOf | None, lineages: Mapping[str, str], started: Iterable[Started]
) -> Measured:
    """The usage that SageMaker shows today, at these prices; at the recorded rates if ``rate_of`` is None."""
    rate_micros, first_rate = recorded.rate_micros_per_h, recorded.first_rate_micros_per_h
    if rate_of is not None:
        rate = rate_of(job.instance_type, job.region, recorded.at, job.started_at)
        rate_micros = rate.micros_per_h if rate else None
    if rate_of is not None and recorded.number > 1:
        firsts = [e for e in started if e.number == 1 and e.at <= job.created_at and _same_lineage(e.job, job, lineages)]
        first = max(firsts, key=lambda e: e.at).instance_type if firsts else None  # the name of a deleted job can be used again
        of_first = rate_of(first, job.region, recorded.at, job.started_at) if first else None
        first_rate = of_first.micros_per_h if of_first else first_rate
    assert job.usage is not None  # noqa: S101  (the caller has checked)
    return replace(
        recorded, training_s=job.usage.training_s, billable_s=job.usage.billable_s, spot=job.spot,
        retained_s=job.usage.retained_s, instance_type=job.instance_type, instance_count=job.instance_count,
        rate_micros_per_h=rate_micros, first_rate_micros_per_h=first_rate,
    )  # fmt: skip


def _useful(job: Job, scans: Sequence[CheckpointScanned], later: Iterable[Job]) -> tuple[int, UsefulBasis]:
    """The useful seconds of a job and their basis, from its own scans and from the attempts after it."""
    assert job.usage is not None  # noqa: S101  (the caller has checked)
    own = useful_seconds(job, job.usage, _scans_of(job, scans))
    if job.outcome is Outcome.COMPLETED or job.checkpoint_uri is None:
        return own
    if not any(s.occasion == "ended" for s in _scans_of(job, scans)):
        return own
    if not any(one.checkpoint_uri == job.checkpoint_uri and went_beyond(one, _kept(one, scans).kept_s) for one in later):
        return own
    kept = _kept(job, scans)
    return resumed_seconds(kept.kept_s, job.usage.training_s, exact=kept.exact)


def _kept(job: Job, scans: Sequence[CheckpointScanned]) -> Progress:
    """The training that a job's checkpoints kept, without regard to its model."""
    return progress_of(job.intervals, _scans_of(job, scans), checkpoints=True, completed=False, ended_at=job.ended_at)


def _scans_of(job: Job, scans: Sequence[CheckpointScanned]) -> tuple[CheckpointScanned, ...]:
    return tuple(s for s in scans if s.job == job.name and s.at >= job.created_at)


def _later_attempts(
    job: Job, recorded: Measured, jobs: Mapping[str, Job], lineages: Mapping[str, str], started: Iterable[Started]
) -> list[Job]:
    """The later attempts of its lineage that SageMaker describes, without other jobs that have the name of a deleted one."""
    return [
        jobs[e.job] for e in started
        if e.number > recorded.number and e.job in jobs and jobs[e.job].created_at == e.at
        and _same_lineage(e.job, job, lineages)
    ]  # fmt: skip


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
