"""What the controller's role may not do: a denied read is raised with AWS's message, a denied act is refused, and people are
told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from controller.aws.dynamodb.ledger import DynamoLedger
from controller.aws.ec2_instances import Ec2Instances
from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.jobs.failure import FailureCause
from controller.ledger.intent import Submit
from controller.runtime.ports import Refused, Unreachable
from tests.builders import BEGIN, lineage_id

SUBMIT = Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED)
ROOT = lineage_id()
DESCRIBED = {
    "TrainingJobName": "bert", "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/bert",
    "TrainingJobStatus": "InProgress", "SecondaryStatus": "Training", "CreationTime": BEGIN, "RoleArn": "r",
    "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"}, "OutputDataConfig": {"S3OutputPath": "s3://b"},
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}  # fmt: skip


class Guarded:
    """A client that answers some calls, and every other call with one error code."""

    def __init__(self, code: str, **answers: Any) -> None:
        self._code, self._answers = code, answers

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            if name in self._answers:
                return self._answers[name]
            raise ClientError({"Error": {"Code": self._code, "Message": f"not authorized to perform {name}"}}, name)

        return call


LOOKS: dict[str, Callable[[str], object]] = {
    "a job": lambda code: SageMakerJobs(Guarded(code)).describe("bert"),
    "a job's tags": lambda code: SageMakerJobs(Guarded(code, describe_training_job=DESCRIBED)).describe("bert"),
    "the jobs of a time": lambda code: list(SageMakerJobs(Guarded(code)).modified(BEGIN, BEGIN)),
    "a job that is to be stopped": lambda code: SageMakerJobs(Guarded(code)).stop("bert"),
    "a job that is to be repeated": lambda code: SageMakerJobs(Guarded(code)).submit(SUBMIT, ROOT),
    "a lineage": lambda code: DynamoLedger(Guarded(code), "Spotwarden").lineages.load(ROOT),
    "an instance": lambda code: Ec2Instances(Guarded(code)).family_of("i-0abc"),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_denied_read_is_raised_with_aws_s_message(look: str) -> None:
    with pytest.raises(ClientError, match="not authorized to perform"):
        LOOKS[look]("AccessDeniedException")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailable"])
def test_a_read_without_an_answer_is_unreachable(look: str, code: str) -> None:
    with pytest.raises(Unreachable):
        LOOKS[look](code)


def test_a_denied_stop_or_submission_is_refused() -> None:
    jobs = SageMakerJobs(Guarded("AccessDeniedException", describe_training_job=DESCRIBED, list_tags={"Tags": []}))
    for answer in (jobs.stop("bert"), jobs.submit(SUBMIT, ROOT)):
        assert isinstance(answer, Refused)
        assert "not authorized to perform" in answer.why


def test_an_unexpected_failure_of_a_stop_is_raised_with_aws_s_message() -> None:
    jobs = SageMakerJobs(Guarded("Unheard", describe_training_job=DESCRIBED))
    with pytest.raises(ClientError, match="Unheard"):
        jobs.stop("bert")
