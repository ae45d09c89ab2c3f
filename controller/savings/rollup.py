"""Sums the entries of a day into groups of attempts and counts, from which reports are made.

A day that is over is summed once, so that a report over a month reads days and groups, not jobs. Days can be added in any order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import NamedTuple

from controller.jobs.job import Outcome
from controller.ledger.entry import (
    CheckpointScanned,
    Credited,
    DirectivesRead,
    Ended,
    Entry,
    Finished,
    Flagged,
    Interrupted,
    JobDeleted,
    Measured,
    OwnerChecked,
    Repeated,
    RuleHeldBack,
    Started,
    Unmeasured,
    UserRequested,
    Waived,
)  # fmt: skip
from controller.ledger.pool import MarketSignal
from controller.ledger.refused_create import RefusedCreate
from controller.savings.agreed_rates import bases_of
from controller.savings.attempt_savings import Savings, attempts_of
from controller.units.money import Micros
from controller.units.value import dataclass

NOBODY = "no team"
UNTAGGED = "no user"


class Group(NamedTuple):
    """The key of attempts that are summed together: team, user, algorithm and pool."""

    team: str
    user: str
    algorithm: str
    instance_type: str
    region: str

    @property
    def pool(self) -> str:
        return f"{self.instance_type} {self.region}"

    @property
    def family(self) -> str:
        """The instance family (``ml.g5``)."""
        return ".".join(self.instance_type.split(".")[:2])


class CountKind(StrEnum):
    """What is counted. Values are stored."""

    OUTCOME = "ending"  # by outcome
    INTERRUPTION = "interruption"  # by pool
    EXPOSURE_S = "exposure_s"  # seconds of spot training, by pool
    EXPOSED_TO = "exposed_to"  # interruptions in those seconds, by pool: only those of jobs that have ended
    VIOLATION = "violation"  # by the rule's name
    DEADLINE = "deadline"  # kept or missed
    SIGNAL = "signal"  # EC2's spot warnings, by region and instance family; without a team
    RATE = "rate"  # attempts, by ``RateBasis``; one with several prices counts for each
    REFUSED = "refused"  # CreateTrainingJob calls that SageMaker refused, by ``RefusedCreate.limit_name``
    ENTRY = "entry"  # entries written, by their names: the controller's own cost is estimated from them


class Count(NamedTuple):
    """The key of a count: its kind, a team, and the name that is counted (see ``CountKind``)."""

    kind: CountKind
    team: str
    name: str


KEPT, MISSED = "kept", "missed"
REFUSED_MAX = 300  # pairs of team and limit in a day
OTHERS = "others/"

ENTRY_NAMES: Mapping[type[Entry], str] = {
    # Stored in the rollups of past days: a class may be renamed, but its name here never changes.
    Started: "Started",
    Interrupted: "Interrupted",
    Ended: "Ended",
    Measured: "Measured",
    Credited: "Credited",
    Unmeasured: "Unmeasured",
    Flagged: "Flagged",
    JobDeleted: "Vanished",
    CheckpointScanned: "Sighted",
    Finished: "Finished",
    UserRequested: "Asked",
    Waived: "Waived",
    OwnerChecked: "OwnerChecked",
    DirectivesRead: "DirectivesRead",
    RuleHeldBack: "RuleHeldBack",
    Repeated: "Repeated",
}


class Mover(NamedTuple):
    """An attempt, or all jobs of a tuning job together, that saved or wasted much.

    ``job`` is the job's or the tuning job's name. ``checkpoint`` is whether it had a CheckpointConfig, ``repeats`` how often
    SageMaker itself restarted it.
    """

    team: str
    job: str
    instance_type: str
    region: str
    spot: bool
    saved_micros: Micros
    wasted_micros: Micros
    interruptions: int
    checkpoint: bool
    repeats: int = 0


MOVERS_MAX = 5  # per team and measure
MOVERS_TOTAL_MAX = 300  # over all teams, so that a day's rollup stays small, however many team tags there are


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """The groups and counts of a period, and the attempts of each team that saved or wasted the most, or lost the most."""

    groups: Mapping[Group, Savings] = field(default_factory=dict)
    counts: Mapping[Count, int] = field(default_factory=dict)
    movers: tuple[Mover, ...] = ()

    def __add__(self, other: Rollup) -> Rollup:
        groups = dict(self.groups)
        for group, savings in other.groups.items():
            groups[group] = groups[group] + savings if group in groups else savings
        counts = dict(self.counts)
        for count, number in other.counts.items():
            counts[count] = counts.get(count, 0) + number
        return Rollup(groups=groups, counts=counts, movers=top_movers((*self.movers, *other.movers)))

    def of_teams(self, teams: Collection[str]) -> Rollup:
        """The part of these teams; the whole rollup if ``teams`` is empty."""
        if not teams:
            return self
        return Rollup(
            groups={group: savings for group, savings in self.groups.items() if group.team in teams},
            counts={count: number for count, number in self.counts.items() if count.team in teams},
            movers=tuple(mover for mover in self.movers if mover.team in teams),
        )

    @property
    def total(self) -> Savings:
        return sum(self.groups.values(), Savings())

    def count(self, kind: CountKind) -> Counter[str]:
        """The count of each name of a kind, over all teams."""
        counted: Counter[str] = Counter()
        for (of, _, name), number in self.counts.items():
            if of is kind:
                counted[name] += number
        return counted


def roll_up(entries: Iterable[Entry], signals: Iterable[MarketSignal] = (), refused: Iterable[RefusedCreate] = ()) -> Rollup:
    """Sum a day's entries in any order, with its market signals and its refused CreateTrainingJob calls.

    The Measured and the Credited entries of an attempt must be summed together.
    """
    counts: Counter[Count] = Counter()
    money: list[Entry] = []
    for entry in entries:
        team = entry.team or NOBODY
        counts[Count(CountKind.ENTRY, team, ENTRY_NAMES[type(entry)])] += 1
        counted = _counted_as(entry)
        if counted is not None:
            kind, name, number = counted
            counts[Count(kind, team, name)] += number
        if isinstance(entry, Measured) and entry.spot and entry.interruptions:
            counts[Count(CountKind.EXPOSED_TO, team, f"{entry.instance_type} {entry.region}")] += entry.interruptions
        if isinstance(entry, Measured):
            counts.update(Count(CountKind.RATE, team, basis) for basis in bases_of(entry.rate_source))
        money.append(entry)
    counts.update(Count(CountKind.SIGNAL, NOBODY, f"{s.kind} {s.pool}") for s in signals)
    counts.update(_refused(refused))
    groups: dict[Group, Savings] = {}
    movers: list[Mover] = []
    for attempt, savings in attempts_of(money):
        group = group_of(attempt)
        groups[group] = groups[group] + savings if group in groups else savings
        if isinstance(attempt, Measured):
            movers.append(_mover(attempt, savings))
    return with_missed(Rollup(groups=groups, counts=counts, movers=top_movers(movers)))


def _refused(creates: Iterable[RefusedCreate]) -> Counter[Count]:
    """How many CreateTrainingJob calls were refused, by team and limit: ``REFUSED_MAX`` counts, and one for all others.

    Without a limit the rollup could become too large: anybody can choose a team's tag, and a refused call costs nothing.
    """
    found = Counter(Count(CountKind.REFUSED, create.team or NOBODY, create.limit_name) for create in creates)
    if len(found) <= REFUSED_MAX:
        return found
    kept = Counter(dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:REFUSED_MAX]))
    kept[Count(CountKind.REFUSED, NOBODY, OTHERS)] += found.total() - kept.total()
    return kept


def with_missed(rollup: Rollup) -> Rollup:
    """The rollup of a day with what its on-demand first attempts missed, by the share that spot saved on that day.

    It is computed per day, so that the sum over days or teams equals the whole.
    """
    shares = shares_of(rollup)
    return replace(rollup, groups={group: _with_missed(group, one, shares) for group, one in rollup.groups.items()})


def _with_missed(group: Group, savings: Savings, shares: Mapping[str, float]) -> Savings:
    """The savings with the missed amount; 0 in a pool where spot saved nothing, so it is never negative."""
    if not savings.movable:
        return savings
    share = shares.get(group.pool)
    if share is None:
        return replace(savings, missed_unknown=savings.movable)
    return replace(savings, missed_micros=round(savings.movable_micros * max(share, 0.0)))


def shares_of(rollup: Rollup) -> dict[str, float]:
    """The share of the counterfactual that spot saved in each pool with spot jobs: a fraction, negative if spot cost more."""
    pools: dict[str, Savings] = {}
    for group, savings in rollup.groups.items():
        pools[group.pool] = pools[group.pool] + savings if group.pool in pools else savings
    return {pool: share for pool, savings in pools.items() if (share := savings.spot_share) is not None}


def top_movers(movers: Iterable[Mover]) -> tuple[Mover, ...]:
    """Of each team, the attempts with the largest savings, the smallest (most negative) savings, and the most waste; sorted."""
    by_team: dict[str, list[Mover]] = {}
    for mover in _by_job(movers):
        if mover.saved_micros or mover.wasted_micros:
            by_team.setdefault(mover.team, []).append(mover)
    kept: set[Mover] = set()
    for some in by_team.values():
        kept.update(sorted(some, key=lambda m: (-m.saved_micros, m.job))[:MOVERS_MAX])
        kept.update(sorted(some, key=lambda m: (m.saved_micros, m.job))[:MOVERS_MAX])
        kept.update(sorted(some, key=lambda m: (-m.wasted_micros, m.job))[:MOVERS_MAX])
    largest = sorted(kept, key=lambda m: (-max(abs(m.saved_micros), m.wasted_micros), m.job))[:MOVERS_TOTAL_MAX]
    return tuple(sorted(largest, key=lambda m: (-m.saved_micros, m.job)))


def _by_job(movers: Iterable[Mover]) -> Iterable[Mover]:
    """One mover for each job; the jobs of a tuning job are summed as one."""
    known: dict[tuple[str, str, str, str, bool], Mover] = {}
    for one in movers:
        which = (one.team, one.job, one.instance_type, one.region, one.spot)
        before = known.get(which)
        known[which] = one if before is None else _both(before, one)
    return known.values()


def _both(one: Mover, other: Mover) -> Mover:
    return one._replace(
        saved_micros=one.saved_micros + other.saved_micros, wasted_micros=one.wasted_micros + other.wasted_micros,
        interruptions=one.interruptions + other.interruptions, checkpoint=one.checkpoint and other.checkpoint,
        repeats=one.repeats + other.repeats,
    )  # fmt: skip


def _mover(attempt: Measured, savings: Savings) -> Mover:
    return Mover(
        team=attempt.team or NOBODY, job=attempt.tuner or attempt.job, instance_type=attempt.instance_type, region=attempt.region,
        spot=attempt.spot, saved_micros=savings.saved_micros, wasted_micros=savings.wasted_micros,
        interruptions=attempt.interruptions, checkpoint=attempt.checkpoint, repeats=attempt.repeats,
    )  # fmt: skip


def group_of(attempt: Measured | Unmeasured) -> Group:
    """The group of an attempt; only its team is known for one without usage."""
    team = attempt.team or NOBODY
    if isinstance(attempt, Unmeasured):
        return Group(team, UNTAGGED, "unknown", "unknown", "unknown")
    return Group(team, attempt.user or UNTAGGED, attempt.algorithm, attempt.instance_type, attempt.region)


def _counted_as(entry: Entry) -> tuple[CountKind, str, int] | None:
    """The kind, name and number that an entry adds to the counts; None for an entry that adds nothing."""
    match entry:
        case Ended():
            return CountKind.OUTCOME, entry.outcome.value, 1
        case Interrupted():
            return CountKind.INTERRUPTION, f"{entry.instance_type} {entry.region}", 1
        case Measured(spot=True):
            return CountKind.EXPOSURE_S, f"{entry.instance_type} {entry.region}", entry.training_s
        case Flagged():
            return CountKind.VIOLATION, f"{entry.policy} (waived)" if entry.waived_until else entry.policy, 1
        case Finished(deadline=deadline) if deadline is not None:
            kept = entry.outcome is Outcome.COMPLETED and entry.at <= deadline
            return CountKind.DEADLINE, KEPT if kept else MISSED, 1
        case _:
            return None
