"""Documents of all kinds get the right verdict under the shipped policies."""

from __future__ import annotations

import json

import pytest

from controller import wiring
from tests.unit.cli.checking import CASES, Check, request

ALL = ["save-long-work", "one-hour-without-checkpoints", "wait-limit", "spot-for-long-jobs"]


@pytest.mark.parametrize(
    ("file", "code", "verdict", "broken", "undecided"),
    [
        ("create-warm-pool-on-demand.json", 0, "allow", [], []),
        ("create-serverless.json", 0, "allow", [], []),
        ("create-five-day-run.json", 1, "findings", ["wait-limit"], []),
        ("create-spot-without-maxwait.json", 4, "refused", ["SageMaker"], []),
        ("create-misspelt-member.json", 4, "refused", ["SageMaker", "save-long-work"], []),
        ("create-own-algorithm-by-arn.json", 0, "allow", [], []),
        ("event-detail-without-envelope.json", 3, "undecided", [], ALL),
        ("list-summaries.json", 3, "undecided", [], ALL),
        ("step-functions-parameters-with-paths.json", 3, "undecided", [], ALL),
        ("pipeline-definition.json", 3, "undecided", [], ["spot-for-long-jobs"]),
        ("state-machine.json", 1, "findings", ["save-long-work"], []),
        ("cloudformation.yaml", 3, "undecided", [], ["spot-for-long-jobs"]),
        ("tuning-request.json", 1, "findings", ["save-long-work"], []),
        ("search-response.json", 1, "findings", ["spot-for-long-jobs"], []),
        ("ack-trainingjob.yaml", 1, "findings", ["save-long-work"], []),
    ],
)
def test_a_document_is_judged_as_it_should_be(
    said_of: Check, file: str, code: int, verdict: str, broken: list[str], undecided: list[str]
) -> None:
    said = said_of(CASES / file)
    assert (said.code, said.job["verdict"], said.rules, said.job["undecided"]) == (code, verdict, broken, undecided)
    assert said.err == ""


def test_the_name_of_a_state_is_not_a_job_name_and_not_part_of_a_prefix(said_of: Check) -> None:
    machine = json.loads((CASES / "state-machine.json").read_text("utf-8"))
    state = machine["States"].pop("Train")
    machine["States"]["Train the model (XGBoost)"] = state
    job = said_of(machine).job
    assert (job["job"], job["verdict"]) == ("Train the model (XGBoost)", "findings")
    assert job["fix"]["request"]["CheckpointConfig"] == {"S3Uri": "s3://acme-ml/checkpoints/Train-the-model-XGBoost/"}


def test_a_list_s_one_summary_alone_is_undecided_too(said_of: Check) -> None:
    said = said_of({"TrainingJobName": "listed-a", "CreationTime": "2026-11-20T10:00:00Z", "TrainingJobStatus": "InProgress"})
    assert (said.code, said.job["undecided"]) == (3, ALL)


def test_a_description_leaves_tags_unknown(said_of: Check) -> None:
    policies = ("--policies", str(CASES / "by-tag"))
    said = said_of(CASES / "describe-without-tags.json", *policies)
    assert (said.code, said.job["verdict"]) == (3, "undecided")
    assert said.job["undecided"] == ["vision-checkpoints", "who-pays"]
    said = said_of(CASES / "describe-without-tags.json", *policies, "--tags", "team=vision", "--tags", "cost-center=7")
    assert (said.code, said.rules, said.job["undecided"]) == (1, ["vision-checkpoints"], [])
    said = said_of(CASES / "describe-without-tags.json", *policies, "--tags", "team=search,cost-center=7")
    assert (said.code, said.job["verdict"]) == (0, "allow")


def test_a_runtime_is_never_lowered_and_the_missing_fix_is_explained(said_of: Check) -> None:
    (finding,) = said_of(CASES / "create-five-day-run.json").job["findings"]
    assert finding["fix"]["request"] == {}
    assert "wait-limit allows MaxWaitTimeInSeconds of at most 2 days (172800 s)" in finding["fix"]["why_not"]
    assert "A fix never lowers MaxRuntimeInSeconds" in finding["fix"]["why_not"]


def test_a_misspelt_member_is_named_with_what_was_meant(said_of: Check) -> None:
    finding = said_of(CASES / "create-misspelt-member.json").job["findings"][0]
    assert (finding["severity"], finding["field"]) == ("refused", "UseSpotInstances")
    assert "did you mean EnableManagedSpotTraining?" in finding["wanted"]


def test_json_with_comments_is_one_error_with_its_line(said_of: Check) -> None:
    said = said_of(CASES / "with-comments.json")
    assert (said.code, len(said.err.splitlines()), said.job["line"]) == (2, 1, 2)
    assert "line 2: found a comment, which JSON does not allow" in said.job["error"]


def test_an_algorithm_of_the_job_s_own_account_is_its_own(said_of: Check) -> None:
    assert said_of(CASES / "create-own-algorithm-by-arn.json").job["algorithm"]["class"] == "own"


@pytest.mark.parametrize(
    ("file", "path", "line", "owner"),
    [
        ("pipeline-definition.json", "Steps[0].Arguments", 11, "SageMaker Pipelines"),
        ("state-machine.json", "States.Train.Parameters", 7, "Step Functions"),
        ("cloudformation.yaml", "Resources.Nightly.Properties.Definition.States.Train.Parameters", 14, "Step Functions"),
        ("tuning-request.json", "TrainingJobDefinition", 23, "hyperparameter tuning"),
        ("search-response.json", "Results[0].TrainingJob", 4, None),
        ("list-summaries.json", "TrainingJobSummaries[0]", 3, None),
        ("ack-trainingjob.yaml", "spec", 5, None),
    ],
)
def test_each_job_is_printed_with_its_place_and_its_owner(
    said_of: Check, file: str, path: str, line: int, owner: str | None
) -> None:
    job = said_of(CASES / file).job
    assert (job["path"], job["line"], job["owner"]) == (path, line, owner)


def test_a_job_s_name_asks_sagemaker_and_says_why_it_cannot(said_of: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    wiring.client.cache_clear()
    said = said_of(CASES / "list-summaries.json", "--live")
    assert (said.code, said.job["error"].startswith("found no AWS region")) == (5, True)
    wiring.client.cache_clear()


def test_one_wrong_value_hides_no_other_mistake(said_of: Check) -> None:
    """An unreadable request is judged with its certain corrections, and without its other wrong values."""
    wrong = {
        "TrainingJobName": "bad name!", "RoleArn": "train", "EnableManagedSpotTraining": "true", "Tags": {"team": "x"},
        "StoppingCondition": {"MaxRunTimeInSeconds": 7200, "MaxWaitTimeInSeconds": 3600},
        "ResourceConfig": {"InstanceType": "ml.g5.xlarg", "InstanceCount": 0, "VolumeSizeInGB": 50},
        "CheckPointConfig": {"S3URI": "s3://acme-ml/ck"},
    }  # fmt: skip
    job = said_of(request(CheckpointConfig=None, **wrong)).job
    assert {finding["field"] for finding in job["findings"]} == {
        "TrainingJobName", "RoleArn", "EnableManagedSpotTraining", "Tags", "StoppingCondition.MaxRunTimeInSeconds",
        "StoppingCondition.MaxWaitTimeInSeconds", "ResourceConfig.InstanceType", "ResourceConfig.InstanceCount",
        "CheckPointConfig", "CheckPointConfig.S3URI",
    }  # fmt: skip
    assert job["fix"]["request"]["StoppingCondition"]["MaxWaitTimeInSeconds"] == 14_400
    assert job["fix"]["left"] == ["TrainingJobName", "RoleArn", "Tags", "ResourceConfig.InstanceCount"]


def test_null_and_whole_floats_are_in_the_fix(said_of: Check) -> None:
    wrong = {"VpcConfig": None, "StoppingCondition": {"MaxRuntimeInSeconds": 14_400.0, "MaxWaitTimeInSeconds": 28_800}}
    job = said_of(request() | wrong).job
    assert job["fix"]["request"] == {"VpcConfig": None, "StoppingCondition": {"MaxRuntimeInSeconds": 14_400}}
    assert "left" not in job["fix"]


def test_a_tuning_job_s_event_without_its_envelope_leaves_spot_unknown(said_of: Check) -> None:
    tuning = json.loads((CASES / "tuning-request.json").read_text("utf-8"))
    del tuning["TrainingJobDefinition"]["EnableManagedSpotTraining"]
    arn = "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/tune-a"
    said = said_of(tuning | {"HyperParameterTuningJobArn": arn, "CreationTime": "1583831889050", "Tags": {}})
    assert (said.code, said.job["verdict"]) == (3, "undecided")


def test_a_request_without_its_name_is_refused_for_that(said_of: Check) -> None:
    said = said_of(request(TrainingJobName=None))
    assert (said.code, [finding["field"] for finding in said.job["findings"]]) == (4, ["TrainingJobName"])


@pytest.mark.parametrize(
    ("configs", "code"),
    [
        ([{"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}], 1),
        ([{"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": 30} for kind in ("ml.g5.xlarge", "ml.g6.xlarge")], 1),
    ],
)
def test_the_instances_of_a_tuning_job_may_be_several_types(said_of: Check, configs: list[object], code: int) -> None:
    tuning = json.loads((CASES / "tuning-request.json").read_text("utf-8"))
    definition = tuning["TrainingJobDefinition"]
    del (
        definition["ResourceConfig"],
        definition["EnableManagedSpotTraining"],
        definition["StoppingCondition"]["MaxWaitTimeInSeconds"],
    )
    definition["HyperParameterTuningResourceConfig"] = {"InstanceConfigs": configs}
    said = said_of(tuning)
    assert (said.code, said.rules, said.job["undecided"]) == (code, ["spot-for-long-jobs"], [])


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("TRAININGJOBSUMMARIES\t2026-11-20\tfoo\tarn:x\tCompleted\n", "list.txt", "--output json"),
        ('/* mine */\n{"TrainingJobName": "a"}', "job.json", "line 1: found a comment"),
        ('resource "aws_sagemaker_training_job" "x" { training_job_name = "x" }\n', "main.tf", "terraform show -json plan"),
        ("{'TrainingJobName': 'r', 'CreationTime': datetime.datetime(2026, 1, 1, tzinfo=tzlocal())}", "r.txt", "json.dumps"),
    ],
)
def test_a_file_of_another_tool_is_named_with_what_to_check(said_of: Check, text: str, name: str, wanted: str) -> None:
    said = said_of(text, name=name)
    assert (said.code, wanted in said.err) == (2, True)


@pytest.mark.parametrize(
    ("changes", "verdict", "undecided"),
    [
        ({"EnableManagedSpotTraining.$": "$.spot"}, "undecided", ["SageMaker"]),  # only a spot job may wait
        ({"StoppingCondition": {"MaxRuntimeInSeconds.$": "$.run", "MaxWaitTimeInSeconds": 7200}}, "undecided", ["SageMaker"]),
        ({"InputDataConfig.$": "$.inputs"}, "allow", []),
    ],
)
def test_a_job_that_keeps_every_rule_is_undecided_if_sagemaker_may_refuse_it(
    said_of: Check, changes: dict[str, object], verdict: str, undecided: list[str]
) -> None:
    names = {name.removesuffix(".$") for name in changes}
    whole = request(StoppingCondition={"MaxRuntimeInSeconds": 1800, "MaxWaitTimeInSeconds": 7200})
    parameters = {name: value for name, value in whole.items() if name not in names} | changes
    task = {
        "Type": "Task",
        "End": True,
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": parameters,
    }
    said = said_of({"StartAt": "T", "States": {"T": task}})
    assert (said.job["verdict"], said.rules, said.job["undecided"]) == (verdict, [], undecided)
