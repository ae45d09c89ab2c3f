"""How long a job waits before its next attempt: longer each time, up to a limit, with a jitter."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from controller.ledger.lineage_id import LineageId
from controller.policy.resubmission import Budget


def retry_wait(budget: Budget, tried: int, share: float = 0.0) -> timedelta:
    """The wait before try number ``tried`` + 1 of a cause; ``share`` (0 to 1) is the part of the jitter that is added."""
    plain_s = min(budget.first_s * budget.factor**tried, budget.most_s)
    return timedelta(seconds=round(plain_s * (1 + budget.jitter * share)))


def jitter_share(lineage: LineageId, number: int) -> float:
    """The attempt's own share (0 to 1) of a jitter: the same each time it is computed, and different for each lineage."""
    digest = hashlib.sha256(f"{lineage.root}/{lineage}/{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
