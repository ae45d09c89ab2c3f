"""The vocabulary of policy files. It is closed: a word that nobody knows is a mistake, never ignored."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StrictBool, StrictInt

from controller.algorithm import AlgorithmClass
from controller.failure import Cause
from controller.policy import Guarantee, Mode, Reach, Remedy, Severity
from controller.policyfile.words import (
    Dollars,
    Duration,
    DurationOrZero,
    InstanceType,
    InstanceTypes,
    Name,
    Prefixes,
    ReasonBeginnings,
    Roles,
    Subnets,
    Template,
    Text,
    Texts,
    Version,
    listed,
    one_of,
    seconds,
    unlike,
)
from controller.rules import KINDS

LIMIT_MAX = 30  # tries for one cause; SageMaker's own RetryStrategy takes as many

ModeWord = Annotated[str, BeforeValidator(one_of(tuple(Mode)))]
SeverityWord = Annotated[str, BeforeValidator(one_of(tuple(Severity)))]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]
Factor = Annotated[float, Strict(), Field(ge=1, le=100, allow_inf_nan=False)]


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Defaults(Closed):
    mode: ModeWord = Mode.AUDIT.value
    severity: SeverityWord = Severity.MEDIUM.value
    channel: Text = "#ml-spot"


class Match(Closed):
    tags: Annotated[dict[str, Texts], Field(min_length=1)] | None = None
    name: Texts | None = None
    role: Roles | None = None
    instance_type: Texts | None = None
    algorithm: (
        Annotated[
            list[Annotated[str, BeforeValidator(one_of(tuple(AlgorithmClass)))]], BeforeValidator(listed), Field(min_length=1)
        ]
        | None
    ) = None
    account: Texts | None = None
    region: Texts | None = None


class RepairEntry(Closed):
    """What only the policy can know of a repair."""

    checkpoint: Template | None = None
    allowed: Annotated[dict[str, Prefixes], Field(min_length=1)] | None = None
    tags: Annotated[dict[str, Text], Field(min_length=1)] | None = None


class RuleEntry(Closed):
    """``options`` are the kind's own: ``OPTIONS`` has their vocabulary."""

    name: Name
    rule: Annotated[str, BeforeValidator(one_of(tuple(KINDS)))]
    match: Match = Match()
    options: dict[str, Any] = {}
    mode: ModeWord | None = None
    severity: SeverityWord | None = None
    action: Annotated[str, BeforeValidator(one_of(tuple(Remedy)))] | None = None
    repair: RepairEntry | None = None
    applies_to: Annotated[str, BeforeValidator(one_of(tuple(Reach)))] = Reach.NEW.value
    channel: Text | None = None


class Backoff(Closed):
    first: Duration = 300
    factor: Factor = 2.0
    most: Duration = 7200
    jitter: Share = 0.1


class BudgetEntry(Closed):
    limit: Annotated[StrictInt, Field(ge=0, le=LIMIT_MAX)]
    backoff: Backoff = Backoff()


class InternalBudget(BudgetEntry):
    """SageMaker calls an internal error retryable, and it is deterministic often enough: twice is the most."""

    limit: Annotated[StrictInt, Field(ge=0, le=Cause.INTERNAL.tries_max)]


class NamedBudget(BudgetEntry):
    """A cause that is tried again only where the FailureReason begins in one of these ways."""

    reasons: ReasonBeginnings


class MemoryBudget(BudgetEntry):
    instance_type: InstanceType


class DiskBudget(BudgetEntry):
    volume_gb: Annotated[StrictInt, Field(ge=1, le=16_384)]


class Causes(Closed):
    """The causes that another try may mend."""

    starved: BudgetEntry | None = None
    never_launched: Annotated[BudgetEntry | None, Field(alias="never-launched")] = None
    capacity: BudgetEntry | None = None
    internal: InternalBudget | None = None
    quota: BudgetEntry | None = None
    throttled: BudgetEntry | None = None
    overran: BudgetEntry | None = None
    algorithm: NamedBudget | None = None
    client: NamedBudget | None = None
    memory: MemoryBudget | None = None
    disk: DiskBudget | None = None

    def by_cause(self) -> dict[str, BudgetEntry]:
        """The budgets that were given, by the causes' own ids."""
        given = {Causes.model_fields[name].alias or name: budget for name, budget in self}
        return {cause: budget for cause, budget in given.items() if budget is not None}


class OtherTypes(Closed):
    instance_types: Annotated[list[InstanceType], BeforeValidator(listed), Field(min_length=1)]


class OtherSubnets(Closed):
    subnets: Subnets


def _rung(found: Any) -> Any:
    """A step of a ladder: a word, or a map of one key."""
    if isinstance(found, str):
        return one_of(("same", "equivalents", "on-demand"))(found)
    if isinstance(found, dict) and len(found) == 1 and set(found) <= {"instance_types", "subnets"}:
        return OtherTypes(**found) if "instance_types" in found else OtherSubnets(**found)
    raise unlike("a step: same, equivalents, on-demand, {instance_types: […]} or {subnets: […]}")


class Interruptions(Closed):
    more_than: Annotated[StrictInt, Field(ge=0, le=100)]
    within: Duration


class DeadlineEntry(Closed):
    finish_within: Annotated[int, BeforeValidator(seconds(3600))] | None = None
    guarantee: Annotated[str, BeforeValidator(one_of(tuple(Guarantee)))] = Guarantee.DEADLINE.value
    quantile: Annotated[float, Strict(), Field(ge=0.5, le=0.99)] = 0.9
    margin: Duration = 600
    start: Duration = 300
    restore: DurationOrZero = 120
    upload: DurationOrZero = 180
    checkpoint_every: Duration = 1800


class Cap(Closed):
    lineage_usd: Dollars | None = None
    team_month_usd: Dollars | None = None


class Block(Closed):
    name: Name
    match: Match = Match()
    mode: ModeWord = Mode.WARN.value
    within: Duration = 21_600
    causes: Causes
    interruptions: Interruptions | None = None
    ladder: Annotated[list[Annotated[Any, BeforeValidator(_rung)]], Field(min_length=1)] | None = None
    on_demand: StrictBool = True
    deadline: DeadlineEntry | None = None
    cap: Cap | None = None
    channel: Text | None = None


class BrakesEntry(Closed):
    stops_per_hour: Annotated[StrictInt, Field(ge=1)] | None = None
    submissions_per_hour: Annotated[StrictInt, Field(ge=1)] | None = None


class File(Closed):
    version: Version
    defaults: Defaults = Defaults()
    brakes: BrakesEntry | None = None
    rules: Annotated[list[RuleEntry], Field(min_length=1)] | None = None
    resubmit: Annotated[list[Block], Field(min_length=1)] | None = None


class Options(Closed):
    """Options of a kind as people write them; the aliases are fields of the kind's own ``Options``, where the defaults are."""


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
    tags: Texts


class InstanceAllowed(Options):
    instance_types: InstanceTypes


class CheckpointAlive(Options):
    first_within: Duration | None = Field(None, serialization_alias="first_within_s")
    at_most: Duration | None = Field(None, serialization_alias="at_most_s")


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
}
