"""If an attempt fails on instances that the controller chose, the next one returns, once, to those that worked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.facts import Facts
from controller.jobs.failure import FailureCause
from controller.jobs.job import Job, Outcome
from controller.jobs.request import change_from_json
from controller.ledger.entry import Ended, Measured, Started
from controller.ledger.intent import Intent, IntentResult, Submit
from controller.ledger.move_cause import AttemptCause, MoveCause
from controller.notifications.messages.catalogue import importance_of
from controller.policy.mode import Mode
from controller.policy.slack_settings import Importance
from tests.builders import BEGIN, attempt, block, budget, ended, lineage
from tests.properties.lives import learn
from tests.unit.decide.deciding import HOUR, actions, looked_up, text, topics

LARGE, LARGER = "ml.g5.12xlarge", "ml.g5.48xlarge"


def tried(number: int, instance_type: str, outcome: Outcome, ran_s: int, *, count: int = 1) -> tuple[Started | Ended, ...]:
    one = attempt(number)
    started = Started(
        job=one.name, at=BEGIN, team="vision", number=number, spot=True, instance_type=instance_type, instance_count=count,
        region="us-east-1", service=None, checkpoint_uri=one.checkpoint_uri,
    )  # fmt: skip
    over = Ended(
        job=one.name, at=BEGIN, team="vision", outcome=outcome, seen_at=BEGIN, failure=None, spot=True,
        instance_type=instance_type, region="us-east-1", ran_s=ran_s,
    )  # fmt: skip
    return started, over


def submitted(number: int, cause: AttemptCause = FailureCause.STARVED) -> Intent:
    submit = Submit(about=attempt(number - 1).name, job=attempt(number).name, number=number, cause=cause)
    return Intent(action=submit, due_at=BEGIN, claim=1, closed=IntentResult.DONE)


def failed(
    *before: tuple[Started | Ended, ...], on: str = LARGER, count: int = 1, outcome: Outcome = Outcome.ALGORITHM, **changes: Any
) -> Facts:
    """The newest attempt failed in its code, by default on an ml.g5.48xlarge."""
    number = len(before) + 1
    one = ended(attempt(number, instance_type=on, instance_count=count), outcome)
    known = lineage(
        entries=tuple(e for attempt_ in before for e in attempt_),
        intents=changes.pop("intents", tuple(submitted(n) for n in range(2, number + 1))),
    )  # fmt: skip
    return looked_up(one, now=BEGIN + HOUR, number=number, lineage=known, claims=None, **changes)


ROOT = tried(1, LARGE, Outcome.STARVED, 5000)


def resources(of: Facts) -> dict[str, Any]:
    [submit] = actions(of, Submit)
    assert submit.cause is MoveCause.CHANGED_BACK
    found: dict[str, Any] = change_from_json(submit.changes)["ResourceConfig"]
    return found


@pytest.mark.parametrize("outcome", [Outcome.ALGORITHM, Outcome.CLIENT, Outcome.MEMORY, Outcome.DISK])
def test_an_attempt_on_other_instances_that_fails_in_its_code_goes_back_and_a_person_is_told(outcome: Outcome) -> None:
    broken = failed(ROOT, outcome=outcome)
    assert resources(broken)["InstanceType"] == LARGE
    [due] = [i.due_at for i in decide(broken).intents if isinstance(i.action, Submit)]
    assert due == broken.job.ended_at
    assert "failed on instances that Spotwarden chose" in text(broken, "changed-back")
    assert "1 instance of ml.g5.12xlarge, where the job trained before, once" in text(broken, "changed-back")
    assert importance_of("changed-back") is Importance.PERSON
    assert not decide(learn(broken, decide(broken)))


def test_an_unclassified_failure_that_occurs_only_on_other_instances_goes_back_too() -> None:
    assert resources(failed(ROOT, outcome=Outcome.FAILED))["InstanceType"] == LARGE
    shown = (
        failed(ROOT, tried(2, LARGE, Outcome.FAILED, 600), outcome=Outcome.FAILED),  # it failed the same way on its own instances
        failed(tried(1, LARGE, Outcome.MEMORY, 60), outcome=Outcome.FAILED),  # no instances worked before
        failed(ROOT, outcome=Outcome.FAILED, on=LARGE),
    )
    for one in shown:
        assert MoveCause.CHANGED_BACK not in [submit.cause for submit in actions(one, Submit)]
        assert "changed-back" not in topics(one)


def test_another_number_of_instances_is_a_change_too() -> None:
    back = resources(failed(tried(1, LARGE, Outcome.STARVED, 5000, count=2), on=LARGE, count=1))
    assert (back["InstanceType"], back["InstanceCount"]) == (LARGE, 2)


@pytest.mark.parametrize("outcome", [Outcome.CLIENT, Outcome.ALGORITHM, Outcome.DISK, Outcome.FAILED])
@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        ({"subnets": ("s-1", "s-2")}, {"subnets": ("s-3",)}, "failed in subnets that Spotwarden chose"),
        ({"volume_gb": 200}, {"volume_gb": 100}, "failed with a volume that Spotwarden chose"),
        ({"volume_gb": 100}, {"volume_gb": 200}, "with 100 GB, where the job trained before"),
    ],
)
def test_other_subnets_and_another_volume_are_changes_too(
    theirs: dict[str, Any], ours: dict[str, Any], words: str, outcome: Outcome
) -> None:
    started, over = tried(1, LARGE, Outcome.STARVED, 5000)
    assert isinstance(started, Started)
    broken = failed((replace(started, **{"volume_gb": 50, **theirs}), over), on=LARGE, outcome=outcome)
    broken = replace(broken, job=replace(broken.job, **{"volume_gb": 50, **ours}))
    [submit] = actions(broken, Submit)
    assert submit.cause is MoveCause.CHANGED_BACK
    changes = change_from_json(submit.changes)
    assert changes.get("VpcConfig") == ({"Subnets": ["s-1", "s-2"]} if "subnets" in theirs else None)
    assert changes["ResourceConfig"].get("VolumeSizeInGB") == theirs.get("volume_gb")
    assert words in text(broken, "changed-back")
    assert not decide(learn(broken, decide(broken)))


def test_a_volume_and_subnets_of_rows_from_before_are_not_known_and_no_change() -> None:
    broken = failed(ROOT, on=LARGE)
    assert not actions(replace(broken, job=replace(broken.job, volume_gb=500, subnets=("s-9",))), Submit)


def test_a_larger_volume_after_a_full_disk_is_no_change_to_take_back() -> None:
    started, over = tried(1, LARGE, Outcome.DISK, 60)
    assert isinstance(started, Started)
    broken = failed((replace(started, volume_gb=50), over), on=LARGE)
    assert "changed-back" not in topics(replace(broken, job=replace(broken.job, volume_gb=100)))


def test_a_move_to_on_demand_and_another_max_wait_are_not_undone() -> None:
    broken = failed(ROOT, on=LARGE)
    assert not actions(replace(broken, job=replace(broken.job, spot=False, wait_s_max=None)), Submit)


@pytest.mark.parametrize("outcome", [Outcome.CAPACITY, Outcome.INTERNAL, Outcome.STARVED, Outcome.QUOTA])
def test_a_failure_that_is_not_in_the_code_does_not_go_back(outcome: Outcome) -> None:
    broken = failed(ROOT, outcome=outcome)
    assert MoveCause.CHANGED_BACK not in [submit.cause for submit in actions(broken, Submit)]
    assert "changed-back" not in topics(broken)


def test_the_owner_s_own_instances_and_instances_that_worked_are_no_change_of_ours() -> None:
    assert not actions(failed(on=LARGE), Submit)
    assert not actions(failed(ROOT, on=LARGE), Submit)
    assert not actions(failed(ROOT, tried(2, LARGER, Outcome.STARVED, 4000)), Submit)


def test_without_an_attempt_that_trained_the_owner_s_choice_counts() -> None:
    never = failed(tried(1, LARGE, Outcome.CAPACITY, 0))
    assert resources(never)["InstanceType"] == LARGE
    assert "which its owner chose" in text(never, "changed-back")


@pytest.mark.parametrize("training_s", [600, 0])
def test_an_attempt_whose_measured_usage_alone_shows_training_has_trained(training_s: int) -> None:
    second = tried(2, "ml.g5.24xlarge", Outcome.STARVED, 0)
    usage = Measured(
        job=second[0].job, at=BEGIN, team="vision", training_s=training_s, billable_s=60, spot=True, instance_count=1,
        instance_type="ml.g5.24xlarge", region="us-east-1", rate_micros_per_h=None, rate_as_of=None, rate_source=None,
    )  # fmt: skip
    broken = failed(ROOT, second)
    measured = replace(broken, lineage=replace(broken.lineage, entries=(*broken.lineage.entries, usage)))
    assert resources(measured)["InstanceType"] == ("ml.g5.24xlarge" if training_s else LARGE)


def test_the_newest_attempt_that_trained_counts() -> None:
    second = tried(2, "ml.g5.24xlarge", Outcome.STARVED, 300)
    assert resources(failed(ROOT, second))["InstanceType"] == "ml.g5.24xlarge"
    assert resources(failed(ROOT, tried(2, "ml.g5.24xlarge", Outcome.CAPACITY, 0)))["InstanceType"] == LARGE


def test_a_lineage_goes_back_once_and_then_a_person_is_told_that_it_ends() -> None:
    again = failed(
        ROOT, tried(2, LARGER, Outcome.ALGORITHM, 60), tried(3, LARGE, Outcome.STARVED, 60), on="ml.p4d.24xlarge",
        intents=(submitted(2), submitted(3, MoveCause.CHANGED_BACK), submitted(4)),
    )  # fmt: skip
    assert not actions(again, Submit)
    assert "gave-up" in topics(again)


def test_a_job_does_not_return_to_instances_on_which_its_code_failed() -> None:
    both = failed(tried(1, LARGE, Outcome.MEMORY, 60))
    assert not actions(both, Submit)
    assert "gave-up" in topics(both)


def test_a_budget_for_code_that_fails_does_not_come_first() -> None:
    named = block(causes={FailureCause.ALGORITHM: budget(3, beginnings=("AlgorithmError",))})
    assert resources(failed(ROOT, resubmission=named))["InstanceType"] == LARGE


def test_in_warn_mode_and_without_a_block_nothing_is_submitted() -> None:
    assert not actions(failed(ROOT, resubmission=block(mode=Mode.WARN)), Submit)
    late = failed(ROOT)
    assert not actions(replace(late, now=late.now + timedelta(days=2)), Submit)


def test_what_cannot_be_repeated_is_told() -> None:
    one: Job = replace(failed(ROOT).job, unrepeatable="it is serverless")
    assert "cannot-repeat" in topics(replace(failed(ROOT), job=one))
