"""Attack 4: a job claims to belong to another AWS service, so that no rule acts on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from controller.jobs.job import Service
from controller.ledger.entry import Flagged, OwnerChecked, Started
from infra.local.host import Host
from infra.local.sagemaker.settings import WorldSettings
from tests.security.lab import entries, lab, launch, request, run, status, texts

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
EXECUTION = f"{ARN}:pipeline/acme/execution/abcdefabcdef"
PIPELINE_TAG = "sagemaker:pipeline-execution-arn"
POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop}
"""
RETRY = """
resubmit:
  - name: again
    mode: enforce
    causes: {capacity: {limit: 3, backoff: {first: 1m}}}
"""


@contextmanager
def deployed(policy: str, **more: Any) -> Iterator[Host]:
    """A lab whose policy is in force, because jobs that were created before are not stopped."""
    with lab(policy, **more) as host:
        launch(host, request("warm-up", "vision", checkpoint=None, runtime_h=0.5, wait_h=1, work_s=300))
        run(host, minutes=1)
        yield host


DEAR: dict[str, Any] = {
    "checkpoint": None, "spot": False, "instance_type": "ml.p3.2xlarge", "runtime_h": 100, "work_s": 300_000,
}  # fmt: skip


CLAIMS: list[tuple[str, dict[str, str]]] = [
    ("stepped-1", {"MANAGED_BY_AWS": ""}),
    ("stepped-2", {"MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS"}),
    ("stepped-3", {"AWS_STEP_FUNCTIONS_EXECUTION_ARN": "arn:aws:states:us-east-1:123456789012:execution:acme:1"}),
    ("noted", {"sagemaker:notebook-job-origin": "true"}),
    ("piped-1", {PIPELINE_TAG: "no such thing"}),
    ("piped-2", {PIPELINE_TAG: EXECUTION}),
    ("piped-3", {PIPELINE_TAG: EXECUTION.replace("123456789012", "999999999999")}),
    ("piped-4", {PIPELINE_TAG: EXECUTION.replace("us-east-1", "eu-west-1")}),
    ("piped-5", {PIPELINE_TAG: EXECUTION.replace("abcdefabcdef", "ÉÉ")}),  # not a valid execution id: SageMaker refuses it
    ("AWSBatch-x", {}),
    ("pipelines-abcdefghijkl-mine-ABCDEFGHIJ", {}),
    ("pipelines-abcdefghijkl-mine-0123456789", {PIPELINE_TAG: EXECUTION, "MANAGED_BY_AWS": ""}),
]


def test_a_job_that_only_claims_an_owner_is_stopped_by_an_enforcing_rule_and_the_claim_is_said() -> None:
    with deployed(POLICY) as host:
        for name, tags in CLAIMS:
            launch(host, request(name, "vision", tags=tags, **DEAR))
        run(host, minutes=30)
        assert {name: status(host, name) for name, _ in CLAIMS} == {name: "Stopped" for name, _ in CLAIMS}
        assert "Nothing proves that, so rules apply to it." in texts(host)
        for name, _ in CLAIMS:
            [started] = entries(host, name, Started)
            assert started.service is None
            assert started.claimed is not None


def test_a_pipeline_that_ran_before_does_not_own_a_job_that_names_it() -> None:
    with deployed(POLICY) as host:
        launch(
            host, request("step", "vision", work_s=600, tags={PIPELINE_TAG: EXECUTION}), owner={"PipelineExecutionArn": EXECUTION}
        )
        launch(host, request("free-rider", "vision", tags={PIPELINE_TAG: EXECUTION}, **DEAR))
        run(host, minutes=30)
        assert status(host, "free-rider") == "Stopped"
        host.world.delete_training_job("step")
        launch(host, request("step", "vision", tags={PIPELINE_TAG: EXECUTION}, **DEAR))
        run(host, minutes=30)
        assert status(host, "step") == "Stopped", "the step made another job of this name, which is deleted"


@pytest.mark.parametrize("lag_s", [0, 240])
def test_a_step_of_a_pipeline_is_left_alone_however_late_the_pipeline_shows_it(lag_s: float) -> None:
    with deployed(POLICY, settings=WorldSettings(usage_delay_s=60, pipeline_lag_s=lag_s)) as host:
        made = request("step", "vision", tags={PIPELINE_TAG: EXECUTION}, **DEAR)
        launch(host, made, owner={"PipelineExecutionArn": EXECUTION})
        run(host, hours=2)
        assert status(host, "step") == "InProgress"
        [checked] = entries(host, "step", OwnerChecked)
        assert (checked.service, checked.owned) == (Service.PIPELINES, True)
        assert [e.policy for e in entries(host, "step", Flagged)] == ["spot-only"]
        assert texts(host) == ""


def test_a_job_with_an_owner_in_its_description_is_left_alone() -> None:
    with deployed(POLICY) as host:
        launch(host, request("child", "vision", **DEAR), owner={"TuningJobArn": f"{ARN}:hyper-parameter-tuning-job/tuner"})
        run(host, hours=2)
        assert status(host, "child") == "InProgress"


def test_a_job_that_claims_an_owner_is_not_submitted_again_and_people_are_told() -> None:
    with deployed(POLICY + RETRY) as host:
        launch(host, request("stepped", "vision", tags={"MANAGED_BY_AWS": ""}, work_s=900, fails_with="capacity"))
        launch(host, request("plain", "vision", work_s=900, fails_with="capacity", fails_times=1))
        run(host, hours=6)
        assert [name for name in host.world.jobs if name.startswith("stepped")] == ["stepped"]
        assert len([name for name in host.world.jobs if name.startswith("plain")]) == 2
        assert "belongs to Step Functions, which may retry it" in texts(host)


def test_an_owner_that_does_not_answer_delays_a_rule_by_an_hour_and_no_more() -> None:
    with deployed(POLICY) as host:
        host.world.pipelines.silent = True
        launch(host, request("piped", "vision", tags={PIPELINE_TAG: EXECUTION}, **DEAR))
        run(host, minutes=55)
        assert status(host, "piped") == "InProgress"
        run(host, minutes=30)
        assert status(host, "piped") == "Stopped"


def test_a_policy_that_trusts_claims_leaves_such_jobs_alone() -> None:
    with deployed(POLICY + "trust_claims: true\n" + RETRY) as host:
        launch(host, request("AWSBatch-x", "vision", **DEAR))
        launch(host, request("stepped", "vision", tags={"MANAGED_BY_AWS": ""}, work_s=900, fails_with="capacity"))
        run(host, hours=6)
        assert status(host, "AWSBatch-x") == "InProgress"
        assert [name for name in host.world.jobs if name.startswith("stepped")] == ["stepped"]
        assert texts(host) == ""


ODD_STEPS: dict[str, Any] = {
    "abcdefabcde0": {"PipelineExecutionSteps": [None]},
    "abcdefabcde1": {"PipelineExecutionSteps": [{"Metadata": {"TrainingJob": "x"}}]},
    "abcdefabcde2": {"PipelineExecutionSteps": [], "NextToken": "the same each time"},
    "abcdefabcde3": {},
    "abcdefabcde4": {
        "PipelineExecutionSteps": [{"Metadata": {"TrainingJob": {"Arn": f"{ARN}:training-job/odd-4"}}, "StartTime": -1e18}]
    },
    "abcdefabcde5": {"PipelineExecutionSteps": [{"Metadata": {"TrainingJob": {"Arn": f"{ARN}:training-job/odd-5".upper()}}}]},
    "abcdefabcde6": {
        "PipelineExecutionSteps": [
            {"Metadata": {"TrainingJob": {"Arn": f"{ARN}:training-job/odd-6".replace("us-east-1", "eu-west-1")}}}
        ]
    },
}


def test_a_job_is_judged_within_an_hour_for_any_answer_of_its_pipeline() -> None:
    """The creator of a job chooses the pipeline whose steps are listed."""
    with deployed(POLICY) as host:
        host.world.list_pipeline_execution_steps = lambda **asked: ODD_STEPS[asked["PipelineExecutionArn"].rpartition("/")[2]]  # type: ignore[method-assign]
        for number, execution in enumerate(ODD_STEPS):
            tags = {PIPELINE_TAG: EXECUTION.replace("abcdefabcdef", execution)}
            launch(host, request(f"odd-{number}", "vision", tags=tags, **DEAR))
        run(host, hours=1, minutes=15)
        assert {status(host, f"odd-{number}") for number in range(len(ODD_STEPS))} == {"Stopped"}
