"""What may be submitted again: budgets per cause, fallback steps, deadlines and spend caps."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from controller.jobs.failure import FailureCause, RetryChange, begins_with
from controller.policy.bounds import (
    ANY_CHANNEL,
    HOUR_TO_YEAR,
    INTERRUPTIONS,
    JITTER,
    MOVES,
    PLACEMENT_SCORE,
    QUANTILE,
    RETRIES,
    VOLUME_GB,
    Factor,
    Micros,
    Name,
    Seconds,
    SecondsOrZero,
)
from controller.policy.mode import Mode
from controller.policy.selector import Selector
from controller.units.value import dataclass


class BudgetPer(StrEnum):
    """Which retries a budget counts."""

    LINEAGE = "lineage"  # all of them
    PROGRESS = "progress"  # those that ended without a new checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How often, with which backoff and with which changes a job is retried for one cause. A limit of 0 means never.

    ``beginnings`` are the starts of FailureReasons that count, where a cause is retried only by name. ``instance_type`` and
    ``volume_gb`` are the larger sizes for a cause that needs more.
    """

    limit: Annotated[int, RETRIES]
    first_s: Seconds
    factor: Factor
    most_s: Seconds
    jitter: Annotated[float, JITTER] = 0.0
    beginnings: tuple[str, ...] = ()
    instance_type: str | None = None
    volume_gb: Annotated[int, VOLUME_GB] | None = None
    per: BudgetPer = BudgetPer.LINEAGE

    def counts(self, cause: FailureCause, failure: str | None) -> bool:
        """Whether it counts for a failure of this cause: some causes are retried only where the policy names the text."""
        return cause.next is not RetryChange.NAMED or begins_with(failure, self.beginnings)


class FallbackKind(StrEnum):
    """The steps of a ladder."""

    SAME = "same"
    INSTANCE_TYPES = "instance_types"
    EQUIVALENTS = "equivalents"
    SUBNETS = "subnets"
    ON_DEMAND = "on-demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackStep:
    """One step of a ladder; ``values`` are its instance types or subnets."""

    kind: FallbackKind
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionLimit:
    """With more interruptions than this within this time, the job takes the next step of its ladder."""

    more_than: Annotated[int, INTERRUPTIONS]
    within_s: Seconds


class Guarantee(StrEnum):
    """What to prefer for a job without checkpoints: its deadline, or its cost."""

    DEADLINE = "deadline"  # on-demand as soon as a lost run could no longer be repeated in time
    MONEY = "money"  # spot, although the deadline may be missed


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineSettings:
    """How a deadline is kept. The durations are estimates that the policy may correct; all in seconds.

    ``finish_within_s`` counts from the first attempt's creation; a ``spotwarden:deadline`` tag replaces it.
    """

    finish_within_s: Annotated[int, HOUR_TO_YEAR] | None = None
    guarantee: Guarantee = Guarantee.DEADLINE
    quantile: Annotated[float, QUANTILE] = 0.9
    margin_s: Seconds = 600
    start_s: Seconds = 300
    restore_s: SecondsOrZero = 120
    upload_s: SecondsOrZero = 180
    checkpoint_every_s: Seconds = 1800
    back_to_spot: bool = False
    placement_score: Annotated[int, PLACEMENT_SCORE] | None = None
    probe: bool = False
    stay_s: SecondsOrZero = 1800
    moves_max: Annotated[int, MOVES] = 40
    move_without_checkpoint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendCaps:
    """What the attempts of a lineage, and those of a team in a calendar month (UTC), may cost; None where there is no cap."""

    lineage_micros: Micros | None = None
    team_month_micros: Micros | None = None

    @property
    def lowest(self) -> Micros | None:
        """The lower of the caps; None where there is none."""
        return min((cap for cap in (self.lineage_micros, self.team_month_micros) if cap is not None), default=None)


NO_CAPS = SpendCaps()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmission:
    """One ``resubmit`` block. Outcomes that were older than ``within_s`` when they were first seen are only recorded."""

    name: Name
    match: Selector
    mode: Mode
    within_s: Seconds
    causes: Mapping[FailureCause, Budget]
    channel: Annotated[str, ANY_CHANNEL]
    ladder: tuple[FallbackStep, ...] = ()
    on_demand: bool = True
    interruption_limit: InterruptionLimit | None = None
    deadline: DeadlineSettings = DeadlineSettings()
    cap_micros: Micros | None = None
    team_month_cap_micros: Micros | None = None

    @property
    def caps(self) -> SpendCaps:
        """The spend caps of its attempts."""
        return SpendCaps(lineage_micros=self.cap_micros, team_month_micros=self.team_month_cap_micros)

    def budget_of(self, cause: FailureCause) -> tuple[Budget | None, frozenset[FailureCause]]:
        """The budget of a cause, and which causes draw on it: one without its own shares that of its elder."""
        cause_s_own = self.causes.get(cause)
        if cause_s_own is not None:
            sharing = {younger for younger, elder in SHARED_BUDGETS.items() if elder is cause and younger not in self.causes}
            return cause_s_own, frozenset({cause} | sharing)
        elder = SHARED_BUDGETS.get(cause)
        return (None, frozenset()) if elder is None else self.budget_of(elder)


# A job that never launched starved, too: who gave one budget for both meant both. To a submission, no quota is no capacity.
SHARED_BUDGETS: Mapping[FailureCause, FailureCause] = {
    FailureCause.NEVER_LAUNCHED: FailureCause.STARVED,
    FailureCause.QUOTA: FailureCause.CAPACITY,
}
