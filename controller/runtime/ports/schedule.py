"""The ports of what scheduled functions store: days, pools, prices, market signals, passes and digests.

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
    """A mark that a lineage added an entry to a day that was over. ``version`` is the lineage's after that, ``at`` the time.

    ``at`` is None in marks of older versions, and in marks without a commit (``mark_late``): then ``lineage`` is their reason.
    """

    day: date
    lineage: str
    version: int
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollupVersions:
    """The state that a new rollup of a day is based on: the version number of the stored rollup (0: none), and how often people
    were forgotten until now.
    """

    rollup: int
    forgotten: int


class ReadDays(Protocol):
    """Reads the rollups of closed days."""

    def rollups(self, since: date, until: date) -> Iterable[tuple[date, Rollup]]:
        """The rollups of closed days, oldest first."""

    def closed_until(self) -> datetime | None:
        """The midnight (UTC) before which every day is closed; None where no day is."""


class Days(ReadDays, Protocol):
    """Closes days: each is rolled up once, and again when an entry is added later."""

    def late(self) -> Iterable[LateDay]:
        """The marks of days that have to be rolled up again; a day may have several."""

    def mark_late(self, day: date, why: str) -> None:
        """Mark a day to be rolled up again, because what is known about its entries has changed. ``why`` identifies the mark."""

    def versions(self, day: date) -> RollupVersions:
        """The versions on which a rollup is based; read them before the entries of the day."""

    def put_rollup(
        self, day: date, rollup: Rollup, *, settles: Iterable[LateDay] = (), if_still: RollupVersions | None = None
    ) -> bool:
        """Write the rollup of a closed day in place of the former one, and remove the marks that it ``settles``.

        False, and nothing is written, where the versions are no longer ``if_still``: the day was rolled up meanwhile, or a person
        was forgotten. A mark that was made again meanwhile stays.
        """

    def note_forgotten(self) -> None:
        """Store that a person was removed from the entries, so that no rollup of entries read before that is written.

        Raises Unreachable where others did the same in each try.
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
        """The end of the newest bill with stored prices; None without one."""

    def note_billed(self, region: str, until: datetime) -> None:
        """Store the end of a bill after its prices were stored. It never moves back."""


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
    """How far a pass over the list of all jobs, newest first, has come.

    ``upto`` is the time until which it reads changes. ``token`` is SageMaker's for the page to read next; it may be refused
    later. Then jobs created after ``created_at`` are done, and so are those created at that time whose name is in ``names``.
    """

    upto: datetime
    token: str = ""
    created_at: datetime | None = None
    names: tuple[str, ...] = ()


class DiscoverPasses(Protocol):
    """How far discover has come."""

    def position(self, which: DiscoverPass) -> PassPosition | None:
        """The last position of a pass; None without one. The pass is complete if ``passed_until`` reached its ``upto``."""

    def note_position(self, which: DiscoverPass, position: PassPosition) -> None:
        """Store the position of a pass, in place of its former one."""

    def passed_until(self, which: DiscoverPass) -> datetime | None:
        """The time until which a pass has read changes; None where it was never complete."""

    def note_passed(self, which: DiscoverPass, until: datetime) -> None:
        """Store the time until which a pass has read changes. It never moves back."""


class Digests(Protocol):
    """When digests were queued. No time moves back."""

    def queued_at(self, period: str, channel: str) -> datetime | None:
        """When the channel's digest of this period was last queued."""

    def reported_until(self, period: str, channel: str) -> date | None:
        """The first UTC day that no digest of the channel has reported; None where it was not stored."""

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
