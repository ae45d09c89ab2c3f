"""The ledger in DynamoDB: one partition per lineage, one transaction per decision.

    lineage#<id>     head                    version
                     entry#<key>             what we learned        (index *day*, for digests; *family*, for estimates)
                     intent#<key>            what we mean to do     (index *due* while open, for the sweep)
    attempt#<name>   head                    the lineage that submitted a job of that name, or probes under it
    claim#<bucket>   …                       see ``claims``
    rollup, late, pool#<pool>                see ``days``
    price#<region>                           see ``tariffs``
    signal#<day>, policy, cursor             see ``notes``

Indexes are eventually consistent: they ring, and never decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from heapq import merge
from itertools import islice
from typing import Any

from controller.aws.dynamodb.capacity import Capacity, recording
from controller.aws.dynamodb.claims import Claims, giving_back, taking
from controller.aws.dynamodb.days import Days, marking
from controller.aws.dynamodb.items import MARK, Item, moment, read, read_checked_intent, stamp, write, write_intent
from controller.aws.dynamodb.limits import Limits
from controller.aws.dynamodb.notes import Notes, days_between
from controller.aws.dynamodb.prices import StoredPrices
from controller.aws.dynamodb.table import HEAD, PARTITIONS, Table, Write, key, next_version, partition, partition_of, version_of
from controller.decide.decision import Decision
from controller.jobs.claim import Claim
from controller.ledger.entry import Entry, Finished, Waived
from controller.ledger.halt import Halt
from controller.ledger.intent import Intent, IntentResult, Probe, Submit, Wake
from controller.ledger.lineage import Lineage, LineageId
from controller.ledger.pool import MarketSignal, PoolMemory
from controller.runtime.ports import LateDay, Overdue, Trigger
from controller.savings.rollup import Rollup
from controller.units.money import Rate

WAIVERS: Item = {"S": "waivers"}


class DynamoLedger:
    """The Ledger port over a low-level boto3 ``dynamodb`` client."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table)
        self._claims = Claims(self._table)
        self._limits = Limits(self._table)
        self._days = Days(self._table)
        self._capacity = Capacity(self._table)
        self._tariffs = StoredPrices(self._table)
        self._notes = Notes(self._table)

    # ── lineages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def load(self, lineage: LineageId) -> Lineage:
        pk = _pk(lineage)
        head = self._table.get(pk, HEAD)  # first: read last, it would vouch for rows older than itself
        if head is None:
            return Lineage(id=lineage)  # nothing is ever written without a head
        rows = list(self._table.query(**partition_of(pk)))
        return Lineage(
            id=lineage,
            version=version_of(head),
            entries=tuple(read(row) for row in rows if row["sk"]["S"].startswith("entry#")),
            intents=tuple(read_checked_intent(row) for row in rows if row["sk"]["S"].startswith("intent#")),
        )

    def submitter(self, account: str, region: str, job: str) -> LineageId | None:
        row = self._table.get(_attempt_pk(account, region, job), HEAD)
        return LineageId.parse(row["lineage"]["S"]) if row else None

    def commit(self, lineage: Lineage, decision: Decision) -> bool:
        whose = lineage.id
        return self._table.transact(
            [
                next_version(_pk(whose), lineage.version),
                *(_put(_entry_item(whose, entry), "attribute_not_exists(pk)") for entry in decision.entries),
                *(_said(whose, intent) for intent in decision.intents),
                *(_found_by_name(whose, i.action) for i in decision.intents if isinstance(i.action, Submit | Probe)),
                *(_withdrawn(whose, intent) for intent in decision.withdrawn),
                *(_abandoned(whose, intent) for intent in decision.abandoned),
                *map(taking, decision.claims),
                *map(giving_back, decision.released),
                *map(recording, decision.capacity),
                *(marking(day, str(whose), lineage.version + 1) for day in decision.late),
            ]
        )

    def take(self, lineage: LineageId, intent: Intent, *, now: datetime, leased_until: datetime) -> Intent | None:
        taken = self._change(
            lineage,
            intent,
            "SET leased_until = :until, ring_at = :until, lease_ends_at = :until, claim = claim + :one,"
            " claimed_at = if_not_exists(claimed_at, :now)",
            {":until": {"S": stamp(leased_until)}, ":one": {"N": "1"}, ":now": {"S": stamp(now)}},
            also="due_at <= :now AND (attribute_not_exists(leased_until) OR leased_until <= :now)",
        )
        return intent.leased(leased_until, now) if taken else None

    def put_off(self, lineage: LineageId, intent: Intent, *, due_at: datetime, why: str, held: bool = False) -> bool:
        return self._change(
            lineage,
            intent,
            "SET due_at = :due, ring_at = :due, why = :why, held = :held REMOVE leased_until",
            {":due": {"S": stamp(due_at)}, ":why": {"S": why}, ":held": {"N": str(intent.held + held)}},
        )

    def close(self, lineage: LineageId, intent: Intent, closed: IntentResult, why: str) -> bool:
        return self._change(
            lineage,
            intent,
            f"SET closed = :closed, why = :why {_OFF_INDEX}",
            {":closed": {"S": closed.value}, ":why": {"S": why}},
        )

    def _change(self, lineage: LineageId, intent: Intent, how: str, values: Item, also: str = "") -> bool:
        """Change an open intent of the claim that the caller holds."""
        return self._table.update(
            key(_pk(lineage), f"intent#{intent.key}"),
            UpdateExpression=how,
            ConditionExpression=" AND ".join(filter(None, (_OURS, also))),
            ExpressionAttributeValues={**values, ":claim": {"N": str(intent.claim)}},
        )

    # ── the clock's indexes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def overdue(self, now: datetime, limit: int) -> list[Overdue]:
        queues = (self._overdue_in(number, now, limit) for number in range(PARTITIONS))
        return list(islice(merge(*queues, key=lambda o: (o.trigger_at, str(o.ring.lineage), o.key)), limit))

    def _overdue_in(self, number: int, now: datetime, limit: int) -> Iterator[Overdue]:
        rows = self._table.query(
            index="due",
            limit=limit,
            KeyConditionExpression="due_pk = :pk AND ring_at <= :now",
            ExpressionAttributeValues={":pk": {"S": f"due#{number:02d}"}, ":now": {"S": stamp(now)}},
        )
        for row in rows:
            ring = Trigger(job=row["about"]["S"], lineage=LineageId.parse(row["lineage"]["S"]))
            yield Overdue(ring=ring, key=row["sk"]["S"].removeprefix("intent#"), trigger_at=moment(row["ring_at"]["S"]))

    def delay(self, overdue: Overdue, ring_at: datetime) -> None:
        if overdue.ring.lineage is not None:
            self._table.update(
                key(_pk(overdue.ring.lineage), f"intent#{overdue.key}"),
                UpdateExpression="SET ring_at = :at",
                ConditionExpression="ring_at < :at",  # only what is open has a ring_at
                ExpressionAttributeValues={":at": {"S": stamp(ring_at)}},
            )

    def entries(self, since: datetime, until: datetime) -> Iterable[Entry]:
        for day in days_between(since, until):
            for number in range(PARTITIONS):
                rows = self._table.query(
                    index="day",
                    KeyConditionExpression="day_pk = :pk",
                    ExpressionAttributeValues={":pk": {"S": f"{day}#{number:02d}"}},
                )
                yield from (entry for row in rows if since <= (entry := read(row)).at < until)

    def history(self, account: str, region: str, family: str, limit: int) -> tuple[int, ...]:
        rows = self._table.query(
            index="family",
            limit=limit,
            KeyConditionExpression="family_pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{account}/{region}/{family}"}},
            ScanIndexForward=False,
        )
        finished: list[Finished] = [read(row) for row in rows]
        return tuple(one.work_s for one in finished if one.work_s is not None)

    def waivers(self, now: datetime) -> Iterable[Waived]:
        rows = self._table.query(
            index="family",
            KeyConditionExpression="family_pk = :pk AND family_at > :now",
            ExpressionAttributeValues={":pk": WAIVERS, ":now": {"S": stamp(now)}},
        )
        return [read(row) for row in rows]

    # ── pools ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def note_rates(self, region: str, rates: Mapping[str, Rate]) -> None:
        self._tariffs.note(region, rates)

    def rates(self, region: str) -> Mapping[str, tuple[Rate, ...]]:
        return self._tariffs.of(region)

    def remember(self, day: date, memories: Iterable[PoolMemory]) -> None:
        self._days.remember(day, memories)

    def memory(self, instance_type: str, region: str, since: datetime) -> PoolMemory:
        return self._days.memory(instance_type, region, since)

    # ── days that are over ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def late(self) -> Iterable[LateDay]:
        return self._days.late()

    def put_rollup(self, day: date, rollup: Rollup, *, settles: Iterable[LateDay] = ()) -> None:
        self._days.put(day, rollup, settles)

    def rollups(self, since: date, until: date) -> Iterable[tuple[date, Rollup]]:
        return self._days.between(since, until)

    # ── claims on checkpoint prefixes ────────────────────────────────────────────────────────────────────────────────────────

    def claim(self, claim: Claim) -> tuple[Claim, ...]:
        return self._claims.claim(claim)

    def release(self, claim: Claim) -> None:
        self._claims.release(claim)

    def claims(self, bucket: str) -> tuple[Claim, ...]:
        return self._claims.held(bucket)

    # ── what holds the controller back ───────────────────────────────────────────────────────────────────────────────────────

    def halt(self) -> Halt | None:
        return self._limits.halt()

    def set_halt(self, halt: Halt | None) -> None:
        self._limits.set_halt(halt)

    def spend(self, what: str, who: str, amount: int, limit: int, now: datetime) -> bool:
        return self._limits.spend(what, who, amount, limit, now)

    # ── small things ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def cursor(self, name: str) -> datetime | None:
        return self._notes.cursor(name)

    def move_cursor(self, name: str, at: datetime) -> None:
        self._notes.move_cursor(name, at)

    def capacity_seen_at(self, region: str, instance_type: str) -> datetime | None:
        return self._capacity.seen_at(region, instance_type)

    def placement_asked_at(self, region: str, instance_type: str) -> datetime | None:
        return self._capacity.asked_at(region, instance_type)

    def in_force_at(self, revision: str, now: datetime) -> datetime:
        return self._notes.in_force_at(revision, now)

    def once(self, what: str, now: datetime) -> bool:
        return self._limits.once(what, now)

    def note_signal(self, signal: MarketSignal) -> bool:
        return self._notes.note_signal(signal)

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]:
        return self._notes.signals(since, until)


_OURS = "attribute_exists(pk) AND attribute_not_exists(closed) AND claim = :claim"
_OFF_INDEX = "REMOVE due_pk, ring_at"


def _pk(lineage: LineageId) -> str:
    return f"lineage#{lineage}"


def _attempt_pk(account: str, region: str, job: str) -> str:
    return f"attempt#{account}/{region}/{job}"


def _found_by_name(id: LineageId, action: Submit | Probe) -> Write:
    """The row by which the job of a Submit or a Probe is found; it is written once, and never changes."""
    item = {**key(_attempt_pk(id.account, id.region, action.job), HEAD), **MARK, "lineage": {"S": str(id)}}
    return _put(item, "attribute_not_exists(pk) OR lineage = :lineage", {":lineage": {"S": str(id)}})


def _put(item: Item, condition: str, values: Item | None = None) -> Write:
    return {"Put": {"Item": item, "ConditionExpression": condition, **({"ExpressionAttributeValues": values} if values else {})}}


def _entry_item(id: LineageId, entry: Entry) -> Item:
    return {
        **key(_pk(id), f"entry#{entry.key}"),
        **write(entry),
        "day_pk": partition(f"{entry.at:%Y-%m-%d}", str(id)),
        **_in_family(id, entry),
    }


def _in_family(id: LineageId, entry: Entry) -> Item:
    """What the index *family* shows: lineages that completed, by the time of their ending, and waivers by that of theirs."""
    match entry:
        case Finished(work_s=int()):
            return {"family_pk": {"S": f"{id.account}/{id.region}/{entry.family}"}, "family_at": {"S": stamp(entry.at)}}
        case Waived():
            return {"family_pk": WAIVERS, "family_at": {"S": stamp(entry.until)}}
        case _:
            return {}


def _intent_item(id: LineageId, intent: Intent) -> Item:
    item = {**key(_pk(id), f"intent#{intent.key}"), **write_intent(intent)}
    if not intent.open:
        return item
    rings = {"due_pk": partition("due", str(id)), "ring_at": {"S": stamp(intent.trigger_at)}}
    return {**item, **rings, "lineage": {"S": str(id)}, "about": {"S": intent.action.about}}


def _said(id: LineageId, intent: Intent) -> Write:
    """An intent that is new, was withdrawn and is said again, or was never tried and is said with another content."""
    untried = "(attribute_not_exists(closed) AND attribute_not_exists(leased_until) AND claim = :never)"
    values = {":withdrawn": {"S": IntentResult.WITHDRAWN.value}, ":never": {"N": "0"}}
    if not isinstance(intent.action, Submit):
        return _put(
            _intent_item(id, intent), "attribute_not_exists(pk) OR closed = :withdrawn", {":withdrawn": values[":withdrawn"]}
        )
    return _put(_intent_item(id, intent), f"attribute_not_exists(pk) OR closed = :withdrawn OR {untried}", values)


def _withdrawn(id: LineageId, intent: Intent) -> Write:
    """Take back what nobody has leased since it was read; a Wake's row goes, for its time never comes again."""
    asked = _of_this_claim(id, intent, f"{_OURS} AND attribute_not_exists(leased_until)")
    return {"Delete": asked} if isinstance(intent.action, Wake) else {"Update": _closing(asked, IntentResult.WITHDRAWN)}


def _abandoned(id: LineageId, intent: Intent) -> Write:
    return {"Update": _closing(_of_this_claim(id, intent, _OURS), IntentResult.ABANDONED)}


def _of_this_claim(id: LineageId, intent: Intent, condition: str) -> Write:
    """A write on an intent as it was read: whoever claimed it since makes it fail."""
    return {
        "Key": key(_pk(id), f"intent#{intent.key}"),
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {":claim": {"N": str(intent.claim)}},
    }


def _closing(asked: Write, closed: IntentResult) -> Write:
    values = {**asked["ExpressionAttributeValues"], ":closed": {"S": closed.value}}
    return {**asked, "UpdateExpression": f"SET closed = :closed {_OFF_INDEX}", "ExpressionAttributeValues": values}
