"""How long the runs of a job family took, and the estimate for the next run."""

from __future__ import annotations

from collections.abc import Sequence

RUNS_MIN = 3  # completed runs that a family needs before its history is an estimate


def quantile(runs: Sequence[int], share: float) -> int:
    """The smallest run that is at least as long as this share of the runs (the inverse of the empirical distribution)."""
    ordered = sorted(runs)
    return ordered[min(int(-(-share * len(ordered) // 1)), len(ordered)) - 1]
