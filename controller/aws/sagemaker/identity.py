"""Computes whether two training jobs are the same request: a keyed hash of all members that no attempt of a lineage may change.

Both sides of a comparison come from DescribeTrainingJob and through ``members_again``, so what the service adds is the same on
both. The members that are left out below may differ between a job and its next attempt, or are set by the service. The ledger
contains no values of hyperparameters and environment variables; the hash is keyed, because they could otherwise be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from controller.aws.sagemaker.ownership import Described
from controller.aws.sagemaker.repeat_request import USER_MAPS, laid_over, members_again
from controller.jobs.request import PROBE, RequestChange

VERSION = "1"  # of the list below: hashes of different lists are never equal

CHANGEABLE = frozenset({"EnableManagedSpotTraining"})
"""Members that an attempt may change as a whole; ``_PARTS`` removes parts of others. ``RequestForm`` compares both."""

SET_ASIDE = frozenset({"TrainingJobName", "Tags", "ProfilerConfig", "ProfilerRuleConfigurations"})
"""Members that are not compared: the job's own name, tags, and what SageMaker fills in and lets people change during the job."""

DEFAULTS: Mapping[tuple[str, str], frozenset[Any]] = {
    # What SageMaker shows where a request has no value, by section and member: LocalPath has another default in each section.
    ("InputDataConfig", "CompressionType"): frozenset({"None"}),
    ("InputDataConfig", "RecordWrapperType"): frozenset({"None"}),
    ("InputDataConfig", "S3DataDistributionType"): frozenset({"FullyReplicated"}),
    ("OutputDataConfig", "CompressionType"): frozenset({"GZIP"}),
    ("CheckpointConfig", "LocalPath"): frozenset({"/opt/ml/checkpoints", "/opt/ml/checkpoints/"}),
}
UNORDERED = frozenset({"InputDataConfig", "SecurityGroupIds", "DebugRuleConfigurations", "CollectionConfigurations"})


def identity_of(described: Described, key: str, changes: RequestChange | None = None) -> str:
    """The hash of a described job, as it is or with ``changes`` merged into its request. ``key`` keys the hash."""
    request = laid_over(members_again(described, str(described.get("TrainingJobName", ""))), changes or {})
    kept = {member: value for member, value in request.items() if member not in CHANGEABLE | SET_ASIDE}
    kept["ServerlessJobConfig"] = described.get("ServerlessJobConfig")  # no attempt has it, and a stranger's job may
    for member, part in _PARTS.items():
        kept[member] = part(dict(kept.get(member) or {}), kept)
    text = json.dumps(_plain("", kept), sort_keys=True, separators=(",", ":"), default=str)
    return f"{VERSION}:{hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def probe_identity_of(described: Described, key: str) -> str:
    """The hash of a probe on behalf of a described job."""
    return identity_of(described, key, PROBE)


CODE_CHANNELS = frozenset({"code", "sm_code", "sm_drivers", "sourcecode", "recipe"})  # the SDK's own, of another URI each time


def work_of(described: Described, key: str) -> str:
    """The hash of what a job works on: its inputs, its output, and the hyperparameters that are not the SDK's own.

    Empty for a job without inputs.
    """
    inputs = [channel for channel in described.get("InputDataConfig") or () if channel.get("ChannelName") not in CODE_CHANNELS]
    if not inputs:
        return ""
    output = str((described.get("OutputDataConfig") or {}).get("S3OutputPath", "")).rstrip("/")
    told = {name: value for name, value in (described.get("HyperParameters") or {}).items() if not name.startswith("sagemaker_")}
    kept = {
        "InputDataConfig": _without_last_slash(_plain("InputDataConfig", inputs, "InputDataConfig")),
        "output": output,
        "HyperParameters": told,
    }
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), default=str)
    return f"{VERSION}:{hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def _without_last_slash(value: Any) -> Any:
    """The inputs, with no slash at the end of S3 URIs: a prefix may be written with or without it."""
    if isinstance(value, dict):
        return {name: _without_last_slash(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_last_slash(item) for item in value]
    return value.rstrip("/") if isinstance(value, str) and value.startswith("s3://") else value


Part = dict[str, Any]


def _without(*names: str) -> Callable[[Part, Part], Part]:
    return lambda part, _: {name: value for name, value in part.items() if name not in names}


def _debug_hook(hook: Part, request: Part) -> Part:
    """The debug hook if the user set it, else empty: the SDK and the service add one that only writes to the model's output."""
    output = str((request.get("OutputDataConfig") or {}).get("S3OutputPath", "")).rstrip("/")
    own = hook.keys() - {"S3OutputPath"} or str(hook.get("S3OutputPath", "")).rstrip("/") != output
    return hook if own else {}


_PARTS: Mapping[str, Callable[[Part, Part], Part]] = {
    "HyperParameters": _without("sagemaker_job_name"),
    "AlgorithmSpecification": _without("MetricDefinitions", "EnableSageMakerMetricsTimeSeries"),
    "ResourceConfig": _without(
        "InstanceType", "InstanceCount", "VolumeSizeInGB", "InstancePreferences", "InstancePlacementConfig",
    ),
    "StoppingCondition": _without("MaxRuntimeInSeconds", "MaxWaitTimeInSeconds"),
    "VpcConfig": _without("Subnets"),
    "CheckpointConfig": _without("S3Uri"),
    "DebugHookConfig": _debug_hook,
}  # fmt: skip


def _plain(member: str, value: Any, section: str = "") -> Any:
    """A value without what means absent: empty values, false, and defaults. Lists without an order are sorted."""
    if isinstance(value, Mapping):
        if member in USER_MAPS:
            return dict(value) or None
        pruned = {name: _plain(name, inner, section or name) for name, inner in value.items()}
        return {name: inner for name, inner in pruned.items() if inner is not None} or None
    if isinstance(value, list | tuple):
        items = [_plain(member if member not in UNORDERED else "", item, section) for item in value]
        if member in UNORDERED:
            items.sort(key=lambda item: json.dumps(item, sort_keys=True, default=str))
        return items or None
    if value is False or value == "" or value in DEFAULTS.get((section, member), ()):
        return None
    return value
