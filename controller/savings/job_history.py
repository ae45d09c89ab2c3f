"""How long runs of a job family took, and what that says of the next one."""

from __future__ import annotations

from collections.abc import Sequence

RUNS_MIN = 3  # of a family, before its history is an estimate


def quantile(runs: Sequence[int], share: float) -> int:
    """The smallest run that at least this share of the runs do not exceed (the inverse of the empirical distribution)."""
    ordered = sorted(runs)
    return ordered[min(int(-(-share * len(ordered) // 1)), len(ordered)) - 1]
