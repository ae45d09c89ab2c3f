"""How well the chance to finish on spot is calibrated: jobs on recorded spot capacity, and what was expected of them.

``python -m tests.benchmarks.spot`` reads the traces of ``SPOTWARDEN_DATA`` (docs/performance.md says where they are from). Each
job begins at a sample of a trace, after at least two days that its pool was watched; its chance is computed from those alone.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from controller.cli.backtest_deadline.cases import Trace, traces_in
from controller.ledger.pool import PoolMemory
from controller.savings.interruption_rates import posterior
from controller.savings.spot_chance import SpotRun, finish_chance

DATA = Path(os.environ.get("SPOTWARDEN_DATA", "../shared/data")) / "spot-traces"
WATCHED_S = 2 * 86_400
HOUR_S = 3600
RUNS_H = (1, 4, 12, 24, 48)
LIMITS = (1.25, 2.0)  # MaxWaitTimeInSeconds as a multiple of the run
EVERY_S = 1800  # between two checkpoints
BINS = 10
ENOUGH = 30  # jobs of a bin: with fewer, its share says little
APART = 0.1
EVERY_SAMPLES = 277  # between the starts of jobs: no divisor of a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A job, the chance that was computed before it began, and whether it finished."""

    pool: str
    run_h: int
    checkpoints: bool
    chance: float
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The jobs of one tenth of the chances: their number, mean chance, and the share that finished."""

    jobs: int
    chance: float
    finished: float

    @property
    def apart(self) -> bool:
        """Whether the bin has enough jobs, and they finished more or less often than was said."""
        return self.jobs >= ENOUGH and abs(self.finished - self.chance) > APART


def tried(traces: Sequence[Trace], every: int = EVERY_SAMPLES) -> Iterator[Tried]:
    """Every job that is over before its trace is."""
    for trace in traces:
        for start in range(WATCHED_S // trace.gap_s, len(trace.capacity), every):
            memory = memory_of(trace, start)
            for run_h in RUNS_H:
                for limit in LIMITS:
                    for checkpoints in (False, True):
                        one = _tried(trace, start, memory, run_h, limit, checkpoints=checkpoints)
                        if one is not None:
                            yield one


def memory_of(trace: Trace, until: int) -> PoolMemory:
    """What jobs that always ran in the pool would have shown of it before a sample."""
    seen = trace.capacity[:until]
    begins = sum(here and not before for before, here in zip((False, *seen), seen, strict=False))
    ends = sum(before and not here for before, here in pairwise(seen))
    return PoolMemory(
        instance_type=trace.name, region="", exposure_s=sum(seen) * trace.gap_s, interruptions=ends, starts=begins,
        waited_s=(until - sum(seen)) * trace.gap_s,
    )  # fmt: skip


def _tried(trace: Trace, start: int, memory: PoolMemory, run_h: int, limit: float, *, checkpoints: bool) -> Tried | None:
    limit_s = run_h * HOUR_S * limit
    capacity = trace.capacity[start : start + round(limit_s / trace.gap_s)]
    if len(capacity) * trace.gap_s < limit_s or memory.exposure_s < 10 * HOUR_S:
        return None
    run = SpotRun(
        work_h=run_h, segment_h=EVERY_S / HOUR_S if checkpoints else run_h, limit_h=limit_s / HOUR_S,
        start_h=(900 + memory.waited_s) / (1 + memory.starts) / HOUR_S,
    )  # fmt: skip
    finished = _finishes(capacity, run_h * HOUR_S // trace.gap_s, EVERY_S // trace.gap_s if checkpoints else run_h * HOUR_S)
    chance = finish_chance(run, posterior(memory))
    return Tried(pool=trace.name, run_h=run_h, checkpoints=checkpoints, chance=chance, finished=finished)


def _finishes(capacity: Sequence[bool], work: int, segment: int) -> bool:
    """Whether a job finishes within these samples; an interruption loses what it trained since the last whole segment."""
    saved = since = 0
    for there in capacity:
        since = since + 1 if there else 0
        if saved + since >= work:
            return True
        if since >= segment:
            saved, since = saved + since, 0
    return False


def bins(jobs: Sequence[Tried]) -> list[Bin]:
    """Ten bins of equal width."""
    found = []
    for n in range(BINS):
        here = [one for one in jobs if min(int(one.chance * BINS), BINS - 1) == n]
        if here:
            share = sum(one.finished for one in here) / len(here)
            found.append(Bin(jobs=len(here), chance=sum(one.chance for one in here) / len(here), finished=share))
    return found


def main() -> int:
    if not DATA.is_dir():
        print(f"the calibration is left out: {DATA} is not there (SPOTWARDEN_DATA names the folder of spot-traces)")
        return 0
    begin = time.process_time()
    jobs = list(tried(traces_in(DATA)))
    print(f"{len(jobs)} jobs on {len({one.pool for one in jobs})} pools, {time.process_time() - begin:.0f} s of CPU")
    groups = {"all": jobs, "without checkpoints": [one for one in jobs if not one.checkpoints]}
    groups["with checkpoints"] = [one for one in jobs if one.checkpoints]
    groups |= {f"{run_h} h": [one for one in jobs if one.run_h == run_h] for run_h in RUNS_H}
    for name, some in groups.items():
        squares = sum((one.chance - one.finished) ** 2 for one in some) / len(some)
        print(f"\n{name}: Brier score {squares:.3f}\n   jobs  chance  finished")
        for one in bins(some):
            print(f"  {one.jobs:5}  {one.chance:6.2f}  {one.finished:8.2f}{'  more than 0.1 apart' if one.apart else ''}")
    return int(any(one.apart for one in bins(jobs)))


if __name__ == "__main__":
    sys.exit(main())
