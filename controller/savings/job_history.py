"""How long the runs of a job family took, and the estimate for the next run."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from controller.units.value import dataclass

PERMILLE_LEAST, PERMILLE_MOST = 100, 10_000  # beyond a factor of ten, runs of a family did not do the same work

RUNS_MIN = 3  # completed runs that a family needs before its history is an estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRun:
    """A completed run of a family that had one attempt: its instance type and its training seconds."""

    instance_type: str
    work_s: int


def first_permille(runs: Sequence[FamilyRun], first: str, other: str) -> int | None:
    """How many seconds a family needs on the first instance type for 1,000 s on the other, by the medians of its runs.

    None with fewer than three runs on either, and where the two differ by more than a factor of ten.
    """
    on_first = [run.work_s for run in runs if run.instance_type == first and run.work_s > 0]
    on_other = [run.work_s for run in runs if run.instance_type == other and run.work_s > 0]
    if min(len(on_first), len(on_other)) < RUNS_MIN:
        return None
    from statistics import median  # here: few jobs get this far, and it brings half a dozen modules

    permille = round(1000 * median(on_first) / median(on_other))
    return permille if PERMILLE_LEAST <= permille <= PERMILLE_MOST else None


def quantile(runs: Sequence[int], share: float) -> int:
    """The smallest run that is at least as long as this share of the runs (the inverse of the empirical distribution)."""
    ordered = sorted(runs)
    place = ceil(round(share * len(ordered), 9))  # rounded: 0.55 of 20 runs are 11, and a little more as a binary fraction
    return ordered[min(max(place, 1), len(ordered)) - 1]
