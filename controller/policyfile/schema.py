"""The sections and keys of a policy file; ``descriptions`` explains each key. An unknown key is an error, never ignored."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict, StrictBool, StrictInt, model_validator

from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.failure import FailureCause
from controller.policy import bounds
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, RuleAction, Severity
from controller.policy.resubmission import BudgetPer, Guarantee
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policyfile.channels import AnyChannel
from controller.policyfile.days import Day, Expires
from controller.policyfile.rates_section import RateEntry
from controller.policyfile.slack_section import LabelsEntry, SlackEntry
from controller.policyfile.tags import GivenTagValue, OwnTagKey, TagKey, TagValues
from controller.policyfile.vocabulary import (
    LISTED,
    Address,
    Dollars,
    Duration,
    DurationOrZero,
    FileName,
    InstanceType,
    LongDuration,
    Name,
    Percent,
    Prefixes,
    RateLimit,
    Reason,
    ReasonBeginnings,
    Role,
    Roles,
    ShortText,
    StrictModel,
    Subnets,
    Template,
    Texts,
    Version,
    between,
    listed,
    one_of,
    unlike,
)

STEP = "a step: same, equivalents, on-demand, {instance_types: […]} or {subnets: […]}"
STEP_WORDS = ("same", "equivalents", "on-demand")

ModeWord = Annotated[str, BeforeValidator(one_of(tuple(Mode)))]
SeverityWord = Annotated[str, BeforeValidator(one_of(tuple(Severity)))]
Share = Annotated[float, Strict(), between(bounds.JITTER)]
Factor = Annotated[float, Strict(), between(bounds.FACTOR)]


ALL = "all"
SOME = Field(min_length=1, max_length=bounds.ENTRIES_MAX)


class AtLeastOne(StrictModel):
    """A map that must have at least one of its keys."""

    @model_validator(mode="before")
    @classmethod
    def _some(cls, found: Any) -> Any:
        if found == {}:
            raise unlike(f"at least one of {', '.join(cls.model_fields)}")
        return found


class Defaults(StrictModel):
    mode: ModeWord = Mode.AUDIT.value
    severity: SeverityWord = Severity.MEDIUM.value
    channel: AnyChannel = "#ml-spot"


class Match(StrictModel):
    """A selector of jobs. An empty one is an error, because it would select every job; ``match: all`` is for that."""

    tags: Annotated[dict[TagKey, TagValues], Field(min_length=1)] | None = None
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

    @model_validator(mode="before")
    @classmethod
    def _some(cls, found: Any) -> Any:
        if found == ALL:
            return {}
        if found is None or found == {} or isinstance(found, str):
            raise unlike("match: all, or at least one key such as tags, name or role", words=(ALL,))
        return found


class RepairEntry(StrictModel):
    """What a repair needs from the policy: a template, allowed prefixes, values of tags."""

    checkpoint: Template | None = None
    allowed: Annotated[dict[Role, Prefixes], Field(min_length=1)] | None = None
    tags: Annotated[dict[OwnTagKey, GivenTagValue], Field(min_length=1)] | None = None


class SurpriseEntry(AtLeastOne):
    """How many jobs a new revision of a rule may act on within its first day; beyond that, it only warns."""

    jobs: Annotated[StrictInt, between(bounds.SURPRISE_JOBS)] | None = None
    of_last_day: Percent | None = None


class RuleEntry(StrictModel):
    """A rule. The models for ``options`` are in ``rule_options``, one for each kind; ``consistency`` checks them and ``when``."""

    name: Name
    rule: Annotated[str, BeforeValidator(one_of(tuple(RULE_KINDS)))]
    match: Match = Match.model_construct()
    when: Annotated[str, Strict(), Field(max_length=bounds.WHEN_MAX)] | None = None
    options: Annotated[dict[str, Any], Field(default_factory=dict)]
    mode: ModeWord | None = None
    severity: SeverityWord | None = None
    action: Annotated[str, BeforeValidator(one_of(tuple(RuleAction)))] | None = None
    repair: RepairEntry | None = None
    applies_to: Annotated[str, BeforeValidator(one_of(tuple(AppliesTo)))] = AppliesTo.NEW.value
    channel: AnyChannel | None = None
    share: Percent | None = None
    enforce_from: Day | None = None
    surprise: SurpriseEntry | None = None
    docs: Address | None = None


class Backoff(StrictModel):
    first: Duration = 300
    factor: Factor = 2.0
    most: Duration = 7200
    jitter: Share = 0.1


class BudgetEntry(StrictModel):
    limit: Annotated[StrictInt, between(bounds.RETRIES)]
    per: Annotated[str, BeforeValidator(one_of(tuple(BudgetPer)))] = BudgetPer.LINEAGE.value
    backoff: Backoff = Backoff()


class InternalBudget(BudgetEntry):
    """SageMaker reports an internal error as retryable, but it often occurs again: at most two retries."""

    limit: Annotated[StrictInt, Field(ge=0, le=FailureCause.INTERNAL.tries_max)]


class NamedBudget(BudgetEntry):
    """The budget of a cause that is retried only if the FailureReason begins with one of ``reasons``."""

    reasons: ReasonBeginnings


class MemoryBudget(BudgetEntry):
    instance_type: InstanceType


class DiskBudget(BudgetEntry):
    volume_gb: Annotated[StrictInt, between(bounds.VOLUME_GB)]


class Causes(StrictModel):
    """A budget for each cause for which a retry can help."""

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
        """The budgets that are given, by the names of their causes."""
        given = {Causes.model_fields[name].alias or name: budget for name, budget in self}
        return {cause: budget for cause, budget in given.items() if budget is not None}


class OtherTypes(StrictModel):
    instance_types: Annotated[list[InstanceType], *LISTED]


class OtherSubnets(StrictModel):
    subnets: Subnets


def _fallback_step(found: Any) -> Any:
    """A step of the ladder: a word, or a map with one key. Raises the error of ``unlike``."""
    if isinstance(found, str):
        for begin, key in (("ml.", "instance_types"), ("subnet-", "subnets")):
            if found.startswith(begin):
                raise unlike(STEP, f"write {{{key}: [{found}]}}")
        return one_of(STEP_WORDS, ("instance_types", "subnets"))(found)
    if isinstance(found, dict) and found.keys() == {"instance_types"}:
        return OtherTypes(**found)
    if isinstance(found, dict) and found.keys() == {"subnets"}:
        return OtherSubnets(**found)
    word = next(iter(found), "") if isinstance(found, dict) and len(found) == 1 else ""
    raise unlike(STEP, words=("instance_types", "subnets"), word=word)


def _fallback_steps(found: Any) -> Any:
    if isinstance(found, list):
        return found
    raise unlike("a list of steps such as [same, equivalents, on-demand]")


class Interruptions(StrictModel):
    more_than: Annotated[StrictInt, between(bounds.INTERRUPTIONS)]
    within: Duration


class DeadlineEntry(StrictModel):
    """How a deadline is met. The aliases are fields of ``controller.policy.resubmission.DeadlineSettings``; times in seconds."""

    finish_within: LongDuration | None = Field(None, serialization_alias="finish_within_s")
    guarantee: Annotated[str, BeforeValidator(one_of(tuple(Guarantee)))] = Guarantee.DEADLINE.value
    quantile: Annotated[float, Strict(), between(bounds.QUANTILE)] = 0.9
    margin: Duration = Field(600, serialization_alias="margin_s")
    start: Duration = Field(300, serialization_alias="start_s")
    restore: DurationOrZero = Field(120, serialization_alias="restore_s")
    upload: DurationOrZero = Field(180, serialization_alias="upload_s")
    checkpoint_every: Duration = Field(1800, serialization_alias="checkpoint_every_s")
    back_to_spot: StrictBool = False
    probe: StrictBool = False
    placement_score: Annotated[StrictInt, between(bounds.PLACEMENT_SCORE)] | None = None
    min_stay: DurationOrZero = Field(1800, serialization_alias="stay_s")
    move_without_checkpoint: StrictBool = False
    moves: Annotated[StrictInt, between(bounds.MOVES)] = Field(40, serialization_alias="moves_max")


class Cap(AtLeastOne):
    lineage_usd: Dollars | None = None
    team_month_usd: Dollars | None = None


class Block(StrictModel):
    name: Name
    match: Match = Match.model_construct()
    mode: ModeWord = Mode.WARN.value
    within: Duration = 21_600
    causes: Causes
    interruptions: Interruptions | None = None
    ladder: (
        Annotated[list[Annotated[Any, BeforeValidator(_fallback_step)]], BeforeValidator(_fallback_steps), Field(min_length=1)]
        | None
    ) = None
    on_demand: StrictBool = True
    deadline: DeadlineEntry | None = None
    cap: Cap | None = None
    channel: AnyChannel | None = None


class WaiverEntry(StrictModel):
    """Which jobs may break which rules, until when, and why. Every key is required."""

    name: Name
    rule: Texts
    match: Match
    reason: Reason
    owner: ShortText
    ticket: ShortText
    expires: Expires


class CheckpointsEntry(AtLeastOne):
    """Which files are not checkpoints, in addition to the built-in names."""

    ignore: Annotated[list[FileName], *LISTED, Field(max_length=50)] | None = None


class RateLimitsEntry(AtLeastOne):
    stops_per_hour: RateLimit | None = None
    submissions_per_hour: RateLimit | None = None


class File(StrictModel):
    version: Version
    defaults: Defaults = Defaults()
    brakes: RateLimitsEntry | None = None
    slack: SlackEntry | None = None
    labels: LabelsEntry | None = None
    checkpoints: CheckpointsEntry | None = None
    trust_claims: StrictBool = False
    rules: Annotated[list[RuleEntry], SOME] | None = None
    resubmit: Annotated[list[Block], SOME] | None = None
    longest_waiver: LongDuration | None = None
    waivers: Annotated[list[WaiverEntry], SOME] | None = None
    rates: Annotated[list[RateEntry], SOME] | None = None
