"""The options of each kind of rule, as a policy file writes them."""

from __future__ import annotations

from pydantic import Field, StrictBool

from controller.policyfile.schema import Factor
from controller.policyfile.tags import TagKeys
from controller.policyfile.vocabulary import Duration, DurationOrZero, InstanceTypes, Percent, Prefixes, StrictModel


class Options(StrictModel):
    """Options of one kind of rule. The aliases are fields of ``Options`` in ``controller.policy.rules``, with the defaults."""


class CheckpointRequired(Options):
    runtime_over: DurationOrZero | None = Field(None, serialization_alias="runtime_over_s")
    under: Prefixes | None = None
    only_capable: StrictBool | None = None


class UncheckpointedCap(Options):
    at_most: Duration | None = Field(None, serialization_alias="at_most_s")
    without_config: StrictBool | None = None


class MaxWaitLimit(Options):
    at_most: Duration | None = Field(None, serialization_alias="at_most_s")
    times_runtime: Factor | None = None


class MaxRuntimeLimit(Options):
    at_most: Duration = Field(serialization_alias="at_most_s")


class SpotRequired(Options):
    runtime_over: DurationOrZero | None = Field(None, serialization_alias="runtime_over_s")


class TagsRequired(Options):
    tags: TagKeys


class InstanceAllowed(Options):
    instance_types: InstanceTypes


class CheckpointAlive(Options):
    first_within: Duration | None = Field(None, serialization_alias="first_within_s")
    at_most: Duration | None = Field(None, serialization_alias="at_most_s")


class SpotWorthIt(Options):
    chance_at_least: Percent | None = None
    times_on_demand: Factor | None = None


OPTIONS: dict[str, type[Options]] = {
    "checkpoint-required": CheckpointRequired,
    "uncheckpointed-cap": UncheckpointedCap,
    "max-wait-limit": MaxWaitLimit,
    "max-runtime-limit": MaxRuntimeLimit,
    "spot-required": SpotRequired,
    "checkpoint-exclusive": Options,
    "checkpoint-alive": CheckpointAlive,
    "tags-required": TagsRequired,
    "instance-allowed": InstanceAllowed,
    "spot-worth-it": SpotWorthIt,
}
