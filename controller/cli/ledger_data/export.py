"""``spotwarden export ledger``: writes every row of the ledger to a file, which ``restore ledger`` can write to a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from controller.cli.input.options import Table
from controller.cli.ledger_data.rows import line_of
from controller.cli.ledger_data.whole_table import WholeTable
from controller.cli.ledger_data.with_table import with_table
from controller.cli.output.errors import BadInput
from controller.cli.output.output_file import refuse_unwritable
from controller.units import plural


def run(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write to this file instead of standard output.")
    ] = None,
    table: Table = None,
) -> int:
    """Write the rows, and print their number on standard error."""
    refuse_unwritable(out)
    return with_table(table, lambda client, name: export(WholeTable(client, name), out))


def export(table: WholeTable, out: Path | None) -> int:
    """Write the rows. ``out`` appears only when it is complete. Raises BadInput, and boto3's errors as they are."""
    if out is None:
        count = _written(table, sys.stdout)
    else:
        part = out.with_name(f"{out.name}.part")
        try:
            with part.open("w", encoding="utf-8", newline="\n") as stream:
                count = _written(table, stream)
            part.replace(out)
        except OSError as error:
            raise BadInput(f"{out}: found {error.strerror}, wanted a file to write to") from error
        finally:
            part.unlink(missing_ok=True)
    print(f"{plural.count(count, 'row')} of {table.name}{f' in {out}' if out else ''}", file=sys.stderr)
    return 0


def _written(table: WholeTable, stream: TextIO | Any) -> int:
    count = 0
    for row in table.rows():
        stream.write(line_of(row) + "\n")
        count += 1
    return count
