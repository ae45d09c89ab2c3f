"""The cheapest that anybody could have done who knew the capacity ahead, by dynamic programming."""

from __future__ import annotations

from typing import Any

import numpy as np

from controller.cli.backtest_deadline.cases import Case


def optimum(case: Case, spot_price: float) -> float:
    """The least cost of finishing by the deadline, in samples of on-demand; infinite where nobody could.

    Backwards over the samples, for every amount of work left at once: idle, on spot or on-demand, with so much of the start's
    overhead still to bill. Stopping is free at any time, starting again bills its overhead.
    """
    idle = _finished(case.work)
    spot = [idle] * (case.overhead + 1)
    on_demand = [idle] * (case.overhead + 1)
    for there in reversed(case.capacity):
        on = [_billed(on_demand, left, 1.0) for left in range(case.overhead + 1)]
        off = [_billed(spot, left, spot_price) for left in range(case.overhead + 1)] if there else None
        start = np.minimum(idle, on[-1])
        if off is not None:
            start = np.minimum(start, off[-1])
        start[0] = 0.0
        on_demand = [np.minimum(start, going) for going in on]
        spot = [np.minimum(start, going) for going in off] if off is not None else [start] * (case.overhead + 1)
        idle = start
    return float(idle[case.work])


def _finished(work: int) -> Any:
    """At the deadline: nothing more to pay where no work is left, and no way to pay for any."""
    costs = np.full(work + 1, np.inf)
    costs[0] = 0.0
    return costs


def _billed(later: list[Any], overhead_left: int, price: float) -> Any:
    """The cost of running through one sample: it pays off overhead, or one sample of work."""
    if overhead_left > 0:
        costs = price + later[overhead_left - 1]
    else:
        costs = np.empty_like(later[0])
        costs[1:] = price + later[0][:-1]
    costs[0] = 0.0
    return costs
