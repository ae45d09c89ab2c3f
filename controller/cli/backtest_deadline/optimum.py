"""The least cost of a job if the capacity is known in advance, by dynamic programming."""

from __future__ import annotations

from typing import Any

import numpy as np

from controller.cli.backtest_deadline.cases import DeadlineCase


def optimum(case: DeadlineCase, spot_price: float) -> float:
    """The least cost of finishing by the deadline, in samples of on-demand; infinite if that is impossible.

    It goes backwards over the samples, with arrays that are indexed by the remaining work. The states are idle, and spot and
    on-demand with each number of overhead samples that are not billed yet. Stopping is free; each start bills its overhead.
    """
    idle = _finished(case.work)
    spot = [idle] * (case.overhead + 1)
    on_demand = [idle] * (case.overhead + 1)
    for available in reversed(case.capacity):
        on = [_billed(on_demand, left, 1.0) for left in range(case.overhead + 1)]
        off = [_billed(spot, left, spot_price) for left in range(case.overhead + 1)] if available else None
        start = np.minimum(idle, on[-1])
        if off is not None:
            start = np.minimum(start, off[-1])
        start[0] = 0.0
        if not case.checkpoints:
            start[1:] = start[case.work]  # a stopped job starts over
        on_demand = [np.minimum(start, going) for going in on]
        spot = [np.minimum(start, going) for going in off] if off is not None else [start] * (case.overhead + 1)
        idle = start
    return float(idle[case.work])


def _finished(work: int) -> Any:
    """The costs at the deadline: 0 for no remaining work, otherwise infinite."""
    costs = np.full(work + 1, np.inf)
    costs[0] = 0.0
    return costs


def _billed(later: list[Any], overhead_left: int, price: float) -> Any:
    """The costs of running for one sample, which either bills overhead or does one sample of work."""
    if overhead_left > 0:
        costs = price + later[overhead_left - 1]
    else:
        costs = np.empty_like(later[0])
        costs[1:] = price + later[0][:-1]
    costs[0] = 0.0
    return costs
