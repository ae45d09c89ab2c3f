"""What is known across lineages: journal, histories, closed days, pools, prices, limits, a halt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from controller.ledger.entry import Entry, Finished, Waived
from controller.ledger.halt import Halt
from controller.ledger.pool import MarketSignal, PoolMemory
from controller.ledger.refused_create import RefusedCreate
from controller.runtime.ports.schedule import LateDay, RollupVersions
from controller.savings.job_history import FamilyRun
from controller.savings.rollup import Rollup
from controller.units.money import Rate


class MemoryRecords:
    """What is known across lineages: journal, histories, closed days, pools, prices, limits, a halt."""

    def __init__(self) -> None:
        super().__init__()
        self.rolled_up: dict[date, Rollup] = {}
        self.rolled_up_times: Counter[date] = Counter()
        self.forgotten_times = 0
        self.listed: dict[tuple[str, str, date], Rate] = {}
        self.refused_creates: dict[str, RefusedCreate] = {}
        self.remembered: dict[tuple[str, str, date], PoolMemory] = {}
        self.halted: Halt | None = None
        self.holders: dict[str, dict[str, int]] = {}
        self.asked_once: set[str] = set()
        self.noted: dict[str, MarketSignal] = {}

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

    def versions(self, day: date) -> RollupVersions:
        return RollupVersions(rollup=self.rolled_up_times[day], forgotten=self.forgotten_times)

    def note_forgotten(self) -> None:
        self.forgotten_times += 1

    def put_rollup(
        self, day: date, rollup: Rollup, *, settles: Iterable[LateDay] = (), if_still: RollupVersions | None = None
    ) -> bool:
        if if_still not in (None, self.versions(day)):
            return False
        self.rolled_up[day] = rollup
        self.rolled_up_times[day] += 1
        for mark in settles:
            if self.marks.get((mark.day, mark.lineage)) == mark:
                del self.marks[mark.day, mark.lineage]
        return True

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

    def set_halt(self, halt: Halt | None, *, in_place_of: Halt | None = None) -> bool:
        if in_place_of is not None and self.halted != in_place_of:
            return False
        self.halted = halt
        return True

    def spend(self, what: str, who: str, amount: int, limit: int | None, now: datetime, in_place_of: Sequence[str] = ()) -> bool:
        holders = self.holders.setdefault(what, {})
        amount = max(amount, holders.get(who, 0))
        before = holders.get(who, 0) + sum(holders.get(other, 0) for other in in_place_of)
        if limit is not None and amount > before and sum(holders.values()) + amount - before > limit:
            return False
        holders.update(dict.fromkeys(in_place_of, 0))
        holders[who] = amount
        return True

    def settle(self, what: str, who: str, amount: int, now: datetime) -> None:
        self.holders.setdefault(what, {})[who] = amount

    def taken(self, what: str) -> int:
        return sum(self.holders.get(what, {}).values())

    def once(self, what: str, now: datetime) -> bool:
        known = what in self.asked_once
        self.asked_once.add(what)
        return not known

    def note_signal(self, signal: MarketSignal) -> bool:
        known = signal.key in self.noted
        self.noted.setdefault(signal.key, signal)
        return not known

    def note_refused(self, refused: RefusedCreate) -> bool:
        known = refused.event_id in self.refused_creates
        self.refused_creates.setdefault(refused.event_id, refused)
        return not known

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]:
        return [s for s in self.noted.values() if since <= s.at < until]

    def refused(self, since: datetime, until: datetime) -> Iterable[RefusedCreate]:
        return [r for r in self.refused_creates.values() if since <= r.at < until]
