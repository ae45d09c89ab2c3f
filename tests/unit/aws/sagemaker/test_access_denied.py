"""Calls that the controller's role may not make: a denied read raises AWS's error, a denied stop is refused, and a denied
submission waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.aws.ec2_instances import Ec2Instances
from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.decide.ownership import OwnerAnswer
from controller.jobs.failure import FailureCause
from controller.ledger.intent import NEVER_FITS, Submit
from controller.runtime.ports.answers import Answer, Done, Later, PartUnread, Refused, Unreachable
from tests.builders import BEGIN, job, lineage_id
from tests.client_errors import client_error

SUBMIT = Submit(about="bert", born_at=BEGIN, job="bert-r02", number=2, cause=FailureCause.STARVED)
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
            raise client_error(self._code, f"not authorized to perform {name}", name)

        return call


STEP = {"Metadata": {"TrainingJob": {"Arn": job().arn}}, "StartTime": "a day"}


@pytest.mark.parametrize(
    ("code", "answers", "said"),
    [
        ("AccessDeniedException", {}, OwnerAnswer.SILENT),
        ("ThrottlingException", {}, OwnerAnswer.SILENT),
        ("SomethingNew", {}, OwnerAnswer.SILENT),
        ("ResourceNotFound", {}, OwnerAnswer.NO),
        ("ValidationException", {}, OwnerAnswer.NO),  # a text that names no execution must not earn an hour
        ("", {}, OwnerAnswer.SILENT),
        ("", {"PipelineExecutionSteps": None}, OwnerAnswer.SILENT),
        ("", {"PipelineExecutionSteps": [None]}, OwnerAnswer.SILENT),
        ("", {"PipelineExecutionSteps": [{"Metadata": {"TrainingJob": "bert"}}]}, OwnerAnswer.SILENT),
        ("", {"PipelineExecutionSteps": [STEP]}, OwnerAnswer.SILENT),
        ("", {"PipelineExecutionSteps": []}, OwnerAnswer.NO),
    ],
)
def test_whatever_a_pipeline_answers_is_one_of_three_answers(code: str, answers: dict[str, Any], said: OwnerAnswer) -> None:
    client = Guarded(code) if code else Guarded(code, list_pipeline_execution_steps=answers)
    assert SageMakerJobs(client).made_by_pipeline(job(), "arn:...") is said


LOOKS: dict[str, Callable[[str], object]] = {
    "a job": lambda code: SageMakerJobs(Guarded(code)).describe("bert"),
    "a job's tags": lambda code: SageMakerJobs(Guarded(code, describe_training_job=DESCRIBED)).describe("bert"),
    "the jobs of a time": lambda code: list(SageMakerJobs(Guarded(code)).modified(BEGIN, BEGIN)),
    "a job that is to be stopped": lambda code: SageMakerJobs(Guarded(code)).stop("bert", None),
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


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure"])
def test_a_job_whose_tags_have_no_answer_is_described_without_them(code: str) -> None:
    with pytest.raises(PartUnread) as unread:
        SageMakerJobs(Guarded(code, describe_training_job=DESCRIBED)).describe("bert")
    assert (unread.value.job.name, unread.value.job.tags) == ("bert", {})


def test_a_stop_that_our_role_may_not_make_is_refused_and_a_submission_waits_for_the_permission() -> None:
    client = Guarded("AccessDeniedException", describe_training_job=DESCRIBED, list_tags={"Tags": []})
    jobs = SageMakerJobs(client, roles=["r"])
    for answer, kind in ((jobs.stop("bert", None), Refused), (jobs.submit(SUBMIT, ROOT), Later)):
        assert isinstance(answer, kind)
        assert "not authorized to perform" in answer.why


def test_a_job_is_submitted_again_only_with_a_role_that_the_stack_lists() -> None:
    client = Guarded("Unheard", describe_training_job=DESCRIBED, list_tags={"Tags": []}, create_training_job={})
    assert isinstance(SageMakerJobs(client, roles=["r"]).submit(SUBMIT, ROOT), Done)
    for roles in ((), ("r/",), ("*",), ("R",)):
        jobs = SageMakerJobs(client, roles=roles)
        answer = jobs.submit(SUBMIT, ROOT)
        assert answer == Refused("bert cannot be repeated: its role r is not in TrainingRoles")
        job = jobs.describe("bert")
        assert job is not None
        assert job.unrepeatable == "its role r is not in TrainingRoles"


def test_another_job_that_took_the_name_is_not_submitted_again() -> None:
    client = Guarded("Unheard", describe_training_job=DESCRIBED, list_tags={"Tags": []}, create_training_job={})
    for born_at in (None, BEGIN + timedelta(seconds=1)):
        answer = SageMakerJobs(client, roles=["r"]).submit(replace(SUBMIT, born_at=born_at), ROOT)
        assert answer == Refused("bert does not exist any more, so its request cannot be repeated")


def test_another_job_that_took_the_name_is_not_stopped() -> None:
    client = Guarded("Unheard", describe_training_job=DESCRIBED, stop_training_job={})
    assert SageMakerJobs(client).stop("bert", BEGIN) == Later("it was asked to stop", 150)
    assert SageMakerJobs(client).stop("bert", BEGIN + timedelta(seconds=1)) == Done("the job does not exist any more")


def test_an_unknown_error_of_a_stop_counts_as_a_try_and_its_text_is_kept() -> None:
    answer = SageMakerJobs(Guarded("Unheard", describe_training_job=DESCRIBED)).stop("bert", None)
    assert isinstance(answer, Later)
    assert answer.tried
    assert "Unheard" in answer.why


DENIED = (
    "User: arn:aws:sts::111122223333:assumed-role/x is not authorized to perform: sagemaker:CreateTrainingJob on resource: y "
)
ON_DEMAND = replace(SUBMIT, changes='{"EnableManagedSpotTraining": false}')


@pytest.mark.parametrize(
    ("code", "text", "submit", "answer"),
    [
        # An answer to a request with changes that no later try can better leads to the next step at once.
        ("AccessDeniedException", f"{DENIED}with an explicit deny in a service control policy", ON_DEMAND, Refused),
        ("AccessDeniedException", f"{DENIED}with an explicit deny in an identity-based policy", ON_DEMAND, Refused),
        ("UnsupportedOperation", "The requested configuration is not supported", ON_DEMAND, Refused),
        ("InvalidInstanceType", "ml.p2.xlarge is not supported in this region", ON_DEMAND, Refused),
        ("ValidationException", "Instance type ml.p2.xlarge is not supported for this algorithm", ON_DEMAND, Refused),
        # The job itself was accepted once, and a permission of ours may come.
        ("AccessDeniedException", f"{DENIED}with an explicit deny in a service control policy", SUBMIT, Later),
        ("AccessDeniedException", f"{DENIED}because no identity-based policy allows the action", ON_DEMAND, Later),
        ("UnsupportedOperation", "The requested configuration is not supported", SUBMIT, Later),
        ("ServiceQuotaExceededException", "The quota is used up", ON_DEMAND, Later),
        ("ResourceLimitExceeded", "The account-level service limit is reached", ON_DEMAND, Later),
    ],
)
def test_a_refusal_of_what_was_changed_is_for_good_and_one_of_the_job_itself_is_a_try(
    code: str, text: str, submit: Submit, answer: type[Answer]
) -> None:
    class Refusing(Guarded):
        def create_training_job(self, **_: Any) -> Any:
            raise client_error(code, text, "CreateTrainingJob")

    found = SageMakerJobs(Refusing(code, describe_training_job=DESCRIBED, list_tags={"Tags": []}), roles=["r"]).submit(
        submit, ROOT
    )
    assert type(found) is answer
    assert found.why.startswith(NEVER_FITS) is (answer is Refused)


ALGORITHMS = {  # what an algorithm that cannot be described counts as: on-demand is fine for one of the Marketplace
    "theirs": "own",
    "arn:aws:sagemaker:us-east-1:111122223333:algorithm/theirs": "own",
    "arn:aws:sagemaker:us-east-1:999988887777:algorithm/theirs": "marketplace",
}


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "ResourceNotFound"])
def test_a_job_is_described_even_if_its_algorithm_is_deleted_or_may_not_be_read(code: str, name: str) -> None:
    described = DESCRIBED | {"AlgorithmSpecification": {"AlgorithmName": name, "TrainingInputMode": "File"}}
    jobs = SageMakerJobs(Guarded(code, describe_training_job=described, list_tags={"Tags": []}))
    for _ in range(2):
        job = jobs.describe("bert")
        assert job is not None
        assert job.algorithm.klass == ALGORITHMS[name]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_without_an_answer_is_asked_for_again_where_its_name_does_not_say_whose_it_is(
    name: str,
) -> None:
    described = DESCRIBED | {"AlgorithmSpecification": {"AlgorithmName": name, "TrainingInputMode": "File"}}
    jobs = SageMakerJobs(Guarded("ThrottlingException", describe_training_job=described, list_tags={"Tags": []}))
    if ALGORITHMS[name] == "own":
        job = jobs.describe("bert")
        assert job is not None
        assert job.algorithm.klass == "own"
        return
    for _ in range(2):
        with pytest.raises(PartUnread) as unread:
            jobs.describe("bert")
        assert not unread.value.tags


def test_a_list_that_repeats_its_token_is_no_answer() -> None:
    jobs = Guarded("", list_training_jobs={"TrainingJobSummaries": [], "NextToken": "t"})
    with pytest.raises(Unreachable, match="repeats it"):
        list(SageMakerJobs(jobs).modified(BEGIN, BEGIN))
    tags = Guarded("", describe_training_job=DESCRIBED, list_tags={"Tags": [], "NextToken": "t"})
    with pytest.raises(Unreachable, match="repeats its token"):
        SageMakerJobs(tags).describe("bert")
