"""What a platform team requires of training jobs: rules, and what may be submitted again.

A policy folder is written as YAML. ``controller.policyfile`` validates it and compiles it to one JSON document, which
``controller.policy.load_policy`` reads into these types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any

from controller.jobs.job import Job
from controller.policy.agreed_rate import AgreedRate
from controller.policy.bounds import ACTS_PER_HOUR, ADDRESS_OR_NONE, ANY_CHANNEL, PREFIX, TEMPLATE, Name
from controller.policy.mode import Mode
from controller.policy.resubmission import Resubmission, SpendCaps
from controller.policy.rollout import AT_ONCE, Rollout
from controller.policy.selector import Selector, SelectorPart
from controller.policy.slack_settings import Labels, SlackSettings
from controller.policy.user_request import UserRequest
from controller.policy.waiver import Waiver
from controller.policy.when import Path, When
from controller.units.value import dataclass, replace


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class RuleAction(StrEnum):
    """What a rule in mode enforce does to a job that breaks it."""

    STOP = "stop"
    REPAIR = "repair"  # stop it, and submit it again with the fix applied, once


class AppliesTo(StrEnum):
    """Which jobs a rule in mode enforce may act on."""

    NEW = "new"  # jobs created after this policy revision took force
    RUNNING = "running"  # also jobs that were running then


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The values that a repair of a job may use: a checkpoint prefix, and tags to add (values by key).

    ``checkpoint`` is a template such as ``s3://bucket/{team}/{family}/``. ``allowed`` maps globs of role ARNs to prefixes; the
    filled template must be below one of the prefixes for the job's role. Empty: below the template's text before its first brace.
    """

    checkpoint: Annotated[str, TEMPLATE] | None = None
    allowed: Mapping[str, tuple[Annotated[str, PREFIX], ...]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def allowed_for(self, role: str) -> tuple[str, ...]:
        """The prefixes below which a repair may place the checkpoints of a job with this role ARN."""
        if not self.allowed:
            return ((self.checkpoint or "").partition("{")[0],)
        return tuple(p for pattern, prefixes in self.allowed.items() if fnmatchcase(role, pattern) for p in prefixes)


NO_REPAIR = Repair()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a policy file. ``kind`` is a key of ``RULE_KINDS`` in ``controller.policy.rules.rule_kinds``, ``options`` are
    the options of that kind. ``channel`` is where its messages go. ``action`` is used only in mode enforce.
    """

    name: Name
    kind: str
    options: Mapping[str, Any]
    match: Selector
    mode: Mode
    severity: Severity
    action: RuleAction | None
    applies_to: AppliesTo
    channel: Annotated[str, ANY_CHANNEL]
    repair: Repair = NO_REPAIR
    rollout: Rollout = AT_ONCE
    when: When | None = None  # the rule applies only to jobs for which this expression is true
    docs: Annotated[str, ADDRESS_OR_NONE] = ""  # URL of a page about the rule

    def about(self, job: Job) -> bool | None:
        """Whether the rule applies to a job; None if the job's document lacks a field that decides it."""
        selected = self.match.matches(job)
        if selected is False or self.when is None:
            return selected
        holds = self.when.holds(job.members)
        return holds if holds is False or selected else None

    def parts(self, job: Job) -> tuple[SelectorPart, ...]:
        """Why the rule applies to a job or not: one part for each key of the selector, and one for the ``when`` expression."""
        parts = self.match.parts(job)
        if self.when is None:
            return parts
        holds = self.when.holds(job.members)
        found = None if holds is None else str(holds).lower()
        return (*parts, SelectorPart(key="when", wanted=(self.when.text,), found=found, matches=holds))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """How many jobs the controller may stop and submit in an hour, in the whole account; None: no limit."""

    stops_per_h: Annotated[int, ACTS_PER_HOUR] | None = None
    submissions_per_h: Annotated[int, ACTS_PER_HOUR] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A compiled policy folder. ``revision`` is a hash of its content. ``in_force_at`` is when this revision took force, most
    recently. ``channel`` is the default channel of messages.
    """

    revision: str
    in_force_at: datetime
    channel: Annotated[str, ANY_CHANNEL]
    rules: tuple[Rule, ...] = ()
    resubmissions: tuple[Resubmission, ...] = ()
    rate_limits: RateLimits = RateLimits()
    slack: SlackSettings = field(default_factory=SlackSettings)
    labels: Labels = field(default_factory=Labels)
    waivers: tuple[Waiver, ...] = ()
    checkpoint_ignore: tuple[str, ...] = ()  # globs of file names that are not checkpoints, beside the package's own list
    agreed_rates: tuple[AgreedRate, ...] = ()
    stands_in: bool = False  # the packaged policy, used until a valid policy is read from S3
    trust_claims: bool = False  # whether a job's name and tags prove that an AWS service owns it

    def observing(self) -> Policy:
        """The same policy, without actions: enforce becomes warn, and people cannot request an attempt, a move or a stop."""

        def lowered(mode: Mode) -> Mode:
            return Mode.WARN if mode is Mode.ENFORCE else mode

        acts = (UserRequest.TRY_AGAIN, UserRequest.ON_DEMAND, UserRequest.STOP)
        return replace(
            self,
            rules=tuple(replace(rule, mode=lowered(rule.mode)) for rule in self.rules),
            resubmissions=tuple(replace(block, mode=lowered(block.mode)) for block in self.resubmissions),
            slack=replace(self.slack, may={request: who for request, who in self.slack.may.items() if request not in acts}),
        )

    @property
    def fields_read(self) -> Mapping[Path, bool]:
        """The members of a job's description that ``when`` expressions read, and whether a request may contain each."""
        return {path: requested for rule in self.rules if rule.when for path, requested in rule.when.fields.items()}

    def mode_for(self, job: Job) -> Mode:
        """The mode of the job's ``resubmit`` block, which holds for retries and moves; ``audit`` without a block."""
        block = self.resubmission_for(job)
        return block.mode if block is not None else Mode.AUDIT

    def resubmission_for(self, job: Job) -> Resubmission | None:
        """The first ``resubmit`` block that selects the job; None: the job is not submitted again."""
        return next((block for block in self.resubmissions if block.match.matches(job)), None)

    def spend_caps_for(self, job: Job) -> SpendCaps:
        """The spend caps of the job's attempts: those of its ``resubmit`` block.

        A job that no block selects can still be repaired, which is an attempt too. Then the lowest caps apply among the blocks
        that may be for its team: those that its tags and its role do not exclude.
        """
        block = self.resubmission_for(job)
        if block is not None:
            return block.caps
        of_team = [block.caps for block in self.resubmissions if block.match.may_be_of_same_team(job)]
        return SpendCaps(
            lineage_micros=min((c.lineage_micros for c in of_team if c.lineage_micros is not None), default=None),
            team_month_micros=min((c.team_month_micros for c in of_team if c.team_month_micros is not None), default=None),
        )
