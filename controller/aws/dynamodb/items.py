"""Writes values as DynamoDB items, and reads every schema that was ever written.

The fields of a value are in the item's ``body``. ``kind`` names its class, and ``schema`` the version of its form, so that newer
code can read what older code wrote. Attributes that an index or a condition needs are beside the body. A new field is added to
its class, such as those in ``controller/ledger/entry.py``, with a default, and is named in ``LATER_FIELDS``.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from controller.jobs.changes import Changes
from controller.jobs.claim import Claim
from controller.jobs.quota_hold import QuotaHold
from controller.ledger import entry, intent
from controller.ledger.halt import Halt
from controller.ledger.intent import Intent, IntentResult, Stop, Submit
from controller.ledger.pool import CapacitySeen, MarketSignal, PhaseTimes, PlacementAsked, PoolMemory
from controller.ledger.refused_create import RefusedCreate
from controller.ledger.under_policy import UNDER_POLICY, UnderPolicy
from controller.runtime.ports.outbox import Message, Post
from controller.units.money import Rate

Item = dict[str, Any]
Attribute = Mapping[str, Any]
V = TypeVar("V")

SCHEMA = 1
MARK: Item = {"schema": {"N": str(SCHEMA)}}  # in every item
UPGRADES: Mapping[int, Callable[[Attribute], Item]] = {}  # upgrades an item of schema n to n + 1

STORED_KINDS: Mapping[str, Any] = {
    # The word in an item's ``kind``, and the class that reads it. A class may be renamed; a stored word never changes.
    "Started": entry.Started,
    "OwnerChecked": entry.OwnerChecked,
    "Interrupted": entry.Interrupted,
    "Ended": entry.Ended,
    "Measured": entry.Measured,
    "Credited": entry.Credited,
    "Unmeasured": entry.Unmeasured,
    "Flagged": entry.Flagged,
    "Vanished": entry.JobDeleted,
    "Sighted": entry.CheckpointScanned,
    "Finished": entry.Finished,
    "Asked": entry.UserRequested,
    "Waived": entry.Waived,
    "DirectivesRead": entry.DirectivesRead,
    "RuleHeldBack": entry.RuleHeldBack,
    "Repeated": entry.Repeated,
    "Submit": intent.Submit,
    "Settle": intent.Settle,
    "Stop": intent.Stop,
    "Announce": intent.Announce,
    "Wake": intent.Wake,
    "Publish": intent.Publish,
    "Show": intent.RefreshCard,
    "Probe": intent.Probe,
    "Claim": Claim,
    "QuotaHold": QuotaHold,
    "Signal": MarketSignal,
    "RefusedCreate": RefusedCreate,
    "PoolMemory": PoolMemory,
    "CapacitySeen": CapacitySeen,
    "PlacementAsked": PlacementAsked,
    "PhaseTimes": PhaseTimes,
    "Halt": Halt,
    "Message": Message,
    "Post": Post,
    "Rate": Rate,
}
STORED_NAMES: Mapping[type, str] = {kind: name for name, kind in STORED_KINDS.items()}
STORED_FIELDS: Mapping[type, Mapping[str, str]] = {
    # Fields whose stored name differs from the name in the code, by class.
    entry.Ended: {"outcome": "ending"},
    entry.Finished: {"outcome": "ending"},
    entry.UserRequested: {"request": "ask"},
    intent.Submit: {"fallback_step": "rung"},
}
LATER_FIELDS: Mapping[type, frozenset[str]] = {
    # Fields that are newer than the first rows, besides those of UnderPolicy. Their default is not written, so an old row that is
    # written again does not change.
    Claim: frozenset({"role"}),
    entry.Started: frozenset({"claimed", "role", "identity", "subnets"}),
    entry.Ended: frozenset({"ran_s"}),
    entry.Flagged: frozenset({"held_back", "acts", "waiver", "waived_until"}),
    intent.Stop: frozenset({"cost_micros", "cap_micros", "month"}),
    intent.Announce: frozenset({"facts", "once_a_day"}),
    intent.Submit: frozenset({"month", "identity", "sent"}),
    intent.Probe: frozenset({"born_at", "identity", "sent"}),
    entry.Measured: frozenset(
        {
            "other_instances",
            "first_permille",
            "retained_s",
            "interruptions",
            "checkpoint",
            "spot_possible",
            "spot_rate_micros_per_h",
            "waited_s",
            "tuner",
            "repeats",
        }
    ),
    Message: frozenset({"facts", "refused_by", "refused_why"}),
    entry.CheckpointScanned: frozenset({"others"}),
    entry.UserRequested: frozenset({"why"}),
    entry.DirectivesRead: frozenset({"resubmit", "claimed", "tags"}),
    PoolMemory: frozenset({"starts", "waited_s", "billed_s", "billed_of_s"}),
}


class UnreadableItem(ValueError):
    """An item that cannot be read by any known schema. The message says which, what was found and what was wanted."""


def stamp(at: datetime) -> str:
    """A time as text of fixed width, so that text order is time order. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone, wanted an aware time")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(text: str) -> datetime:
    """The time that ``stamp`` wrote. Raises ValueError for any other text, a time without a zone included."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text[:40]!r} has no time zone, wanted an aware time")
    return at


def write(value: Any) -> Item:
    """The attributes of a value: its kind, its schema and its body."""
    kind: Any = type(value)
    body, later = {}, LATER_FIELDS.get(kind, frozenset()) | (UNDER_POLICY if issubclass(kind, UnderPolicy) else frozenset())
    for name, stored, encode, _, absent in codec(kind):
        field = getattr(value, name)
        if field is not None and not (name in later and field == absent):
            body[stored] = encode(field)
    return {**MARK, "kind": {"S": STORED_NAMES[kind]}, "body": {"M": body}}


def read(item: Attribute) -> Any:
    """The value that ``write`` wrote. Raises UnreadableItem."""
    item = upgraded(item)
    kind = STORED_KINDS.get(item.get("kind", {}).get("S"))
    if kind is None:
        raise UnreadableItem(f"{_where(item)}: kind is {item.get('kind')}, wanted one of {', '.join(STORED_KINDS)}")
    body, found = item.get("body", {}).get("M", {}), {}
    for name, stored, _, decode, absent in codec(kind):
        if stored in body:
            found[name] = _decoded(item, stored, body[stored], decode)
        elif absent is not MISSING:
            found[name] = absent
        else:
            raise UnreadableItem(f"{_where(item)}: {stored} is missing, wanted a whole {STORED_NAMES[kind]}")
    return kind(**found)


def read_or_none(item: Attribute, kind: type[V]) -> V | None:
    """The value of that class; None for an item that cannot be read, or has another class.

    For rows outside lineages: functions that never submit may write them, and a bad row must not stop any decision.
    """
    try:
        found = read(item)
    except (UnreadableItem, AttributeError, KeyError, TypeError, ValueError):
        return None
    return found if isinstance(found, kind) else None


def readable(items: Iterable[Attribute], kind: type[V]) -> list[V]:
    """The values of that class that can be read."""
    return [found for item in items if (found := read_or_none(item, kind)) is not None]


def write_intent(value: Intent) -> Item:
    """An intent: its action as body, and beside it what conditions and the index of overdue intents use."""
    said = ((name, encode, getattr(value, name)) for name, encode, _ in _BESIDE)
    beside = {name: encode(found) for name, encode, found in said if found is not None and (found or name != "quota_refusals")}
    return {**write(value.action), **beside}


def read_intent(item: Attribute) -> Intent:
    """The intent that ``write_intent`` wrote. Raises UnreadableItem."""
    item = upgraded(item)
    beside = {name: _decoded(item, name, item[name], decode) for name, _, decode in _BESIDE if name in item}
    if not beside.keys() >= {"due_at", "claim", "why"}:
        raise UnreadableItem(f"{_where(item)}: has {', '.join(beside) or 'nothing'} of an intent, wanted due_at, claim and why")
    return Intent(action=read(item), **beside)


def read_checked_intent(item: Attribute) -> Intent:
    """Read an intent, and check that an attempt may have the changes of its request. Raises UnreadableItem."""
    intent = read_intent(item)
    if isinstance(intent.action, Submit | Stop):
        try:
            Changes.read(intent.action.changes)
        except ValueError as error:
            raise UnreadableItem(f"{_where(item)}: changes: {error}") from error
    return intent


def upgraded(item: Attribute, schema: int = SCHEMA, upgrades: Mapping[int, Callable[[Attribute], Item]] = UPGRADES) -> Attribute:
    """The item upgraded to the newest schema, step by step. Raises UnreadableItem."""
    found = item.get("schema", {}).get("N", "")
    if not found.isdecimal() or int(found) < 1:
        raise UnreadableItem(f"{_where(item)}: schema is {item.get('schema')}, wanted a number from 1 to {schema}")
    for older in range(int(found), schema):
        item = upgrades[older](item)
    if int(found) > schema:
        raise UnreadableItem(f"{_where(item)}: schema is {found}, and this code reads up to {schema}; deploy the newer code")
    return item


Encode = Callable[[Any], Attribute]
Decode = Callable[[Attribute], Any]


def _decoded(item: Attribute, name: str, attribute: Attribute, decode: Decode) -> Any:
    try:
        return decode(attribute)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableItem(f"{_where(item)}: {name} is {attribute}, which cannot be read: {error!r}") from error


@cache
def codec(kind: Any) -> tuple[tuple[str, str, Encode, Decode, Any], ...]:
    """For each field of a class: its name, its stored name, how it is written and read, and its default. Computed once per class.

    A field that is None is not written. A field that was added later has its default in older items.
    """
    hints, stored = get_type_hints(kind), STORED_FIELDS.get(kind, {})
    return tuple(
        (
            f.name,
            stored.get(f.name, f.name),
            *_pair(hints[f.name], f"{kind.__name__}.{f.name}"),
            None if _optional(hints[f.name]) else f.default,
        )
        for f in fields(kind)
    )


def _optional(hint: Any) -> bool:
    return type(None) in get_args(hint)


def _pair(hint: Any, where: str) -> tuple[Encode, Decode]:
    if get_origin(hint) in (Union, types.UnionType) and _optional(hint):
        hint = Union[tuple(h for h in get_args(hint) if h is not type(None))]  # noqa: UP007  (made of a tuple)
    if hint == tuple[str, ...]:
        return (lambda v: {"L": [{"S": text} for text in v]}), (lambda a: tuple(part["S"] for part in a["L"]))
    if hint in _PAIRS:
        return _PAIRS[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return (lambda v: {"S": v.value}), (lambda a: hint(a["S"]))
    if get_origin(hint) in (Union, types.UnionType) and all(issubclass(h, StrEnum) for h in get_args(hint)):
        return (lambda v: {"S": v.value}), (lambda a: _of_any(get_args(hint), a["S"]))
    raise TypeError(f"{where}: there is no stored form of a {hint}")


def _of_any(enums: tuple[type[StrEnum], ...], value: str) -> StrEnum:
    """The member with this value, of the first enum that has one. Raises ValueError if none has."""
    found = next((enum(value) for enum in enums if value in set(enum)), None)
    if found is None:
        raise ValueError(f"found {value!r}, wanted a value of {' or '.join(enum.__name__ for enum in enums)}")
    return found


_PAIRS: Mapping[Any, tuple[Encode, Decode]] = {
    str: (lambda v: {"S": v}, lambda a: a["S"]),
    bool: (lambda v: {"BOOL": v}, lambda a: a["BOOL"]),
    int: (lambda v: {"N": str(v)}, lambda a: int(a["N"])),
    datetime: (lambda v: {"S": stamp(v)}, lambda a: moment(a["S"])),
    date: (lambda v: {"S": v.isoformat()}, lambda a: date.fromisoformat(a["S"])),
}
_BESIDE: tuple[tuple[str, Encode, Decode], ...] = (
    ("due_at", *_PAIRS[datetime]),
    ("leased_until", *_PAIRS[datetime]),
    ("claim", *_PAIRS[int]),
    ("held", *_PAIRS[int]),
    ("quota_refusals", *_PAIRS[int]),
    ("closed", *_pair(IntentResult, "Intent.closed")),
    ("why", *_PAIRS[str]),
    ("claimed_at", *_PAIRS[datetime]),
    ("lease_ends_at", *_PAIRS[datetime]),
)


def _where(item: Attribute) -> str:
    return f"item {item.get('pk', {}).get('S')} / {item.get('sk', {}).get('S')}"
