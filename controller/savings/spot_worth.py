"""Computes whether a job is worth running on spot, from its pool's history, the length of its run and the prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from controller.jobs.checkpoint import advised_interval_s
from controller.jobs.job import Job
from controller.jobs.spot_possible import runtime_of
from controller.ledger.pool import PoolMemory
from controller.policy.spot_worth import Prospect, SpotWorth
from controller.savings.interruption_rates import PRIOR_HOURS, RatePosterior, posterior
from controller.savings.job_history import RUNS_MIN, quantile
from controller.savings.spot_chance import SpotRun, finish_chance, training_h, training_least_h
from controller.units.money import Rate
from controller.units.value import dataclass

HOUR_S = 3600
START_S = 900.0  # one assumed wait for a start, which is averaged with those that were recorded
EVERY_S_MAX = 1800  # the longest interval between two checkpoints, in seconds of training
EVERY_S_LEAST = 60
WRITE_S = 60  # seconds that writing a checkpoint takes
WORK_S_LEAST = 60  # a shorter run counts as one of this length, on spot and on-demand
HOURS_MOST = 10**9  # hours of training, a hundred thousand years
MICROS_MOST = 10**15  # a thousand million dollars: larger amounts have no meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run: its training seconds, how many of them checkpoints prove already, and the seconds that it has left.

    ``limit_s`` 0 means the job's whole limit. ``written`` is whether the job writes checkpoints; None where not known.
    """

    length_s: int
    proven_s: int = 0
    limit_s: int = 0
    written: bool | None = None


def run_length_s(expected_s: int | None, history: Sequence[int]) -> int | None:
    """The training seconds of a run: what its owner expects, else the median of the family's runs; None if too few are known."""
    if expected_s is not None:
        return expected_s
    return quantile(history, 0.5) if len(history) >= RUNS_MIN else None


def spot_worth(job: Job, run: Run, pools: Mapping[str, PoolMemory], rates: Mapping[str, Rate]) -> SpotWorth | None:
    """What is expected of a job on spot and on-demand; None if its pool has less than ten hours of history.

    With less history, the result would come from the prior alone. ``pools`` and ``rates`` are those of the job's own instance
    type and of types on which it could run instead.
    """
    pool = pools.get(job.instance_type)
    if pool is None or not watched(pool) or run.length_s <= 0:
        return None
    limit_s = job.wait_s_max if job.wait_s_max is not None else runtime_of(job)
    every_s = checkpoint_every_s(pool)
    whole = run.length_s if run.length_s <= runtime_of(job) else None
    left_s = max(limit_s if run.limit_s == 0 else min(run.limit_s, limit_s), 0)
    rate = rates.get(job.instance_type)

    def on_spot(pool: PoolMemory, price: Rate | None, segment_s: int) -> Prospect:
        work_s = max(run.length_s - (run.proven_s if segment_s < run.length_s else 0), WORK_S_LEAST)
        found = spot_prospect(pool, price, job.instance_count, work_s=work_s, segment_s=segment_s, left_s=left_s)
        return found if whole is not None else replace(found, chance=0.0)

    worth = SpotWorth(
        instance_type=job.instance_type, checkpoint_uri=job.checkpoint_uri, wait_s_max=job.wait_s_max, run_s=run.length_s,
        interruptions=pool.interruptions, pool_s=pool.exposure_s, without=on_spot(pool, rate, run.length_s),
        checkpointed=on_spot(pool, rate, every_s), every_s=every_s, written=run.written,
        on_demand=on_demand_prospect(rate, job.instance_count, max(run.length_s, WORK_S_LEAST), fits=whole is not None),
    )  # fmt: skip
    checkpoints = job.checkpoint_uri is not None and run.written is not False and job.algorithm.checkpoints is not False
    others = [
        (on_spot(other, rates.get(kind), checkpoint_every_s(other) if checkpoints else run.length_s), kind)
        for kind, other in pools.items()
        if kind != job.instance_type and watched(other)
    ]
    sure = [(one, kind) for one, kind in others if one.exact and one.share is not None]
    if not sure:
        return worth
    best, kind = max(sure, key=lambda found: (found[0].chance, found[1]))
    return replace(worth, other=best, other_type=kind)


def watched(pool: PoolMemory) -> bool:
    """Whether a pool has enough history: at least as many hours as the prior counts for."""
    return pool.exposure_s >= PRIOR_HOURS * HOUR_S


def checkpoint_every_s(pool: PoolMemory) -> int:
    """The advised interval between checkpoints in this pool, in seconds, from 60 to 1,800 (``advised_interval_s``)."""
    return min(max(advised_interval_s(posterior(pool).mean, WRITE_S), EVERY_S_LEAST), EVERY_S_MAX)


def on_demand_prospect(price: Rate | None, instances: int, work_s: int, *, fits: bool = True) -> Prospect:
    """What is expected of a run of ``work_s`` seconds on-demand; ``fits`` is whether the job's limit allows that length."""
    hours = work_s / HOUR_S
    return Prospect(
        chance=1.0 if fits else 0.0, hours=hours, exact=True, share=1.0, micros=_micros(hours, instances, price)
    )  # fmt: skip


def spot_prospect(pool: PoolMemory, price: Rate | None, instances: int, *, work_s: int, segment_s: int, left_s: int) -> Prospect:
    """What is expected of a run on spot in one pool: ``work_s`` seconds of training in segments, within ``left_s`` seconds."""
    rate: RatePosterior = posterior(pool)
    run = SpotRun(
        work_h=work_s / HOUR_S, segment_h=min(segment_s, work_s) / HOUR_S, limit_h=left_s / HOUR_S,
        start_h=(START_S + pool.waited_s) / (1 + pool.starts) / HOUR_S,
    )  # fmt: skip
    mean_h, least_h = training_h(run, rate), training_least_h(run, rate)
    hours = min(least_h if mean_h is None else mean_h, HOURS_MOST)
    # If nothing was billed, every attempt was lost within its first hour, which does not show what longer ones cost.
    discount = pool.billed_s / pool.billed_of_s if pool.billed_of_s > 0 and pool.billed_s > 0 else None
    return Prospect(
        chance=finish_chance(run, rate), hours=hours, exact=mean_h is not None and mean_h <= HOURS_MOST,
        share=hours * discount * HOUR_S / work_s if discount is not None else None,
        micros=_micros(hours * discount, instances, price) if discount is not None else None,
    )  # fmt: skip


def _micros(hours: float, instances: int, rate: Rate | None) -> int | None:
    """The cost of so many instance hours at this price, at most ``MICROS_MOST``; None without a price."""
    return None if rate is None else round(min(hours * instances * rate.micros_per_h, MICROS_MOST))
