"""The message about a next attempt: of a repair it names the policy that asked for it."""

from __future__ import annotations

from controller.jobs.failure import FailureCause
from controller.ledger.messages.message import JobFacts, Resubmitting
from controller.ledger.move_cause import MoveCause
from controller.notifications.messages.attempts import resubmitting
from tests.builders import BEGIN

JOB = JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=1, spot=True)


def test_the_small_print_of_a_repair_names_the_mode_and_the_policy_that_asked_for_it() -> None:
    repair = Resubmitting(
        job=JOB, cause=MoveCause.REPAIR, attempt="bert-r02", due_at=BEGIN, why="use-spot", revision="781e8d1c6120"
    )
    assert resubmitting(repair).small == "no team · 1 × ml.g5.xlarge · spot · mode enforce, policy 781e8d1c6120"
    retry = Resubmitting(job=JOB, cause=FailureCause.CAPACITY, attempt="bert-r02", due_at=BEGIN)
    assert resubmitting(retry).small == "no team · 1 × ml.g5.xlarge · spot"
