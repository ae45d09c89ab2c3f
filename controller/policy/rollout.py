"""How a rule that enforces begins: for a share of the lineages, from a date on, and with a guard against surprises.

Until then it warns. All of this is for roll-out and not for security: whoever creates jobs can create one more, and with it
another place in the share.
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
"""How long a revision is guarded after it took force: nobody can disarm an older rule by breaking it often."""
LEAST = 3  # jobs: fewer are no surprise, however small a day is
THIN_DAY = 10  # jobs: fewer, or fewer than the limit, do not show which teams there are


class HeldBack(StrEnum):
    """Why a rule that enforces only warns about a job."""

    SHARE = "share"
    DATE = "date"
    SURPRISE = "surprise"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurpriseGuard:
    """More jobs than this, or than this part of the jobs and of the teams of the last day, are a surprise; None is no limit."""

    jobs: Annotated[int, SURPRISE_JOBS] | None = None
    percent: Percent | None = None

    def surprised(self, acted: Mapping[str, int], last_day: Mapping[str, int] | None) -> bool:
        """Whether so many jobs of these teams are a surprise. ``last_day`` has the jobs of each team; None where none is known.

        A team counts with at most as many jobs as it had on the last day, or with half of the limit where that is more: one
        team alone cannot hold a rule back by breaking it more often than it ever ran jobs. After a thin day, every job counts.
        """
        total = sum(last_day.values()) if last_day else 0
        limits = [self.jobs] if self.jobs is not None else []
        if self.percent is not None:  # after a day without jobs, or before a day is known: the least
            limits.append(ceil(total * self.percent / 100))
        if not limits:
            return False
        limit = max(min(limits), LEAST - 1)
        if not last_day or total < max(limit, THIN_DAY):  # such as a Sunday: it says little about the teams of a Monday
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
    """``share`` is a part of the lineages from 0 to 1; ``enforce_from`` a day that begins at midnight UTC."""

    share: Annotated[float, SHARE] = 1.0
    enforce_from: date | None = None
    surprise: SurpriseGuard | None = None

    def held_back(self, lineage: str, at: datetime) -> HeldBack | None:
        """Why the rule does not enforce for a lineage at a time, as far as that depends on no other job."""
        if self.enforce_from is not None and at.date() < self.enforce_from:
            return HeldBack.DATE
        if self.share < 1 and position_of(lineage) >= self.share:
            return HeldBack.SHARE
        return None


AT_ONCE = Rollout()


def position_of(lineage: str) -> float:
    """The position of a lineage among all, from 0 to 1: always the same, so that a larger share includes a smaller one."""
    return int.from_bytes(hashlib.sha256(lineage.encode()).digest()[:8], "big") / 2**64
