"""Where a job that is stopped to be moved goes on: on demand, on spot again, or at the next step of the ladder."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.decide.facts import Facts
from controller.decide.fallback import Fallback
from controller.decide.move_step import current_step, elsewhere
from controller.jobs.failure import FailureCause
from controller.ledger.intent import Intent, Submit
from controller.ledger.move_cause import MoveCause
from tests.builders import BEGIN, attempt, block, facts, lineage


def submitted(number: int, step: int) -> Intent:
    action = Submit(about="bert", job=f"bert-r{number:02}", number=number, cause=FailureCause.STARVED, fallback_step=step)
    return Intent(action=action, due_at=BEGIN + timedelta(minutes=number), claim=1)


def at_step(*intents: Intent, number: int = 3, **changes: object) -> Facts:
    return facts(attempt(number, **changes), number=number, lineage=lineage(intents=intents))


def test_the_first_request_stands_on_step_0_and_an_attempt_on_the_highest_step_used_so_far() -> None:
    assert current_step(facts()) == 0
    assert current_step(at_step(submitted(2, 2), submitted(3, 1))) == 2
    assert current_step(at_step(submitted(2, 1), submitted(3, 1), submitted(4, 3))) == 1, "attempt 4 comes later"


@pytest.mark.parametrize("cause", [MoveCause.DEADLINE, MoveCause.ASKED])
def test_a_move_for_a_deadline_or_a_person_is_to_on_demand_and_keeps_the_step(cause: MoveCause) -> None:
    found = elsewhere(at_step(submitted(2, 2), submitted(3, 2)), block(), cause)
    assert isinstance(found, Fallback)
    assert (found.fallback_step, found.changes["EnableManagedSpotTraining"]) == (2, False)


def test_a_return_is_to_spot_with_the_job_s_own_time_limits_and_keeps_the_step() -> None:
    found = elsewhere(at_step(submitted(2, 1), submitted(3, 1), spot=False), block(), MoveCause.RETURN)
    assert isinstance(found, Fallback)
    assert (found.fallback_step, found.changes["EnableManagedSpotTraining"]) == (1, True)
    assert found.changes["StoppingCondition"]["MaxRuntimeInSeconds"] == 36_000


def test_a_return_without_a_known_max_runtime_assumes_sagemaker_s_default_of_a_day() -> None:
    found = elsewhere(at_step(spot=False, runtime_s_max=None), block(), MoveCause.RETURN)
    assert isinstance(found, Fallback)
    assert found.changes["StoppingCondition"]["MaxRuntimeInSeconds"] == 86_400


def test_without_a_resubmit_block_there_is_no_further_step_and_the_job_goes_on_as_it_was() -> None:
    for step in (0, 2):
        of = at_step(*([submitted(2, step)] if step else []))
        assert elsewhere(of, None, MoveCause.INTERRUPTIONS) == Fallback(fallback_step=step, changes={})
