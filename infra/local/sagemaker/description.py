"""The DescribeTrainingJob response and the ListTrainingJobs summary, with the members that SageMaker adds and leaves out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from infra.local.sagemaker.job import DEFAULT_RUNTIME_S, TrainingJob
from infra.local.sagemaker.settings import WorldSettings

Answer = dict[str, Any]

# In botocore's model, DescribeTrainingJobResponse lacks these members. All others of a request are returned.
NOT_DESCRIBED: Final = {"Tags", "SessionChainingConfig"}
ALGORITHM_IMAGE: Final = "865070037744.dkr.ecr.us-east-1.amazonaws.com/algorithm:1"
INJECTED_METRICS: Final = [
    {"Name": "train:progress", "Regex": "#progress_metric: host=\\S+, completed (\\S+) %"},
    {"Name": "train:throughput", "Regex": "#throughput_metric: host=\\S+, train throughput=(\\S+) records/second"},
]


def describe(job: TrainingJob, now: datetime, settings: WorldSettings) -> Answer:
    """Build a DescribeTrainingJob response, a new dict with the members that SageMaker would return at the time ``now``."""
    request = {name: copy(value) for name, value in job.request.items() if name not in NOT_DESCRIBED}
    output = request["OutputDataConfig"]
    answer: Answer = request | {
        "TrainingJobArn": job.arn,
        **job.owner,
        "ModelArtifacts": {"S3ModelArtifacts": f"{output['S3OutputPath'].rstrip('/')}/{job.name}/output/model.tar.gz"},
        "TrainingJobStatus": job.shown_status,
        "SecondaryStatus": job.secondary,
        "CreationTime": job.created_at,
        "LastModifiedTime": job.modified_at,
        "SecondaryStatusTransitions": [_transition(job, index) for index in range(len(job.transitions))],
        "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        "EnableInterContainerTrafficEncryption": request.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": job.spot,
    }
    if job.failure:
        answer["FailureReason"] = job.failure
    if job.started_at:
        answer["TrainingStartTime"] = job.started_at
    if job.ended_at:
        answer["TrainingEndTime"] = job.ended_at
    usage = visible_usage(job, now, settings)
    if usage:
        answer["TrainingTimeInSeconds"], answer["BillableTimeInSeconds"] = usage
    _add_service_members(answer, job, settings)
    return answer


def summarize(job: TrainingJob) -> Answer:
    """Build an item of TrainingJobSummaries, which has neither EnableManagedSpotTraining nor tags."""
    summary = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.created_at,
        "LastModifiedTime": job.modified_at,
        "TrainingJobStatus": job.shown_status,
        "SecondaryStatus": job.secondary,
    }
    return summary | ({"TrainingEndTime": job.ended_at} if job.ended_at else {})


def describe_algorithm(arn: str, product_id: str | None, created_at: datetime) -> Answer:
    """Build a DescribeAlgorithm response. Only algorithms from the Marketplace have a ProductId."""
    answer: Answer = {
        "AlgorithmName": arn.rpartition("/")[2],
        "AlgorithmArn": arn,
        "CreationTime": created_at,
        "AlgorithmStatus": "Completed",
        "AlgorithmStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "TrainingSpecification": {
            "TrainingImage": ALGORITHM_IMAGE,
            "SupportedTrainingInstanceTypes": ["ml.m5.xlarge"],
            "TrainingChannels": [{"Name": "train", "SupportedContentTypes": ["text/csv"], "SupportedInputModes": ["File"]}],
        },
    }
    return answer | ({"ProductId": product_id} if product_id else {})


def visible_usage(job: TrainingJob, now: datetime, settings: WorldSettings) -> tuple[int, int] | None:
    """Return training and billable seconds; None if Describe does not show them yet, or never does (see the settings)."""
    if job.status not in ("Completed", "Failed", "Stopped") or settings.usage_delay_s is None:
        return None
    if now < job.modified_at + timedelta(seconds=settings.usage_delay_s):
        return None
    return job.usage(settings.billable_as) or ((0, 0) if settings.usage_if_never_trained == "zero" else None)


def copy(value: Any) -> Any:
    """Copy plain data deeply, faster than copy.deepcopy."""
    kind = type(value)
    if kind is dict:
        return {key: copy(item) for key, item in value.items()}
    if kind is list:
        return [copy(item) for item in value]
    return value


def _transition(job: TrainingJob, index: int) -> Answer:
    line = job.transitions[index]
    answer = {"Status": line.status, "StartTime": line.started_at, "StatusMessage": line.message}
    return answer | ({"EndTime": line.ended_at} if line.ended_at else {})


def _add_service_members(answer: Answer, job: TrainingJob, settings: WorldSettings) -> None:
    """Add the members that SageMaker adds. A CreateTrainingJob request must not contain some of them."""
    answer.setdefault("InputDataConfig", [])
    answer["OutputDataConfig"].setdefault("KmsKeyId", "")
    answer.setdefault("StoppingCondition", {}).setdefault("MaxRuntimeInSeconds", DEFAULT_RUNTIME_S)
    for channel in answer["InputDataConfig"]:
        channel.setdefault("CompressionType", "None")
        channel.setdefault("RecordWrapperType", "None")
    if "ServerlessJobConfig" in answer:
        return
    for rule in answer.get("DebugRuleConfigurations", []):
        rule.setdefault("VolumeSizeInGB", 0)
    profiler = answer.setdefault("ProfilerConfig", {})
    profiler.setdefault("DisableProfiler", False)
    profiler.setdefault("S3OutputPath", answer["OutputDataConfig"]["S3OutputPath"])
    answer.setdefault("ProfilerRuleConfigurations", [])
    answer["ProfilingStatus"] = "Disabled" if profiler["DisableProfiler"] else "Enabled"
    algorithm, resources = answer["AlgorithmSpecification"], answer["ResourceConfig"]
    algorithm.setdefault("EnableSageMakerMetricsTimeSeries", False)
    if job.builtin:
        algorithm["MetricDefinitions"] = copy(INJECTED_METRICS)
    if algorithm.get("AlgorithmName") and settings.describe_algorithm_image:
        algorithm["TrainingImage"] = ALGORITHM_IMAGE
    if settings.describe_empties:
        algorithm.setdefault("AlgorithmName", "")
        algorithm.setdefault("ContainerEntrypoint", [])
        answer.setdefault("VpcConfig", {})
    if resources.get("InstancePreferences") or (settings.describe_selected and job.started_at):
        resources["SelectedInstanceType"], resources["SelectedInstanceCount"] = job.pool
