"""Whether a job is worth running on spot: what is expected of it there and on-demand, as the rule ``spot-worth-it`` reads it."""

from __future__ import annotations

from controller.units.money import Micros, dollars
from controller.units.value import dataclass

HOURS_MOST = 1e6  # beyond that, a number says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What is expected of a run in one place.

    ``chance`` is that of finishing in time, from 0 to 1. ``hours`` is the expected training that is billed until the run is
    finished, per instance and before any discount; ``exact`` is False where it is at least so much. ``share`` is the cost as a
    part of on-demand's, None where the discount is unknown. ``micros`` is the cost in dollars, None where it is unknown.
    """

    chance: float
    hours: float
    exact: bool
    share: float | None
    micros: Micros | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotWorth:
    """The prospects of a job that has not begun to train.

    ``without`` is for a job that writes no checkpoints, ``checkpointed`` for one that writes a checkpoint each ``every_s``
    seconds. ``written`` says whether the job writes them; None where nobody knows. ``other_type`` is an instance type on which
    the same job would do better.
    """

    instance_type: str
    checkpoint_uri: str | None
    wait_s_max: int | None
    run_s: int
    interruptions: int
    pool_s: int  # of spot training in the job's pool, in which the interruptions came
    without: Prospect
    checkpointed: Prospect
    every_s: int
    on_demand: Prospect
    written: bool | None
    other_type: str = ""
    other: Prospect | None = None


def prospect_of(prospect: Prospect) -> str:
    """A prospect for people: "97 % to finish, expected $24.10"."""
    return f"{percent_of(prospect.chance)} to finish, {expected_of(prospect)}"


def expected_of(prospect: Prospect) -> str:
    """The expected cost, or what it is at least."""
    return f"expected {'' if prospect.exact else 'more than '}{cost_of(prospect)}"


def cost_of(prospect: Prospect) -> str:
    """The cost in dollars, or in hours where no price is known."""
    if prospect.micros is not None:
        return dollars(prospect.micros)
    hours = min(prospect.hours, HOURS_MOST)
    return f"{hours:,.0f} billed hours" if hours >= 10 else f"{hours:.1f} billed hours"


def percent_of(chance: float) -> str:
    """A chance in percent; it is never certain."""
    return "under 1 %" if chance < 0.01 else "over 99 %" if chance > 0.99 else f"{round(100 * chance)} %"
