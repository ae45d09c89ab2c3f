"""What scheduled work stores, as small ports: days, pools, prices, market signals, passes and digests.

All raise Unreachable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from controller.ledger.pool import MarketSignal, PoolMemory
from controller.ledger.refused_create import RefusedCreate
from controller.savings.rollup import Rollup
from controller.units.money import Rate
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDay:
    """A mark that a lineage has added an entry to a day that was over; ``version`` is that of the commit, ``at`` its time.

    ``at`` is None in marks from before, and in those of days that could not be rolled up.
    """

    day: date
    lineage: str
    version: int
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollupVersions:
    """What a new rollup of a day is based on: the day's rollup as it is now, and how often people were forgotten until now."""

    rollup: int
    forgotten: int


class ReadDays(Protocol):
    """Reads the rollups of closed days."""

    def rollups(self, since: date, until: date) -> Iterable[tuple[date, Rollup]]:
        """The rollups of closed days, oldest first."""

    def closed_until(self) -> datetime | None:
        """The midnight (UTC) before which every day is closed; None where none is."""


class Days(ReadDays, Protocol):
    """Closes days: each is rolled up once, and again when an entry is added later."""

    def late(self) -> Iterable[LateDay]:
        """The days to which an entry was added after they were over; perhaps several marks for one day."""

    def mark_late(self, day: date, why: str) -> None:
        """Mark a day that it is rolled up again: what is known about its entries has changed."""

    def versions(self, day: date) -> RollupVersions:
        """The versions to read before what a rollup of the day is made of."""

    def put_rollup(
        self, day: date, rollup: Rollup, *, settles: Iterable[LateDay] = (), if_still: RollupVersions | None = None
    ) -> bool:
        """Write the rollup of a closed day in place of the former one, and remove the marks that it settles.

        False, and nothing is written, where the versions are not ``if_still`` any more: somebody rolled the day up, or forgot a
        person. A mark that was made again meanwhile stays.
        """

    def note_forgotten(self) -> None:
        """Store that a person was taken out of the entries: a rollup of entries that were read before is not written.

        Raises Unreachable where others do the same each time.
        """

    def note_closed(self, until: datetime) -> None:
        """Store that every day before this midnight is closed. It never moves back."""


class ReadPoolMemories(Protocol):
    """Reads the statistics of pools."""

    def memory(self, instance_type: str, region: str, since: datetime) -> PoolMemory:
        """The statistics of a pool since a day; empty where there are none."""


class PoolMemories(ReadPoolMemories, Protocol):
    """Daily statistics of pools of spot capacity."""

    def remember(self, day: date, memories: Iterable[PoolMemory]) -> None:
        """Write a closed day's statistics of each pool, in place of the former ones."""


class StoredPrices(Protocol):
    """Prices from AWS's list, as they were stored."""

    def note_rates(self, region: str, rates: Mapping[str, Rate]) -> None:
        """Store the prices of instance types in a region, with their day."""

    def rates(self, region: str) -> Mapping[str, tuple[Rate, ...]]:
        """The stored prices of instance types in a region, oldest first."""

    def refreshed_at(self, region: str) -> datetime | None:
        """When the region's prices were last refreshed."""

    def note_refresh(self, region: str, at: datetime) -> None:
        """Store that the region's prices were refreshed. It never moves back."""

    def billed_until(self, region: str) -> datetime | None:
        """The end of the newest bill whose prices were stored; None where none was."""

    def note_billed(self, region: str, until: datetime) -> None:
        """Store that prices of a bill up to then were stored. It never moves back."""


class MarketSignals(Protocol):
    """EC2's spot signals, and what SageMaker refused to create."""

    def note_signal(self, signal: MarketSignal) -> bool:
        """Store a market signal; False when it was known."""

    def note_refused(self, refused: RefusedCreate) -> bool:
        """Store a CreateTrainingJob that SageMaker refused; False when it was known."""

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]:
        """Market signals with ``since`` <= ``at`` < ``until``."""

    def refused(self, since: datetime, until: datetime) -> Iterable[RefusedCreate]:
        """Creates that SageMaker refused, with ``since`` <= ``at`` < ``until``."""


class DiscoverPass(StrEnum):
    """One of discover's passes. The values are stored."""

    FIRST = "discover"
    SECOND = "discover-again"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassPosition:
    """Where a pass stands that was cut off: it reads the list of all jobs, newest first.

    ``upto`` is until when it will have read changes. ``token`` asks for the page where it stands; SageMaker may accept it no
    more. Then ``created_at`` holds: jobs created later are done, and of those created at that time, the ones in ``names``.
    """

    upto: datetime
    token: str = ""
    created_at: datetime | None = None
    names: tuple[str, ...] = ()


class DiscoverPasses(Protocol):
    """How far discover has come."""

    def position(self, which: DiscoverPass) -> PassPosition | None:
        """Where a pass stood last; None where none was noted. It is over when changes are read until its ``upto``."""

    def note_position(self, which: DiscoverPass, position: PassPosition) -> None:
        """Store where a pass stands, in place of its former position."""

    def passed_until(self, which: DiscoverPass) -> datetime | None:
        """Until when a pass has read changes; None where it never did."""

    def note_passed(self, which: DiscoverPass, until: datetime) -> None:
        """Store until when a pass has read changes. It never moves back."""


class Digests(Protocol):
    """When digests were queued. No time moves back."""

    def queued_at(self, period: str, channel: str) -> datetime | None:
        """When the channel's digest of this period was last queued."""

    def reported_until(self, period: str, channel: str) -> date | None:
        """The first UTC day that no digest of the channel has reported; None where nobody noted it."""

    def note_queued(self, period: str, channel: str, at: datetime, until: date) -> None:
        """Store that the channel's digest was queued, and the first UTC day that it does not report."""

    def checked_at(self) -> datetime | None:
        """When all digests were last checked."""

    def note_checked(self, at: datetime) -> None:
        """Store that all digests were checked."""


class BlockSupport(Protocol):
    """Whether the Slack workspace accepts tables and charts."""

    def blocks_refused_at(self) -> datetime | None:
        """When Slack last refused them; None where it never did."""

    def note_blocks_refused(self, at: datetime) -> None:
        """Store that Slack refused them. It never moves back."""
