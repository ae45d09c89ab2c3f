"""A report: what spot saved, cost, wasted and could have saved in a period, with rules, interruptions and deadlines.

A report is a value, summed from the rollups of days. How it looks is in ``controller.notifications.report_formats``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from controller.ledger.pool import PoolMemory
from controller.savings.attempt_savings import Savings
from controller.savings.forecast import Forecast, forecast_of
from controller.savings.interruption_rates import estimate
from controller.savings.own_cost import own_cost_micros
from controller.savings.rollup import KEPT, MISSED, CountKind, Group, Mover, Rollup
from controller.units.calendar import month_start, next_month_start
from controller.units.money import Micros
from controller.units.plural import count
from controller.units.value import dataclass

PERIODS_BEFORE = 4
FIRST_DAY = date(2017, 11, 29)  # when SageMaker was released: no job is older
DAY = timedelta(days=1)


class By(StrEnum):
    """By what a report groups its lines."""

    TEAM = "team"
    USER = "user"
    ALGORITHM = "algorithm"
    FAMILY = "instance-family"
    POOL = "pool"
    ACCOUNT = "account"  # account and region, for a report over several ledgers


NAMES: Mapping[By, Callable[[Group], str]] = {
    By.TEAM: lambda group: group.team,
    By.USER: lambda group: group.user,
    By.ALGORITHM: lambda group: group.algorithm,
    By.FAMILY: lambda group: group.family,
    By.POOL: lambda group: group.pool,
    By.ACCOUNT: lambda _: "all accounts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a report."""

    name: str
    savings: Savings

    @property
    def missed_micros(self) -> Micros:
        """What on-demand first attempts would have saved on spot."""
        return self.savings.missed_micros

    @property
    def missed_unknown(self) -> int:
        """On-demand first attempts in pools without a spot job to compare with."""
        return self.savings.missed_unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLine:
    """How often jobs of a pool were interrupted in a period.

    ``interruptions`` is the number in the period. ``mean`` is the rate per hour of spot training, ``low`` and ``high`` its
    interval of 90 %. The rate counts the interruptions and the seconds (``exposure_s``) of jobs that ended in the period.
    """

    name: str
    interruptions: int
    exposure_s: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLine:
    """How many CreateTrainingJob calls of a team SageMaker refused, and why (``limit`` is ``RefusedCreate.limit_name``)."""

    team: str
    limit: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The total of an earlier period."""

    since: date
    until: date
    savings: Savings


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the figures of a report come from, and when it was made.

    ``account_name`` is the policy's name for the account, ``policy`` the revision that was in force when it was made.
    """

    made_at: datetime
    account: str = ""
    region: str = ""
    account_name: str = ""
    billed_until: date | None = None  # the end of the newest bill whose prices were recorded
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures from ``since`` until before ``until`` (days, UTC), for some teams, or for all if ``teams`` is empty.

    ``before`` is the total of the period before, ``days`` are the totals of each day. Lines are sorted by savings, counts by
    number, the largest first. ``trend`` are the totals of earlier periods, the oldest first.
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
    rates: tuple[tuple[str, int], ...]  # attempts by ``RateBasis``; empty for days of older versions
    movers: tuple[Mover, ...] = ()
    trend: tuple[Trend, ...] = ()
    forecast: Forecast | None = None
    origin: Origin | None = None
    refused: tuple[RefusedLine, ...] = ()  # the largest number first

    def largest_lines(self, most: int) -> tuple[Line, ...]:
        """At most ``most`` lines: those with the largest saved, spent or wasted amounts, and one line for all others."""
        if len(self.lines) <= most:
            return self.lines
        largest = sorted(self.lines, key=lambda line: (-_size(line), line.name))[: most - 1]
        rest = [line for line in self.lines if line not in largest]
        others = Line(name=count(len(rest), "other"), savings=sum((line.savings for line in rest), Savings()))
        return (*(line for line in self.lines if line in largest), others)

    @property
    def most_wasted(self) -> tuple[Line, ...]:
        """The lines that wasted anything, the largest amount first."""
        wasted = (line for line in self.lines if line.savings.wasted_micros > 0)
        return tuple(sorted(wasted, key=lambda line: (-line.savings.wasted_micros, line.name)))


def _size(line: Line) -> Micros:
    one = line.savings
    return max(abs(one.saved_micros), one.spent_micros, one.wasted_micros)


def report_of(
    days: Mapping[date, Rollup],
    since: date,
    until: date,
    *,
    by: By = By.TEAM,
    teams: Collection[str] = (),
    origin: Origin | None = None,
) -> Report:
    """Make the report of a period from the rollups of its days and of the days before, as far as there are any."""
    part = {day: rollup.of_teams(teams) for day, rollup in days.items()}
    of = _sum(part[day] for day in _days(since, until) if day in part)
    [(start, _), *_rest] = [*periods_before(since, until), (since, since)]
    before = _sum(part[day] for day in _days(start, since) if day in part)
    kept = of.count(CountKind.DEADLINE)
    of_days = tuple((day, part[day].total) for day in _days(since, until) if day in part)
    return Report(
        since=since, until=until, by=by, teams=tuple(sorted(teams)), total=Line(name="all", savings=of.total),
        before=Line(name="before", savings=before.total), lines=_lines(of, by), movers=of.movers,
        days=of_days, trend=_trend(part, since, until), origin=origin,
        forecast=forecast_of(of_days, since, until, origin.made_at.date() if origin else None),
        outcomes=_most(of, CountKind.OUTCOME), violations=_most(of, CountKind.VIOLATION), interruptions=_pools(of),
        signals=_most(of, CountKind.SIGNAL), refused=_refused(of), rates=_most(of, CountKind.RATE),
        deadlines_kept=kept[KEPT], deadlines_missed=kept[MISSED],
        own_cost_micros=own_cost_micros(days=(until - since).days, entries=sum(of.count(CountKind.ENTRY).values())),
    )  # fmt: skip


def report_of_ledgers(
    ledgers: Mapping[str, Mapping[date, Rollup]],
    since: date,
    until: date,
    *,
    by: By = By.TEAM,
    teams: Collection[str] = (),
    origin: Origin | None = None,
) -> Report:
    """The report over several ledgers, by their names. Their days are summed, and so are the costs of their controllers."""
    apart = {name: report_of(days, since, until, by=by, teams=teams) for name, days in ledgers.items()}
    days: dict[date, Rollup] = {}
    for found in ledgers.values():
        for day, rollup in found.items():
            days[day] = days[day] + rollup if day in days else rollup
    whole = report_of(days, since, until, by=by, teams=teams, origin=origin)
    lines = [Line(name=name, savings=one.total.savings) for name, one in apart.items() if one.total.savings.attempts]
    return replace(
        whole, own_cost_micros=sum(one.own_cost_micros for one in apart.values()),
        lines=tuple(sorted(lines, key=_by_saved)) if by is By.ACCOUNT else whole.lines,
    )  # fmt: skip


def periods_before(since: date, until: date) -> list[tuple[date, date]]:
    """At most four periods before one, newest first: of the same length, or calendar months before a whole calendar month."""
    if until <= since:
        return []
    found = []
    whole_month = since == month_start(since) and until == next_month_start(since)
    for _ in range(PERIODS_BEFORE):
        if since <= FIRST_DAY + (until - since):
            break
        start = month_start(since - DAY) if whole_month else since - (until - since)
        found.append((start, since))
        since, until = start, since
    return found


def first_day_needed(since: date, until: date) -> date:
    """The first day that a report of a period needs: that of the oldest period with which it compares."""
    return min((start for start, _ in periods_before(since, until)), default=since)


def _trend(part: Mapping[date, Rollup], since: date, until: date) -> tuple[Trend, ...]:
    """The earlier periods with attempts."""
    found = []
    for start, end in reversed(periods_before(since, until)):
        total = _sum(part[day] for day in _days(start, end) if day in part).total
        if total.attempts:
            found.append(Trend(since=start, until=end, savings=total))
    return tuple(found)


def _lines(rollup: Rollup, by: By) -> tuple[Line, ...]:
    sums: dict[str, Savings] = {}
    for group, savings in rollup.groups.items():
        name = NAMES[by](group)
        sums[name] = sums[name] + savings if name in sums else savings
    lines = (Line(name=name, savings=savings) for name, savings in sums.items())
    return tuple(sorted(lines, key=_by_saved))


def _by_saved(line: Line) -> tuple[Micros, str]:
    return -line.savings.saved_micros, line.name


def _pools(rollup: Rollup) -> tuple[PoolLine, ...]:
    exposure, within = rollup.count(CountKind.EXPOSURE_S), rollup.count(CountKind.EXPOSED_TO)
    lines = []
    for name, interruptions in _most(rollup, CountKind.INTERRUPTION):
        memory = PoolMemory(instance_type=name, region="", exposure_s=exposure[name], interruptions=within[name])
        rate = estimate(memory)
        lines.append(
            PoolLine(
                name=name, interruptions=interruptions, exposure_s=exposure[name], mean=rate.mean, low=rate.low, high=rate.high
            )
        )  # fmt: skip
    return tuple(lines)


def _most(rollup: Rollup, kind: CountKind) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(rollup.count(kind).items(), key=lambda item: (-item[1], item[0])))


def _refused(rollup: Rollup) -> tuple[RefusedLine, ...]:
    counts = sorted((-number, name, team) for (kind, team, name), number in rollup.counts.items() if kind is CountKind.REFUSED)
    return tuple(RefusedLine(team=team, limit=name, count=-number) for number, name, team in counts)


def _sum(rollups: Iterable[Rollup]) -> Rollup:
    """The sum of many rollups. They are added in pairs, because one by one the groups of a month would be copied thirty times."""
    parts: Sequence[Rollup] = list(rollups)
    while len(parts) > 1:
        parts = [parts[i] + parts[i + 1] if i + 1 < len(parts) else parts[i] for i in range(0, len(parts), 2)]
    return parts[0] if parts else Rollup()


def _days(since: date, until: date) -> Iterable[date]:
    return (since + n * DAY for n in range(max((until - since).days, 0)))
