"""``spotwarden restore ledger``: writes an export into an empty table, which a stack then takes with ``ExistingLedger``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.ledger_data.rows import line_of, rows_of
from controller.cli.ledger_data.whole_table import WholeTable
from controller.cli.ledger_data.with_table import with_table
from controller.cli.options import Table
from controller.units import plural


def run(
    export: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file of export ledger, or a folder of DynamoDB's own export to S3.")
    ],
    table: Table = None,
) -> int:
    """Write the rows into the table, which has to be empty."""
    return with_table(table, lambda client, name: restore(WholeTable(client, name), export))


def restore(table: WholeTable, export: Path) -> int:
    """Read all of it first, so that a file with one bad line writes nothing. Raises BadInput, and whatever AWS refuses."""
    digest, count = hashlib.sha256(), 0
    for row in rows_of(export):
        digest.update(line_of(row).encode())
        count += 1
    written = table.restore(rows_of(export), digest.hexdigest()) if count else 0
    print(f"{plural.count(written, 'row')} in {table.name}; deploy with ExistingLedger: {table.name}")
    return 0
