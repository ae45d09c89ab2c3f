"""Days that are over, in DynamoDB: their rollups, and the days to which entries were added since.

rollup   <day>#<part>        groups and counts of a day as zipped JSON; a day of more than 300 kB has several parts. The first
                             part has the version of the day's rollup
rollup   forgotten           how often people were forgotten
cursor   rollup              until when days are closed
late     <day>#<lineage>     a mark that a commit left; removed when the day is rolled up again
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from controller.aws.dynamodb.items import MARK, Item, moment, stamp
from controller.aws.dynamodb.keys import LATE, ROLLUP, key, partition_of
from controller.aws.dynamodb.moments import moment_of, move_forward
from controller.aws.dynamodb.retention import FOR_EVER, Retention
from controller.aws.dynamodb.table import Table, Write
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.schedule import LateDay, RollupVersions
from controller.savings.attempt_savings import FIELDS, Savings
from controller.savings.rollup import Count, CountKind, Group, Mover, Rollup, with_missed

CLOSED = "rollup"
FORGOTTEN = "forgotten"
FORGOTTEN_TRIES = 20
NEVER = {"N": "0"}
PART_BYTES = 300_000  # an item takes at most 400 kB
UNFOLDED_MAX = 16_000_000  # bytes of a part after unzipping: zip makes names and figures ten times smaller, not a hundred
FIGURE_MAX = 10**18  # more than any figure of a day
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, zlib.error)
KEPT = timedelta(days=3 * 366)  # how long a rollup is kept


class DynamoDays:
    """The Days port."""

    def __init__(self, table: Table, retention: Retention = FOR_EVER) -> None:
        self._table = table
        self._retention = retention

    def late(self) -> Iterable[LateDay]:
        for row in self._table.query(**partition_of(LATE)):
            day, _, lineage = row["sk"]["S"].partition("#")
            try:
                at = moment(row["at"]["S"]) if "at" in row else None
                found = LateDay(day=date.fromisoformat(day), lineage=lineage, version=int(row["version"]["N"]), at=at)
            except (KeyError, ValueError):
                continue  # not a row that this code wrote
            if self._retention.has_all_of(found.day):
                yield found

    def mark_late(self, day: date, why: str) -> None:
        self._table.put({**key(LATE, f"{day}#{why}"), **MARK, "version": {"N": "0"}})

    def versions(self, day: date) -> RollupVersions:
        return RollupVersions(rollup=self._version(f"{day}#00"), forgotten=self._version(FORGOTTEN))

    def put_rollup(
        self, day: date, rollup: Rollup, *, settles: Iterable[LateDay] = (), if_still: RollupVersions | None = None
    ) -> bool:
        # All rows in one transaction; the marks are removed later. If the function ends in between, the day is rolled up again.
        still = if_still or self.versions(day)
        parts = _parts(rollup)
        before = [row["sk"]["S"] for row in self._rows(day, day)]
        places = [f"{day}#{number:02d}" for number in range(len(parts))]
        kept = {"expires_at": {"N": epoch_s(day + KEPT)}}
        contents = [{"zip": {"B": part}, **kept} for part in parts]
        writes: list[Write] = [{"Put": _put(places[0], contents[0], still.rollup, still.rollup + 1)}]
        writes += [{"Put": {"Item": _row(place, row)}} for place, row in zip(places[1:], contents[1:], strict=True)]
        writes += [{"Delete": {"Key": key(ROLLUP, place)}} for place in before if place not in places]
        # Written again as it is: a ConditionCheck would need another permission than PutItem.
        writes.append({"Put": _put(FORGOTTEN, {}, still.forgotten, still.forgotten)})
        if not self._table.transact(writes):
            return False
        for mark in settles:
            self._table.remove(
                key(LATE, f"{mark.day}#{mark.lineage}"),
                ConditionExpression="version = :version",
                ExpressionAttributeValues={":version": {"N": str(mark.version)}},
            )
        return True

    def note_forgotten(self) -> None:
        if not any(self._noted_forgotten(self._version(FORGOTTEN)) for _ in range(FORGOTTEN_TRIES)):
            raise Unreachable(f"other runs of spotwarden forget changed the same row, {FORGOTTEN_TRIES} times: run it again")

    def _noted_forgotten(self, known: int) -> bool:
        asked = _put(FORGOTTEN, {}, known, known + 1)
        return self._table.put(asked.pop("Item"), **asked)

    def _version(self, place: str) -> int:
        row = self._table.get(ROLLUP, place)
        return int(row.get("version", NEVER)["N"]) if row is not None else 0

    def rollups(self, since: date, until: date) -> Iterable[tuple[date, Rollup]]:
        rows = self._rows(since, until - timedelta(days=1))
        for day, parts in groupby(rows, key=lambda row: str(row["sk"]["S"]).partition("#")[0]):
            try:
                found = date.fromisoformat(day), _rollup_of([_unzipped(part) for part in parts])
            except UNREADABLE:
                continue  # functions that never submit may write such rows: one that cannot be read must not stop any decision
            yield found

    def closed_until(self) -> datetime | None:
        return moment_of(self._table, CLOSED)

    def note_closed(self, until: datetime) -> None:
        move_forward(self._table, CLOSED, until)

    def _rows(self, first: date, last: date) -> Iterable[Item]:
        return self._table.query(
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={":pk": {"S": ROLLUP}, ":first": {"S": f"{first}#"}, ":last": {"S": f"{last}#~"}},
        )


def marking(day: date, lineage: str, version: int, at: datetime | None) -> Write:
    """The write of a commit's mark on a day that is over. Each lineage has its own row, so that none waits for another."""
    when = {"at": {"S": stamp(at)}} if at is not None else {}
    return {"Put": {"Item": {**key(LATE, f"{day}#{lineage}"), **MARK, "version": {"N": str(version)}, **when}}}


def _row(place: str, content: Item) -> Item:
    return {**key(ROLLUP, place), **MARK, **content}


def _put(place: str, content: Item, version: int, next_version: int) -> Write:
    """The write of a row with its next version, if it still has ``version``. A row without one, or no row, has version 0."""
    return {
        "Item": _row(place, {**content, "version": {"N": str(next_version)}}),
        "ConditionExpression": "version = :version" if version else "attribute_not_exists(version) OR version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def epoch_s(day: date) -> str:
    """Midnight UTC of a day, in seconds since 1970, as text."""
    return str(int(datetime.combine(day, datetime.min.time(), UTC).timestamp()))


def _parts(rollup: Rollup) -> list[bytes]:
    """A rollup, zipped, in parts that fit into items; only a day with tens of thousands of groups has more than one."""
    whole = _zipped(rollup)
    if len(whole) <= PART_BYTES or len(rollup.groups) + len(rollup.counts) < 2:
        return [whole]
    groups, counts = list(rollup.groups.items()), list(rollup.counts.items())
    halves = (
        Rollup(groups=dict(groups[::2]), counts=dict(counts[::2]), movers=rollup.movers),
        Rollup(groups=dict(groups[1::2]), counts=dict(counts[1::2])),
    )
    return [part for half in halves for part in _parts(half)]


def _zipped(rollup: Rollup) -> bytes:
    document = {
        "fields": FIELDS,
        "groups": [[*group, *(getattr(savings, name) for name in FIELDS)] for group, savings in rollup.groups.items()],
        "counts": [[*count, number] for count, number in rollup.counts.items()],
        "movers": rollup.movers,
    }
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def _unzipped(part: Item) -> Any:
    """The document in a part. Raises ValueError for one that is cut off, or larger than that of any day."""
    unfolding = zlib.decompressobj()
    text = unfolding.decompress(part["zip"]["B"], UNFOLDED_MAX)
    if not unfolding.eof:
        raise ValueError(f"found a part of more than {UNFOLDED_MAX:,} bytes, or one whose end is missing")
    return json.loads(text)


def _rollup_of(documents: list[Any]) -> Rollup:
    rollup = sum((_read(document) for document in documents), Rollup())
    return rollup if all("missed_micros" in document["fields"] for document in documents) else with_missed(rollup)


def _read(document: dict[str, Any]) -> Rollup:
    """Read a part. Figures that newer versions added are 0."""
    names, width = document["fields"], len(Group._fields)
    return Rollup(
        groups={
            Group(*map(_name, row[:width])): Savings(**dict(zip(names, map(_figure, row[width:]), strict=True)))
            for row in document["groups"]
        },
        counts={
            Count(CountKind(kind), _name(team), _name(name)): _figure(number) for kind, team, name, number in document["counts"]
        },
        movers=tuple(map(_mover, document.get("movers", ()))),
    )


def _mover(row: list[Any]) -> Mover:
    checked: list[Any] = [*map(_name, row[:4]), *map(_figure, row[4:])]
    return Mover(*checked)


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"found {value!r:.80}, wanted text")
    return value


def _figure(value: Any) -> int:
    """A whole number, or true or false. Raises TypeError for anything else."""
    if not isinstance(value, int) or abs(value) > FIGURE_MAX:
        raise TypeError(f"found {value!r:.80}, wanted a whole number")
    return value
