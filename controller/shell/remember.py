"""Folds closed days into what is remembered of each pool, so that a decision reads days and never jobs."""

from __future__ import annotations

from datetime import timedelta

from controller.interruption import fold
from controller.shell.ports import Ports

DAY = timedelta(days=1)
DAYS_AGAIN = 2  # usage may follow an ending by a day: a day is folded once more on the next


def remember(ports: Ports) -> int:
    """Fold the last closed days (UTC) and say how many pools were written; a day that is folded again takes in what came late."""
    midnight = ports.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    written = 0
    for ago in range(DAYS_AGAIN, 0, -1):
        since = midnight - ago * DAY
        pools = fold(ports.ledger.entries(since, since + DAY), ports.ledger.signals(since, since + DAY))
        ports.ledger.remember(since.date(), pools.values())
        written += len(pools)
    return written
