"""What SageMaker refuses according to its documentation, although botocore's model of the API allows it.

The limits of spot requests are in ``controller.jobs.spot_possible``, because the core needs them too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from controller.jobs.algorithm import AlgorithmClass, algorithm_of
from controller.jobs.spot_possible import Refusal

NOT_SERVERLESS = (
    "AlgorithmSpecification", "EnableManagedSpotTraining", "Environment", "RetryStrategy", "CheckpointConfig", "DebugHookConfig",
    "DebugRuleConfigurations", "ExperimentConfig", "ProfilerConfig", "ProfilerRuleConfigurations", "TensorBoardOutputConfig",
)  # fmt: skip
BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9](?<!\.\.)")
ENDPOINT = re.compile(r"https://(?:[a-z0-9.-]+\.)?s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?/")  # an S3 endpoint
TAGS_MAX = 50


def documented_refusals(request: Mapping[str, Any], later: Iterable[str] = ()) -> list[Refusal]:
    """What SageMaker refuses by its documentation, without the limits of spot. ``later``: members that are filled in later."""
    places = tuple(later)

    def known(place: str) -> bool:
        return not any(one == place or one.startswith(f"{place}.") or place.startswith(f"{one}.") for one in places)

    found: list[Refusal] = []
    serverless = request.get("ServerlessJobConfig")
    if serverless:
        found += [
            Refusal(field=name, found="set", wanted="no such member: ServerlessJobConfig excludes it")
            for name in NOT_SERVERLESS
            if request.get(name) and name != "EnableManagedSpotTraining"
        ]
    else:
        found += [
            Refusal(field=name, found="not set", wanted="a value: a training job that is not serverless needs it")
            for name in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
            if request.get(name) is None and known(name)
        ]
        found += _algorithm(_section(request, "AlgorithmSpecification"), known)
        found += _instances(_section(request, "ResourceConfig"), known)
    found += _places(request)
    found += _channels(request)
    found += _tags(request.get("Tags"))
    return found


def _section(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = request.get(name)
    return found if isinstance(found, Mapping) else {}


def _algorithm(specification: Mapping[str, Any], known: Any) -> Iterator[Refusal]:
    at = "AlgorithmSpecification"
    if not specification:
        return
    image, name = specification.get("TrainingImage"), specification.get("AlgorithmName")
    if image and name:
        yield Refusal(
            field=f"{at}.AlgorithmName", found="set beside TrainingImage", wanted="one of the two: they exclude each other"
        )
    elif not image and not name and known(f"{at}.TrainingImage") and known(f"{at}.AlgorithmName"):
        yield Refusal(field=f"{at}.TrainingImage", found="not set", wanted="an image, or AlgorithmName")
    if isinstance(image, str) and specification.get("MetricDefinitions"):
        told = algorithm_of(image=image, algorithm_name=None, product_id=None, described=False, hyperparameters={})
        if told.klass is AlgorithmClass.BUILT_IN:
            wanted = f"none: SageMaker's built-in {told.name} has its own"
            yield Refusal(field=f"{at}.MetricDefinitions", found="set", wanted=wanted)


def _instances(resources: Mapping[str, Any], known: Any) -> Iterator[Refusal]:
    at = "ResourceConfig"
    for name in ("SelectedInstanceType", "SelectedInstanceCount"):
        if name in resources:
            yield Refusal(field=f"{at}.{name}", found="set", wanted="no such member: SageMaker only returns it")
    if not resources or not all(known(f"{at}.{name}") for name in ("InstanceType", "InstanceGroups", "InstancePreferences")):
        return
    ways = [name for name in ("InstanceType", "InstanceGroups", "InstancePreferences") if resources.get(name)]
    if len(ways) != 1:
        found = " and ".join(ways) if ways else "none of them"
        yield Refusal(field=at, found=found, wanted="exactly one of InstanceType, InstanceGroups and InstancePreferences")
    elif ways == ["InstanceType"] and not resources.get("InstanceCount") and known(f"{at}.InstanceCount"):
        count = resources.get("InstanceCount")
        yield Refusal(field=f"{at}.InstanceCount", found="not set" if count is None else str(count), wanted="at least 1")
    if resources.get("KeepAlivePeriodInSeconds") and resources.get("InstanceGroups"):
        yield Refusal(
            field=f"{at}.KeepAlivePeriodInSeconds", found="set", wanted="none: heterogeneous clusters keep no warm pool"
        )


def _places(request: Mapping[str, Any]) -> Iterator[Refusal]:
    """Refusals of texts that are not S3 URIs: botocore's model allows any scheme and any bucket name."""
    uris = [
        ("OutputDataConfig.S3OutputPath", _section(request, "OutputDataConfig").get("S3OutputPath")),
        ("CheckpointConfig.S3Uri", _section(request, "CheckpointConfig").get("S3Uri")),
    ]
    channels = request.get("InputDataConfig")
    for number, channel in enumerate(channels if isinstance(channels, list) else ()):
        source = _section(_section(channel, "DataSource"), "S3DataSource") if isinstance(channel, Mapping) else {}
        uris.append((f"InputDataConfig[{number}].DataSource.S3DataSource.S3Uri", source.get("S3Uri")))
    for place, uri in uris:
        if isinstance(uri, str) and (problem := _not_s3(uri)):
            yield Refusal(field=place, found=f'"{uri[:80]}"', wanted=problem)


def _not_s3(uri: str) -> str | None:
    if uri.startswith("arn:") and ":accesspoint" in uri:
        return None
    if ENDPOINT.match(uri):
        return None  # the AWS CDK writes https://s3.<region>.amazonaws.com/bucket/key, and SageMaker accepts it
    if not uri.startswith("s3://"):
        return "an S3 URI such as s3://bucket/prefix/"
    bucket = uri.removeprefix("s3://").partition("/")[0]
    if bucket.startswith("arn:") or BUCKET.fullmatch(bucket):
        return None
    return "an S3 URI whose bucket has 3 to 63 small letters, digits, dots and hyphens"


def _channels(request: Mapping[str, Any]) -> Iterator[Refusal]:
    channels = request.get("InputDataConfig")
    names = [c.get("ChannelName") for c in channels if isinstance(c, Mapping)] if isinstance(channels, list) else []
    twice = sorted({name for name in names if isinstance(name, str) and names.count(name) > 1})
    if twice:
        yield Refusal(
            field="InputDataConfig", found=f"{', '.join(twice)} twice", wanted="a ChannelName of its own for each channel"
        )


def _tags(tags: Any) -> Iterator[Refusal]:
    keys = [tag.get("Key") for tag in tags if isinstance(tag, Mapping)] if isinstance(tags, list) else []
    texts = [key for key in keys if isinstance(key, str)]
    for key in texts:
        if key.lower().startswith("aws:"):
            yield Refusal(field="Tags", found=key, wanted="keys that do not begin with aws:, which is AWS's own")
    twice = sorted({key for key in texts if texts.count(key) > 1})
    if twice:
        yield Refusal(field="Tags", found=f"{', '.join(twice)} twice", wanted="each key once")
