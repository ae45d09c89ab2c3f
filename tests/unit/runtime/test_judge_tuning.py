"""A tuning job is judged by its definitions, and its owner hears of each broken rule once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from controller.jobs.job import Job, Service
from controller.jobs.tuning import TuningJob, UnreadDefinitions
from controller.policy.mode import Mode
from controller.policy.slack_settings import Importance, SlackSettings
from controller.runtime.judge_tuning import judge_tuning
from tests.builders import BEGIN, job, policy, rule
from tests.unit.policy.test_waiver import waiver
from tests.unit.runtime.slack_place import Place

BARE = job("tuner", spot=False, service=Service.TUNING, wait_s_max=None, intervals=())


@dataclass
class Tuners:
    """SageMaker with one tuning job."""

    found: TuningJob | None

    def tuning(self, name: str) -> TuningJob | None:
        assert name == "tuner"
        return self.found


def place(*jobs: Job, alive: bool = True, **changes: Any) -> Any:
    tuner = TuningJob(
        arn="arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/tuner", name="tuner", created_at=BEGIN,
        alive=alive, definitions=tuple((f"d{n}", one) for n, one in enumerate(jobs)),
    )  # fmt: skip
    at: Any = Place(policy=replace(policy(), **changes))
    at.jobs = Tuners(tuner)
    return at


def waiting(at: Any, channel: str = "#ml-spot") -> list[str]:
    return [message.text().title for message in at.outbox.waiting(channel, 100)]


def test_each_definition_that_breaks_a_rule_is_told_once_however_often_the_tuning_job_changes() -> None:
    at = place(BARE, replace(BARE, spot=True, wait_s_max=72_000), BARE)
    assert judge_tuning("tuner", at) == 2
    assert judge_tuning("tuner", at) == 0
    assert waiting(at) == [':rotating_light: The tuning job *tuner* breaks the rule "use-spot"'] * 2


def test_a_finding_is_told_in_the_channel_of_the_team_and_the_tuning_job_is_not_stopped() -> None:
    at = place(BARE, slack=SlackSettings(channels={"vision": "#vision"}))
    judge_tuning("tuner", at)
    assert len(waiting(at, "#vision")) == 1
    [message] = at.outbox.waiting("#vision", 10)
    assert (message.revision, message.text().small.count("policy r1")) == ("r1", 1)
    assert "keep running" in message.text().body


@pytest.mark.parametrize(
    ("changes", "alive"),
    [
        ({"rules": (rule(mode=Mode.AUDIT),)}, True),
        ({"waivers": (waiver(rules=("use-spot",)),), "slack": SlackSettings(waiver_s_max=90 * 86_400)}, True),
        ({"slack": SlackSettings(tell=frozenset({Importance.PERSON}))}, True),
        ({"rules": (rule(kind="checkpoint-exclusive", options={}),)}, True),
        ({}, False),
    ],
)
def test_a_finding_that_is_only_recorded_waived_unimportant_unknown_or_of_an_ended_job_is_not_told(
    changes: dict[str, Any], *, alive: bool
) -> None:
    at = place(BARE, alive=alive, **changes)
    assert (judge_tuning("tuner", at), waiting(at)) == (0, [])


def test_a_tuning_job_that_is_gone_causes_no_message() -> None:
    at = place()
    at.jobs = Tuners(None)
    assert judge_tuning("tuner", at) == 0


def test_definitions_that_can_be_read_are_judged_before_the_others_are_an_error() -> None:
    at = place(BARE)
    at.jobs.found = replace(at.jobs.found, unread=("b: InstanceType is 7, wanted text",))
    with pytest.raises(UnreadDefinitions, match="tuning job tuner: b: InstanceType is 7"):
        judge_tuning("tuner", at)
    assert len(waiting(at)) == 1
