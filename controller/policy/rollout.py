"""How a rule in mode enforce is rolled out: for a share of the lineages, from a date on, and with a guard against surprises.

Where it does not enforce yet, it warns. This is no security control: anybody who may create jobs can create further ones, until
one is outside the share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Annotated

from controller.policy.bounds import SHARE, SURPRISE_JOBS, Percent
from controller.units.value import dataclass

GUARDED_FOR = timedelta(hours=24)
"""How long the guard watches a revision after it took force. Later, nobody can hold a rule back by breaking it often."""
LEAST = 3  # jobs or teams: fewer are never a surprise
THIN_DAY = 10  # jobs: a day with fewer, or with fewer than the limit, does not show which teams there are


class HeldBack(StrEnum):
    """Why a rule in mode enforce only warns about a job."""

    SHARE = "share"  # the lineage is outside the share
    DATE = "date"  # enforce_from is in the future
    SURPRISE = "surprise"  # the guard found too many jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class SurpriseGuard:
    """Holds a rule back that would act on more than ``jobs`` jobs, or on more than ``percent`` of the last day's jobs or teams.

    None: no such limit.
    """

    jobs: Annotated[int, SURPRISE_JOBS] | None = None
    percent: Percent | None = None

    def surprised(self, acted: Mapping[str, int], last_day: Mapping[str, int] | None) -> bool:
        """Whether a rule acts on too many jobs. ``acted`` and ``last_day`` are numbers of jobs by team; None: not known.

        A team counts with at most the number of jobs that it had on the last day, or with half of the limit if that is more.
        So one team alone cannot hold a rule back by creating many jobs that break it. After a day with few jobs, all jobs count.
        """
        total = sum(last_day.values()) if last_day else 0
        limits = [self.jobs] if self.jobs is not None else []
        if self.percent is not None:  # 0 after a day without jobs, or if no day is known; LEAST then decides
            limits.append(ceil(total * self.percent / 100))
        if not limits:
            return False
        limit = max(min(limits), LEAST - 1)
        if not last_day or total < max(limit, THIN_DAY):  # a Sunday, for example, does not show the teams of a Monday
            return sum(acted.values()) > limit
        known = {team: number for team, number in acted.items() if team in last_day}
        others = sum(acted.values()) - sum(known.values())
        half = max(limit // 2, 1)
        counted = sum(min(number, max(last_day[team], half)) for team, number in known.items()) + min(others, half)
        return counted > limit or self._too_many_teams(len(known), len(last_day))

    def _too_many_teams(self, teams: int, of: int) -> bool:
        return self.percent is not None and teams >= LEAST and teams > of * self.percent / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The roll-out of one rule. ``share`` is the part of the lineages (0 to 1) for which it enforces.

    ``enforce_from`` is the first day (UTC) on which it enforces; None: always. ``surprise`` is its guard; None: no guard.
    """

    share: Annotated[float, SHARE] = 1.0
    enforce_from: date | None = None
    surprise: SurpriseGuard | None = None

    def held_back(self, lineage: str, at: datetime) -> HeldBack | None:
        """Why the rule does not enforce for a lineage at a time (UTC); None if it does. The guard is not asked."""
        if self.enforce_from is not None and at.date() < self.enforce_from:
            return HeldBack.DATE
        if self.share < 1 and position_of(lineage) >= self.share:
            return HeldBack.SHARE
        return None


AT_ONCE = Rollout()


def position_of(lineage: str) -> float:
    """A fixed number from 0 to 1 for each lineage, by a hash. So a larger share includes all lineages of a smaller one."""
    return int.from_bytes(hashlib.sha256(lineage.encode()).digest()[:8], "big") / 2**64
