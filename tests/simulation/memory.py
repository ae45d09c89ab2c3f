"""A ledger, an outbox and a list of jobs in memory: what the ports say, and nothing else.

The contract suite tests them and DynamoDB alike; the simulation runs on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Self, TypeVar
from zlib import crc32

from controller.decide.decision import Decision
from controller.jobs.claim import Claim, holding_up
from controller.jobs.quota_hold import QuotaHold
from controller.jobs.work import Work
from controller.ledger.entry import Entry, Finished, Flagged, RuleHeldBack, UserRequested, Waived
from controller.ledger.halt import Halt
from controller.ledger.intent import Intent, IntentResult, Probe, Submit, Wake
from controller.ledger.lineage import Lineage, LineageId
from controller.ledger.pool import CapacitySeen, CapacitySignal, MarketSignal, PhaseTimes, PlacementAsked, PoolMemory
from controller.ledger.rule_acts import RuleActs
from controller.runtime.job_pages import JobPage, ListedJob
from controller.runtime.outbox import redriven
from controller.runtime.policy_ports import RevisionInForce
from controller.runtime.ports import FailingTrigger, LateDay, Message, Overdue, Post, Trigger
from controller.runtime.schedule_ports import DiscoverPass, PassPosition
from controller.savings.job_history import FamilyRun
from controller.savings.rollup import Rollup
from controller.units.money import Rate

E = TypeVar("E")
TRANSACTION_MAX = 100  # writes, as DynamoDB has it


@dataclass(slots=True)
class Row:
    """A lineage as it is stored. ``trigger_at`` is what the index of overdue intents shows of each open intent."""

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


class AllPorts:
    """One object that is each of the ledger's ports itself: a fake of all of them shares its rows."""

    @property
    def lineages(self) -> Self:
        return self

    @property
    def due(self) -> Self:
        return self

    @property
    def claims(self) -> Self:
        return self

    @property
    def quota_holds(self) -> Self:
        return self

    @property
    def works(self) -> Self:
        return self

    @property
    def capacity(self) -> Self:
        return self

    @property
    def journal(self) -> Self:
        return self

    @property
    def histories(self) -> Self:
        return self

    @property
    def waivers(self) -> Self:
        return self

    @property
    def days(self) -> Self:
        return self

    @property
    def pools(self) -> Self:
        return self

    @property
    def prices(self) -> Self:
        return self

    @property
    def market_signals(self) -> Self:
        return self

    @property
    def halts(self) -> Self:
        return self

    @property
    def limits(self) -> Self:
        return self

    @property
    def passes(self) -> Self:
        return self

    @property
    def digests(self) -> Self:
        return self

    @property
    def block_support(self) -> Self:
        return self

    @property
    def revisions(self) -> Self:
        return self

    @property
    def rule_acts(self) -> Self:
        return self

    @property
    def seen_requests(self) -> Self:
        return self

    @property
    def user_requests(self) -> Self:
        return self


class MemoryLedger(AllPorts):
    """The ledger's ports. Every method is one atomic step, except ``load``, which reads twice."""

    def __init__(self) -> None:
        self.rows: dict[LineageId, Row] = {}
        self.by_name: dict[tuple[str, str, str], LineageId] = {}
        self.held: dict[tuple[str, str, str, str], Claim] = {}
        self.moments: dict[tuple[str, ...], datetime] = {}
        self.positions: dict[DiscoverPass, PassPosition] = {}
        self.current_revision: tuple[str, datetime] | None = None
        self.noted: dict[str, MarketSignal] = {}
        self.halted: Halt | None = None
        self.holders: dict[str, dict[str, int]] = {}
        self.begun: dict[tuple[datetime, str], Work] = {}
        self.on_quota: dict[tuple[str, str, str], QuotaHold] = {}
        self.signs: list[CapacitySignal] = []
        self.times: list[PhaseTimes] = []
        self.remembered: dict[tuple[str, str, date], PoolMemory] = {}
        self.marks: dict[tuple[date, str], int] = {}
        self.rolled_up: dict[date, Rollup] = {}
        self.acted: dict[tuple[str, str], dict[str, str]] = {}
        self.rules_held: set[tuple[str, str]] = set()
        self.asked_once: set[str] = set()
        self.fails: dict[tuple[str, str], FailingTrigger] = {}
        self.listed: dict[tuple[str, str, date], Rate] = {}
        self.requests: dict[LineageId, dict[str, tuple[datetime, UserRequested | Waived]]] = {}

    def row(self, lineage: LineageId) -> Row:
        return self.rows.setdefault(lineage, Row())

    def load(self, lineage: LineageId) -> Lineage:
        version = self.head(lineage)  # read first: read last, it could be newer than the rows
        return replace(self.rest(lineage), version=version)

    def add(self, lineage: LineageId, request: UserRequested | Waived, now: datetime) -> bool:
        waiting = self.requests.setdefault(lineage, {})
        return waiting.setdefault(request.key, (now, request)) == (now, request)

    def waiting(self, lineage: LineageId) -> tuple[UserRequested | Waived, ...]:
        return tuple(request for _, request in self.requests.get(lineage, {}).values())

    def remove(self, lineage: LineageId, seen: Iterable[UserRequested | Waived]) -> None:
        for request in seen:
            self.requests.get(lineage, {}).pop(request.key, None)

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
                self.acted.setdefault((entry.revision, entry.policy), {})[str(lineage.id)] = entry.team or ""
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
            self.marks[day, str(lineage.id)] = row.version
        self.signs += decision.capacity
        self.times += decision.times
        for claim in decision.released:
            self.release(claim)
        for claim in decision.claims:
            self.held[_place(claim)] = claim
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
        """Change a stored intent that is open and still of the claim that the caller holds."""
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

    def claim(self, claim: Claim) -> tuple[Claim, ...]:
        others = holding_up(claim, self.claims_on(claim.bucket))
        if not others:
            self.held[_place(claim)] = claim
        return others

    def release(self, claim: Claim) -> None:
        self.held.pop(_place(claim), None)

    def claims_on(self, bucket: str) -> tuple[Claim, ...]:
        return tuple(self.held[place] for place in sorted(self.held) if place[0] == bucket)

    def begun_since(self, work: Work, since: datetime) -> tuple[Work, ...]:
        begun = (self.begun[place] for place in sorted(self.begun) if place[0] >= since)
        mine = (work.account, work.region, work.role)
        return tuple(other for other in begun if (other.account, other.region, other.role) == mine)

    def holds_on(self, region: str, instance_type: str) -> tuple[QuotaHold, ...]:
        held = (self.on_quota[place] for place in sorted(self.on_quota))
        return tuple(hold for hold in held if (hold.region, hold.instance_type) == (region, instance_type))

    def entries(self, since: datetime, until: datetime) -> Iterable[Entry]:
        return [e for row in self.rows.values() for e in row.entries.values() if since <= e.at < until]

    def history(self, account: str, region: str, family: str, limit: int) -> tuple[int, ...]:
        return tuple(e.work_s for e in self._completed(account, region, family, limit) if e.work_s is not None)

    def runs(self, account: str, region: str, family: str, limit: int) -> tuple[FamilyRun, ...]:
        completed = self._completed(account, region, family, limit)
        single = [e for e in completed if e.attempts == 1]
        return tuple(FamilyRun(instance_type=e.instance_type, work_s=e.work_s) for e in single if e.work_s is not None)

    def _completed(self, account: str, region: str, family: str, limit: int) -> list[Finished]:
        finished = [
            e for whose, row in self.rows.items() for e in row.entries.values()
            if isinstance(e, Finished) and (whose.account, whose.region, e.family) == (account, region, family)
        ]  # fmt: skip
        return sorted((e for e in finished if e.work_s is not None), key=lambda e: e.at, reverse=True)[:limit]

    def in_force(self, now: datetime) -> Iterable[Waived]:
        return [e for row in self.rows.values() for e in row.entries.values() if isinstance(e, Waived) and e.until > now]

    def late(self) -> Iterable[LateDay]:
        return [LateDay(day=day, lineage=lineage, version=version) for (day, lineage), version in sorted(self.marks.items())]

    def mark_late(self, day: date, why: str) -> None:
        self.marks[day, why] = 0

    def put_rollup(self, day: date, rollup: Rollup, *, settles: Iterable[LateDay] = ()) -> None:
        self.rolled_up[day] = rollup
        for mark in settles:
            if self.marks.get((mark.day, mark.lineage)) == mark.version:
                del self.marks[mark.day, mark.lineage]

    def rollups(self, since: date, until: date) -> Iterable[tuple[date, Rollup]]:
        return [(day, self.rolled_up[day]) for day in sorted(self.rolled_up) if since <= day < until]

    def note_rates(self, region: str, rates: Mapping[str, Rate]) -> None:
        for instance_type, rate in rates.items():
            self.listed[region, instance_type, rate.as_of] = rate

    def rates(self, region: str) -> Mapping[str, tuple[Rate, ...]]:
        found: dict[str, tuple[Rate, ...]] = {}
        for (where, instance_type, _), rate in sorted(self.listed.items(), key=lambda item: item[0]):
            if where == region:
                found[instance_type] = (*found.get(instance_type, ()), rate)
        return found

    def remember(self, day: date, memories: Iterable[PoolMemory]) -> None:
        self.remembered |= {(m.instance_type, m.region, day): m for m in memories}

    def memory(self, instance_type: str, region: str, since: datetime) -> PoolMemory:
        days = (
            m for (of, where, day), m in self.remembered.items() if (of, where) == (instance_type, region) and day >= since.date()
        )
        return sum(days, PoolMemory(instance_type=instance_type, region=region))

    def halt(self) -> Halt | None:
        return self.halted

    def call_halt(self, halt: Halt) -> Halt:
        self.halted = self.halted or halt
        return self.halted

    def set_halt(self, halt: Halt | None) -> None:
        self.halted = halt

    def spend(self, what: str, who: str, amount: int, limit: int | None, now: datetime) -> bool:
        holders = self.holders.setdefault(what, {})
        if holders.get(who, 0) >= amount and who in holders:
            return True
        if limit is not None and sum(holders.values()) + amount - holders.get(who, 0) > limit:
            return False
        holders[who] = amount
        return True

    def settle(self, what: str, who: str, amount: int, now: datetime) -> None:
        self.holders.setdefault(what, {})[who] = amount

    def acts(self, revision: str, policy: str) -> RuleActs:
        return RuleActs(teams=dict(self.acted.get((revision, policy), {})), held_back=(revision, policy) in self.rules_held)

    def taken(self, what: str) -> int:
        return sum(self.holders.get(what, {}).values())

    def passed_until(self, which: DiscoverPass) -> datetime | None:
        return self.moments.get(("pass", which))

    def note_passed(self, which: DiscoverPass, until: datetime) -> None:
        self._move_forward(("pass", which), until)

    def position(self, which: DiscoverPass) -> PassPosition | None:
        return self.positions.get(which)

    def note_position(self, which: DiscoverPass, position: PassPosition) -> None:
        self.positions[which] = position

    def queued_at(self, period: str, channel: str) -> datetime | None:
        return self.moments.get(("queued", period, channel))

    def note_queued(self, period: str, channel: str, at: datetime) -> None:
        self._move_forward(("queued", period, channel), at)

    def checked_at(self) -> datetime | None:
        return self.moments.get(("checked",))

    def note_checked(self, at: datetime) -> None:
        self._move_forward(("checked",), at)

    def blocks_refused_at(self) -> datetime | None:
        return self.moments.get(("blocks refused",))

    def note_blocks_refused(self, at: datetime) -> None:
        self._move_forward(("blocks refused",), at)

    def closed_until(self) -> datetime | None:
        return self.moments.get(("closed",))

    def note_closed(self, until: datetime) -> None:
        self._move_forward(("closed",), until)

    def refreshed_at(self, region: str) -> datetime | None:
        return self.moments.get(("refreshed", region))

    def note_refresh(self, region: str, at: datetime) -> None:
        self._move_forward(("refreshed", region), at)

    def billed_until(self, region: str) -> datetime | None:
        return self.moments.get(("billed", region))

    def note_billed(self, region: str, until: datetime) -> None:
        self._move_forward(("billed", region), until)

    def _move_forward(self, name: tuple[str, ...], at: datetime) -> None:
        self.moments[name] = max(at, self.moments.get(name, at))

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

    def in_force_at(self, revision: str, now: datetime) -> datetime:
        if self.current_revision is None or self.current_revision[0] != revision:
            self.current_revision = (revision, now)
        return self.current_revision[1]

    def current(self) -> RevisionInForce | None:
        if self.current_revision is None:
            return None
        revision, since = self.current_revision
        return RevisionInForce(revision=revision, since=since)

    def once(self, what: str, now: datetime) -> bool:
        known = what in self.asked_once
        self.asked_once.add(what)
        return not known

    def note_signal(self, signal: MarketSignal) -> bool:
        known = signal.key in self.noted
        self.noted.setdefault(signal.key, signal)
        return not known

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]:
        return [s for s in self.noted.values() if since <= s.at < until]


class MemoryOutbox:
    """The ``Outbox`` port."""

    def __init__(self) -> None:
        self.queued: set[str] = set()
        self.queues: dict[str, dict[str, Message]] = {}
        self.posts: dict[tuple[str, str], Post] = {}
        self.shelf: dict[str, dict[str, Message]] = {}
        self.kept_aside: dict[str, Message] = {}
        self.closed_until: dict[str, datetime] = {}  # leased or paused: either way nobody else may send before

    def put(self, message: Message) -> bool:
        if message.key in self.queued:
            return False
        self.queued.add(message.key)
        self.queues.setdefault(message.channel, {})[message.key] = message
        return True

    def channels(self) -> list[str]:
        return sorted(channel for channel, queue in self.queues.items() if queue)

    def lease(self, channel: str, *, now: datetime, until: datetime) -> bool:
        if channel in self.closed_until and self.closed_until[channel] > now:
            return False
        self.closed_until[channel] = until
        return True

    def waiting(self, channel: str, limit: int) -> list[Message]:
        return sorted(self.queues.get(channel, {}).values(), key=lambda message: (message.at, message.key))[:limit]

    def sent(self, message: Message) -> None:
        self.queues.get(message.channel, {}).pop(message.key, None)

    def pause(self, channel: str, *, until: datetime) -> None:
        self.closed_until[channel] = until

    def post_of(self, channel: str, thread: str) -> Post | None:
        return self.posts.get((channel, thread))

    def remember_post(self, channel: str, thread: str, post: Post, *, at: datetime) -> None:
        self.posts[channel, thread] = post

    def set_aside(self, message: Message, why: str) -> None:
        self.sent(message)
        self.kept_aside[message.key] = replace(message, refused_why=why)

    def aside(self) -> list[Message]:
        return sorted(self.kept_aside.values(), key=lambda message: (message.at, message.channel, message.key))

    def redrive(self, message: Message, *, at: datetime) -> None:
        self.put(redriven(message, at))
        self.kept_aside.pop(message.key, None)

    def shelve(self, message: Message) -> None:
        self.sent(message)
        self.shelf.setdefault(message.channel, {})[message.key] = message

    def shelved(self, channel: str) -> list[Message]:
        return sorted(self.shelf.get(channel, {}).values(), key=lambda message: (message.at, message.key))

    def unshelve(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.shelf.get(message.channel, {}).pop(message.key, None)


def _fits(row: Row, decision: Decision) -> bool:
    """Whether each write of a decision finds what it expects. The version was checked before."""
    stored = row.intents

    def still(intent: Intent) -> bool:
        return intent.key in stored and stored[intent.key].open and stored[intent.key].claim == intent.claim

    return (
        not any(e.key in row.entries for e in decision.entries)
        and all(_may_be_said(stored.get(i.key)) for i in decision.intents)
        and all(still(i) and stored[i.key].leased_until is None for i in decision.withdrawn)
        and all(still(i) for i in decision.abandoned)
    )


def _may_be_said(stored: Intent | None) -> bool:
    """Whether an intent is new, was withdrawn, or is a submission that nobody ever tried."""
    if stored is None or stored.closed is IntentResult.WITHDRAWN:
        return True
    return isinstance(stored.action, Submit) and stored.open and stored.claim == 0 and stored.leased_until is None


def _names(id: LineageId, decision: Decision) -> list[tuple[str, str, str]]:
    return [(id.account, id.region, i.action.job) for i in decision.intents if isinstance(i.action, Submit | Probe)]


def _by_key(rows: dict[str, E]) -> tuple[E, ...]:
    return tuple(rows[key] for key in sorted(rows))


def _place(claim: Claim) -> tuple[str, str, str, str]:
    return claim.bucket, claim.prefix, claim.job, claim.lineage


def _any(stored: Intent) -> bool:
    return True


class MemoryJobList:
    """``Jobs.newest`` in memory, over jobs in any order. A token is the place of the last job on its page."""

    def __init__(self, jobs: Iterable[ListedJob], size: int = 100) -> None:
        self._jobs = sorted(jobs, key=lambda job: (job.created_at, job.name), reverse=True)
        self._size = size

    def newest(self, token: str = "") -> JobPage | None:
        tokens = {f"{job.created_at.isoformat()} {job.name}": place for place, job in enumerate(self._jobs)}
        if token and token not in tokens:
            return None
        begin = tokens[token] + 1 if token else 0
        page = tuple(self._jobs[begin : begin + self._size])
        more = begin + self._size < len(self._jobs)
        return JobPage(jobs=page, token=f"{page[-1].created_at.isoformat()} {page[-1].name}" if more else "")
