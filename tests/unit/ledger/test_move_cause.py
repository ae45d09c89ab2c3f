"""A move continues with other capacity, unless it repairs the job or returns it to where it worked."""

from __future__ import annotations

from controller.ledger.move_cause import MoveCause


def test_each_move_goes_elsewhere_but_a_repair_and_the_way_back_from_other_instances() -> None:
    assert {cause for cause in MoveCause if not cause.elsewhere} == {MoveCause.REPAIR, MoveCause.CHANGED_BACK}
