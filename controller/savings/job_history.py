"""How long the runs of a job family took, and estimates from that."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from controller.units.value import dataclass

PERMILLE_LEAST, PERMILLE_MOST = 100, 10_000  # if speeds differ by more than a factor of ten, the runs did different work

RUNS_MIN = 3  # completed runs from which a family's history is used


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRun:
    """A completed run with one attempt: its instance type and its training seconds."""

    instance_type: str
    work_s: int


def first_permille(runs: Sequence[FamilyRun], first: str, other: str) -> int | None:
    """How many seconds a family needs on the type ``first`` for what takes 1,000 s on ``other``, by the medians of its runs.

    None with fewer than three runs on either type, or if the two differ by more than a factor of ten.
    """
    on_first = [run.work_s for run in runs if run.instance_type == first and run.work_s > 0]
    on_other = [run.work_s for run in runs if run.instance_type == other and run.work_s > 0]
    if min(len(on_first), len(on_other)) < RUNS_MIN:
        return None
    from statistics import median  # imported here, because few jobs need it and it imports six modules

    permille = round(1000 * median(on_first) / median(on_other))
    return permille if PERMILLE_LEAST <= permille <= PERMILLE_MOST else None


def quantile(runs: Sequence[int], share: float) -> int:
    """The shortest of the runs that is at least as long as this share (0 to 1) of them: an empirical quantile.

    Raises IndexError without runs.
    """
    ordered = sorted(runs)
    place = ceil(round(share * len(ordered), 9))  # rounded, because 0.55 * 20 is a little more than 11 in floating point
    return ordered[min(max(place, 1), len(ordered)) - 1]
