"""A fix is said in the words of the reader's tool."""

from __future__ import annotations

from controller.cli.fix_words import aws_cli, estimator, in_words, model_trainer, terraform

CHANGE = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 432_000, "MaxWaitTimeInSeconds": 604_800},
    "CheckpointConfig": {"S3Uri": "s3://acme/ck/"},
    "Tags": [{"Key": "team", "Value": "ml"}],
}


def test_durations_are_told_as_people_say_them() -> None:
    assert in_words(CHANGE) == (
        "EnableManagedSpotTraining true, MaxRuntimeInSeconds 5 days (432000 s), MaxWaitTimeInSeconds 7 days (604800 s),"
        " S3Uri s3://acme/ck/, tags team=ml"
    )


def test_the_aws_cli_has_options() -> None:
    assert aws_cli(CHANGE) == (
        "--enable-managed-spot-training --stopping-condition MaxRuntimeInSeconds=432000,MaxWaitTimeInSeconds=604800"
        " --checkpoint-config S3Uri=s3://acme/ck/ --tags Key=team,Value=ml"
    )
    assert aws_cli({"EnableManagedSpotTraining": False}) == "--no-enable-managed-spot-training"


def test_v2_has_an_estimator_and_v3_its_shapes() -> None:
    assert estimator(CHANGE).startswith("Estimator(use_spot_instances=True, max_run=432000, max_wait=604800,")
    assert model_trainer(CHANGE) == (
        "ModelTrainer(compute=Compute(enable_managed_spot_training=True), stopping_condition=StoppingCondition("
        "max_runtime_in_seconds=432000, max_wait_time_in_seconds=604800), checkpoint_config=CheckpointConfig("
        "s3_uri='s3://acme/ck/'), tags=[Tag(key='team', value='ml')])"
    )


def test_terraform_has_blocks() -> None:
    assert (
        terraform({"StoppingCondition": {"MaxWaitTimeInSeconds": 7200}})
        == "stopping_condition { max_wait_time_in_seconds = 7200 }"
    )
