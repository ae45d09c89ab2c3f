"""What is expected of a job on spot and on-demand, as input for the rule ``spot-worth-it``."""

from __future__ import annotations

from controller.units.money import Micros, dollars
from controller.units.value import dataclass

HOURS_MOST = 1e6  # the largest number of hours that is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What is expected of a run in one place.

    ``chance`` is the probability to finish in time (0 to 1). ``hours`` are the billed hours of training that are expected until
    the run is finished, per instance and before the discount; ``exact`` is False if they are a lower bound. ``share`` is the cost
    divided by the on-demand cost, None if the discount is unknown. ``micros`` is the cost in millionths of a dollar, None if it
    is unknown.
    """

    chance: float
    hours: float
    exact: bool
    share: float | None
    micros: Micros | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotWorth:
    """The prospects of a job that has not begun to train, computed for the request in the first three fields.

    ``run_s`` is the expected training. ``without`` is the prospect on spot without checkpoints, ``checkpointed`` with one every
    ``every_s`` seconds. ``written``: whether the job writes checkpoints; None if that is not known. ``other_type`` is an instance
    type with a better prospect, ``other``.
    """

    instance_type: str
    checkpoint_uri: str | None
    wait_s_max: int | None
    run_s: int
    interruptions: int
    pool_s: int  # seconds of spot training in the job's pool, with so many interruptions
    without: Prospect
    checkpointed: Prospect
    every_s: int
    on_demand: Prospect
    written: bool | None
    other_type: str = ""
    other: Prospect | None = None


def prospect_of(prospect: Prospect) -> str:
    """A prospect as text: "97 % to finish, expected $24.10"."""
    return f"{percent_of(prospect.chance)} to finish, {expected_of(prospect)}"


def expected_of(prospect: Prospect) -> str:
    """The expected cost, or its lower bound, as text."""
    return f"expected {'' if prospect.exact else 'more than '}{cost_of(prospect)}"


def cost_of(prospect: Prospect) -> str:
    """The cost in dollars as text; in billed hours if no price is known."""
    if prospect.micros is not None:
        return dollars(prospect.micros)
    hours = min(prospect.hours, HOURS_MOST)
    return f"{hours:,.0f} billed hours" if hours >= 10 else f"{hours:.1f} billed hours"


def percent_of(chance: float) -> str:
    """A probability in percent as text, never 0 or 100 %."""
    return "under 1 %" if chance < 0.01 else "over 99 %" if chance > 0.99 else f"{round(100 * chance)} %"
