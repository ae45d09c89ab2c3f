"""Lineages, what is due of them, and what their commits claim and count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar
from zlib import crc32

from controller.decide.decision import Decision
from controller.jobs.claim import Claim, holding_up
from controller.jobs.quota_hold import QuotaHold
from controller.jobs.work import Work
from controller.ledger.entry import Entry, Flagged, RuleHeldBack, UserRequested, Waived
from controller.ledger.intent import Intent, IntentResult, Probe, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.ledger.pool import CapacitySeen, CapacitySignal, PhaseTimes, PlacementAsked
from controller.ledger.rule_acts import RuleActs
from controller.runtime.ports.ledger import FailingTrigger, Overdue
from controller.runtime.ports.schedule import LateDay
from controller.runtime.read_events import Trigger

E = TypeVar("E")
TRANSACTION_MAX = 100  # writes in one transaction, as in DynamoDB


@dataclass(slots=True)
class Row:
    """A stored lineage. ``trigger_at`` are the times of the open intents in the index of overdue intents."""

    version: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    trigger_at: dict[str, datetime] = field(default_factory=dict)

    def put(self, intent: Intent) -> None:
        self.intents[intent.key] = intent
        self.trigger_at.pop(intent.key, None)
        if intent.open:
            self.trigger_at[intent.key] = intent.trigger_at

    def delete(self, intent: Intent) -> None:
        del self.intents[intent.key]
        self.trigger_at.pop(intent.key, None)


class MemoryLineages:
    """Lineages, what is due of them, and what their commits claim and count."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[LineageId, Row] = {}
        self.by_name: dict[tuple[str, str, str], LineageId] = {}
        self.held: dict[tuple[str, str, str, str], Claim] = {}
        self.begun: dict[tuple[datetime, str], Work] = {}
        self.on_quota: dict[tuple[str, str, str], QuotaHold] = {}
        self.signs: list[CapacitySignal] = []
        self.times: list[PhaseTimes] = []
        self.marks: dict[tuple[date, str], LateDay] = {}
        self.acted: dict[tuple[str, str], dict[str, tuple[str, datetime]]] = {}
        self.rules_held: set[tuple[str, str]] = set()
        self.fails: dict[tuple[str, str], FailingTrigger] = {}
        self.requests: dict[LineageId, dict[str, tuple[datetime, UserRequested | Waived]]] = {}

    def row(self, lineage: LineageId) -> Row:
        return self.rows.setdefault(lineage, Row())

    def load(self, lineage: LineageId) -> Lineage:
        version = self.head(lineage)  # read first, because a head that is read last could be newer than the rows
        return replace(self.rest(lineage), version=version)

    def head(self, lineage: LineageId) -> int:
        return self.row(lineage).version

    def rest(self, lineage: LineageId) -> Lineage:
        row = self.row(lineage)
        return Lineage(id=lineage, version=row.version, entries=_by_key(row.entries), intents=_by_key(row.intents))

    def submitter(self, account: str, region: str, job: str) -> LineageId | None:
        return self.by_name.get((account, region, job))

    def commit(self, lineage: Lineage, decision: Decision) -> bool:
        if (
            writes := 1 + decision.writes + len(_names(lineage.id, decision)) + len(decision.late) + len(decision.counted)
        ) > TRANSACTION_MAX:
            raise ValueError(f"a transaction of {writes} writes, wanted at most {TRANSACTION_MAX}")
        row = self.row(lineage.id)
        if row.version != lineage.version or not _fits(row, decision):
            return False
        if any(self.by_name.get(place, lineage.id) != lineage.id for place in _names(lineage.id, decision)):
            return False
        held = {(e.revision, e.policy) for e in decision.counted if isinstance(e, RuleHeldBack)}
        if held & self.rules_held:
            return False
        self.rules_held |= held
        for entry in decision.counted:
            if isinstance(entry, Flagged):
                self.acted.setdefault((entry.revision, entry.policy), {})[str(lineage.id)] = (entry.team or "", entry.at)
        self.by_name |= dict.fromkeys(_names(lineage.id, decision), lineage.id)
        row.version += 1
        row.entries |= {e.key: e for e in decision.entries}
        for intent in decision.withdrawn:
            if isinstance(intent.action, Wake):
                row.delete(intent)
            else:
                row.put(replace(row.intents[intent.key], closed=IntentResult.WITHDRAWN))
        for intent in decision.abandoned:
            row.put(replace(row.intents[intent.key], closed=IntentResult.ABANDONED))
        for intent in decision.intents:
            row.put(intent)
        for day in decision.late:
            mark = LateDay(day=day, lineage=str(lineage.id), version=row.version, at=decision.late_at)
            self.marks[day, mark.lineage] = mark
        self.signs += decision.capacity
        self.times += decision.times
        for claim in decision.released:
            self.release(claim)
        for claim in decision.claims:
            self.held[claim_key(claim)] = claim
        self.begun |= {(work.created_at, work.job): work for work in decision.works}
        for hold in decision.freed:
            self.on_quota.pop((hold.instance_type, hold.job, hold.lineage), None)
        for hold in decision.holds:
            self.on_quota[hold.instance_type, hold.job, hold.lineage] = hold
        return True

    def take(self, lineage: LineageId, intent: Intent, *, now: datetime, leased_until: datetime) -> Intent | None:
        def ready(stored: Intent) -> bool:
            return stored.trigger_at <= now

        return self._change(lineage, intent, ready, lambda stored: stored.leased(leased_until, now))

    def put_off(
        self, lineage: LineageId, intent: Intent, *, due_at: datetime, why: str, held: bool = False, no_quota: bool = False
    ) -> bool:
        def later(stored: Intent) -> Intent:
            return replace(
                stored,
                due_at=due_at,
                leased_until=None,
                why=why,
                held=intent.held + held,
                quota_refusals=intent.quota_refusals + no_quota,
            )

        put_off = self._change(lineage, intent, _any, later)
        return put_off is not None

    def close(self, lineage: LineageId, intent: Intent, closed: IntentResult, why: str) -> bool:
        return self._change(lineage, intent, _any, lambda stored: replace(stored, closed=closed, why=why)) is not None

    def _change(
        self, lineage: LineageId, intent: Intent, when: Callable[[Intent], bool], change: Callable[[Intent], Intent]
    ) -> Intent | None:
        """Change a stored intent if it is open and its claim is the caller's."""
        row = self.row(lineage)
        stored = row.intents.get(intent.key)
        if stored is None or not stored.open or stored.claim != intent.claim or not when(stored):
            return None
        changed = change(stored)
        row.put(changed)
        return changed

    def overdue(self, now: datetime, limit: int) -> list[Overdue]:
        due = [
            Overdue(trigger=Trigger(job=row.intents[key].action.about, lineage=lineage), key=key, trigger_at=trigger_at)
            for lineage, row in self.rows.items()
            for key, trigger_at in row.trigger_at.items()
            if trigger_at <= now
        ]
        requested = [
            Overdue(trigger=Trigger(job=request.job, lineage=lineage, requested=True), key=request.key, trigger_at=at)
            for lineage, waiting in self.requests.items()
            for at, request in waiting.values()
            if at <= now
        ]
        return sorted([*due, *requested], key=lambda one: (one.trigger_at, str(one.trigger.lineage), one.key))[:limit]

    def delay(self, overdue: Overdue, trigger_at: datetime) -> None:
        row = self.row(overdue.trigger.lineage) if overdue.trigger.lineage else Row()
        waiting = self.requests.get(overdue.trigger.lineage, {}) if overdue.trigger.lineage else {}
        if overdue.trigger.requested and overdue.key in waiting:
            at, request = waiting[overdue.key]
            waiting[overdue.key] = (max(at, trigger_at), request)
        elif overdue.key in row.trigger_at:
            row.trigger_at[overdue.key] = max(row.trigger_at[overdue.key], trigger_at)

    def note_failing(self, overdue: Overdue, trigger_at: datetime, problem: str) -> None:
        place = (str(overdue.trigger.lineage), overdue.key)
        since = self.fails[place].since if place in self.fails else overdue.trigger_at
        self.fails[place] = FailingTrigger(
            job=overdue.trigger.job, lineage=place[0], key=overdue.key, since=since, trigger_at=trigger_at, problem=problem[:500]
        )

    def failing(self) -> Iterable[FailingTrigger]:
        return list(self.fails.values())

    def forget_failing(self, failing: FailingTrigger) -> None:
        found = self.fails.get((failing.lineage, failing.key))
        if found is not None and found.trigger_at == failing.trigger_at:
            del self.fails[failing.lineage, failing.key]

    def claim(self, claim: Claim, *, new: bool = False) -> tuple[Claim, ...]:
        others = holding_up(claim, self.claims_on(claim.bucket), new=new)
        if not others:
            self.held[claim_key(claim)] = claim
        return others

    def release(self, claim: Claim) -> None:
        self.held.pop(claim_key(claim), None)

    def claims_on(self, bucket: str) -> tuple[Claim, ...]:
        return tuple(self.held[place] for place in sorted(self.held) if place[0] == bucket)

    def begun_since(self, work: Work, since: datetime) -> tuple[Work, ...]:
        begun = (self.begun[place] for place in sorted(self.begun) if place[0] >= since)
        mine = (work.account, work.region, work.role)
        return tuple(other for other in begun if (other.account, other.region, other.role) == mine)

    def holds_on(self, region: str, instance_type: str) -> tuple[QuotaHold, ...]:
        held = (self.on_quota[place] for place in sorted(self.on_quota))
        return tuple(hold for hold in held if (hold.region, hold.instance_type) == (region, instance_type))

    def add(self, lineage: LineageId, request: UserRequested | Waived, now: datetime) -> bool:
        waiting = self.requests.setdefault(lineage, {})
        return waiting.setdefault(request.key, (now, request)) == (now, request)

    def waiting(self, lineage: LineageId) -> tuple[UserRequested | Waived, ...]:
        return tuple(request for _, request in self.requests.get(lineage, {}).values())

    def remove(self, lineage: LineageId, seen: Iterable[UserRequested | Waived]) -> None:
        for request in seen:
            self.requests.get(lineage, {}).pop(request.key, None)

    def acts(self, revision: str, policy: str, since: datetime) -> RuleActs:
        acted = self.acted.get((revision, policy), {})
        teams = {lineage: team for lineage, (team, at) in acted.items() if int(at.timestamp()) >= int(since.timestamp())}
        return RuleActs(teams=teams, held_back=(revision, policy) in self.rules_held)

    def capacity_seen_at(self, region: str, instance_type: str) -> datetime | None:
        return self._newest_signal(CapacitySeen, region, instance_type)

    def placement_asked_at(self, region: str, instance_type: str) -> datetime | None:
        return self._newest_signal(PlacementAsked, region, instance_type)

    def phase_times(self, region: str, instance_type: str) -> tuple[PhaseTimes, ...]:
        found = (one for one in self.times if (one.region, one.instance_type) == (region, instance_type))
        return tuple({crc32(one.job.encode()) % 20: one for one in found}.values())

    def _newest_signal(self, kind: type[CapacitySignal], region: str, instance_type: str) -> datetime | None:
        pool = (region, instance_type)
        return max((s.at for s in self.signs if isinstance(s, kind) and (s.region, s.instance_type) == pool), default=None)

    def late(self) -> Iterable[LateDay]:
        return [mark for _, mark in sorted(self.marks.items())]

    def mark_late(self, day: date, why: str) -> None:
        self.marks[day, why] = LateDay(day=day, lineage=why, version=0)


def _fits(row: Row, decision: Decision) -> bool:
    """Whether the conditions of all writes of a decision are met. The version was checked before."""
    stored = row.intents

    def still(intent: Intent) -> bool:
        return intent.key in stored and stored[intent.key].open and stored[intent.key].claim == intent.claim

    return (
        not any(e.key in row.entries for e in decision.entries)
        and all(_may_be_said(i, stored.get(i.key)) for i in decision.intents)
        and all(still(i) and stored[i.key].leased_until is None for i in decision.withdrawn)
        and all(still(i) for i in decision.abandoned)
    )


def _may_be_said(intent: Intent, stored: Intent | None) -> bool:
    """Whether an intent may be written: it is new, was withdrawn, or is a Submit or Stop that was not claimed since the load."""
    if stored is None or stored.closed is IntentResult.WITHDRAWN:
        return True
    unclaimed = stored.open and stored.leased_until is None and stored.claim == intent.claim - (intent.leased_until is not None)
    return isinstance(stored.action, Submit | Stop) and unclaimed


def _names(id: LineageId, decision: Decision) -> list[tuple[str, str, str]]:
    return [(id.account, id.region, i.action.job) for i in decision.intents if isinstance(i.action, Submit | Probe)]


def _by_key(rows: dict[str, E]) -> tuple[E, ...]:
    return tuple(rows[key] for key in sorted(rows))


def claim_key(claim: Claim) -> tuple[str, str, str, str]:
    return claim.bucket, claim.prefix, claim.job, claim.lineage


def _any(stored: Intent) -> bool:
    return True
