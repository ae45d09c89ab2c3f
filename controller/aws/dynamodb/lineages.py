"""Lineages in DynamoDB: one partition per lineage, one transaction per decision.

lineage#<id>     head                    version
                 entry#<key>             what happened          (index *day*, see ``journal``; *family*, see ``histories``)
                 intent#<key>            what is to be done     (index *due* while open, see ``due``)
attempt#<account>/<region>/<name>   head    the lineage that decided to create a job of that name, as an attempt or a probe
"""

from __future__ import annotations

from datetime import datetime

from controller.aws.dynamodb.claims import giving_back, taking
from controller.aws.dynamodb.days import marking
from controller.aws.dynamodb.items import MARK, Item, read, read_checked_intent, stamp, write, write_intent
from controller.aws.dynamodb.keys import HEAD, WAIVERS, attempt_pk, family_key, key, lineage_pk, partition, partition_of
from controller.aws.dynamodb.quota_holds import freeing, holding
from controller.aws.dynamodb.retention import FOR_EVER, Retention
from controller.aws.dynamodb.rule_acts import counting
from controller.aws.dynamodb.spot_capacity import recording
from controller.aws.dynamodb.table import Table, Write, next_version, version_of
from controller.aws.dynamodb.works import remembering
from controller.decide.decision import Decision
from controller.ledger.entry import Entry, Finished, Waived
from controller.ledger.intent import Intent, IntentResult, Probe, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId


class DynamoLineages:
    """The Lineages port."""

    def __init__(self, table: Table, retention: Retention = FOR_EVER) -> None:
        self._table = table
        self._retention = retention

    def load(self, lineage: LineageId) -> Lineage:
        pk = lineage_pk(lineage)
        head = self._table.get(pk, HEAD)  # read first: otherwise its version could be newer than the rows
        if head is None:
            return Lineage(id=lineage)  # every commit writes a head
        rows = list(self._table.query(**partition_of(pk)))
        return Lineage(
            id=lineage,
            version=version_of(head),
            entries=tuple(read(row) for row in rows if row["sk"]["S"].startswith("entry#")),
            intents=tuple(read_checked_intent(row) for row in rows if row["sk"]["S"].startswith("intent#")),
        )

    def submitter(self, account: str, region: str, job: str) -> LineageId | None:
        row = self._table.get(attempt_pk(account, region, job), HEAD)
        return LineageId.parse(row["lineage"]["S"]) if row else None

    def commit(self, lineage: Lineage, decision: Decision) -> bool:
        whose, kept = lineage.id, self._retention
        return self._table.transact(
            [
                next_version(lineage_pk(whose), lineage.version, kept.since(_newest_moment(lineage, decision))),
                *(_put(_entry_item(whose, entry, kept), "attribute_not_exists(pk)") for entry in decision.entries),
                *(_put_intent(whose, intent) for intent in decision.intents),
                *(
                    found_by_name(whose, i.action, kept.of_intent(i))
                    for i in decision.intents
                    if isinstance(i.action, Submit | Probe)
                ),
                *(_withdrawn(whose, intent, kept) for intent in decision.withdrawn),
                *(_abandoned(whose, intent, kept) for intent in decision.abandoned),
                *map(taking, decision.claims),
                *map(giving_back, decision.released),
                *map(holding, decision.holds),
                *map(freeing, decision.freed),
                *map(remembering, decision.works),
                *map(recording, (*decision.capacity, *decision.times)),
                *(counting(str(whose), entry) for entry in decision.counted),
                *(
                    marking(day, str(whose), lineage.version + 1, decision.late_at)
                    for day in decision.late
                    if kept.has_all_of(day)
                ),
            ]
        )

    def take(self, lineage: LineageId, intent: Intent, *, now: datetime, leased_until: datetime) -> Intent | None:
        taken = self._change(
            lineage,
            intent,
            "SET leased_until = :until, ring_at = :until, lease_ends_at = :until, claim = claim + :one,"
            " claimed_at = if_not_exists(claimed_at, :now), held = if_not_exists(held, :none) + :unanswered",
            {":until": {"S": stamp(leased_until)}, ":one": {"N": "1"}, ":now": {"S": stamp(now)}}
            | {":none": {"N": "0"}, ":unanswered": {"N": str(int(intent.unanswered))}},
            also="due_at <= :now AND (attribute_not_exists(leased_until) OR leased_until <= :now)",
        )
        return intent.leased(leased_until, now) if taken else None

    def put_off(
        self, lineage: LineageId, intent: Intent, *, due_at: datetime, why: str, held: bool = False, no_quota: bool = False
    ) -> bool:
        return self._change(
            lineage,
            intent,
            "SET due_at = :due, ring_at = :due, why = :why, held = :held, quota_refusals = :refusals REMOVE leased_until",
            {":due": {"S": stamp(due_at)}, ":why": {"S": why}, ":held": {"N": str(intent.held + held)}}
            | {":refusals": {"N": str(intent.quota_refusals + no_quota)}},
        )

    def close(self, lineage: LineageId, intent: Intent, closed: IntentResult, why: str) -> bool:
        expires = _as_value(self._retention.of_intent(intent))
        return self._change(
            lineage,
            intent,
            f"SET closed = :closed, why = :why{_EXPIRES if expires else ''} {_OFF_INDEX}",
            {":closed": {"S": closed.value}, ":why": {"S": why}, **expires},
        )

    def _change(self, lineage: LineageId, intent: Intent, how: str, values: Item, also: str = "") -> bool:
        """Change an open intent; False if its claim number is no longer the caller's, or it is closed."""
        return self._table.update(
            key(lineage_pk(lineage), f"intent#{intent.key}"),
            UpdateExpression=how,
            ConditionExpression=" AND ".join(filter(None, (_OURS, also))),
            ExpressionAttributeValues={**values, ":claim": {"N": str(intent.claim)}},
        )


_OURS = "attribute_exists(pk) AND attribute_not_exists(closed) AND claim = :claim"
_OFF_INDEX = "REMOVE due_pk, ring_at"
_EXPIRES = ", expires_at = :expires_at"


def _as_value(expires: Item) -> Item:
    return {f":{name}": value for name, value in expires.items()}


def _newest_moment(lineage: Lineage, decision: Decision) -> datetime:
    """The latest time in a lineage after a decision: of an entry, an intent or its creation."""
    entries, intents = (*lineage.entries, *decision.entries), (*lineage.intents, *decision.intents)
    return max((*(entry.at for entry in entries), *(intent.due_at for intent in intents), lineage.id.created_at))


def found_by_name(id: LineageId, action: Submit | Probe, expires: Item | None = None) -> Write:
    """The write of the row that leads from the name of an attempt or a probe to its lineage. The row never changes."""
    item = {**key(attempt_pk(id.account, id.region, action.job), HEAD), **MARK, "lineage": {"S": str(id)}, **(expires or {})}
    return _put(item, "attribute_not_exists(pk) OR lineage = :lineage", {":lineage": {"S": str(id)}})


def _put(item: Item, condition: str, values: Item | None = None) -> Write:
    return {"Put": {"Item": item, "ConditionExpression": condition, **({"ExpressionAttributeValues": values} if values else {})}}


def _entry_item(id: LineageId, entry: Entry, kept: Retention) -> Item:
    return {
        **key(lineage_pk(id), f"entry#{entry.key}"),
        **write(entry),
        "day_pk": partition(f"{entry.at:%Y-%m-%d}", str(id)),
        **_in_family(id, entry),
        **kept.of_entry(entry),
    }


def _in_family(id: LineageId, entry: Entry) -> Item:
    """The keys in the index *family*: of a completed lineage, with the time of its end, and of a waiver, with its last moment."""
    match entry:
        case Finished(work_s=int()):
            return {"family_pk": family_key(id.account, id.region, entry.family), "family_at": {"S": stamp(entry.at)}}
        case Waived():
            return {"family_pk": WAIVERS, "family_at": {"S": stamp(entry.until)}}
        case _:
            return {}


def intent_item(id: LineageId, intent: Intent) -> Item:
    """The row of an intent; of an open one with its keys in the index *due*."""
    item = {**key(lineage_pk(id), f"intent#{intent.key}"), **write_intent(intent)}
    if not intent.open:
        return item
    index_keys = {"due_pk": partition("due", str(id)), "ring_at": {"S": stamp(intent.trigger_at)}}
    return {**item, **index_keys, "lineage": {"S": str(id)}, "about": {"S": intent.action.about}}


def _put_intent(id: LineageId, intent: Intent) -> Write:
    """The write of an intent that is new, or that was withdrawn and is decided again. An open Submit or Stop that is not leased
    may be replaced by one with another content.
    """
    condition, values = "attribute_not_exists(pk) OR closed = :withdrawn", {":withdrawn": {"S": IntentResult.WITHDRAWN.value}}
    if isinstance(intent.action, Submit | Stop):
        condition += " OR (attribute_not_exists(closed) AND attribute_not_exists(leased_until) AND claim = :read)"
        values[":read"] = {"N": str(intent.claim - (intent.leased_until is not None))}
    return _put(intent_item(id, intent), condition, values)


def _withdrawn(id: LineageId, intent: Intent, kept: Retention) -> Write:
    """The write that withdraws an intent if it is not leased. A Wake is deleted: its key has its time, and is not used again."""
    expires = _as_value(kept.of_intent(intent))
    asked = _of_this_claim(id, intent, f"{_OURS} AND attribute_not_exists(leased_until)")
    return {"Delete": asked} if isinstance(intent.action, Wake) else {"Update": _closing(asked, IntentResult.WITHDRAWN, expires)}


def _abandoned(id: LineageId, intent: Intent, kept: Retention) -> Write:
    return {"Update": _closing(_of_this_claim(id, intent, _OURS), IntentResult.ABANDONED, _as_value(kept.of_intent(intent)))}


def _of_this_claim(id: LineageId, intent: Intent, condition: str) -> Write:
    """A write on an intent that fails if a function has claimed the intent since it was read."""
    return {
        "Key": key(lineage_pk(id), f"intent#{intent.key}"),
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {":claim": {"N": str(intent.claim)}},
    }


def _closing(asked: Write, closed: IntentResult, expires: Item) -> Write:
    values = {**asked["ExpressionAttributeValues"], ":closed": {"S": closed.value}, **expires}
    how = f"SET closed = :closed{_EXPIRES if expires else ''} {_OFF_INDEX}"
    return {**asked, "UpdateExpression": how, "ExpressionAttributeValues": values}
