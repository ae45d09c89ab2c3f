"""A hyperparameter tuning job, from CreateHyperParameterTuningJob over HTTP to Slack: it is judged, but never stopped."""

from __future__ import annotations

from typing import Any

import boto3

from controller.jobs.job import Service
from controller.ledger.entry import Flagged, Measured, Started
from controller.ledger.intent import Stop, Submit
from controller.savings.rollup import roll_up
from infra.local.demo.scenario import request
from infra.local.host import Host
from tests.security.lab import entries, lab, lineage_of, messages, run, status

POLICY = """
version: 1
defaults: {mode: warn, channel: "#ml-spot"}
rules:
  - {name: spot-only, rule: spot-required, mode: enforce, action: stop}
  - {name: save-work, rule: checkpoint-required}
resubmit:
  - {name: again, match: all, mode: enforce, causes: {capacity: {limit: 3, backoff: {first: 1m}}}}
"""


def definition(name: str, **changes: Any) -> dict[str, Any]:
    """A TrainingJobDefinition, made from the request of a training job."""
    asked = request(name, "vision", spot=False, checkpoint=None, runtime_h=2, work_s=1200)
    asked = {key: value for key, value in asked.items() if key not in ("TrainingJobName", "Tags")}
    return asked | {"DefinitionName": name, "StaticHyperParameters": asked.pop("HyperParameters")} | changes


def tune(host: Host, name: str, *definitions: dict[str, Any], most: int = 3) -> None:
    """Create a tuning job as a user does, over HTTP."""
    client = boto3.client(
        "sagemaker", endpoint_url=host.server.url, region_name=host.world.region, aws_access_key_id="none",
        aws_secret_access_key="none",
    )  # fmt: skip
    client.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Random", "ResourceLimits": {"MaxNumberOfTrainingJobs": most, "MaxParallelTrainingJobs": 2}
        },
        TrainingJobDefinitions=list(definitions), Tags=[{"Key": "team", "Value": "vision"}],
    )  # fmt: skip


SPOT = {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 7200}}
FAILS = {"work_s": "1200", "fails_with": "capacity"}


def test_a_tuning_job_is_told_to_its_owner_once_and_its_training_jobs_are_observed_and_left_alone() -> None:
    wide = definition("wide", StaticHyperParameters=FAILS)
    bare = definition("bare", StaticHyperParameters=FAILS, **SPOT)
    kept = definition("kept", CheckpointConfig={"S3Uri": "s3://acme-checkpoints/kept/"}, **SPOT)
    with lab(POLICY) as host:
        tune(host, "tuner", wide, bare, kept)
        run(host, hours=2)
        assert host.world.tuning.describe("tuner")["HyperParameterTuningJobStatus"] == "Completed"

        told = sorted(message.text for message in messages(host) if "The tuning job" in message.text)
        assert [text.splitlines()[0].partition("rule ")[2] for text in told] == ['"save-work"', '"spot-only"']
        assert ["*bare*" in told[0], "mode warn, policy " in told[0]] == [True, True]
        assert ["*wide*" in told[1], "mode enforce, policy " in told[1]] == [True, True]

        children = [name for name in host.world.jobs if name.startswith("tuner-")]
        assert len(children) == len(host.world.jobs) == 3  # none was submitted again
        assert [status(host, name) for name in children] == ["Failed", "Failed", "Completed"]
        flagged = [{e.policy for e in entries(host, name, Flagged)} for name in children]
        assert flagged == [{"spot-only"}, {"save-work"}, set()]
        for name in children:
            assert [e.service for e in entries(host, name, Started)] == [Service.TUNING]
            assert [e.tuner for e in entries(host, name, Measured)] == ["tuner"]
            assert not [i for i in lineage_of(host, name).intents if isinstance(i.action, Stop | Submit)]
        rolled = roll_up(e for name in children for e in lineage_of(host, name).entries)
        assert {mover.job for mover in rolled.movers} == {"tuner"}
