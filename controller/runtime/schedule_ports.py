"""What scheduled work remembers, as small ports: days, pools, prices, market signals, passes and digests.

All raise Unreachable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from controller.ledger.pool import MarketSignal, PoolMemory
from controller.savings.rollup import Rollup
from controller.units.money import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDay:
    """A mark that a lineage added to a day when it was over; ``version`` is that of the commit."""

    day: date
    lineage: str
    version: int


class ReadDays(Protocol):
    """Reads what closed days come to."""

    def rollups(self, since: date, until: date) -> Iterable[tuple[date, Rollup]]:
        """The rollups of closed days, oldest first."""

    def closed_until(self) -> datetime | None:
        """The midnight (UTC) before which every day was closed; None where none was yet."""


class Days(ReadDays, Protocol):
    """Closes days: each is rolled up once, and again when something is added to it later."""

    def late(self) -> Iterable[LateDay]:
        """The days to which something was added after they were over; perhaps one mark for each lineage that did."""

    def put_rollup(self, day: date, rollup: Rollup, *, settles: Iterable[LateDay] = ()) -> None:
        """Write the rollup of a closed day in place of the former one, and remove the marks that it settles.

        A mark that was made again meanwhile stays.
        """

    def note_closed(self, until: datetime) -> None:
        """Record that every day before this midnight is closed; it never goes back."""


class ReadPoolMemories(Protocol):
    """Reads what is remembered of pools."""

    def memory(self, instance_type: str, region: str, since: datetime) -> PoolMemory:
        """What is remembered of a pool since a day; empty where nothing is."""


class PoolMemories(ReadPoolMemories, Protocol):
    """What closed days taught of pools of spot capacity."""

    def remember(self, day: date, memories: Iterable[PoolMemory]) -> None:
        """Write a closed day's statistics of each pool, in place of the former ones."""


class StoredPrices(Protocol):
    """Prices from AWS's list, as they were written down."""

    def note_rates(self, region: str, rates: Mapping[str, Rate]) -> None:
        """Write down what instance types cost in a region as of a day."""

    def rates(self, region: str) -> Mapping[str, tuple[Rate, ...]]:
        """What instance types cost in a region, oldest first, as far as it was ever written down."""

    def refreshed_at(self, region: str) -> datetime | None:
        """When the region's prices were last refreshed."""

    def note_refresh(self, region: str, at: datetime) -> None:
        """Record that the region's prices were refreshed; it never goes back."""


class MarketSignals(Protocol):
    """What EC2 says of its spot market."""

    def note_signal(self, signal: MarketSignal) -> bool:
        """Write down a market signal; False when it was known."""

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]:
        """Market signals with ``since`` <= ``at`` < ``until``."""


class DiscoverPass(StrEnum):
    """One of discover's passes over what changed; the values are stored."""

    FIRST = "discover"
    SECOND = "discover-again"


class DiscoverPasses(Protocol):
    """How far discover has come."""

    def passed_until(self, which: DiscoverPass) -> datetime | None:
        """Until when a pass has looked; None where it never did."""

    def note_passed(self, which: DiscoverPass, until: datetime) -> None:
        """Record until when a pass has looked; it never goes back."""


class Digests(Protocol):
    """When digests were queued; no moment ever goes back."""

    def queued_at(self, period: str, channel: str) -> datetime | None:
        """When the channel's digest of this period was last queued."""

    def note_queued(self, period: str, channel: str, at: datetime) -> None:
        """Record that the channel's digest was queued."""

    def checked_at(self) -> datetime | None:
        """When all digests were last looked at."""

    def note_checked(self, at: datetime) -> None:
        """Record that all digests were looked at."""


class BlockSupport(Protocol):
    """Whether the Slack workspace takes tables and charts."""

    def blocks_refused_at(self) -> datetime | None:
        """When Slack last refused them; None where it never did."""

    def note_blocks_refused(self, at: datetime) -> None:
        """Record that Slack refused them; it never goes back."""
