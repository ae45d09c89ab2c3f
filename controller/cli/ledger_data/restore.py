"""``spotwarden restore ledger``: writes an export into an empty table, which a stack then uses with ``ExistingLedger``.

A row is only written if the table has no row with its key. So an interrupted restore can be repeated while a stack uses the
table already, and keeps what the stack has written since. A mark in the table has the export's digest and the number of rows
that were written: if one of these rows is missing, the stack has deleted it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.aws.dynamodb.items import MARK, Item
from controller.aws.dynamodb.keys import RESTORE, key
from controller.cli.input.options import Table
from controller.cli.ledger_data.rows import line_of, rows_of
from controller.cli.ledger_data.whole_table import WholeTable
from controller.cli.ledger_data.with_table import with_table
from controller.cli.output.errors import BadInput
from controller.units import plural

WINDOW = 500
AT_ONCE = 8  # threads; fewer than the 10 connections in boto3's pool


class RowResult(StrEnum):
    """What happened to a row of the export. The values are words in the command's output."""

    WRITTEN = "written"
    THERE = "there already"
    DIFFERENT = "different"
    GONE = "deleted since"
    OVERWRITTEN = "overwritten"


def run(
    export: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file of export ledger, or a folder of DynamoDB's own export to S3.")
    ],
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="To repeat a restore that was interrupted: also replace rows that differ now, and add rows that were deleted.",
        ),
    ] = False,
    table: Table = None,
) -> int:
    """Write the rows into the table, which must be empty or have an interrupted restore of the same export."""
    return with_table(table, lambda client, name: restore(WholeTable(client, name), export, overwrite=overwrite))


def restore(table: WholeTable, export: Path, *, overwrite: bool = False, window: int = WINDOW) -> int:
    """Restore an export. It is read completely first, so that a file with a bad line writes nothing. Returns 1 if rows of the

    export were not written because the table changed. Raises BadInput, and boto3's errors as they are.
    """
    digest, count = hashlib.sha256(), 0
    newest: dict[bytes, int] = {}
    earlier: set[int] = set()  # numbers of rows that a later row with the same key replaces
    for row in rows_of(export):
        digest.update(line_of(row).encode())
        place = hashlib.blake2b(f"{row['pk']['S']}\0{row['sk']['S']}".encode(), digest_size=16).digest()
        if place in newest:
            earlier.add(newest[place])
        newest[place] = count
        count += 1
    counted: Counter[RowResult] = Counter()
    if count:
        rows = (row for number, row in enumerate(rows_of(export)) if number not in earlier)
        counted = Restore(table, digest.hexdigest(), overwrite=overwrite, window=window).write(rows)
    print("\n".join(_summary(counted, table.name)))
    return 1 if _left(counted) else 0


class Restore:
    """A restore of the export with this digest. It stores its progress after each ``window`` rows."""

    def __init__(self, table: WholeTable, digest: str, *, overwrite: bool, window: int = WINDOW) -> None:
        self._client, self._table, self._digest = table.client, table.ledger, digest
        self._overwrite, self._window = overwrite, window

    def write(self, rows: Iterable[Item]) -> Counter[RowResult]:
        """Write the rows; each key must be there once. Raises BadInput for a table with other data."""
        done = self._begin()
        counted: Counter[RowResult] = Counter()
        number, waiting = 0, iter(rows)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while batch := list(islice(waiting, self._window)):
                before = [number + place < done for place in range(len(batch))]
                counted.update(pool.map(self._write, batch, before))
                number += len(batch)
                if number > done:
                    self._note(number)
        if not _left(counted):  # the mark stays if rows are left, so that the restore can be repeated with --overwrite
            self._table.remove(key(RESTORE, "mark"))
        return counted

    def _begin(self) -> int:
        """How many rows an earlier run of this restore has written; 0 for the first run. Raises BadInput."""
        found = self._client.scan(TableName=self._table.name, Limit=1, ConsistentRead=True)
        place = key(RESTORE, "mark")
        if found["Items"]:
            mark = self._table.get(RESTORE, "mark") or {}
            if mark.get("of", {}).get("S") != self._digest:
                raise BadInput(
                    f"the table {self._table.name} is not empty, wanted an empty one: a restore never adds to an existing ledger"
                )
            return int(mark.get("written", {}).get("N", 0))
        if not self._table.put({**place, **MARK, "of": {"S": self._digest}}, absent=True):
            raise BadInput(f"another restore into {self._table.name} has just begun, wanted one at a time")
        return 0

    def _note(self, written: int) -> None:
        self._table.put({**key(RESTORE, "mark"), **MARK, "of": {"S": self._digest}, "written": {"N": str(written)}})

    def _write(self, row: Item, before: bool) -> RowResult:
        if (self._overwrite or not before) and self._table.put(row, absent=True):
            return RowResult.WRITTEN
        found = self._table.get(row["pk"]["S"], row["sk"]["S"])
        if found is not None and _content(found) == _content(row):
            return RowResult.THERE
        if self._overwrite:
            self._table.put(row)
            return RowResult.OVERWRITTEN
        return RowResult.DIFFERENT if found is not None else RowResult.GONE


def _content(row: Item) -> str:
    """The row as text, with sets sorted, because DynamoDB returns them in any order."""
    return line_of({name: _in_order(value) for name, value in row.items()})


def _in_order(value: Any) -> Any:
    [(kind, held)] = value.items()
    return {kind: sorted(held)} if kind in ("SS", "NS") else value


def _left(counted: Counter[RowResult]) -> int:
    """How many rows of the export are not in the table, because the stack changed or deleted them."""
    return counted[RowResult.DIFFERENT] + counted[RowResult.GONE]


def _summary(counted: Counter[RowResult], name: str) -> Iterator[str]:
    total = plural.count(counted.total(), "row")
    parts = [f"{counted[result]:,} {result.value}" for result in RowResult if counted[result]]
    yield f"{total} for {name}{': ' if parts else ''}{', '.join(parts)}"
    if left := _left(counted):
        yield (
            f"{plural.count(left, 'row')} not restored: a stack has used the table since the restore was interrupted."
            " To take these rows from the export instead, pause the stack and repeat with --overwrite"
        )
    yield f"deploy with ExistingLedger: {name}"
