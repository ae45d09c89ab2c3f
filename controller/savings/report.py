"""A report: what spot saved, cost, wasted and could have saved in a period, with its rules, interruptions and deadlines.

A report is a value, summed from the rollups of days. How it looks is in ``controller.notifications.report_formats``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from controller.ledger.pool import PoolMemory
from controller.savings.arithmetic import Savings
from controller.savings.interruption_rates import estimate
from controller.savings.own_cost import own_cost_micros
from controller.savings.rollup import KEPT, MISSED, CountKind, Group, Rollup
from controller.units.money import Micros

DAY = timedelta(days=1)


class By(StrEnum):
    """By what a report lists its figures."""

    TEAM = "team"
    USER = "user"
    ALGORITHM = "algorithm"
    FAMILY = "instance-family"
    POOL = "pool"


NAMES: Mapping[By, Callable[[Group], str]] = {
    By.TEAM: lambda group: group.team,
    By.USER: lambda group: group.user,
    By.ALGORITHM: lambda group: group.algorithm,
    By.FAMILY: lambda group: group.family,
    By.POOL: lambda group: group.pool,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a report. ``missed_micros`` is what on-demand first attempts would have saved on spot, by the savings of spot
    jobs in the same pool; ``missed_unknown`` counts those in pools without a spot job.
    """

    name: str
    savings: Savings
    missed_micros: Micros
    missed_unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLine:
    """How often a pool was interrupted: interruptions per hour of spot training, with the interval that contains 90 %."""

    name: str
    interruptions: int
    exposure_s: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures from ``since`` until before ``until`` (days, UTC), for some teams, or for all where ``teams`` is empty.

    ``before`` is the total of the period of the same length before it; ``days`` are the totals of each day. Lines are sorted by
    savings, counts by number, the largest first.
    """

    since: date
    until: date
    by: By
    teams: tuple[str, ...]
    total: Line
    before: Line
    lines: tuple[Line, ...]
    days: tuple[tuple[date, Savings], ...]
    outcomes: tuple[tuple[str, int], ...]
    violations: tuple[tuple[str, int], ...]
    interruptions: tuple[PoolLine, ...]
    signals: tuple[tuple[str, int], ...]
    deadlines_kept: int
    deadlines_missed: int
    own_cost_micros: Micros

    @property
    def most_wasted(self) -> tuple[Line, ...]:
        """The lines that wasted anything, the largest first."""
        wasted = (line for line in self.lines if line.savings.wasted_micros > 0)
        return tuple(sorted(wasted, key=lambda line: (-line.savings.wasted_micros, line.name)))


def report_of(days: Mapping[date, Rollup], since: date, until: date, *, by: By = By.TEAM, teams: Collection[str] = ()) -> Report:
    """Make the report of a period from the rollups of its days and of the period before it, as far as they exist."""
    part = {day: rollup.of_teams(teams) for day, rollup in days.items()}
    of = _sum(part[day] for day in _days(since, until) if day in part)
    start = since - (until - since)
    before = _sum(part[day] for day in _days(start, since) if day in part)
    shares = shares_of(_sum(days[day] for day in _days(since, until) if day in days))
    kept = of.count(CountKind.DEADLINE)
    return Report(
        since=since, until=until, by=by, teams=tuple(sorted(teams)), total=_line("all", of.groups, shares),
        before=_line("before", before.groups, shares_of(before)), lines=_lines(of, by, shares),
        days=tuple((day, part[day].total) for day in _days(since, until) if day in part),
        outcomes=_most(of, CountKind.OUTCOME), violations=_most(of, CountKind.VIOLATION), interruptions=_pools(of),
        signals=_most(of, CountKind.SIGNAL), deadlines_kept=kept[KEPT], deadlines_missed=kept[MISSED],
        own_cost_micros=own_cost_micros(days=(until - since).days, entries=sum(of.count(CountKind.ENTRY).values())),
    )  # fmt: skip


def shares_of(rollup: Rollup) -> dict[str, float]:
    """The part of the counterfactual that spot saved in each pool with spot jobs: a fraction, negative where spot cost more."""
    pools: dict[str, Savings] = {}
    for group, savings in rollup.groups.items():
        pools[group.pool] = pools[group.pool] + savings if group.pool in pools else savings
    return {pool: share for pool, savings in pools.items() if (share := savings.spot_share) is not None}


def _lines(rollup: Rollup, by: By, shares: Mapping[str, float]) -> tuple[Line, ...]:
    parts: dict[str, dict[Group, Savings]] = {}
    for group, savings in rollup.groups.items():
        parts.setdefault(NAMES[by](group), {})[group] = savings
    lines = (_line(name, groups, shares) for name, groups in parts.items())
    return tuple(sorted(lines, key=lambda line: (-line.savings.saved_micros, line.name)))


def _line(name: str, groups: Mapping[Group, Savings], shares: Mapping[str, float]) -> Line:
    """A line; a pool in which spot saves nothing counts as nothing missed: ``missed`` is never negative."""
    missed = sum(round(s.movable_micros * max(shares.get(g.pool, 0.0), 0.0)) for g, s in groups.items())
    unknown = sum(s.movable for g, s in groups.items() if g.pool not in shares)
    return Line(name=name, savings=sum(groups.values(), Savings()), missed_micros=missed, missed_unknown=unknown)


def _pools(rollup: Rollup) -> tuple[PoolLine, ...]:
    exposure = rollup.count(CountKind.EXPOSURE_S)
    told = []
    for name, interruptions in _most(rollup, CountKind.INTERRUPTION):
        memory = PoolMemory(instance_type=name, region="", exposure_s=exposure[name], interruptions=interruptions)
        rate = estimate(memory)
        told.append(
            PoolLine(
                name=name, interruptions=interruptions, exposure_s=exposure[name], mean=rate.mean, low=rate.low, high=rate.high
            )
        )  # fmt: skip
    return tuple(told)


def _most(rollup: Rollup, kind: CountKind) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(rollup.count(kind).items(), key=lambda item: (-item[1], item[0])))


def _sum(rollups: Iterable[Rollup]) -> Rollup:
    """The sum of many rollups, in pairs: adding them one by one would copy the groups of a wide month thirty times."""
    parts: Sequence[Rollup] = list(rollups)
    while len(parts) > 1:
        parts = [parts[i] + parts[i + 1] if i + 1 < len(parts) else parts[i] for i in range(0, len(parts), 2)]
    return parts[0] if parts else Rollup()


def _days(since: date, until: date) -> Iterable[date]:
    return (since + n * DAY for n in range(max((until - since).days, 0)))
