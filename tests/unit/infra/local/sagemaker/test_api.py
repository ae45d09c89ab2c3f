"""The in-memory client and boto3 over HTTP behave alike; each test uses both."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from infra.local.sagemaker.client import Client
from infra.local.sagemaker.server import serve
from infra.local.sagemaker.world import ANSWERS, World
from tests.unit.infra.local.sagemaker.requests import DETECTION, T0, TYPE, after, request, run, world

DOORS = ("memory", "boto3")


def over_http(url: str) -> Any:
    return boto3.client(
        "sagemaker",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def here() -> World:
    return world()


@pytest.fixture(params=DOORS)
def client(request: pytest.FixtureRequest, here: World) -> Iterator[Any]:
    if request.param == "memory":
        yield Client(here)
        return
    with serve(here) as server:
        yield over_http(server.url)


def test_a_job_is_created_described_stopped_and_deleted(here: World, client: Any) -> None:
    assert (
        client.create_training_job(**request())["TrainingJobArn"] == "arn:aws:sagemaker:us-east-1:111122223333:training-job/bert"
    )
    assert client.describe_training_job(TrainingJobName="bert")["TrainingJobStatus"] == "InProgress"
    client.stop_training_job(TrainingJobName="bert")
    run(here)
    assert client.describe_training_job(TrainingJobName="bert")["TrainingJobStatus"] == "Stopped"
    client.delete_training_job(TrainingJobName="bert")
    assert client.list_training_jobs()["TrainingJobSummaries"] == []


@pytest.mark.parametrize("verb", ["describe_training_job", "stop_training_job", "delete_training_job"])
def test_a_missing_job_is_a_validation_exception(client: Any, verb: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client, verb)(TrainingJobName="nobody")
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refused.value.response["Error"]["Message"].startswith("Requested resource not found")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_tags_of_a_missing_job_are_missing_too(client: Any) -> None:
    with pytest.raises(
        ClientError, match=r"\(ValidationException\) when calling the ListTags operation.*: Requested resource not found"
    ):
        client.list_tags(ResourceArn="arn:aws:sagemaker:us-east-1:111122223333:training-job/nobody")


def test_a_taken_name_is_in_use(client: Any) -> None:
    client.create_training_job(**request())
    with pytest.raises(ClientError, match=r"\(ResourceInUse\) when calling .*: Training job names must be unique"):
        client.create_training_job(**request())


def test_a_request_that_botocore_refuses_is_not_sent(client: Any) -> None:
    with pytest.raises(ParamValidationError, match='Unknown parameter in input: "Tag"'):
        client.create_training_job(**request(), Tag=[])
    with pytest.raises(ParamValidationError, match="Invalid length for parameter InputDataConfig"):
        client.create_training_job(**request(), InputDataConfig=[])


def test_the_service_refuses_what_botocore_accepts(client: Any) -> None:
    with pytest.raises(ClientError, match="Member must satisfy regular expression pattern"):
        client.create_training_job(**request("my_job"))


def test_times_are_aware_and_to_the_millisecond(here: World, client: Any) -> None:
    here.advance_to(datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC))
    client.create_training_job(**request())
    created_at = client.describe_training_job(TrainingJobName="bert")["CreationTime"]
    assert created_at.utcoffset() is not None
    assert created_at == datetime(2026, 3, 2, 1, 2, 3, 456000, tzinfo=UTC)


def test_describe_never_returns_tags(client: Any) -> None:
    arn = client.create_training_job(**request())["TrainingJobArn"]
    assert "Tags" not in client.describe_training_job(TrainingJobName="bert")
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "vision"}]


def test_describe_adds_members_that_were_not_requested(client: Any) -> None:
    """The members that must not be sent back to CreateTrainingJob."""
    client.create_training_job(**request())
    job = client.describe_training_job(TrainingJobName="bert")
    assert job["InputDataConfig"] == []
    assert job["OutputDataConfig"]["KmsKeyId"] == ""
    assert job["EnableNetworkIsolation"] is False
    assert job["ProfilingStatus"] == "Enabled"
    assert job["ProfilerConfig"]["DisableProfiler"] is False
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": "s3://models/out/bert/output/model.tar.gz"}
    with pytest.raises(ParamValidationError):
        client.create_training_job(**job)


def test_describe_returns_profiler_objects_even_where_it_is_disabled(client: Any) -> None:
    client.create_training_job(**request(), ProfilerConfig={"DisableProfiler": True})
    job = client.describe_training_job(TrainingJobName="bert")
    assert (job["ProfilingStatus"], job["ProfilerConfig"]["S3OutputPath"]) == ("Disabled", "s3://models/out")
    assert job["ProfilerRuleConfigurations"] == []


def test_channels_come_back_with_none_spelled_out(client: Any) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/train"}}
    client.create_training_job(**request(), InputDataConfig=[{"ChannelName": "train", "DataSource": source}])
    (channel,) = client.describe_training_job(TrainingJobName="bert")["InputDataConfig"]
    assert (channel["CompressionType"], channel["RecordWrapperType"]) == ("None", "None")


def test_metric_definitions_are_injected_for_a_builtin_and_refused_on_the_way_back(client: Any) -> None:
    asked = request()
    asked["AlgorithmSpecification"]["TrainingImage"] = DETECTION
    client.create_training_job(**asked)
    algorithm = client.describe_training_job(TrainingJobName="bert")["AlgorithmSpecification"]
    assert algorithm["MetricDefinitions"]
    with pytest.raises(ClientError, match="You can't override the metric definitions for Amazon SageMaker algorithms"):
        client.create_training_job(**(request("bert-r2") | {"AlgorithmSpecification": algorithm}))


@pytest.mark.parametrize("client_of", DOORS)
def test_empty_members_may_come_back(client_of: str) -> None:
    here = world(describe_empties=True, describe_selected=True)
    here.create_training_job(request())
    here.advance_to(after(100))
    with serve(here) as server:
        client = Client(here) if client_of == "memory" else over_http(server.url)
        job = client.describe_training_job(TrainingJobName="bert")
    assert (job["AlgorithmSpecification"]["AlgorithmName"], job["AlgorithmSpecification"]["ContainerEntrypoint"]) == ("", [])
    assert job["VpcConfig"] == {}
    assert (job["ResourceConfig"]["SelectedInstanceType"], job["ResourceConfig"]["SelectedInstanceCount"]) == (TYPE, 1)


def test_a_status_filter_applies_after_the_page_is_cut(here: World, client: Any) -> None:
    for number in range(4):
        here.create_training_job(request(f"job-{number}", prefix=f"s3://ckpt/{number}", work_s=600 if number == 3 else 6000))
        here.advance_to(after(number + 1))
    here.advance_to(after(1000))
    page = client.list_training_jobs(StatusEquals="Completed", MaxResults=2)
    assert page["TrainingJobSummaries"] == []
    page = client.list_training_jobs(StatusEquals="Completed", MaxResults=2, NextToken=page["NextToken"])
    assert [job["TrainingJobName"] for job in page["TrainingJobSummaries"]] == ["job-3"]
    assert "NextToken" not in page


@pytest.mark.parametrize(
    "asked",
    [
        {"NameContains": "job-0"},
        {"CreationTimeBefore": after(1)},
        {"LastModifiedTimeBefore": after(1), "StatusEquals": "InProgress"},
    ],
    ids=["name", "creation", "last modification"],
)  # fmt: skip
def test_every_filter_applies_after_the_page_is_cut(here: World, client: Any, asked: dict[str, Any]) -> None:
    for number in range(3):
        here.create_training_job(request(f"job-{number}", prefix=f"s3://ckpt/{number}"))
        here.advance_to(after(2 * (number + 1)))
    page = client.list_training_jobs(SortOrder="Descending", MaxResults=2, **asked)
    assert page["TrainingJobSummaries"] == []
    page = client.list_training_jobs(SortOrder="Descending", MaxResults=2, NextToken=page["NextToken"], **asked)
    assert [job["TrainingJobName"] for job in page["TrainingJobSummaries"]] == ["job-0"]


def test_a_paginator_reads_every_page_oldest_first(here: World, client: Any) -> None:
    for number in range(25):
        here.create_training_job(request(f"job-{number:02}", prefix=f"s3://ckpt/{number}"))
        here.advance_to(after(number + 1))
    pages = client.get_paginator("list_training_jobs").paginate(PaginationConfig={"PageSize": 10})
    names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    assert names == [f"job-{number:02}" for number in range(25)]


def test_a_list_is_filtered_by_time_and_name_and_sorted(here: World, client: Any) -> None:
    for number, name in enumerate(("bert-a", "gpt", "bert-b")):
        here.advance_to(after(100 * number))
        here.create_training_job(request(name, prefix=f"s3://ckpt/{name}", work_s=100 if name == "gpt" else 6000))
    here.advance_to(after(1000))

    def names(**asked: Any) -> list[str]:
        return [job["TrainingJobName"] for job in client.list_training_jobs(**asked)["TrainingJobSummaries"]]

    assert names(NameContains="bert") == ["bert-a", "bert-b"]
    assert names(CreationTimeAfter=after(50)) == ["gpt", "bert-b"]
    assert names(CreationTimeAfter=after(100)) == ["bert-b"]
    assert names(CreationTimeBefore=after(100)) == ["bert-a"]
    assert names(CreationTimeAfter=after(50), CreationTimeBefore=after(150)) == ["gpt"]
    assert names(LastModifiedTimeAfter=after(385)) == ["gpt"]
    assert names(SortBy="Name", SortOrder="Descending") == ["gpt", "bert-b", "bert-a"]
    assert names(SortBy="Status") == ["gpt", "bert-a", "bert-b"]


def test_a_summary_has_neither_spot_flag_nor_tags(here: World, client: Any) -> None:
    here.create_training_job(request())
    run(here)
    (summary,) = client.list_training_jobs()["TrainingJobSummaries"]
    assert summary.keys() == {
        "TrainingJobName", "TrainingJobArn", "CreationTime", "LastModifiedTime", "TrainingEndTime", "TrainingJobStatus",
        "SecondaryStatus",
    }  # fmt: skip


def test_a_page_has_at_most_a_hundred(client: Any) -> None:
    with pytest.raises(ClientError, match="Value '101' at 'maxResults' failed to satisfy constraint"):
        client.list_training_jobs(MaxResults=101)


def test_a_forged_token_is_refused(client: Any) -> None:
    with pytest.raises(ClientError, match="Invalid pagination token"):
        client.list_training_jobs(NextToken="page-2")


def test_tags_are_added_and_replaced(client: Any) -> None:
    arn = client.create_training_job(**request())["TrainingJobArn"]
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "speech"}, {"Key": "cost", "Value": "42"}])
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "speech"}, {"Key": "cost", "Value": "42"}]
    with pytest.raises(ClientError, match="aws: prefixed tag key names are not allowed"):
        client.add_tags(ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": "y"}])
    with pytest.raises(ClientError, match="at most 50 tags, found 51"):
        client.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(49)])


@pytest.mark.parametrize("client_of", DOORS)
def test_tags_may_come_in_pages(client_of: str) -> None:
    here, asked = world(tags_per_page=3), request()
    asked["Tags"] = [{"Key": f"k{number}", "Value": "x"} for number in range(7)]
    arn = here.create_training_job(asked)["TrainingJobArn"]
    with serve(here) as server:
        client: Any = Client(here) if client_of == "memory" else over_http(server.url)
        assert len(client.list_tags(ResourceArn=arn)["Tags"]) == 3
        pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
        assert [tag for page in pages for tag in page["Tags"]] == asked["Tags"]
        with pytest.raises(ClientError, match="Invalid pagination token"):
            client.list_tags(ResourceArn=arn, NextToken="page-2")


def test_a_marketplace_algorithm_has_a_product_id_and_ours_has_none(here: World, client: Any) -> None:
    here.add_algorithm("ours")
    theirs = here.add_algorithm("arn:aws:sagemaker:us-east-1:865070037744:algorithm/theirs", product_id="prod-7")
    assert "ProductId" not in client.describe_algorithm(AlgorithmName="ours")
    assert client.describe_algorithm(AlgorithmName=theirs)["ProductId"] == "prod-7"
    with pytest.raises(ClientError, match="algorithm/nobodys does not exist"):
        client.describe_algorithm(AlgorithmName="nobodys")


@pytest.mark.parametrize("client_of", DOORS)
def test_throttling_looks_as_it_does_at_aws(client_of: str) -> None:
    here = world(throttled=1.0)
    with serve(here) as server, pytest.raises(ClientError, match=r"\(ThrottlingException\) .*: Rate exceeded"):
        (Client(here) if client_of == "memory" else over_http(server.url)).list_training_jobs()


def test_both_clients_describe_a_job_of_every_outcome_alike() -> None:
    here = world((0, 2), (1000, 0), (2000, 2))
    here.create_training_job(request("completed", work_s=3000))
    here.create_training_job(request("failed", fails_with="traceback", prefix="s3://ckpt/failed"))
    here.create_training_job(request("on-demand", spot=False))
    short = request("starved", prefix="s3://ckpt/starved")
    short["StoppingCondition"] = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    here.create_training_job(short)
    run(here)
    with serve(here) as server:
        memory, wire = Client(here), over_http(server.url)
        for name in here.jobs:
            told = [client.describe_training_job(TrainingJobName=name) for client in (memory, wire)]
            for answer in told:
                answer.pop("ResponseMetadata")
            assert told[0] == told[1]


def test_without_validation_in_the_client_the_world_refuses() -> None:
    with pytest.raises(ClientError, match="Value 'Tag' at ''"):
        Client(world(), validate=False).create_training_job(**request(), Tag=[])


def test_the_server_refuses_what_it_does_not_know() -> None:
    with serve(world()) as server:
        with pytest.raises(ClientError, match=r"\(UnknownOperationException\) .* does not have the operation ListModels"):
            over_http(server.url).list_models()
        wire = http.client.HTTPConnection(server.url.removeprefix("http://"))
        for body, text in (("{", "is not JSON"), ("[]", "is not a JSON object")):
            wire.request("POST", "/", body, {"X-Amz-Target": "SageMaker.ListTrainingJobs"})
            answer = wire.getresponse()
            said = json.loads(answer.read())
            assert (answer.status, said["__type"]) == (400, "SerializationException")
            assert text in said["message"]


def test_a_closed_server_does_not_answer() -> None:
    server = serve(world())
    server.close()
    with pytest.raises(ConnectionError):
        http.client.HTTPConnection(server.url.removeprefix("http://")).request("POST", "/")


def test_the_client_has_a_method_for_every_operation_of_the_world() -> None:
    verbs = {"".join(word.capitalize() for word in name.split("_")) for name in dir(Client) if not name.startswith("_")}
    assert verbs >= ANSWERS.keys()


def test_the_world_answers_with_the_time_of_its_own_clock(here: World, client: Any) -> None:
    client.create_training_job(**request())
    assert client.describe_training_job(TrainingJobName="bert")["CreationTime"] == T0


def test_a_tuning_job_starts_its_training_jobs_within_its_limits_and_is_described_alike(here: World, client: Any) -> None:
    one = {key: value for key, value in request().items() if key not in ("TrainingJobName", "HyperParameters", "Tags")}
    asked = {
        "HyperParameterTuningJobName": "tuner", "TrainingJobDefinition": one, "Tags": [{"Key": "team", "Value": "vision"}],
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random", "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2}
        },
    }  # fmt: skip
    arn = client.create_hyper_parameter_tuning_job(**asked)["HyperParameterTuningJobArn"]
    with pytest.raises(ClientError, match="ResourceInUse"):
        client.create_hyper_parameter_tuning_job(**asked)
    here.advance_to(here.now)
    assert sorted(name[:10] for name in here.jobs) == ["tuner-001-", "tuner-002-"]
    assert client.list_tags(ResourceArn=arn)["Tags"] == asked["Tags"]
    run(here)
    told = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="tuner")
    assert (told["HyperParameterTuningJobStatus"], sum(told["TrainingJobStatusCounters"].values()), len(here.jobs)) == (
        "Completed",
        3,
        3,
    )
    assert all(client.describe_training_job(TrainingJobName=name)["TuningJobArn"] == arn for name in here.jobs)
    with pytest.raises(ClientError, match="Requested resource not found"):
        client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="other")
