"""A live job's hold on the account's on-demand quota."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaHold:
    """``job`` uses ``instances`` of the on-demand quota of an instance type in a region, until it ends."""

    region: str
    instance_type: str
    instances: int
    job: str
    lineage: str
    created_at: datetime


def instances_held(holds: Iterable[QuotaHold]) -> int:
    """The sum of instances of holds on one quota."""
    return sum(hold.instances for hold in holds)
