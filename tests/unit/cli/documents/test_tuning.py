"""Tuning jobs: their definitions are judged, and SageMaker must accept the request around them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.checking import Check, request

CONFIG = {"Strategy": "Bayesian", "ResourceLimits": {"MaxNumberOfTrainingJobs": 10, "MaxParallelTrainingJobs": 2}}


def definition(name: str, **changes: Any) -> dict[str, Any]:
    body = {member: value for member, value in request(**changes).items() if member != "TrainingJobName"}
    return {"DefinitionName": name, **body}


def tuning(**changes: Any) -> dict[str, Any]:
    """The request of a tuning job with two definitions, the second without checkpoints. None removes a member."""
    whole = {
        "HyperParameterTuningJobName": "tune", "HyperParameterTuningJobConfig": CONFIG,
        "TrainingJobDefinitions": [definition("a"), definition("b", CheckpointConfig=None)],
    } | changes  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def pipeline(**changes: Any) -> dict[str, Any]:
    step = {"Name": "a-step-of-a-name-longer-than-a-tuning-job-may-have", "Type": "Tuning", "Arguments": tuning(**changes)}
    return {"Version": "2020-12-01", "Steps": [step]}


def refused(said: Any) -> set[str]:
    return {f["field"] for job in said.jobs for f in job["findings"] if f["severity"] == "refused"}


def test_each_definition_is_judged_as_the_jobs_that_it_starts(said_of: Check) -> None:
    said = said_of(tuning())
    assert [(job["job"], job["verdict"]) for job in said.jobs] == [("tune-a", "allow"), ("tune-b", "findings")]
    assert {job["owner"] for job in said.jobs} == {"hyperparameter tuning"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"HyperParameterTuningJobName": "x" * 33}, "HyperParameterTuningJobName"),
        ({"HyperParameterTuningJobName": "my_tuning"}, "HyperParameterTuningJobName"),
        ({"HyperParameterTuningJobName": None}, "HyperParameterTuningJobName"),
        ({"HyperParameterTuningJobConfig": None}, "HyperParameterTuningJobConfig"),
        ({"HyperParameterTuningJobConfig": {**CONFIG, "Strategy": "Bayesion"}}, "HyperParameterTuningJobConfig.Strategy"),
        (
            {"HyperParameterTuningJobConfig": {"Strategy": "Grid", "ResourceLimits": {"MaxParallelTrainingJobs": "2"}}},
            "HyperParameterTuningJobConfig.ResourceLimits.MaxParallelTrainingJobs",
        ),
        ({"WarmStart": {}}, "WarmStart"),
        ({"TrainingJobDefinitions": [definition("a", ResourceConfig=None)]}, "ResourceConfig"),
        ({"TrainingJobDefinition": definition("c")}, "TrainingJobDefinitions"),
        ({"TrainingJobDefinitions": [definition("a"), definition("a")]}, "TrainingJobDefinitions[].DefinitionName"),
        ({"TrainingJobDefinitions": [definition(f"d{n}") for n in range(11)]}, "TrainingJobDefinitions"),
    ],
)
def test_what_sagemaker_would_refuse_around_the_definitions_is_refused(
    said_of: Check, changes: dict[str, Any], field: str
) -> None:
    said = said_of(tuning(**changes))
    assert (said.code, refused(said)) == (4, {field})
    assert {job["verdict"] for job in said.jobs} == {"refused"}


def test_the_name_of_a_pipeline_s_tuning_job_is_given_later_and_the_rest_is_validated(said_of: Check) -> None:
    said = said_of(pipeline(HyperParameterTuningJobName=None))
    assert (said.code, refused(said)) == (1, set())
    bad = said_of(pipeline(HyperParameterTuningJobName=None, HyperParameterTuningJobConfig={**CONFIG, "Strategy": "Magic"}))
    assert (bad.code, refused(bad)) == (4, {"HyperParameterTuningJobConfig.Strategy"})


def test_a_call_whose_other_members_come_from_elsewhere_is_not_refused_for_lacking_them(said_of: Check) -> None:
    program = (
        "import boto3\nsm = boto3.client('sagemaker')\nrest = load()\n"
        f"sm.create_hyper_parameter_tuning_job(TrainingJobDefinition={definition('a')!r}, **rest)\n"
    )
    assert refused(said_of(program, name="tune.py")) == set()


def test_the_hyperparameters_of_a_definition_are_not_in_the_fix(said_of: Check) -> None:
    """They are read as HyperParameters, to find out whether an image runs a script; a definition has no such member."""
    fixed = definition("a", CheckpointConfig=None, StaticHyperParameters={"epochs": "9"})
    (job,) = said_of(tuning(TrainingJobDefinitions=[fixed])).jobs
    assert (job["verdict"], list(job["fix"]["request"])) == ("findings", ["CheckpointConfig"])


def test_what_sagemaker_described_is_never_refused(said_of: Check) -> None:
    told = tuning(HyperParameterTuningJobArn="arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/tune", Odd=1)
    assert refused(said_of(told)) == set()


def test_other_resources_of_a_manifest_with_a_training_job_are_no_mistake(said_of: Check) -> None:
    spec = {name[0].lower() + name[1:]: value for name, value in request(RoleArn=None).items()}
    spec["roleARN"] = request()["RoleArn"]
    job = {"apiVersion": "sagemaker.services.k8s.aws/v1alpha1", "kind": "TrainingJob", "metadata": {"name": "a"}, "spec": spec}
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}
    said = said_of([job, other])
    assert [one["job"] for one in said.jobs] == ["bert-1"]
    assert said_of([other]).code == 2


def test_a_refusal_says_what_was_found_and_wanted(said_of: Check) -> None:
    [first, *_] = said_of(tuning(TrainingJobDefinitions=[definition("a"), definition("a")])).jobs
    [finding] = [f for f in first["findings"] if f["severity"] == "refused"]
    assert (finding["found"], finding["wanted"]) == ("a 2 times", "a name of its own for each definition")
