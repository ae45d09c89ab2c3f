"""ACK resources: a job that exists in SageMaker is not refused, and other resources in a manifest are no mistake."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.cli.checking import Check, request

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def resource(kind: str, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"apiVersion": "sagemaker.services.k8s.aws/v1alpha1", "kind": kind, "metadata": {"name": "a"}, "spec": spec, **more}


def test_other_resources_of_ack_beside_a_job_are_no_mistake(said_of: Check) -> None:
    said = said_of([resource("Model", {}), resource("TrainingJob", request())])
    assert (said.code, [job["job"] for job in said.jobs]) == (0, ["bert-1"])
    assert said_of([resource("Model", {})]).code == 2


def test_a_job_that_exists_in_sagemaker_is_not_refused(said_of: Check) -> None:
    written = {"TrainingImage": XGBOOST, "TrainingInputMode": "File", "MetricDefinitions": [{"Name": "a", "Regex": "b"}]}
    spec = request(AlgorithmSpecification=written)
    assert said_of(resource("TrainingJob", spec)).code == 4
    assert said_of(resource("TrainingJob", spec, status={"trainingJobStatus": "Completed"})).code == 0


def test_the_definition_of_a_pipeline_is_text_in_its_resource(said_of: Check) -> None:
    step = {"Name": "Train", "Type": "Training", "Arguments": request(TrainingJobName=None, CheckpointConfig=None)}
    text = json.dumps({"Version": "2020-12-01", "Steps": [step]})
    said = said_of(resource("Pipeline", {"pipelineName": "p", "pipelineDefinition": text}))
    assert (said.rules, said.job["path"]) == (["save-long-work"], "spec.pipelineDefinition.Steps[0].Arguments")
    assert said_of(resource("Pipeline", {})).job["error"] == "found no pipelineDefinition, wanted the definition of the pipeline"


def test_placeholders_of_a_template_are_filled_in_later(said_of: Check) -> None:
    """``$NAME`` in envsubst, ``{{ name }}`` in Helm and Jinja, ``${name}`` in most others."""
    for place in ("$BUCKET", "{{ bucket }}", "${bucket}"):
        spec = request(RoleArn=place, TrainingJobName=place, CheckpointConfig={"S3Uri": f"s3://{place}/ck"})
        job = said_of(resource("TrainingJob", spec)).job
        assert (job["verdict"], job["later"]["RoleArn"], job["job"]) == ("allow", place, place)


def test_the_place_in_a_list_of_lists_is_a_path(said_of: Check) -> None:
    inner = {"apiVersion": "v1", "kind": "List", "items": [resource("TrainingJob", request())]}
    assert said_of({**inner, "items": [inner]}).job["path"] == "items[0].items[0].spec"
