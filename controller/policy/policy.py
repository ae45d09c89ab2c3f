"""What a platform team requires of training jobs: rules, and what may be submitted again.

A policy folder is written as YAML; ``controller.policyfile`` validates and compiles it to one JSON document. ``compiled`` reads
that document into these types, with the standard library alone.
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
    """What an enforcing rule does to a job that breaks it."""

    STOP = "stop"
    REPAIR = "repair"  # stop it, and submit it again with the fix applied, once


class AppliesTo(StrEnum):
    """Which jobs an enforcing rule may act on."""

    NEW = "new"  # created after this policy revision took force
    RUNNING = "running"  # also those that ran before


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What only the policy can know of a repair: where checkpoints may lie, and which tags to add.

    ``checkpoint`` is a template such as ``s3://bucket/{team}/{family}/``; ``allowed`` says per role (a glob) below which
    prefixes a repaired one must lie, and empty means that the template's own text up to its first brace is the limit.
    """

    checkpoint: Annotated[str, TEMPLATE] | None = None
    allowed: Mapping[str, tuple[Annotated[str, PREFIX], ...]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def allowed_for(self, role: str) -> tuple[str, ...]:
        """The prefixes below which a job of this role may be given one."""
        if not self.allowed:
            return ((self.checkpoint or "").partition("{")[0],)
        return tuple(p for pattern, prefixes in self.allowed.items() if fnmatchcase(role, pattern) for p in prefixes)


NO_REPAIR = Repair()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a policy file. ``kind`` is one of ``controller.policy.rules.RULE_KINDS``, ``options`` are that kind's own."""

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
    when: When | None = None  # an expression that a job must also satisfy
    docs: Annotated[str, ADDRESS_OR_NONE] = ""  # an address where people read about the rule

    def about(self, job: Job) -> bool | None:
        """Whether the rule is about a job; None where the job's document does not say."""
        selected = self.match.matches(job)
        if selected is False or self.when is None:
            return selected
        holds = self.when.holds(job.members)
        return holds if holds is False or selected else None

    def parts(self, job: Job) -> tuple[SelectorPart, ...]:
        """Why it is about a job or not, key by key; the expression's values are not said."""
        parts = self.match.parts(job)
        if self.when is None:
            return parts
        holds = self.when.holds(job.members)
        found = None if holds is None else str(holds).lower()
        return (*parts, SelectorPart(key="when", wanted=(self.when.text,), found=found, matches=holds))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """How many jobs the controller may stop and submit in an hour, over the whole account; None is no limit."""

    stops_per_h: Annotated[int, ACTS_PER_HOUR] | None = None
    submissions_per_h: Annotated[int, ACTS_PER_HOUR] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A compiled policy folder. ``revision`` is a hash of its content, ``in_force_at`` when it last became the current one."""

    revision: str
    in_force_at: datetime
    channel: Annotated[str, ANY_CHANNEL]
    rules: tuple[Rule, ...] = ()
    resubmissions: tuple[Resubmission, ...] = ()
    rate_limits: RateLimits = RateLimits()
    slack: SlackSettings = field(default_factory=SlackSettings)
    labels: Labels = field(default_factory=Labels)
    waivers: tuple[Waiver, ...] = ()
    checkpoint_ignore: tuple[str, ...] = ()  # globs for names of files that are no checkpoints, beside the package's own
    agreed_rates: tuple[AgreedRate, ...] = ()
    stands_in: bool = False  # nobody chose it for this stack: it is used until a good one is known
    trust_claims: bool = False  # whether a job's name and tags prove which service owns it

    def observing(self) -> Policy:
        """The same policy where nothing acts: what enforces only warns, and people may ask for no attempt, move or stop."""

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
        """The members of a job's description that expressions read, and whether a request may contain them."""
        return {path: requested for rule in self.rules if rule.when for path, requested in rule.when.fields.items()}

    def mode_for(self, job: Job) -> Mode:
        """In which mode the policy acts on the job beside its rules: that of its ``resubmit`` block, ``audit`` without one."""
        block = self.resubmission_for(job)
        return block.mode if block is not None else Mode.AUDIT

    def resubmission_for(self, job: Job) -> Resubmission | None:
        """The first ``resubmit`` block that selects the job; None means that nothing is submitted again."""
        return next((block for block in self.resubmissions if block.match.matches(job)), None)

    def spend_caps_for(self, job: Job) -> SpendCaps:
        """The spend caps of the job's attempts: those of its ``resubmit`` block.

        Of a job that no block selects, a repair is still an attempt: the lowest caps of the blocks for its team count, which are
        all that its tags and its role do not exclude.
        """
        block = self.resubmission_for(job)
        if block is not None:
            return block.caps
        of_team = [block.caps for block in self.resubmissions if block.match.may_be_of_same_team(job)]
        return SpendCaps(
            lineage_micros=min((c.lineage_micros for c in of_team if c.lineage_micros is not None), default=None),
            team_month_micros=min((c.team_month_micros for c in of_team if c.team_month_micros is not None), default=None),
        )
