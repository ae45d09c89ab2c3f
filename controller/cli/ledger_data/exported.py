"""Exported ledgers in files. Reports read them with the same code as a ledger in DynamoDB."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from controller.aws.dynamodb.days import DynamoDays
from controller.aws.dynamodb.items import Item
from controller.aws.dynamodb.journal import DynamoJournal
from controller.aws.dynamodb.keys import LINEAGE
from controller.aws.dynamodb.market_signals import DynamoMarketSignals
from controller.aws.dynamodb.revisions import DynamoRevisions
from controller.aws.dynamodb.stored_prices import DynamoStoredPrices
from controller.aws.dynamodb.table import Table
from controller.cli.ledger_data.rows import rows_of
from controller.cli.output.errors import BadInput
from controller.ledger.lineage_id import LineageId
from controller.savings.rollup import Rollup

FIRST, LAST = date(2017, 1, 1), date(2999, 1, 1)
NEEDED = ("rollup", "cursor", "signal#", "price#")


class FileTable(Table):
    """A table in memory with the rows of an export that reports read. ``places``: the accounts and regions of its lineages."""

    def __init__(self, path: Path) -> None:
        super().__init__(None, str(path))
        self.places: set[tuple[str, str]] = set()
        rows: dict[tuple[str, str], Item] = {}
        for row in rows_of(path):
            pk = row["pk"]["S"]
            if pk.startswith(LINEAGE) and (lineage := LineageId.parse(pk.removeprefix(LINEAGE))) is not None:
                self.places.add((lineage.account, lineage.region))
            if pk.startswith(NEEDED) or "day_pk" in row or pk == "policy":
                rows[(pk, row["sk"]["S"])] = row  # if a row is there twice, the last one counts
        self._partitions: dict[str, list[Item]] = defaultdict(list)
        self._days: dict[str, list[Item]] = defaultdict(list)
        for _, row in sorted(rows.items()):
            self._partitions[row["pk"]["S"]].append(row)
            if "day_pk" in row:
                self._days[row["day_pk"]["S"]].append(row)

    def get(self, pk: str, sk: str) -> Item | None:
        return next((row for row in self._partitions.get(pk, ()) if row["sk"]["S"] == sk), None)

    def query(self, *, index: str | None = None, limit: int | None = None, **asked: Any) -> Iterator[Item]:
        """The queries that reports make: a partition, a range of one, and the index of a day. Raises ValueError for any other."""
        values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
        match index, asked["KeyConditionExpression"]:
            case "day", "day_pk = :pk":
                found: Iterable[Item] = self._days.get(values[":pk"], ())
            case None, "pk = :pk":
                found = self._partitions.get(values[":pk"], ())
            case None, "pk = :pk AND sk BETWEEN :first AND :last":
                rows = self._partitions.get(values[":pk"], ())
                found = (row for row in rows if values[":first"] <= row["sk"]["S"] <= values[":last"])
            case _, other:
                raise ValueError(f"no report asks an export for {other!r} of {index}")
        yield from list(found)[:limit]


class ExportedLedger:
    """The ports that reports read, for one export. Raises BadInput for a file that is not an export."""

    def __init__(self, path: Path) -> None:
        table = FileTable(path)
        self.path = path
        self.places = table.places
        self.days = DynamoDays(table)
        self.journal = DynamoJournal(table)
        self.market_signals = DynamoMarketSignals(table)
        self.prices = DynamoStoredPrices(table)
        self.revisions = DynamoRevisions(table)

    def shares_a_day(self, other: ExportedLedger) -> bool:
        """Whether both have the same sums for a day: then both are exports of one ledger, even if its lineages have expired."""
        spent = ((day, rollup, sum(one.spent_micros for one in rollup.groups.values())) for day, rollup in self._rollups())
        ours = {day: rollup for day, rollup, micros in spent if micros}  # days without spending may be equal by chance
        return any(ours.get(day) == rollup for day, rollup in other._rollups() if day in ours)

    def _rollups(self) -> Iterable[tuple[date, Rollup]]:
        return self.days.rollups(FIRST, LAST)

    @property
    def name(self) -> str:
        """The account and region as text; several if more than one stack wrote to the ledger."""
        return ", ".join(f"{account} {region}" for account, region in sorted(self.places)) or self.path.name


def ledgers_of(paths: Sequence[Path]) -> list[ExportedLedger]:
    """The ledgers in exports. Raises BadInput if two are of the same account and region: their sums would count twice."""
    found: list[ExportedLedger] = []
    for path in paths:
        ledger = ExportedLedger(path)
        for other in found:
            if path.resolve() == other.path.resolve() or other.places & ledger.places or other.shares_a_day(ledger):
                both = ", ".join(f"{account} {region}" for account, region in sorted(other.places & ledger.places))
                raise BadInput(
                    f"--ledger: {other.path} and {path} are both of {both or 'one ledger'}, wanted one export for each"
                    " account and region: what is in both would count twice"
                )
        found.append(ledger)
    return found
