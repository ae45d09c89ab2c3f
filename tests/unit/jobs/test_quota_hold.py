"""Holds on an on-demand quota."""

from __future__ import annotations

from controller.jobs.quota_hold import QuotaHold, instances_held
from tests.builders import BEGIN


def test_holds_on_one_quota_add_up() -> None:
    held = [QuotaHold(region="r", instance_type="t", instances=n, job=f"j{n}", created_at=BEGIN, lineage="l") for n in (1, 2, 5)]
    assert instances_held(held) == 8
    assert instances_held([]) == 0
