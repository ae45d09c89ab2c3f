"""The options of each kind of rule, as they are written in a policy file; ``descriptions`` explains them."""

from __future__ import annotations

from pydantic import Field, StrictBool

from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.checkpoint_exclusive import CHECKPOINT_EXCLUSIVE
from controller.policy.rules.checkpoint_required import CHECKPOINT_REQUIRED
from controller.policy.rules.instance_allowed import INSTANCE_ALLOWED
from controller.policy.rules.max_runtime_limit import MAX_RUNTIME_LIMIT
from controller.policy.rules.max_wait_limit import MAX_WAIT_LIMIT
from controller.policy.rules.spot_required import SPOT_REQUIRED
from controller.policy.rules.spot_worth_it import SPOT_WORTH_IT
from controller.policy.rules.tags_required import TAGS_REQUIRED
from controller.policy.rules.uncheckpointed_cap import UNCHECKPOINTED_CAP
from controller.policyfile.schema import Factor
from controller.policyfile.tags import TagKeys
from controller.policyfile.vocabulary import Duration, DurationOrZero, InstanceTypes, Percent, Prefixes, StrictModel


class Options(StrictModel):
    """Options of one kind of rule. The aliases are fields of ``Options`` in ``controller.policy.rules``; defaults are there."""


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
    CHECKPOINT_REQUIRED.id: CheckpointRequired,
    UNCHECKPOINTED_CAP.id: UncheckpointedCap,
    MAX_WAIT_LIMIT.id: MaxWaitLimit,
    MAX_RUNTIME_LIMIT.id: MaxRuntimeLimit,
    SPOT_REQUIRED.id: SpotRequired,
    CHECKPOINT_EXCLUSIVE.id: Options,
    CHECKPOINT_ALIVE.id: CheckpointAlive,
    TAGS_REQUIRED.id: TagsRequired,
    INSTANCE_ALLOWED.id: InstanceAllowed,
    SPOT_WORTH_IT.id: SpotWorthIt,
}
