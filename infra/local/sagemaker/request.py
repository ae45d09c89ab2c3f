"""The rules for CreateTrainingJob requests that the service model does not contain, each with its source.

"bc" in a comment means botocore's service model, "the guide" the SageMaker developer guide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from infra.local.sagemaker import shapes
from infra.local.sagemaker.builtin import Builtin, ImageClassifier
from infra.local.sagemaker.errors import ApiError, invalid
from infra.local.sagemaker.job import instances
from infra.local.sagemaker.settings import WorldSettings

Request = dict[str, Any]

HOUR_S: Final = 3600
RUNTIME_S_MAX: Final = 28 * 86_400
NOT_SERVERLESS: Final = (
    "AlgorithmSpecification", "EnableManagedSpotTraining", "Environment", "RetryStrategy", "CheckpointConfig", "DebugHookConfig",
    "DebugRuleConfigurations", "ExperimentConfig", "ProfilerConfig", "ProfilerRuleConfigurations", "TensorBoardOutputConfig",
)  # fmt: skip


def validate(request: Request, settings: WorldSettings, classify: ImageClassifier) -> None:
    """Raise the ValidationException with which SageMaker would refuse the request. A valid request may still exceed a quota."""
    shapes.check("CreateTrainingJob", request)
    if request.get("ServerlessJobConfig"):
        rules: Iterable[Rule] = (_serverless,)
    else:
        rules = RULES
    for rule in rules:
        problem = rule(request, settings, classify)
        if problem:
            raise invalid(problem)
    check_tags(request.get("Tags") or [], settings)


def check_tags(tags: list[dict[str, str]], settings: WorldSettings) -> None:
    """Raise ValidationException for reserved or duplicate tag keys."""
    keys = [tag["Key"] for tag in tags]
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    if settings.refuse_sagemaker_tags and any(key.lower().startswith("sagemaker:") for key in keys):
        raise invalid("sagemaker: prefixed tag key names are not allowed for external use.")
    if len(keys) != len(set(keys)):
        raise invalid(f"Duplicate tag keys found: {sorted(key for key in set(keys) if keys.count(key) > 1)}")


ALL_QUOTA = "Number of instances across all {}training jobs"


def check_quota(request: Request, settings: WorldSettings, used: Callable[[str, bool], int]) -> None:
    """Raise ResourceLimitExceeded for instances above a quota, and ValidationException for a type that is not offered.

    Spot and on-demand have separate quotas for each instance type, and further quotas for all types. ``used`` returns the
    instances in use of a type (empty: all types) on spot or on-demand.
    """
    kind, count = instances(request)
    if kind in settings.not_offered:
        raise invalid(f"Unsupported instance type {kind}")
    limits = settings.quotas
    if not limits:
        return
    spot = bool(request.get("EnableManagedSpotTraining"))
    market = "spot " if spot else ""
    own = {f"{kind} for {market}training job usage": used(kind, spot), ALL_QUOTA.format(market): used("", spot)}
    if spot:
        own[ALL_QUOTA.format("")] = used("", spot) + used("", not spot)
    for quota, using in own.items():
        limit = limits.get(quota)
        if limit is None or using + count <= limit:
            continue
        raise ApiError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{quota}' is {limit} Instances, with current utilization of {using} Instances "
            f"and a request delta of {count} Instances. Please use AWS Service Quotas to request an increase for this quota. "
            "If AWS Service Quotas is not available, contact AWS support to request an increase for this quota.",
        )


Rule = Callable[[Request, WorldSettings, ImageClassifier], str | None]


def _complete(request: Request, settings: WorldSettings, classify: ImageClassifier) -> str | None:
    missing = [name for name in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition") if request.get(name) is None]
    return f"{missing[0]} is required for training jobs that are not serverless." if missing else None


def _one_algorithm(request: Request, settings: WorldSettings, classify: ImageClassifier) -> str | None:
    named = [name for name in ("AlgorithmName", "TrainingImage") if request["AlgorithmSpecification"].get(name)]
    if len(named) == 1:
        return None
    found = "both" if named else "neither"
    return f"You must specify exactly one of AlgorithmName and TrainingImage in AlgorithmSpecification, found {found}."


def _one_kind_of_instances(request: Request, settings: WorldSettings, classify: ImageClassifier) -> str | None:
    resources = request["ResourceConfig"]
    for name in ("SelectedInstanceType", "SelectedInstanceCount"):  # bc:ResourceConfig: read-only
        if name in resources:
            return f"{name} is not accepted in CreateTrainingJob requests."
    ways = [name for name in ("InstanceType", "InstanceGroups", "InstancePreferences") if resources.get(name)]
    if len(ways) != 1:  # bc:ResourceConfig: mutually exclusive
        return f"You must specify exactly one of InstanceType, InstanceGroups and InstancePreferences, found {ways}."
    if ways == ["InstanceType"] and not resources.get("InstanceCount"):
        return "InstanceCount must be at least 1."
    return None


def _runtime(request: Request, settings: WorldSettings, classify: ImageClassifier) -> str | None:
    runtime_s = request["StoppingCondition"].get("MaxRuntimeInSeconds")
    if runtime_s and runtime_s > RUNTIME_S_MAX:  # bc:StoppingCondition: 28 days
        return f"Invalid MaxRuntimeInSeconds. It must be at most {RUNTIME_S_MAX} seconds, found {runtime_s}."
    return None


def _wait(request: Request, settings: WorldSettings, classify: ImageClassifier) -> str | None:
    wait_s = request["StoppingCondition"].get("MaxWaitTimeInSeconds")
    if not request.get("EnableManagedSpotTraining"):
        if wait_s is None:
            return None  # the text below: aws/amazon-sagemaker-examples#869
        return "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
    runtime_s = request["StoppingCondition"].get("MaxRuntimeInSeconds") or 86_400
    if wait_s is None or wait_s < runtime_s:
        return "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
    if wait_s > HOUR_S and _is_limited(request, settings, classify):  # the guide: "currently limited to … 3600 seconds"
        return "MaxWaitTimeInSeconds above 3600 is not supported for the given algorithm."
    return None


def _is_limited(request: Request, settings: WorldSettings, classify: ImageClassifier) -> bool:
    algorithm = request["AlgorithmSpecification"]
    if algorithm.get("AlgorithmName"):
        return classify(algorithm["AlgorithmName"]) is Builtin.INCAPABLE
    kind = classify(algorithm["TrainingImage"])
    return kind is Builtin.INCAPABLE or (
        kind is Builtin.CAPABLE and settings.capable_needs_checkpoints and not request.get("CheckpointConfig")
    )


def _not_with_spot(request: Request, settings: WorldSettings, classify: ImageClassifier) -> str | None:
    if not request.get("EnableManagedSpotTraining"):
        return None
    resources = request["ResourceConfig"]
    refused = (
        ("KeepAlivePeriodInSeconds", True),  # the guide: warm pools "cannot be used with spot instances"
        ("InstancePreferences", True),  # bc:ResourceConfig
        ("InstanceGroups", settings.refuse_groups_on_spot),
        ("TrainingPlanArn", settings.refuse_plans_on_spot),
    )
    for name, is_refused in refused:
        if resources.get(name) and is_refused:
            return f"{name} is not supported when EnableManagedSpotTraining is set to true."
    return None


def _metrics(request: Request, settings: WorldSettings, classify: ImageClassifier) -> str | None:
    algorithm = request["AlgorithmSpecification"]
    if not algorithm.get("MetricDefinitions") or classify(algorithm.get("TrainingImage") or "") is Builtin.OTHER:
        return None  # the text below: hashicorp/terraform-provider-aws, training_job.go
    return (
        "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request without specifying "
        "metric definitions."
    )


def _serverless(request: Request, settings: WorldSettings, classify: ImageClassifier) -> str | None:
    clash = [name for name in NOT_SERVERLESS if request.get(name)]
    return f"{clash[0]} is not supported together with ServerlessJobConfig." if clash else None


RULES: Final[tuple[Rule, ...]] = (_complete, _one_algorithm, _one_kind_of_instances, _runtime, _wait, _not_with_spot, _metrics)
