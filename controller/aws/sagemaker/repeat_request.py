"""Turns the description of a job into the CreateTrainingJob request that runs it again.

The two shapes are not the same. A description has members that a request must not have, has empty lists where a request must
have none, and lacks Tags and SessionChainingConfig. So the request is built from an allow-list: ``ACCOUNTED`` has a line for
every member of CreateTrainingJobRequest, and no other member of the description is sent. Input and output are plain dicts.
"""

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from controller.aws.sagemaker.ownership import OWNER_TAGS, Described, service_of, unrepeatable
from controller.jobs.algorithm import AlgorithmClass, algorithm_of
from controller.jobs.job import PROBE_TAG
from controller.units.value import dataclass

Request = dict[str, Any]

__all__ = [
    "ACCOUNTED",
    "laid_over",
    "members_again",
    "request_again",
    "service_of",
    "tags_again",
    "unrepeatable",
    "without_metric_definitions",
]

TAGS_MAX = 50
_NAME = re.compile(r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}")


class MemberKind(StrEnum):
    """What happens to a member of the request."""

    COPIED = "copied"  # as described, without what is empty
    EDITED = "edited"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberHandling:
    """What happens to a member, and why."""

    kind: MemberKind
    why: str


def _copied(why: str) -> MemberHandling:
    return MemberHandling(kind=MemberKind.COPIED, why=why)


def _edited(why: str) -> MemberHandling:
    return MemberHandling(kind=MemberKind.EDITED, why=why)


def _dropped(why: str) -> MemberHandling:
    return MemberHandling(kind=MemberKind.DROPPED, why=why)


ACCOUNTED: Mapping[str, MemberHandling] = {
    "TrainingJobName": _edited("the attempt's own name: it is the only idempotency key that CreateTrainingJob has"),
    "HyperParameters": _edited("sagemaker_job_name names the old job; _tuning_objective_metric belongs to a tuner"),
    "AlgorithmSpecification": _edited("AlgorithmName excludes TrainingImage; built-ins refuse MetricDefinitions"),
    "RoleArn": _copied("the same rights; our own role needs iam:PassRole on it"),
    "InputDataConfig": _copied("the same data, EULA and hub access included; [] means that there was none"),
    "OutputDataConfig": _copied("the same place; the service appends the new job's name"),
    "ResourceConfig": _edited("Selected* are read-only; zeros stand for absent; preferences exclude a type"),
    "VpcConfig": _copied("the same network; {} means that there was none"),
    "StoppingCondition": _edited("MaxWaitTimeInSeconds is refused without spot"),
    "Tags": _edited("from ListTags: without AWS's and other owners', with our lineage's, 50 at most"),
    "EnableNetworkIsolation": _copied("as it was"),
    "EnableInterContainerTrafficEncryption": _copied("as it was"),
    "EnableManagedSpotTraining": _copied("as it was"),
    "CheckpointConfig": _copied("the same prefix is how the next attempt continues"),
    "DebugHookConfig": _copied("as it was"),
    "DebugRuleConfigurations": _edited("the service fills VolumeSizeInGB 0 in and refuses it"),
    "TensorBoardOutputConfig": _copied("as it was"),
    "ExperimentConfig": _edited("the same trial; a second component of the same display name would hide the first"),
    "ProfilerConfig": _edited("described even where the user turned the profiler off; then only the off switch is sent"),
    "ProfilerRuleConfigurations": _edited("as ProfilerConfig; VolumeSizeInGB 0 as in DebugRuleConfigurations"),
    "Environment": _copied("as it was"),
    "RetryStrategy": _copied("SageMaker's own retries of internal errors, within this job's limits"),
    "RemoteDebugConfig": _copied("as it was"),
    "InfraCheckConfig": _copied("as it was"),
    "SessionChainingConfig": _dropped("not described, so it cannot be recovered: session-tag chaining is lost"),
    "ServerlessJobConfig": _dropped("serverless jobs are never submitted again: they exclude most other members"),
    "MlflowConfig": _copied("the same experiment; MLflow allows two runs of one name"),
    "ModelPackageConfig": _copied("the same group; a model that completes is a new version in it"),
}

# Maps whose keys and values are the user's own: an empty value in them has a meaning.
USER_MAPS = frozenset(
    {
        "CollectionParameters",
        "Environment",
        "HookParameters",
        "HyperParameters",
        "ProfilingParameters",
        "RuleParameters",
    }
)


def request_again(
    described: Described,
    tags: Mapping[str, str],
    *,
    name: str,
    lineage_tags: Mapping[str, str],
    changes: Mapping[str, Any] | None = None,
) -> Request:
    """Build the request that runs a described job again with another name.

    ``tags`` are those of ListTags (a description has none). ``changes`` is a part of a request that is merged into the old one:
    None removes a member. Call ``unrepeatable`` first: this function does not check whether the job may run again. The model will
    be stored below S3OutputPath and the new name. Raises ValueError for a name or tag that SageMaker would refuse, and for a
    change of an unknown member.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"found job name {name!r}, wanted 1 to 63 letters, digits and inner hyphens")
    request = members_again(described, name)
    added = {tag["Key"]: tag["Value"] for tag in (changes or {}).get("Tags", ())}
    kept, _ = tags_again({**tags, **added}, lineage_tags)
    edited = {member: value for member, value in (changes or {}).items() if member != "Tags"}
    if unknown := edited.keys() - ACCOUNTED.keys():
        raise ValueError(f"found changes to {', '.join(sorted(unknown))}, wanted members of CreateTrainingJobRequest")
    request = laid_over(request, edited)
    request["TrainingJobName"] = name
    request["Tags"] = [{"Key": key, "Value": value} for key, value in kept.items()]
    return {member: value for member, value in request.items() if not _empty(value)}


def members_again(described: Described, name: str) -> Request:
    """The members of a described job as a request has them, without TrainingJobName and Tags. Empty members may remain.

    ``name`` is the new job's: some members contain it.
    """
    request: Request = {}
    for member, handling in ACCOUNTED.items():
        value = _without_empties(member, described.get(member))
        match handling.kind:
            case MemberKind.COPIED:
                request[member] = value
            case MemberKind.EDITED if member in _EDITS:
                request[member] = _without_empties(member, _EDITS[member](value, described, name))
    return request


def tags_again(tags: Mapping[str, str], lineage_tags: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Divide a job's tags into those of its next attempt, and those that cannot be sent, with the reason of each.

    The controller's lineage tags come first; a request can have 50 tags. Raises ValueError for a bad lineage tag.
    """
    for key, value in lineage_tags.items():
        if not (_taggable(key, 128) and key and _taggable(value, 256)):
            raise ValueError(f"found lineage tag {key!r}: {value!r}, wanted letters, digits, blanks and _.:/=+-@")
    kept, left = dict(lineage_tags), {}
    for key, value in tags.items():
        if key in kept:
            continue
        if key.lower().startswith("aws:"):
            left[key] = "reserved for AWS"
        elif key == PROBE_TAG:
            left[key] = "would look like a probe"
        elif key in OWNER_TAGS:
            left[key] = f"would mark the job as owned by {OWNER_TAGS[key]}"
        elif len(kept) == TAGS_MAX:
            left[key] = f"a job takes {TAGS_MAX} tags"
        else:
            kept[key] = value
    return kept, left


def laid_over(below: Any, above: Any) -> Any:
    """Merge ``above`` into ``below``: maps member by member; None removes a member; any other value replaces the old one."""
    if not isinstance(above, Mapping):
        return above
    kept = dict(below) if isinstance(below, Mapping) else {}
    for member, value in above.items():
        if value is None:
            kept.pop(member, None)
        else:
            kept[member] = laid_over(kept.get(member), value)
    return kept


def without_metric_definitions(request: Request) -> Request:
    """Copy a request without MetricDefinitions, as SageMaker's error message suggests when it refuses them."""
    specification = {k: v for k, v in request["AlgorithmSpecification"].items() if k != "MetricDefinitions"}
    return request | {"AlgorithmSpecification": specification}


# The edits: (the member without empties, the whole description, the new name) → what to send; empty sends nothing.


def _hyperparameters(value: Any, described: Described, name: str) -> Any:
    edited = {key: text for key, text in (value or {}).items() if key != "_tuning_objective_metric"}
    if "sagemaker_job_name" in edited:  # the Python SDK writes hyperparameters as JSON
        edited["sagemaker_job_name"] = json.dumps(name)
    return edited


def _specification(value: Any, described: Described, name: str) -> Any:
    edited = dict(value or {})
    if "AlgorithmName" in edited:
        edited.pop("TrainingImage", None)
        return edited
    # Without hyperparameters on purpose: XGBoost refuses MetricDefinitions in script mode too.
    image = edited.get("TrainingImage")
    algorithm = algorithm_of(image=image, algorithm_name=None, product_id=None, described=False, hyperparameters={})
    if algorithm.klass is AlgorithmClass.BUILT_IN:
        edited.pop("MetricDefinitions", None)
    return edited


def _resources(value: Any, described: Described, name: str) -> Any:
    edited = dict(value or {})
    read_only = {"SelectedInstanceType", "SelectedInstanceCount"}
    zero = {key for key in ("InstanceCount", "KeepAlivePeriodInSeconds") if edited.get(key) == 0}
    excluded = {"InstanceType", "InstancePlacementConfig"} if "InstancePreferences" in edited else set()
    return {key: what for key, what in edited.items() if key not in read_only | zero | excluded}


def _stopping(value: Any, described: Described, name: str) -> Any:
    edited = dict(value or {})
    if not described.get("EnableManagedSpotTraining"):
        edited.pop("MaxWaitTimeInSeconds", None)
    return edited


def _rules(value: Any, described: Described, name: str) -> Any:
    return [{k: v for k, v in rule.items() if (k, v) != ("VolumeSizeInGB", 0)} for rule in value or ()]


def _experiment(value: Any, described: Described, name: str) -> Any:
    return {key: what for key, what in (value or {}).items() if key != "TrialComponentDisplayName"}


def _profiler(value: Any, described: Described, name: str) -> Any:
    return {"DisableProfiler": True} if _profiler_off(described) else value


def _profiler_rules(value: Any, described: Described, name: str) -> Any:
    return [] if _profiler_off(described) else _rules(value, described, name)


def _profiler_off(described: Described) -> bool:
    config = described.get("ProfilerConfig") or {}
    return described.get("ProfilingStatus") == "Disabled" or bool(config.get("DisableProfiler"))


_EDITS: Mapping[str, Callable[[Any, Described, str], Any]] = {
    "HyperParameters": _hyperparameters,
    "AlgorithmSpecification": _specification,
    "ResourceConfig": _resources,
    "StoppingCondition": _stopping,
    "DebugRuleConfigurations": _rules,
    "ExperimentConfig": _experiment,
    "ProfilerConfig": _profiler,
    "ProfilerRuleConfigurations": _profiler_rules,
}


def _without_empties(member: str, value: Any) -> Any:
    """Copy a value without its empty members, at any depth. The content of a user's map or of a plain list stays."""
    if isinstance(value, Mapping):
        if member in USER_MAPS:
            return dict(value)
        pruned = {key: _without_empties(key, inner) for key, inner in value.items()}
        return {key: inner for key, inner in pruned.items() if not _empty(inner)}
    if isinstance(value, list | tuple):
        return [_without_empties(member, inner) for inner in value]
    return value


def _empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


def _taggable(text: str, length_max: int) -> bool:
    return len(text) <= length_max and all(c.isalnum() or c in " _.:/=+-@" for c in text)
