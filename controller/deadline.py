"""Decides when a job must leave spot for its deadline: the latest safe moment, and no sooner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Place(StrEnum):
    """Where the newest attempt is."""

    WAITING = "waiting"
    SPOT = "spot"
    ON_DEMAND = "on-demand"


class Move(StrEnum):
    STAY = "stay"
    ON_DEMAND = "on-demand"
    SPOT = "spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    now: datetime
    deadline: datetime
    remaining_s: int
    place: Place
    since: datetime
    moves: int
    spot_seen: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    overhead_s: int
    reserve_s: int
    margin_s: int
    stay_s: int
    moves_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    move: Move
    look_at: datetime
    why: str


def latest_safe(standing: Standing, terms: Terms) -> datetime:
    needed_s = standing.remaining_s + terms.overhead_s + terms.margin_s + terms.reserve_s
    return standing.deadline - timedelta(seconds=needed_s)


def earliest_finish(standing: Standing, terms: Terms) -> datetime:
    overhead_s = 0 if standing.place is Place.ON_DEMAND else terms.overhead_s
    return standing.now + timedelta(seconds=standing.remaining_s + overhead_s)


def choose(standing: Standing, terms: Terms) -> Choice:
    safe = latest_safe(standing, terms)
    if standing.place is Place.ON_DEMAND or standing.now < safe:
        return Choice(move=Move.STAY, look_at=safe, why="there is time")
    return Choice(move=Move.ON_DEMAND, look_at=safe, why="it is the latest moment at which on-demand still keeps the deadline")
