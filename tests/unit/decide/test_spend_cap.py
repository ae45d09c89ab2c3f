"""An attempt is submitted only where the spend cap of its lineage has room for it."""

from __future__ import annotations

from typing import Any

from controller.decide.facts import Facts
from controller.ledger.entry import Measured
from controller.ledger.intent import Submit
from tests.builders import BEGIN, block, ended, job, lineage
from tests.unit.decide.deciding import HOUR, actions, looked_up, text


def starved(cap_micros: int, **changes: Any) -> Facts:
    """A job that ended without its model and may run for one hour, $1.515 on-demand, once more."""
    over = ended(job(runtime_s_max=3600))
    return looked_up(over, now=BEGIN + HOUR, claims=None, resubmission=block(cap_micros=cap_micros), **changes)


def test_an_attempt_within_the_cap_is_submitted_and_one_above_it_is_reported() -> None:
    assert actions(starved(3_030_000), Submit)
    above = starved(3_029_999)
    assert not actions(above, Submit)
    assert "Spend cap: $3.03. Spent so far, at most: $1.52. The next attempt may cost $1.52." in text(above, "gave-up")


def test_what_earlier_attempts_cost_counts_against_the_cap() -> None:
    spent = Measured(
        job="bert-0", at=BEGIN, team="vision", training_s=3600, billable_s=3600, spot=True, instance_type="ml.g5.2xlarge",
        instance_count=1, region="us-east-1", rate_micros_per_h=1_515_000, rate_as_of=None, rate_source=None,
    )  # fmt: skip
    assert actions(starved(4_000_000), Submit)
    assert not actions(starved(4_000_000, lineage=lineage(entries=(spent,))), Submit)


def test_without_a_price_a_capped_attempt_is_not_submitted() -> None:
    unpriced = starved(9_000_000, rate=None)
    assert not actions(unpriced, Submit)
    assert "No price is known for this instance type" in text(unpriced, "gave-up")
