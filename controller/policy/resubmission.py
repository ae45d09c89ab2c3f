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
    """The retries for one cause of failure: at most ``limit`` (0: none).

    The first wait is ``first_s`` seconds; each next one is ``factor`` times as long, up to ``most_s``. A random part of at most
    ``jitter`` of the wait (0 to 1) is added. A cause that is retried only by name needs ``beginnings``: the first words of the
    FailureReasons to retry. ``instance_type`` and ``volume_gb`` are the larger sizes for a cause such as a lack of memory.
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
        """Whether a failure of this cause is retried: for some causes, only if the policy names its FailureReason."""
        return cause.next is not RetryChange.NAMED or begins_with(failure, self.beginnings)


class FallbackKind(StrEnum):
    """What a step of a ladder changes in the request."""

    SAME = "same"
    INSTANCE_TYPES = "instance_types"
    EQUIVALENTS = "equivalents"
    SUBNETS = "subnets"
    ON_DEMAND = "on-demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackStep:
    """One step of a ladder; ``values`` are its instance types or subnet ids, empty for other kinds."""

    kind: FallbackKind
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionLimit:
    """With more than ``more_than`` interruptions within ``within_s`` seconds, a job takes the next step of its ladder."""

    more_than: Annotated[int, INTERRUPTIONS]
    within_s: Seconds


class Guarantee(StrEnum):
    """What a job without checkpoints prefers: its deadline, or a lower cost."""

    DEADLINE = "deadline"  # moves to on-demand while a run that starts over would still be in time
    MONEY = "money"  # stays on spot, although it may miss the deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineSettings:
    """How a deadline is kept. All durations are in seconds.

    ``finish_within_s`` counts from the first attempt's creation; a ``spotwarden:deadline`` tag replaces it. The expected runtime
    is the ``quantile`` of earlier runs. ``start_s``, ``restore_s`` and ``upload_s`` are the least times that are assumed.
    ``back_to_spot``, ``placement_score`` (EC2's, 1 to 10) and ``probe`` decide about a return to spot. A job stays at least
    ``stay_s`` where it is. With ``move_without_checkpoint``, a job may be moved although its training is then lost.
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
    """The most that the attempts of a lineage, and those of a team in a calendar month (UTC), may cost; None: no cap."""

    lineage_micros: Micros | None = None
    team_month_micros: Micros | None = None

    @property
    def lowest(self) -> Micros | None:
        """The lower of the two caps; None without a cap."""
        return min((cap for cap in (self.lineage_micros, self.team_month_micros) if cap is not None), default=None)


NO_CAPS = SpendCaps()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmission:
    """One ``resubmit`` block. A job that ended more than ``within_s`` seconds before it was first seen is not submitted again.

    ``on_demand``: whether attempts may run on-demand.
    """

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
        """The spend caps of the block's attempts."""
        return SpendCaps(lineage_micros=self.cap_micros, team_month_micros=self.team_month_cap_micros)

    def budget_of(self, cause: FailureCause) -> tuple[Budget | None, frozenset[FailureCause]]:
        """The budget of a cause, and all causes whose retries count against it. Without a budget of its own, a cause uses that
        of another one (``SHARED_BUDGETS``). Without any budget: None and no causes.
        """
        own = self.causes.get(cause)
        if own is not None:
            sharing = {user for user, of in SHARED_BUDGETS.items() if of is cause and user not in self.causes}
            return own, frozenset({cause} | sharing)
        shared = SHARED_BUDGETS.get(cause)
        return (None, frozenset()) if shared is None else self.budget_of(shared)


# Causes that use the budget of another cause if the policy gives them none: a job that never launched was starved, too.
SHARED_BUDGETS: Mapping[FailureCause, FailureCause] = {
    FailureCause.NEVER_LAUNCHED: FailureCause.STARVED,
    FailureCause.QUOTA: FailureCause.CAPACITY,
}
