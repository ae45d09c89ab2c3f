"""The vocabulary of policy files. It is closed: a word that nobody knows is a mistake, never ignored."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StrictBool, StrictInt

from controller.algorithm import AlgorithmClass
from controller.policy import Mode, Reach, Remedy, Severity
from controller.policyfile.words import (
    Duration,
    DurationOrZero,
    InstanceTypes,
    Name,
    Prefixes,
    Roles,
    Text,
    Texts,
    Version,
    listed,
    one_of,
)
from controller.rules import KINDS

LIMIT_MAX = 30  # tries for one cause; SageMaker's own RetryStrategy takes as many

ModeWord = Annotated[str, BeforeValidator(one_of(tuple(Mode)))]
SeverityWord = Annotated[str, BeforeValidator(one_of(tuple(Severity)))]
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


class RuleEntry(Closed):
    """``options`` are the kind's own: ``OPTIONS`` has their vocabulary."""

    name: Name
    rule: Annotated[str, BeforeValidator(one_of(tuple(KINDS)))]
    match: Match = Match()
    options: dict[str, Any] = {}
    mode: ModeWord | None = None
    severity: SeverityWord | None = None
    action: Annotated[str, BeforeValidator(one_of(tuple(Remedy)))] | None = None
    applies_to: Annotated[str, BeforeValidator(one_of(tuple(Reach)))] = Reach.NEW.value
    channel: Text | None = None


class Backoff(Closed):
    first: Duration = 300
    factor: Factor = 2.0
    most: Duration = 7200


class BudgetEntry(Closed):
    limit: Annotated[StrictInt, Field(ge=0, le=LIMIT_MAX)]
    backoff: Backoff = Backoff()


class Causes(Closed):
    """The causes that another try may mend."""

    starved: BudgetEntry | None = None
    capacity: BudgetEntry | None = None
    internal: BudgetEntry | None = None


class Block(Closed):
    name: Name
    match: Match = Match()
    mode: ModeWord = Mode.WARN.value
    within: Duration = 21_600
    causes: Causes
    channel: Text | None = None


class File(Closed):
    version: Version
    defaults: Defaults = Defaults()
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


OPTIONS: dict[str, type[Options]] = {
    "checkpoint-required": CheckpointRequired,
    "uncheckpointed-cap": UncheckpointedCap,
    "max-wait-limit": MaxWaitLimit,
    "max-runtime-limit": MaxRuntimeLimit,
    "spot-required": SpotRequired,
    "checkpoint-exclusive": Options,
    "tags-required": TagsRequired,
    "instance-allowed": InstanceAllowed,
}
