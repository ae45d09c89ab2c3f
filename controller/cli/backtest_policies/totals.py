"""Adds up what policies would have done to recorded jobs, per team and rule, without keeping the jobs in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime

from controller.cli.backtest_policies.judge_recorded_job import ORDER, RESUBMIT, Act, Judged, judged_job, when_created
from controller.jobs.job import Job, Outcome
from controller.policy.policy import Policy
from controller.units.free_text import one_line
from controller.units.money import Micros, Rate, cost_micros

TEAMS_MAX = 500
NO_TEAM = "(no team)"
OTHER_TEAMS = "(other teams)"
EXAMPLES_MAX = 5
SPOT_JOBS_MIN = 5  # in a pool, before its discount is used

RateOf = Callable[[str, str, datetime, datetime | None], Rate | None]
Pool = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Totals:
    """What happens to some jobs. A job that breaks several rules is counted for each of them, but once in a total over rules.

    ``unspent_micros``: what the stopped jobs were billed. ``delayed_s``: the sum of the waits before further attempts. For a
    repaired job this is its recorded time from creation to training, for a job that is submitted again its backoff.
    ``saved_micros``: an estimate (docs/backtest.md). ``unestimated``: the jobs for which one of the two amounts is unknown.
    """

    jobs: int = 0
    flagged: int = 0
    warned: int = 0
    not_repairable: int = 0
    repaired: int = 0
    stopped: int = 0
    resubmitted: int = 0
    undecided: int = 0
    delayed: int = 0
    delayed_s: int = 0
    unspent_micros: Micros = 0
    saved_micros: Micros = 0
    unestimated: int = 0

    def add(self, other: Totals) -> None:
        for name in NAMES:
            if more := getattr(other, name):
                setattr(self, name, getattr(self, name) + more)


NAMES = tuple(one.name for one in fields(Totals))


@dataclass(slots=True)
class SpotUse:
    """The spot jobs of a pool in the history: their number, and their instance-seconds of training and as billed."""

    jobs: int = 0
    training_s: int = 0
    billable_s: int = 0


@dataclass(slots=True, kw_only=True)
class Moved:
    """The cost of one pool's on-demand jobs that a repair moves to spot; the saving is computed at the end of the history."""

    jobs: int = 0
    cost_micros: Micros = 0


Cell = tuple[str, str, str]
"""Team, name of the rule, kind of the rule. With an empty rule it is a team's total over all rules."""


@dataclass(slots=True)
class PolicyTotals:
    """The result of one policy folder. ``moved``: what ``Backtest.finish`` turns into savings."""

    policy: Policy
    cells: dict[Cell, Totals] = field(default_factory=dict)
    moved: dict[tuple[Cell, Pool], Moved] = field(default_factory=dict)

    def cell(self, team: str, rule: str = "", kind: str = "") -> Totals:
        found = self.cells.get((team, rule, kind))
        if found is None:
            found = self.cells[team, rule, kind] = Totals()
        return found


@dataclass(slots=True)
class Difference:
    """How many jobs two policies treat differently in one way, and the names of the first."""

    jobs: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Backtest:
    """The result of one history, for one policy or for two and their differences. ``repeated``: lines of a job counted before."""

    policies: tuple[PolicyTotals, ...]
    rate_of: RateOf
    jobs: int = 0
    repeated: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    differences: dict[tuple[str, Act, Act], Difference] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)
    _teams: set[str] = field(default_factory=set)
    _spot: dict[Pool, SpotUse] = field(default_factory=dict)
    _rates: dict[tuple[str, str, date], Rate | None] = field(default_factory=dict)

    def add(self, job: Job) -> None:
        """Count a job; a repeated line of the same job is ignored."""
        key = hash((job.arn or job.name, job.created_at))
        if key in self._seen:
            self.repeated += 1
            return
        self._seen.add(key)
        self.jobs += 1
        self.first_at = min(self.first_at or job.created_at, job.created_at)
        self.last_at = max(self.last_at or job.created_at, job.created_at)
        self._note_spot(job)
        created = when_created(job)
        judged = [judged_job(job, created, each.policy) for each in self.policies]
        cost = self._cost(job)
        for each, one in zip(self.policies, judged, strict=True):
            self._count(each, job, one, cost)
        if len(judged) == 2:
            self._compare(job, *judged)

    def finish(self) -> None:
        """Estimate what moves to spot save, from the discount of each pool's own spot jobs in this history."""
        for each in self.policies:
            for (cell, pool), moved in each.moved.items():
                use = self._spot.get(pool, SpotUse())
                known = use.jobs >= SPOT_JOBS_MIN and use.training_s > 0
                saved = moved.cost_micros * (use.training_s - use.billable_s) // use.training_s if known else 0
                each.cells[cell].saved_micros += max(saved, 0)
                each.cells[cell].unestimated += 0 if known else moved.jobs
            each.moved.clear()

    def team(self, name: str) -> str:
        """The team's name in one line; beyond TEAMS_MAX teams, one common name for all others."""
        plain = one_line(name, 64) or NO_TEAM
        if plain not in self._teams:
            if len(self._teams) >= TEAMS_MAX:
                return OTHER_TEAMS
            self._teams.add(plain)
        return plain

    def _note_spot(self, job: Job) -> None:
        if job.spot and job.usage is not None and job.usage.training_s:
            use = self._spot.setdefault((job.instance_type, job.region), SpotUse())
            use.jobs += 1
            use.training_s += job.usage.training_s * job.instance_count
            use.billable_s += job.usage.billable_s * job.instance_count

    def _cost(self, job: Job) -> Micros | None:
        usage = job.measurable_usage
        if usage is None:
            return None
        if not usage.billable_s:
            return 0
        rate = self._rate((job.instance_type, job.region), job.ended_at or job.created_at)
        return cost_micros(usage.billable_s, job.instance_count, rate.micros_per_h) if rate is not None else None

    def _rate(self, pool: Pool, at: datetime) -> Rate | None:
        """The price of a pool on a day, read once for each pool and day."""
        key = (*pool, at.date())
        if key not in self._rates:
            self._rates[key] = self.rate_of(*pool, at, None)
        return self._rates[key]

    def _count(self, each: PolicyTotals, job: Job, judged: Judged, cost: Micros | None) -> None:
        team = self.team(judged.team)
        everything = self._put(each, (team, "", ""), job, judged, judged.act, cost, resubmitted=judged.backoff_s is not None)
        everything.undecided += int(bool(judged.undecided))
        for rule in judged.rules:
            self._put(each, (team, rule.rule, rule.kind), job, judged, rule.act, cost, resubmitted=rule.kind == RESUBMIT)
        for name in judged.undecided:
            kind = next(r.kind for r in each.policy.rules if r.name == name)
            undecided = each.cell(team, name, kind)
            undecided.jobs += 1
            undecided.undecided += 1

    def _put(
        self, each: PolicyTotals, cell: Cell, job: Job, judged: Judged, act: Act, cost: Micros | None, *, resubmitted: bool
    ) -> Totals:
        found = each.cell(*cell)
        _count_act(found, job, judged, act, cost, resubmitted=resubmitted)
        if act is Act.REPAIRED and judged.to_spot and cost is not None:
            moved = each.moved.setdefault((cell, (job.instance_type, job.region)), Moved())
            moved.jobs += 1
            moved.cost_micros += cost
        return found

    def _compare(self, job: Job, new: Judged, old: Judged) -> None:
        if new.act is not old.act:
            found = self.differences.setdefault((self.team(new.team), old.act, new.act), Difference())
            found.jobs += 1
            if len(found.examples) < EXAMPLES_MAX:
                found.examples.append(one_line(job.name, 80))


def _count_act(found: Totals, job: Job, judged: Judged, act: Act, cost: Micros | None, *, resubmitted: bool) -> None:
    """Add one act on one job to the totals. It changes few fields, because a long history has millions of acts."""
    found.jobs += 1
    if resubmitted:
        found.resubmitted += 1
    match act:
        case Act.WARNED:
            found.warned += 1
        case Act.NOT_REPAIRED:
            found.not_repairable += 1
        case Act.STOPPED:
            found.stopped += 1
            found.unspent_micros += cost or 0
            found.unestimated += int(cost is None)
        case Act.REPAIRED:
            found.repaired += 1
            found.delayed += 1
            found.delayed_s += max(int(((job.started_at or job.created_at) - job.created_at).total_seconds()), 0)
            found.unestimated += int(cost is None and (judged.to_spot or judged.saves))
            if judged.saves and cost:
                found.saved_micros += cost * _repeated_share(job) // 1_000_000
    if act is not Act.NOTHING:
        found.flagged += 1
    if resubmitted and act is not Act.REPAIRED:
        found.delayed += 1
        found.delayed_s += judged.backoff_s or 0


def _repeated_share(job: Job) -> int:
    """The share of a completed job's training time that came before its last interruption, in millionths: it was repeated."""
    spans = [(i.end - i.start).total_seconds() for i in job.intervals if i.end is not None]
    total = sum(spans)
    if job.outcome is not Outcome.COMPLETED or len(spans) < 2 or total <= 0:
        return 0
    return min(max(int(1_000_000 * sum(spans[:-1]) / total), 0), 1_000_000)


def summed(cells: Iterable[Totals]) -> Totals:
    """The sum of totals."""
    total = Totals()
    for one in cells:
        total.add(one)
    return total


def by_rule(result: PolicyTotals) -> Mapping[tuple[str, str], Totals]:
    """The totals of each rule over all teams."""
    found: dict[tuple[str, str], Totals] = {}
    for (_, rule, kind), totals in result.cells.items():
        if rule:
            found.setdefault((rule, kind), Totals()).add(totals)
    return found


def everything(result: PolicyTotals) -> Totals:
    """The totals over all jobs; each job is counted once."""
    return summed(totals for (_, rule, _), totals in result.cells.items() if not rule)


def sorted_differences(found: Mapping[tuple[str, Act, Act], Difference]) -> list[tuple[str, Act, Act, Difference]]:
    """The differences, the most severe acts of the new policy first."""
    rows = [(team, before, after, one) for (team, before, after), one in found.items()]
    return sorted(rows, key=lambda row: (-ORDER[row[2]], -ORDER[row[1]], row[0]))
