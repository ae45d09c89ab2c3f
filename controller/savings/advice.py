"""Recommends limits for a job family from its history, and says how many past runs would have fit within them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from controller.jobs.checkpoint import advised_interval_s
from controller.jobs.job import Outcome, family_of
from controller.ledger.entry import CheckpointScanned, Entry, Finished, Started
from controller.policy.spot_worth import Prospect
from controller.savings.interruption_rates import Estimate, cheapest_first, estimate, pool_memories
from controller.savings.job_history import RUNS_MIN, quantile
from controller.savings.spot_worth import on_demand_prospect, spot_prospect, watched
from controller.units.money import Rate
from controller.units.value import dataclass

QUANTILE = 0.95
HEADROOM = 1.25  # factor, because the next run may be longer than every past run
WRITE_S = 60  # seconds that writing a checkpoint takes, if its size is unknown
UPLOAD_BYTES_S = 100_000_000  # bytes per second from one training instance to S3


class NoAdvice(ValueError):
    """The history of a family is too short. The message contains what was found and what is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Limits and an instance type for a job family. Names with ``_s`` are in seconds.

    The instance type, its interruptions and the prospects are those of ``region``, in which the family ran last.
    ``runtime_inside`` and ``wait_inside`` are the shares (0 to 1) of past runs that would have fit into the limits. The three
    prospects are those of a run of median length (``run_s``) on one instance within ``wait_s_max``: on spot without and with
    checkpoints, and on-demand. Those on spot are None if the pool has too little history.
    """

    family: str
    region: str
    runs: int
    runtime_s_max: int
    runtime_inside: float
    wait_s_max: int
    wait_inside: float
    checkpoint_every_s: int
    checkpoint_write_s: int
    instance_type: str
    interruptions: Estimate
    run_s: int
    without_checkpoints: Prospect | None
    with_checkpoints: Prospect | None
    on_demand: Prospect


def region_of(family: str, entries: Iterable[Entry]) -> str:
    """The region of a family's last completed run; empty without one."""
    return _last_region(_runs(family, entries))


def _last_region(runs: Sequence[Finished]) -> str:
    return max(runs, key=lambda run: run.at).region if runs else ""


def _runs(family: str, entries: Iterable[Entry]) -> list[Finished]:
    """The completed runs of a family."""
    return [e for e in entries if isinstance(e, Finished) and e.family == family and e.outcome is Outcome.COMPLETED and e.work_s]


def advise(family: str, entries: Iterable[Entry], rates: Mapping[str, Rate]) -> Advice:
    """Recommend MaxRuntimeInSeconds, MaxWaitTimeInSeconds, a checkpoint interval and an instance type. Raises NoAdvice.

    ``rates``: the prices by instance type, in the region that ``region_of`` returns.
    """
    known = tuple(entries)
    runs = _runs(family, known)
    if len(runs) < RUNS_MIN:
        raise NoAdvice(f"found {len(runs)} completed runs of {family!r}, wanted at least {RUNS_MIN}")
    works = [run.work_s for run in runs if run.work_s]
    spans = _spans(runs, known) or works
    runtime_s = round(quantile(works, QUANTILE) * HEADROOM)
    wait_s = max(round(quantile(spans, QUANTILE) * HEADROOM), runtime_s)
    region = _last_region(runs)
    pools = {instance_type: memory for (instance_type, where), memory in pool_memories(known).items() if where == region}
    best = cheapest_first(sorted({run.instance_type for run in runs if run.region == region}), pools, rates)[0]
    pool = pools.get(best)
    rate, write_s = estimate(pool), _write_s(family, known)
    every_s, run_s = advised_interval_s(rate.mean, write_s), quantile(works, 0.5)

    def prospect(segment_s: int) -> Prospect | None:
        if pool is None or not watched(pool):
            return None
        return spot_prospect(pool, rates.get(best), 1, work_s=run_s, segment_s=segment_s, left_s=wait_s)

    return Advice(
        family=family, region=region, runs=len(runs), runtime_s_max=runtime_s, runtime_inside=_inside(works, runtime_s),
        wait_s_max=wait_s, wait_inside=_inside(spans, wait_s), checkpoint_every_s=every_s,
        checkpoint_write_s=write_s, instance_type=best, interruptions=rate,
        run_s=run_s, without_checkpoints=prospect(run_s), with_checkpoints=prospect(every_s),
        on_demand=on_demand_prospect(rates.get(best), 1, run_s),
    )  # fmt: skip


def _spans(runs: Sequence[Finished], known: Sequence[Entry]) -> list[int]:
    """Seconds from creation to end of runs with one attempt. Runs with several attempts also contain the controller's waits."""
    created: dict[str, datetime] = {e.job: e.at for e in known if isinstance(e, Started)}
    return [round((run.at - created[run.job]).total_seconds()) for run in runs if run.attempts == 1 and run.job in created]


def _write_s(family: str, known: Sequence[Entry]) -> int:
    """Seconds that writing a checkpoint takes: from the largest mean file size of a scan, or ``WRITE_S`` without a scan."""
    sizes = [
        e.bytes_seen // max(e.objects, 1)
        for e in known
        if isinstance(e, CheckpointScanned) and e.objects and family_of(e.job) == family
    ]
    return max(round(max(sizes) / UPLOAD_BYTES_S), 1) if sizes else WRITE_S


def _inside(lengths: Sequence[int], limit: int) -> float:
    return sum(length <= limit for length in lengths) / len(lengths)
