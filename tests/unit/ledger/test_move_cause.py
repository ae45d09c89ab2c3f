"""A move continues with other capacity, unless it repairs the job or returns it to where it worked."""

from __future__ import annotations

from controller.ledger.move_cause import MoveCause


def test_every_move_but_a_repair_and_a_return_to_what_worked_goes_to_other_capacity() -> None:
    assert {cause for cause in MoveCause if not cause.elsewhere} == {MoveCause.REPAIR, MoveCause.CHANGED_BACK}
