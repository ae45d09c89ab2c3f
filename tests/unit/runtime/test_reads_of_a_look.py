"""Each read of a look at a job, except those of the job itself and of the ledger.

If one gets no answer for hours, or an answer of another form, what happened is still recorded, and everything that does not need
that answer is still decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.aws.ec2_placement import PlacementScores
from controller.aws.s3_checkpoints import S3Checkpoints
from controller.aws.s3_policy import S3PolicyDocument
from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.aws.service_quotas import ServiceQuotas
from controller.decide.ownership import OwnerAnswer
from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, Measured
from controller.ledger.intent import Submit
from controller.ledger.lineage import Lineage
from controller.policy.resubmission import DeadlineSettings
from controller.runtime.ports.answers import PartUnread, Unreachable
from controller.runtime.read_events import Trigger
from controller.runtime.reconcile import reconcile
from tests import builders
from tests.account import Account
from tests.builders import BEGIN, lineage_id
from tests.client_errors import client_error

HOUR = timedelta(hours=1)
ALGORITHM = "arn:aws:sagemaker:us-east-1:222233334444:algorithm/theirs"
DESCRIBED = {
    "TrainingJobName": "bert", "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/bert",
    "TrainingJobStatus": "InProgress", "SecondaryStatus": "Training", "CreationTime": BEGIN, "RoleArn": "r",
    "AlgorithmSpecification": {"AlgorithmName": ALGORITHM, "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://b"}, "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
}  # fmt: skip
NONSENSE: tuple[Any, ...] = ([], 3, "<html>", {})


class Client:
    """A client with one call that answers as given, or raises; the other calls answer what a look needs."""

    def __init__(self, call: str, answer: Any) -> None:
        self._call, self._answer = call, answer

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            if name == self._call:
                if isinstance(self._answer, Exception):
                    raise self._answer
                return self._answer
            return {"describe_training_job": DESCRIBED, "list_tags": {"Tags": []}, "describe_algorithm": {}}[name]

        return call

    def get_paginator(self, name: str) -> Any:
        pages: Any = self

        class Paginator:
            def paginate(self, **_: Any) -> Any:
                return iter([getattr(pages, name)()])

        return Paginator()


def described(client: Any) -> Any:
    try:
        return SageMakerJobs(client).describe("bert")
    except PartUnread as unread:
        return unread.job.name, unread.tags


# For each read: its call, its odd answers beside the general ones, what asks it, and what the look is told then.
READS: dict[str, tuple[str, tuple[Any, ...], Callable[[Any], Any], Any]] = {
    "ListTags": ("list_tags", ({"Tags": None}, {"Tags": [{}]}, {"Tags": [3]}), described, ("bert", True)),
    "DescribeAlgorithm": ("describe_algorithm", (), described, ("bert", False)),
    "ListPipelineExecutionSteps": (
        "list_pipeline_execution_steps", ({"PipelineExecutionSteps": 3},),
        lambda client: SageMakerJobs(client).made_by_pipeline(builders.job(), "arn:…"), OwnerAnswer.SILENT,
    ),
    "ListServiceQuotas": (
        "list_service_quotas", ({"Quotas": [{"QuotaName": "x"}]}, {"Quotas": [{"QuotaName": "x", "Value": "many"}]}),
        lambda client: ServiceQuotas(client).on_demand("ml.g5.xlarge", BEGIN), None,
    ),
    "GetSpotPlacementScores": (
        "get_spot_placement_scores", ({"SpotPlacementScores": [{"Region": "us-east-1"}]},),
        lambda client: PlacementScores(client).score("ml.g5.xlarge", 1, "us-east-1"), None,
    ),
    "GetObject": (
        "get_object", ({"ContentLength": "x"}, {"ContentLength": 3}),
        lambda client: getattr(S3PolicyDocument(client, "s3://bucket/policy.json").read(), "passing", ""), True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "AnErrorOfNextYear/503"])
def test_a_read_without_an_answer_says_so_and_the_look_goes_on(read: str, code: str) -> None:
    call, _, ask, told = READS[read]
    assert ask(Client(call, client_error(code.partition("/")[0], "no", call, status=503))) == told


@pytest.mark.parametrize("read", READS)
def test_an_answer_of_another_form_counts_as_no_answer(read: str) -> None:
    call, odd, ask, told = READS[read]
    general = NONSENSE[:-1] if read in ("DescribeAlgorithm",) else NONSENSE  # {}: an algorithm without a ProductId
    assert [ask(Client(call, answer)) for answer in (*general, *odd)] == [told] * len((*general, *odd))


LISTINGS: tuple[Any, ...] = (
    {"Contents": [{}]}, {"Contents": [{"Key": "p/x", "Size": "big", "LastModified": BEGIN}]}, {"Contents": 3},
)  # fmt: skip


@pytest.mark.parametrize("answer", [*NONSENSE[:-1], *LISTINGS])
def test_a_list_that_cannot_be_read_counts_as_one_without_an_answer(answer: Any) -> None:
    with pytest.raises(Unreachable, match="cannot be read"):
        S3Checkpoints(Client("list_objects_v2", answer), ["saved"]).scan("s3://saved/p/", now=BEGIN)


# ── a whole look ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Silent:
    """A port whose calls get no answer."""

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            raise Unreachable(f"{name}: 503")

        return call


def account_with(**policy: Any) -> Account:
    block = builders.block(deadline=DeadlineSettings(finish_within_s=86_400, back_to_spot=True))
    account = Account(builders.policy(**{"rules": (), "resubmissions": (block,), **policy}), now=BEGIN + timedelta(minutes=10))
    account.jobs["bert"] = builders.job()
    account.trigger("bert")
    return account


def look(account: Account, **ports: Any) -> None:
    reconcile(Trigger(job="bert"), replace(account.ports, **ports))


def row(account: Account) -> Lineage:
    return account.ledger.lineages.load(lineage_id())


def test_an_end_is_recorded_and_the_job_goes_on_while_s3_is_silent_for_hours() -> None:
    account = account_with()
    account.now += HOUR
    account.end("bert", Outcome.CAPACITY, usage=builders.usage())
    account.now += timedelta(minutes=16)
    look(account, checkpoints=Silent())
    assert {Ended, Measured} <= {type(entry) for entry in row(account).entries}
    assert [i.action.number for i in row(account).intents if isinstance(i.action, Submit)] == [2]
